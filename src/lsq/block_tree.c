/* SPDX-License-Identifier: MIT */
#include "block_tree.h"

#include <stdlib.h>
#include <string.h>

/* Half of a node covers each child. A node with sums has all its blocks, and no children; one
 * without has a child at least. */
struct lf_block_node {
    struct lf_block_node *child[2];
    lf_dd *sum;
};

static void destroy(struct lf_block_node *node)
{
    if (!node)
        return;
    destroy(node->child[0]);
    destroy(node->child[1]);
    free(node->sum);
    free(node);
}

void lf_block_tree_destroy(struct lf_block_tree *tree)
{
    destroy(tree->root);
    tree->root = NULL;
}

/* A node over one that is its left or right half; NULL, and the half is gone, where memory is out.
 */
static struct lf_block_node *over(struct lf_block_node *half, int right)
{
    struct lf_block_node *node = half ? calloc(1, sizeof *node) : NULL;
    if (node)
        node->child[right] = half;
    else
        destroy(half);
    return node;
}

lf_dd *lf_block_tree_create(struct lf_block_tree *tree, size_t count, uint64_t block)
{
    struct lf_block_node *leaf = calloc(1, sizeof *leaf);
    lf_dd *sum = leaf ? calloc(count + 1, sizeof *sum) : NULL;
    *tree = (struct lf_block_tree){.count = count};
    if (!sum) {
        free(leaf);
        return NULL;
    }
    leaf->sum = sum;
    tree->root = leaf;
    for (; tree->root && block > 0; block /= 2, tree->level++)
        tree->root = over(tree->root, (int)(block % 2));
    return tree->root ? sum : NULL;
}

static int copy(size_t count, const struct lf_block_node *from, struct lf_block_node **to)
{
    *to = NULL;
    if (!from)
        return 1;
    struct lf_block_node *node = calloc(1, sizeof *node);
    if (node && from->sum && (node->sum = malloc((count + 1) * sizeof *node->sum)))
        memcpy(node->sum, from->sum, count * sizeof *node->sum);
    if (node && (!from->sum || node->sum) && copy(count, from->child[0], &node->child[0]) &&
        copy(count, from->child[1], &node->child[1])) {
        *to = node;
        return 1;
    }
    destroy(node);
    return 0;
}

int lf_block_tree_copy(struct lf_block_tree *to, const struct lf_block_tree *from)
{
    *to = *from;
    return copy(from->count, from->root, &to->root);
}

static int raise_to(struct lf_block_tree *tree, int level)
{
    for (; tree->root && tree->level < level; tree->level++) {
        struct lf_block_node *node = calloc(1, sizeof *node);
        if (!node)
            return 0;
        node->child[0] = tree->root;
        tree->root = node;
    }
    tree->level = tree->level < level ? level : tree->level;
    return 1;
}

int lf_block_tree_level(struct lf_block_tree *a, struct lf_block_tree *b)
{
    return raise_to(a, b->level) && raise_to(b, a->level);
}

static int overlap(const struct lf_block_node *a, const struct lf_block_node *b)
{
    if (!a || !b)
        return 0;
    return a->sum || b->sum || overlap(a->child[0], b->child[0]) ||
           overlap(a->child[1], b->child[1]);
}

int lf_block_tree_overlap(const struct lf_block_tree *a, const struct lf_block_tree *b)
{
    return overlap(a->root, b->root);
}

static void add(size_t count, const lf_dd *right, lf_dd *left)
{
    for (size_t i = 0; i < count; i++)
        left[i] = dd_add(left[i], right[i]);
}

static struct lf_block_node *unite(size_t count, struct lf_block_node *a, struct lf_block_node *b)
{
    if (!a || !b)
        return a ? a : b;
    for (int i = 0; i < 2; i++)
        a->child[i] = unite(count, a->child[i], b->child[i]);
    free(b);
    struct lf_block_node *left = a->child[0], *right = a->child[1];
    if (!left || !right || !left->sum || !right->sum)
        return a;
    add(count, right->sum, left->sum);
    destroy(right);
    free(a);
    return left;
}

void lf_block_tree_unite(struct lf_block_tree *into, struct lf_block_tree *from)
{
    into->root = unite(into->count, into->root, from->root);
    from->root = NULL;
}

/* spare[level, count]: what is below may need that much. */
static void sum_of(size_t count, const struct lf_block_node *node, lf_dd *sum, lf_dd *spare)
{
    if (node->sum) {
        memcpy(sum, node->sum, count * sizeof *sum);
        return;
    }
    const int first = node->child[0] == NULL;
    sum_of(count, node->child[first], sum, spare);
    if (first == 1 || !node->child[1])
        return;
    sum_of(count, node->child[1], spare, spare + count);
    add(count, spare, sum);
}

int lf_block_tree_sum(const struct lf_block_tree *tree, lf_dd *sum)
{
    memset(sum, 0, tree->count * sizeof *sum);
    if (!tree->root)
        return 1;
    lf_dd *spare = malloc(((size_t)tree->level + 1) * tree->count * sizeof *spare);
    if (spare)
        sum_of(tree->count, tree->root, sum, spare);
    free(spare);
    return spare != NULL;
}
