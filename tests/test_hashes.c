/* SPDX-License-Identifier: MIT */
/* What the kernels compute does not move: data/hashes.txt has a hash of every case's outputs, the
 * same from every table, compiler and level of optimization. Another choice of lanes or rounding
 * may be as exact, and equal on all tables, but would change every result that anybody stored.
 *
 *   test-hashes --isa NAME           compares
 *   test-hashes --print              prints the file anew (./dev hashes --write) */
#include "support.h"
#include "trial.h"

#include <string.h>

static const struct lf_shape shapes[] = {
    {.rows = 0, .in = 3, .out = 2},
    {.rows = 1, .in = 1, .out = 1},
    {.rows = 100, .in = 1, .out = 1},
    {.rows = 100, .in = 3, .out = 1, .pad = 2},
    {.rows = 101, .in = 4, .out = 1, .column_major = 1, .row_weights = 1},
    {.rows = 1000, .in = 8, .out = 1},
    {.rows = 77, .in = 13, .out = 1, .no_bias = 1},
    {.rows = 200, .in = 16, .out = 1, .row_weights = 1},
    {.rows = 100, .in = 17, .out = 1},
    {.rows = 50, .in = 70, .out = 1, .column_major = 1},
    {.rows = 64, .in = 30, .out = 3, .row_weights = 1},
    {.rows = 100, .in = 3, .out = 2},
    {.rows = 100, .in = 4, .out = 4, .column_major = 1, .pad = 3},
    {.rows = 100, .in = 8, .out = 5},
    {.rows = 256, .in = 13, .out = 7, .row_weights = 1},
    {.rows = 100, .in = 20, .out = 30},
    {.rows = 32, .in = 32, .out = 32},
    {.rows = 70, .in = 64, .out = 64},
    {.rows = 20, .in = 2, .out = 300},
    {.rows = 4096, .in = 2, .out = 1},
    {.rows = 600, .in = 13, .out = 1, .column_major = 1},
    {.rows = 601, .in = 9, .out = 1, .pad = 1, .row_weights = 1},
};

/* All shapes, plain numbers and special ones. 0 without memory. */
static uint64_t hash_of(const struct lf_case *c)
{
    uint64_t hash = FNV1A_START;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (int special = 0; special < 2; special++) {
            struct lf_shape shape = lf_case_shape(c, &shapes[i]);
            struct test_rng rng = {2 * i + (size_t)special}; /* not --seed: the inputs are fixed */
            struct trial t;
            if (!trial_create(c, &shape, 0, &t))
                return 0;
            trial_fill(&t, &rng, special);
            trial_run(&t, tested);
            hash = trial_hash(&t, hash);
            trial_destroy(&t);
        }
    return hash;
}

START_TEST(nothing_moves)
{
    FILE *file = open_data("hashes.txt");
    char name[64], dtype[8];
    unsigned long long expected;
    size_t lines = 0;
    for (; fscanf(file, "%63s %7s %llx", name, dtype, &expected) == 3; lines++) {
        const struct lf_case *c = &lf_cases[lines];
        ck_assert_uint_lt(lines, lf_case_count);
        ck_assert_str_eq(name, c->name);
        ck_assert_str_eq(dtype, dtype_name(c->dtype));
        ck_assert_msg(hash_of(c) == expected, "%s %s has other bits", name, dtype);
    }
    ck_assert_uint_eq(lines, lf_case_count);
    fclose(file);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--print") == 0) {
        tested = scalar_table();
        for (size_t i = 0; tested && i < lf_case_count; i++)
            printf("%s %s %016llx\n", lf_cases[i].name, dtype_name(lf_cases[i].dtype),
                   (unsigned long long)hash_of(&lf_cases[i]));
        return tested ? 0 : 1;
    }
    Suite *suite = suite_create("hashes");
    TCase *tests = tcase_create("hashes");
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, nothing_moves);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
