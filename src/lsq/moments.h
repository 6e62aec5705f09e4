/* SPDX-License-Identifier: MIT */
/* Sums over the rows of a block: row r goes to lane r mod 8, lanes are added by halving, as the
 * numerics contract has it (kernels.h), in double-double. */
#ifndef LANEFIT_SRC_LSQ_MOMENTS_H
#define LANEFIT_SRC_LSQ_MOMENTS_H

#include "design.h"

/* The sum of a b over the rows (those of a block that are not there are 0). */
lf_dd lf_lsq_dot(const struct lf_lsq_column *a, const struct lf_lsq_column *b);

/* r -= factor a, for all rows. */
void lf_lsq_subtract(lf_dd factor, const struct lf_lsq_column *a, struct lf_lsq_column *r);

/* A tree of sums of `count` numbers: block after block is pushed, pairs are added when complete. */
struct lf_lsq_tree {
    size_t count, blocks;
    struct lf_memory *memory;
    lf_dd *part; /* [64 slots at most, count], as many as the blocks need */
};

/* Memory from there, NULL: the heap; 0 where it is out. */
int lf_lsq_tree_create(struct lf_lsq_tree *tree, size_t count, size_t blocks,
                       struct lf_memory *memory);
void lf_lsq_tree_destroy(struct lf_lsq_tree *tree);
lf_dd *lf_lsq_tree_next(struct lf_lsq_tree *tree); /* where the next block's sums go */
void lf_lsq_tree_push(struct lf_lsq_tree *tree);
const lf_dd *lf_lsq_tree_sum(struct lf_lsq_tree *tree); /* the whole; zeros without blocks */

#endif
