/* SPDX-License-Identifier: MIT */
/* Sums of products of many regressions with the same columns, whose rows come mixed. Each has its
 * own, in double-double, about its first row; a row is added in the order in which it comes, so the
 * bits of a group depend on its rows alone. */
#ifndef LANEFIT_SRC_LSQ_GROUPS_H
#define LANEFIT_SRC_LSQ_GROUPS_H

#include "sums.h"

#include <stdint.h>

enum { LSQ_SLAB_GROUPS = 1024 };

struct lf_lsq_groups {
    size_t in;
    struct lf_lsq_options options; /* weight_is_last: a row is x[in], y, weight; else x[in], y */
    size_t columns, padded;        /* the sums' columns, y the last; in whole vectors */
    size_t count, size;            /* groups, and doubles of one */
    double **slab;                 /* of LSQ_SLAB_GROUPS groups each */
    size_t slabs, slab_room;
    double *column; /* of some rows: [padded] high parts and low parts each */
};

/* Room for a solution, one a thread. */
struct lf_lsq_solver {
    struct lf_lsq_fit *fit;
    lf_dd *product;
    double *square;
};

/* options as for lf_lsq_fit, valid for `in`. 0 where memory is out. */
int lf_lsq_groups_create(struct lf_lsq_groups *groups, size_t in,
                         const struct lf_lsq_options *options);
void lf_lsq_groups_destroy(struct lf_lsq_groups *groups);

/* Makes it so many groups, those new without rows; 0, and nothing changed, where memory is out. */
int lf_lsq_groups_grow(struct lf_lsq_groups *groups, size_t count);

/* Adds rows, row r to group[r]. Those that lack a value are dropped, those of weight 0 don't count.
 * order[rows] and start[groups + 1] are for the function's use. Where the sums are more than a
 * cache holds, the rows of a group are taken one after the other, so the more rows there are at
 * once, the less has to be waited for. */
void lf_lsq_groups_add(struct lf_lsq_groups *groups, size_t rows, const uint32_t *group,
                       const double *row, uint32_t *order, uint32_t *start);

int lf_lsq_solver_create(struct lf_lsq_solver *solver, const struct lf_lsq_groups *groups);
void lf_lsq_solver_destroy(struct lf_lsq_solver *solver);

/* As of lf_statistics_solve. */
lf_status lf_lsq_groups_fit(const struct lf_lsq_groups *groups, size_t group,
                            struct lf_lsq_solver *solver, struct lf_lsq_result *result);

#endif
