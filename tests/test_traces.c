/* SPDX-License-Identifier: MIT */
/* Losses, activations, optimizers and draws against what PyTorch computed (data/torch): the same
 * bits where only + - * / and square roots are used element by element, else a stated tolerance. */
#include "support.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 128 };

/* A file of comma-separated cells; an array is one cell, its numbers separated by spaces. */
struct table {
    FILE *file;
    char *line;
    size_t size;
    char *cell[16];
};

static struct table open_table(const char *name)
{
    struct table t = {.file = open_data(name)};
    ck_assert(getline(&t.line, &t.size, t.file) > 0); /* the heading */
    return t;
}

/* The next line, cut into cells; 0 at the end of the file. */
static int next_line(struct table *t)
{
    if (getline(&t->line, &t->size, t->file) <= 0)
        return 0;
    t->line[strcspn(t->line, "\n")] = '\0';
    char *rest = t->line;
    for (size_t i = 0; i < sizeof t->cell / sizeof t->cell[0]; i++) {
        t->cell[i] = rest ? rest : t->line + strlen(t->line);
        char *comma = rest ? strchr(rest, ',') : NULL;
        if (comma)
            *comma = '\0';
        rest = comma ? comma + 1 : NULL;
    }
    return 1;
}

static void close_table(struct table *t)
{
    free(t->line);
    fclose(t->file);
}

static int is(const char *text, const char *word)
{
    return strcmp(text, word) == 0;
}

/* The streams that the inputs in data/torch are made from. */
static struct test_rng words_of(uint64_t seed)
{
    return (struct test_rng){seed};
}

/* The generator that the lines of normals.csv share. */
static struct lf_rng stream;

#define REAL float
#define UNIT (0.5 * (double)FLT_EPSILON)
#define SMALLEST_NORMAL (double)FLT_MIN
#define DTYPE LF_F32
#define FRACTION(word) ((float)((word) >> 40) * 0x1p-24f)
#define TYPED(name) name##_f32
#define TYPED_FIELD f32
#include "traces.inl.h"
#undef REAL
#undef UNIT
#undef SMALLEST_NORMAL
#undef DTYPE
#undef FRACTION
#undef TYPED
#undef TYPED_FIELD

#define REAL double
#define UNIT (0.5 * DBL_EPSILON)
#define SMALLEST_NORMAL DBL_MIN
#define DTYPE LF_F64
#define FRACTION(word) ((double)((word) >> 11) * 0x1p-53)
#define TYPED(name) name##_f64
#define TYPED_FIELD f64
#include "traces.inl.h"

#define EACH_LINE(file, least, check)                                                              \
    struct table t = open_table(file);                                                             \
    int lines = 0;                                                                                 \
    for (; next_line(&t); lines++) {                                                               \
        if (is(t.cell[0], "f32"))                                                                  \
            check##_f32(&t);                                                                       \
        else                                                                                       \
            check##_f64(&t);                                                                       \
    }                                                                                              \
    ck_assert_int_ge(lines, least);                                                                \
    close_table(&t)

START_TEST(losses)
{
    EACH_LINE("torch/losses.csv", 70, check_loss);
}
END_TEST

START_TEST(activations)
{
    EACH_LINE("torch/activations.csv", 14, check_activation);
}
END_TEST

START_TEST(optimizers)
{
    EACH_LINE("torch/optimizers.csv", 200, check_optimizer);
}
END_TEST

START_TEST(normal_draws)
{
    EACH_LINE("torch/normals.csv", 110, check_normal);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("traces");
    TCase *tests = tcase_create("traces");
    tcase_add_test(tests, losses);
    tcase_add_test(tests, activations);
    tcase_add_test(tests, optimizers);
    tcase_add_test(tests, normal_draws);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
