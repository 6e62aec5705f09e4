/* SPDX-License-Identifier: MIT */
/* Sums over blocks that come in any order: the binary tree over block numbers, of which only what
 * is there is kept. Two neighbours whose blocks are all there are added and become one node, so
 * what is kept, and every bit of it, depends on the set of blocks alone. */
#ifndef LANEFIT_SRC_LSQ_BLOCK_TREE_H
#define LANEFIT_SRC_LSQ_BLOCK_TREE_H

#include "dd.h"

#include <lanefit/status.h>

#include <stdint.h>

/* The root covers blocks 0 to 2^level - 1; NULL: there are none. Each sum is of `count` numbers. */
struct lf_block_tree {
    size_t count;
    int level;
    struct lf_block_node *root;
};

void lf_block_tree_destroy(struct lf_block_tree *tree);

/* tree = that block alone. Returns where its sums go; NULL: memory is out. */
lf_dd *lf_block_tree_create(struct lf_block_tree *tree, size_t count, uint64_t block);

/* 0 where memory is out. */
int lf_block_tree_copy(struct lf_block_tree *to, const struct lf_block_tree *from);

/* Makes the roots cover as many blocks, and changes nothing else; 0 where memory is out. */
int lf_block_tree_level(struct lf_block_tree *a, struct lf_block_tree *b);

/* Of trees so made: whether a block is in both, and the blocks of both in the first, where none
 * is. */
int lf_block_tree_overlap(const struct lf_block_tree *a, const struct lf_block_tree *b);
void lf_block_tree_unite(struct lf_block_tree *into, struct lf_block_tree *from);

/* sum[count] = the sum over all blocks, zeros without any. 0 where memory is out. */
int lf_block_tree_sum(const struct lf_block_tree *tree, lf_dd *sum);

#endif
