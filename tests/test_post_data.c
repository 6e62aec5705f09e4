/* SPDX-License-Identifier: MIT */
/* data/post.csv is what the kernels make of its seed. With --print it is written. */
#include "support.h"

#include "writer.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 1000, TEXT_CHARS = 1 << 16 };

static void make_rows(const struct lf_kernels *kernels, float *x, float *y)
{
    const float weight = 1.233f, bias = 0.988f;
    struct lf_rng rng;
    lf_rng_seed(&rng, 1024);
    kernels->f32.uniform(&rng, ROWS, x);
    kernels->f32.affine(ROWS, 1, 1, x, 1, 1, &weight, &bias, y);
}

static void write_rows(FILE *file, const struct lf_kernels *kernels)
{
    float x[ROWS], y[ROWS];
    make_rows(kernels, x, y);
    fputs("x,y\n", file);
    for (int i = 0; i < ROWS; i++) {
        write_number(file, LF_F32, &x[i]);
        putc(',', file);
        write_number(file, LF_F32, &y[i]);
        putc('\n', file);
    }
}

static void read_text(FILE *file, char text[TEXT_CHARS])
{
    ck_assert_ptr_nonnull(file);
    size_t size = fread(text, 1, TEXT_CHARS - 1, file);
    ck_assert(size > 0 && size < TEXT_CHARS - 1);
    text[size] = 0;
    fclose(file);
}

START_TEST(the_file_is_what_the_kernels_make)
{
    static char made[TEXT_CHARS], stored[TEXT_CHARS];
    FILE *file = tmpfile();
    write_rows(file, tested);
    rewind(file);
    read_text(file, made);
    read_text(fopen(POST_CSV, "r"), stored);
    size_t line = 1, i = 0; /* all of it would be too long for a message of Check's */
    for (; made[i] && made[i] == stored[i]; i++)
        line += made[i] == '\n';
    ck_assert_msg(made[i] == stored[i], "line %zu differs", line);
}
END_TEST

/* PyTorch's run from this seed takes two draws for its layer, and then the same samples. */
START_TEST(the_samples_are_those_of_pytorch)
{
    static float x[ROWS], y[ROWS];
    char line[256];
    int rows = 0;
    make_rows(tested, x, y);
    FILE *file = open_data("torch/linear-seed1024.csv");
    for (int i = 0; i < 2; i++) /* the head, and the start of the layer */
        ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    for (; rows + 2 < ROWS && fgets(line, sizeof line, file); rows++) {
        char *at = strchr(line, ',') + 1;
        ck_assert(strtof(at, &at) == x[rows + 2]);
        ck_assert(strtof(at + 1, &at) == y[rows + 2]);
    }
    ck_assert_int_ge(rows, 100);
    fclose(file);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--print") == 0) {
        write_rows(stdout, scalar_table());
        return 0;
    }
    Suite *suite = suite_create("post_data");
    TCase *tests = tcase_create("post_data");
    tcase_add_test(tests, the_file_is_what_the_kernels_make);
    tcase_add_test(tests, the_samples_are_those_of_pytorch);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
