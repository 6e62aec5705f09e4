/* SPDX-License-Identifier: MIT */
#include "moments.h"

/* Terms are added as T. Ogita, S. Rump, S. Oishi, "Accurate sum and dot product", SIAM J. Sci.
 * Comput. 26(6), 2005, add them: what rounding loses is summed beside. */
lf_dd lf_lsq_dot(const struct lf_lsq_column *a, const struct lf_lsq_column *b)
{
    double hi[LSQ_LANES] = {0}, lo[LSQ_LANES] = {0};
    for (size_t r = 0; r < LSQ_BLOCK; r += LSQ_LANES)
        for (size_t l = 0; l < LSQ_LANES; l++) {
            const double x = a->hi[r + l], y = b->hi[r + l], p = x * y;
            const double e = fma(x, b->lo[r + l], fma(a->lo[r + l], y, fma(x, y, -p)));
            const double s = hi[l] + p, c = s - hi[l];
            lo[l] += (hi[l] - (s - c)) + (p - c) + e;
            hi[l] = s;
        }
    lf_dd sum[LSQ_LANES];
    for (size_t l = 0; l < LSQ_LANES; l++)
        sum[l] = fast_two_sum(hi[l], lo[l]);
    for (size_t half = LSQ_LANES / 2; half > 0; half /= 2)
        for (size_t l = 0; l < half; l++)
            sum[l] = dd_add(sum[l], sum[l + half]);
    return sum[0];
}

void lf_lsq_subtract(lf_dd factor, const struct lf_lsq_column *a, struct lf_lsq_column *r)
{
    for (size_t i = 0; i < LSQ_BLOCK; i++) {
        const lf_dd product = dd_multiply(factor, (lf_dd){a->hi[i], a->lo[i]});
        const lf_dd left = dd_subtract((lf_dd){r->hi[i], r->lo[i]}, product);
        r->hi[i] = left.hi;
        r->lo[i] = left.lo;
    }
}

/* ---- Trees -------------------------------------------------------------------------------- */

int lf_lsq_tree_create(struct lf_lsq_tree *tree, size_t count, size_t blocks,
                       struct lf_memory *memory)
{
    *tree = (struct lf_lsq_tree){.count = count, .memory = memory};
    tree->part = lf_memory_new(memory, (lf_part_slots(blocks) + 1) * count, sizeof *tree->part);
    return tree->part != NULL;
}

void lf_lsq_tree_destroy(struct lf_lsq_tree *tree)
{
    lf_memory_free(tree->memory, tree->part);
    tree->part = NULL;
}

lf_dd *lf_lsq_tree_next(struct lf_lsq_tree *tree)
{
    return tree->part + lf_part_slot(tree->blocks) * tree->count;
}

static void add(size_t count, const lf_dd *right, lf_dd *left)
{
    for (size_t i = 0; i < count; i++)
        left[i] = dd_add(left[i], right[i]);
}

void lf_lsq_tree_push(struct lf_lsq_tree *tree)
{
    lf_dd *right = lf_lsq_tree_next(tree);
    for (size_t block = tree->blocks++; block % 2 == 1; block /= 2, right -= tree->count)
        add(tree->count, right, right - tree->count);
}

const lf_dd *lf_lsq_tree_sum(struct lf_lsq_tree *tree)
{
    for (size_t slot = lf_part_slot(tree->blocks); slot > 1; slot--)
        add(tree->count, tree->part + (slot - 1) * tree->count,
            tree->part + (slot - 2) * tree->count);
    tree->blocks = 0;
    return tree->part;
}
