/* SPDX-License-Identifier: MIT */
/* The GNU Scientific Library: gsl_fit_linear for a line, gsl_multifit_linear for more, with one
 * workspace for all problems. A line without missing values is fitted where it lies. */
#include "rows.h"

#include <gsl/gsl_fit.h>
#include <gsl/gsl_multifit.h>

#include <math.h>

struct kept {
    size_t rows, params;
    gsl_multifit_linear_workspace *work;
    gsl_matrix *design, *covariance;
    gsl_vector *y;
};

static struct kept *kept_for(size_t rows, size_t params)
{
    static struct kept k;
    if (k.rows != rows || k.params != params) {
        if (k.work)
            gsl_multifit_linear_free(k.work);
        gsl_matrix_free(k.design);
        gsl_matrix_free(k.covariance);
        gsl_vector_free(k.y);
        k = (struct kept){rows,
                          params,
                          gsl_multifit_linear_alloc(rows, params),
                          gsl_matrix_alloc(rows, params),
                          gsl_matrix_alloc(params, params),
                          gsl_vector_alloc(rows)};
    }
    return &k;
}

/* variance[] is the diagonal of the covariance matrix. */
static void report(const struct peer_fleet *f, size_t i, size_t n, double residual, const double *y,
                   const double *variance, size_t step)
{
    const size_t params = fleet_params(f);
    for (size_t j = 0; f->standard_errors && j < params; j++)
        f->standard_errors[i * params + j] = sqrt(variance[j * step]);
    if (f->r_squared)
        f->r_squared[i] = 1 - residual / squares_about_mean(n, y);
}

static void fit_line(const struct peer_fleet *f, size_t i, struct kept *k)
{
    const struct fleet_problem p = fleet_problem(f, i);
    const double *x = (const double *)f->x + p.x, *y = (const double *)f->y + p.y;
    double *b = f->coefficients + 2 * i, variance[2], covariance, residual;
    size_t n = p.rows, x_step = f->x_row, y_step = f->y_row;
    if (f->f32 || f->r_squared || f->shared > 0) {
        n = fleet_gather(f, i, k->design->data, 2, 1, k->y->data);
        x = k->design->data + 1;
        y = k->y->data;
        x_step = 2;
        y_step = 1;
    }
    gsl_fit_linear(x, x_step, y, y_step, n, b, b + 1, variance, &covariance, variance + 1,
                   &residual);
    report(f, i, n, residual, y, variance, 1);
}

static void fit(const struct peer_fleet *f, size_t first, size_t last)
{
    const size_t params = fleet_params(f);
    struct kept *k = kept_for(f->rows, params);
    for (size_t i = first; i < last; i++) {
        double residual;
        if (params == 2) {
            fit_line(f, i, k);
            continue;
        }
        const size_t n = fleet_gather(f, i, k->design->data, params, 1, k->y->data);
        gsl_matrix_view x = gsl_matrix_view_array(k->design->data, n, params);
        gsl_vector_view y = gsl_vector_view_array(k->y->data, n);
        gsl_vector_view b = gsl_vector_view_array(f->coefficients + i * params, params);
        gsl_multifit_linear(&x.matrix, &y.vector, &b.vector, k->covariance, &residual, k->work);
        report(f, i, n, residual, k->y->data, k->covariance->data, params + 1);
    }
}

extern const struct peer peer_gsl;
const struct peer peer_gsl = {"GSL", NULL, NULL, NULL, fit};
