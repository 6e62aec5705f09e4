/* SPDX-License-Identifier: MIT */
/* Regressions of rows that come mixed: the bits of each are those of its rows alone, and what they
 * give is what lf_lsq_fit gives of them, within the error that their sums may have. */
#include "support.h"

#include "../src/lsq/groups.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 40000, MOST_IN = 9, MOST_PARAMS = 12, GROUPS = 2500 };

static size_t in, width;
static double rows[ROWS * (MOST_IN + 2)];
static uint32_t group[ROWS];

struct answer {
    double b[MOST_PARAMS], se[MOST_PARAMS], t[MOST_PARAMS], p[MOST_PARAMS];
    struct lf_lsq_result r;
};

static struct answer fit(const struct lf_lsq_groups *g, size_t i)
{
    static struct answer a;
    struct lf_lsq_solver solver;
    memset(&a, 0, sizeof a);
    a.r = (struct lf_lsq_result){.coefficients = a.b, .standard_errors = a.se, .t = a.t, .p = a.p};
    ck_assert(lf_lsq_solver_create(&solver, g));
    ck_assert_int_eq(lf_lsq_groups_fit(g, i, &solver, &a.r), LF_OK);
    lf_lsq_solver_destroy(&solver);
    return a;
}

static const struct {
    size_t in;
    struct lf_lsq_options options;
} cases[] = {{1, {0}},
             {2, {0}},
             {3, {.no_intercept = 1}},
             {4, {.weight_is_last = 1}},
             {9, {.ridge = 0.5}},
             {1, {.degree = 4}},
             {1, {.degree = 3, .ridge = 2, .weight_is_last = 1}},
             {1, {.degree = 3, .no_intercept = 1}}};

/* Times and prices: columns far from 0; group 0 has most of the rows. */
static void draw(struct test_rng *rng, const struct lf_lsq_options *o)
{
    const double far = o->degree > 0 || o->no_intercept ? 0 : 1.7e9;
    width = in + 1 + (o->weight_is_last != 0);
    for (size_t r = 0; r < ROWS; r++) {
        double *row = rows + r * width;
        group[r] = test_below(rng, 3) ? 0 : (uint32_t)test_below(rng, GROUPS);
        row[in] = 1e3 + test_uniform(rng, -1, 1);
        for (size_t i = 0; i < in; i++) {
            row[i] = test_uniform(rng, -1, 1) / 3;
            row[in] += row[i];
            row[i] += i == 0 ? far : 0;
        }
        if (o->weight_is_last)
            row[in + 1] = (double)test_below(rng, 4) / 3;
        if (test_below(rng, 50) == 0)
            row[test_below(rng, width)] = NAN;
    }
}

/* With room for what the order of the rows takes. */
static void add_rows(struct lf_lsq_groups *g, size_t n, const uint32_t *to, const double *from)
{
    static uint32_t order[ROWS], start[GROUPS + 1];
    lf_lsq_groups_add(g, n, to, from, order, start);
}

/* All rows, some at a time. */
static void add(struct lf_lsq_groups *g, const struct lf_lsq_options *o, size_t at_a_time)
{
    ck_assert(lf_lsq_groups_create(g, in, o));
    for (size_t r = 0; r < ROWS; r += at_a_time) {
        const size_t n = ROWS - r < at_a_time ? ROWS - r : at_a_time;
        for (size_t i = r; i < r + n; i++)
            if (group[i] >= g->count)
                ck_assert(lf_lsq_groups_grow(g, group[i] + 1));
        add_rows(g, n, group + r, rows + r * width);
    }
}

/* The rows of a group, without the others. */
static size_t alone(uint32_t which, double *out)
{
    size_t n = 0;
    for (size_t r = 0; r < ROWS; r++)
        if (group[r] == which)
            memcpy(out + n++ * width, rows + r * width, width * sizeof *out);
    return n;
}

static void compare(const struct answer *got, const struct answer *expected, size_t params)
{
    ck_assert_int_eq(got->r.status, expected->r.status);
    ck_assert_uint_eq(got->r.rows_used, expected->r.rows_used);
    ck_assert_uint_eq(got->r.rows_dropped, expected->r.rows_dropped);
    for (size_t j = 0; j < params && got->r.status == LF_FIT_OK; j++) {
        /* Columns about a row are far from collinear, and what is left is roundings; the errors of
         * lf_lsq_fit lose its condition, of times, twice. */
        const double condition = expected->r.condition;
        ck_assert_double_eq_tol(got->b[j], expected->b[j],
                                0x1p-51 * fabs(expected->b[j]) + 0x1p-70);
        if (!isnan(expected->se[j]))
            ck_assert_double_eq_tol(got->se[j] / expected->se[j], 1,
                                    0x1p-50 + 0x1p-98 * condition * condition);
        ck_assert(isnan(got->se[j]) == isnan(expected->se[j]));
    }
}

