/* SPDX-License-Identifier: MIT */
/* A regression under way, and what is told of it. */
#ifndef LANEFIT_SRC_LSQ_FIT_H
#define LANEFIT_SRC_LSQ_FIT_H

#include "design.h"
#include "factor.h"

/* In scaled units. */
struct lf_lsq_fit {
    struct lf_lsq_design design;
    struct lf_lsq_factor factor;
    lf_dd *solution, *diagonal; /* [params]; of the Gram matrix, with the ridge */
    double *error;              /* [params]: of the solution, at most */
    lf_dd square_y, sum_y, sum_weight, rss;
    /* In the units of the data: what the columns of features were taken about, NULL: 0, and y. */
    const double *about;
    double about_y;
    struct lf_lsq_column residual, spare;
};

/* How many products a symmetric matrix of so many columns has: row by row from the diagonal on. */
static inline size_t lf_lsq_packed(size_t columns)
{
    return columns * (columns + 1) / 2;
}

/* lf_lsq_fit with memory from there, NULL: the heap; of a piece it takes up to lf_lsq_fit_bytes for
 * so many columns of x. */
lf_status lf_lsq_fit_with(const struct lf_data *data, const struct lf_lsq_options *options,
                          struct lf_memory *memory, struct lf_lsq_result *result);
size_t lf_lsq_fit_bytes(size_t in, size_t rows, const struct lf_lsq_options *options);

/* Memory for a fit whose design knows its params; 0 where that is out, to be destroyed as well. */
int lf_lsq_fit_create(struct lf_lsq_fit *fit);
void lf_lsq_fit_destroy(struct lf_lsq_fit *fit);

/* What the ridge adds to the diagonal element of column j, in scaled units. */
double lf_lsq_fit_ridge(const struct lf_lsq_design *design, size_t j);

/* The normal equations from the products of all columns, y the last. */
void lf_lsq_fit_set(struct lf_lsq_fit *fit, const lf_dd *products);

/* Factors and solves them; 0 where they don't determine the solution. */
int lf_lsq_fit_solve(struct lf_lsq_fit *fit);

/* residual = y - X solution, for the rows of the block. */
void lf_lsq_fit_residuals(const struct lf_lsq_fit *fit, struct lf_lsq_column *residual);

lf_status lf_lsq_fit_report(struct lf_lsq_fit *fit, enum lf_fit_status status,
                            struct lf_lsq_result *result);

#endif
