/* SPDX-License-Identifier: MIT */
/* A regression and all that lf_lsq_fit tells of it; a program includes this once. */
#include "support.h"

#include <math.h>
#include <string.h>

enum { MOST_ROWS = 1200, MOST_PARAMS = 12 };

struct problem {
    size_t rows, in;
    double x[MOST_ROWS * MOST_PARAMS], y[MOST_ROWS], weight[MOST_ROWS];
};

struct answer {
    double b[MOST_PARAMS], se[MOST_PARAMS], t[MOST_PARAMS], p[MOST_PARAMS];
    double covariance[MOST_PARAMS * MOST_PARAMS], residuals[MOST_ROWS], leverages[MOST_ROWS];
    unsigned char undetermined[MOST_PARAMS];
    struct lf_lsq_result r;
};

static struct answer answer;
static struct problem problem;

static void fit_data(const struct lf_data *data, const struct lf_lsq_options *options)
{
    struct answer *a = &answer;
    memset(a, 0x5a, sizeof *a);
    a->r = (struct lf_lsq_result){.coefficients = a->b,
                                  .standard_errors = a->se,
                                  .t = a->t,
                                  .p = a->p,
                                  .covariance = a->covariance,
                                  .residuals = a->residuals,
                                  .leverages = a->leverages,
                                  .undetermined = a->undetermined};
    ck_assert_int_eq(lf_lsq_fit(data, options, &a->r), LF_OK);
}

static void fit_problem(const struct lf_lsq_options *options, int weighted)
{
    struct lf_data data = lf_data_f64(problem.rows, problem.in, problem.x, 1, problem.y);
    data.weight = weighted ? problem.weight : NULL;
    fit_data(&data, options);
}

/* Columns that are the one before plus a share of something new. */
static void draw_problem(struct test_rng *rng, double share)
{
    problem.rows = 20 + test_below(rng, MOST_ROWS - 20);
    problem.in = 1 + test_below(rng, 6);
    for (size_t r = 0; r < problem.rows; r++) {
        for (size_t i = 0; i < problem.in; i++) {
            double *x = problem.x + r * problem.in + i;
            *x = test_uniform(rng, -1, 1);
            if (i > 0)
                *x = x[-1] + share * *x;
        }
        problem.y[r] = test_uniform(rng, -1, 1) + problem.x[r * problem.in];
        problem.weight[r] = test_below(rng, 8) ? test_uniform(rng, 0, 3) : 0;
    }
}