START_TEST(test_groups)
{
    static double own[ROWS * (MOST_IN + 2)];
    static uint32_t zeros[ROWS];
    const struct lf_lsq_options o = cases[_i].options;
    struct test_rng rng = test_rng((uint64_t)_i);
    struct lf_lsq_groups g, one;
    in = cases[_i].in;
    draw(&rng, &o);
    add(&g, &o, 1000);
    ck_assert_uint_gt(g.slabs, 2);
    for (uint32_t which = 0; which < 40; which++) {
        const size_t n = alone(which, own), params = g.columns - 1;
        const struct answer got = fit(&g, which);
        ck_assert(lf_lsq_groups_create(&one, in, &o) && lf_lsq_groups_grow(&one, 1));
        add_rows(&one, n, zeros, own);
        ck_assert_mem_eq(g.slab[which / LSQ_SLAB_GROUPS] + which % LSQ_SLAB_GROUPS * g.size,
                         one.slab[0], g.size * sizeof(double));
        const struct answer same = fit(&one, 0);
        ck_assert_mem_eq(got.b, same.b, sizeof same.b);
        ck_assert_mem_eq(got.se, same.se, sizeof same.se);
        ck_assert_mem_eq(got.p, same.p, sizeof same.p);
        lf_lsq_groups_destroy(&one);

        static double features[ROWS * (MOST_IN + 2)], y[ROWS];
        const size_t all = in + (o.weight_is_last != 0);
        for (size_t r = 0; r < n; r++) {
            memcpy(features + r * all, own + r * width, in * sizeof *own);
            y[r] = own[r * width + in];
            if (o.weight_is_last)
                features[r * all + in] = own[r * width + in + 1];
        }
        static struct answer expected;
        expected.r =
            (struct lf_lsq_result){.coefficients = expected.b, .standard_errors = expected.se};
        const struct lf_data data = lf_data_f64(n, all, features, 1, y);
        ck_assert_int_eq(lf_lsq_fit(&data, &o, &expected.r), LF_OK);
        compare(&got, &expected, params);
    }
    lf_lsq_groups_destroy(&g);
}
END_TEST

/* Of a million rows, 10^8 apart from each other, all digits are there: sums in doubles have none.
 */
START_TEST(test_long)
{
    enum { LONG = 1000000, BLOCK = 1000 };
    static double block[2 * BLOCK];
    static uint32_t zeros[BLOCK];
    const struct lf_lsq_options o = {0};
    struct lf_lsq_groups g;
    in = 1;
    ck_assert(lf_lsq_groups_create(&g, 1, &o) && lf_lsq_groups_grow(&g, 1));
    for (size_t r = 0; r < LONG; r += BLOCK) {
        for (size_t i = 0; i < BLOCK; i++) {
            const double x = 0.1 * (double)(r + i);
            block[2 * i] = x * x;
            block[2 * i + 1] = 3 * (double)(float)(x * x) + ((r + i) % 2 ? 1e-9 : -1e-9);
            block[2 * i] = (double)(float)(x * x);
        }
        add_rows(&g, BLOCK, zeros, block);
    }
    const struct answer a = fit(&g, 0);
    ck_assert(a.b[1] == 3 && a.r.digits == 15);
    ck_assert_uint_eq(a.r.rows_used, LONG);
    lf_lsq_groups_destroy(&g);
}
END_TEST

/* Nothing of a bad group reaches another. */
START_TEST(test_bad_groups)
{
    const double mixed[][3] = {{1, 5, 2}, {2, NAN, 1}, {HUGE_VAL, 1, 1}, {3, 1, 4}, {1, 5, 2},
                               {7, 2, 3}, {1, 5, 2},   {2, 9, 9},        {9, 4, 1}};
    const uint32_t of[] = {0, 1, 2, 3, 0, 3, 0, 3, 3};
    const struct lf_lsq_options o = {0};
    struct lf_lsq_groups g;
    ck_assert(lf_lsq_groups_create(&g, 2, &o) && lf_lsq_groups_grow(&g, 5));
    add_rows(&g, 9, of, &mixed[0][0]);
    ck_assert_int_eq(fit(&g, 0).r.status, LF_FIT_CONSTANT_COLUMN);
    ck_assert_int_eq(fit(&g, 1).r.status, LF_FIT_TOO_FEW_ROWS);
    ck_assert_uint_eq(fit(&g, 1).r.rows_dropped, 1);
    ck_assert_int_eq(fit(&g, 2).r.status, LF_FIT_NON_FINITE);
    ck_assert_int_eq(fit(&g, 3).r.status, LF_FIT_OK);
    ck_assert_int_eq(fit(&g, 4).r.status, LF_FIT_TOO_FEW_ROWS);
    ck_assert_uint_eq(fit(&g, 4).r.rows_used, 0);
    lf_lsq_groups_destroy(&g);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("groups");
    TCase *tests = tcase_create("groups");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, test_groups, 0, (int)(sizeof cases / sizeof cases[0]));
    tcase_add_test(tests, test_long);
    tcase_add_test(tests, test_bad_groups);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
