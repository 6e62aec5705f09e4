/* SPDX-License-Identifier: MIT */
/* Statistics of drawn rows, for the suites that look at them; a program includes this once. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 6000, MOST_IN = 6, MOST_PARAMS = 12, BLOCK = LF_STATISTICS_ROWS };

static size_t in;
static double x[ROWS * MOST_IN], y[ROWS], weight[ROWS], about[MOST_IN + 1];

struct answer {
    double b[MOST_PARAMS], se[MOST_PARAMS], t[MOST_PARAMS], p[MOST_PARAMS];
    double covariance[MOST_PARAMS * MOST_PARAMS];
    unsigned char undetermined[MOST_PARAMS];
    struct lf_lsq_result r;
};

static struct lf_lsq_result result_in(struct answer *a)
{
    memset(a, 0, sizeof *a);
    return (struct lf_lsq_result){.coefficients = a->b,
                                  .standard_errors = a->se,
                                  .t = a->t,
                                  .p = a->p,
                                  .covariance = a->covariance,
                                  .undetermined = a->undetermined};
}

static struct answer solve(const struct lf_statistics *s, double ridge)
{
    static struct answer a;
    a.r = result_in(&a);
    ck_assert_int_eq(lf_statistics_solve(s, ridge, &a.r), LF_OK);
    return a;
}

/* Rows first .. of the problem. */
static struct lf_data rows_at(size_t first, size_t rows)
{
    struct lf_data data = lf_data_f64(rows, in, x + first * in, 1, y + first);
    data.weight = weight + first;
    return data;
}

static struct lf_statistics *create(const struct lf_lsq_options *options, const double *origin)
{
    struct lf_statistics *s;
    ck_assert_int_eq(lf_statistics_create(&s, in, options, origin), LF_OK);
    return s;
}

static void add_all(struct lf_statistics *s, size_t rows)
{
    for (size_t r = 0; r < rows; r += BLOCK) {
        const struct lf_data data = rows_at(r, rows - r < BLOCK ? rows - r : BLOCK);
        ck_assert_int_eq(lf_statistics_add(s, r / BLOCK, &data), LF_OK);
    }
}

/* Columns that are the one before plus a share of something new, around `about`. */
static void draw(struct test_rng *rng, double share, double away)
{
    in = 1 + test_below(rng, MOST_IN - 1);
    for (size_t i = 0; i <= in; i++)
        about[i] = away * test_uniform(rng, -1, 1);
    for (size_t r = 0; r < ROWS; r++) {
        double *row = x + r * in;
        for (size_t i = 0; i < in; i++)
            row[i] = (i > 0 ? row[i - 1] : 0) + (i > 0 ? share : 1) * test_uniform(rng, -1, 1);
        y[r] = test_uniform(rng, -1, 1) + row[0] + about[in];
        for (size_t i = 0; i < in; i++)
            row[i] += about[i];
        weight[r] = test_below(rng, 8) ? test_uniform(rng, 0, 3) : 0;
    }
}
