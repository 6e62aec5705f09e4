/* SPDX-License-Identifier: MIT */
/* Symmetric positive definite systems in double-double: G = R' D R, R unit upper triangular. */
#ifndef LANEFIT_SRC_LSQ_FACTOR_H
#define LANEFIT_SRC_LSQ_FACTOR_H

#include "dd.h"
#include "memory.h"

/* Square of `order`, row-major. `inverse` is R^-1. Where G does not determine a column besides
 * those before it, `undetermined` says so, and it takes part in nothing. */
struct lf_lsq_factor {
    size_t order, rank;
    struct lf_memory *memory;
    lf_dd *upper, *inverse, *pivot, *reciprocal; /* reciprocal: of the pivots, like the inverse */
    unsigned char *undetermined;
};

/* Memory from there, NULL: the heap; 0 where it is out. */
int lf_lsq_factor_create(struct lf_lsq_factor *factor, size_t order, struct lf_memory *memory);
void lf_lsq_factor_destroy(struct lf_lsq_factor *factor);

/* Factors what upper[order,order] holds on and above its diagonal. A column is undetermined whose
 * pivot is at most 2^-90 of its diagonal element: its distance from the space of those before is
 * 2^-45 of its length. */
void lf_lsq_factor_make(struct lf_lsq_factor *factor);

/* x = G^-1 x. */
void lf_lsq_factor_solve(const struct lf_lsq_factor *factor, lf_dd *x);

/* Element (j,k) of G^-1, after lf_lsq_factor_invert. */
void lf_lsq_factor_invert(struct lf_lsq_factor *factor);
lf_dd lf_lsq_factor_element(const struct lf_lsq_factor *factor, size_t j, size_t k);

#endif
