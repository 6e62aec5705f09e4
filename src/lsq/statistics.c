/* SPDX-License-Identifier: MIT */
#include "block_tree.h"
#include "moments.h"
#include "sums.h"

#include <lanefit/statistics.h>

#include <stdlib.h>
#include <string.h>

_Static_assert((int)LF_STATISTICS_ROWS == (int)LSQ_BLOCK, "a block of rows is a block of columns");

/* Of a product: 64 terms a lane, added as moments.h says, are off by 2^-92.9 of their magnitudes;
 * lanes and tree add a few 2^-100, products and powers at most 2^-98. */
#define SUM_ERROR 0x1p-92

/* Rows added, or rows removed. */
struct side {
    struct lf_block_tree tree;
    size_t used, dropped;
};

struct lf_statistics {
    struct lf_lsq_design design; /* of a block: its columns are not scaled */
    struct lf_lsq_column weighted;
    double *about; /* [in + 1]; NULL: zeros */
    struct side added, removed;
};

static size_t products(const struct lf_statistics *s)
{
    return lf_lsq_packed(s->design.params + 1);
}

/* ---- Objects ------------------------------------------------------------------------------ */

static int is_origin(size_t in, const double *about, int no_intercept)
{
    int fine = 1;
    for (size_t i = 0; about && i <= in; i++)
        fine &= isfinite(about[i]) && (!no_intercept || about[i] == 0);
    return fine;
}

lf_status lf_statistics_create(struct lf_statistics **statistics, size_t in,
                               const struct lf_lsq_options *options, const double *about)
{
    struct lf_lsq_options o = options ? *options : (struct lf_lsq_options){0};
    const struct lf_data rows = {.dtype = LF_F64, .in = in, .out = 1};
    if (!statistics)
        return LF_INVALID;
    *statistics = NULL;
    o.ridge = 0;
    if (o.weight_is_last || lf_lsq_params(in, &o) == 0 || !is_origin(in, about, o.no_intercept))
        return LF_INVALID;
    if (!lf_kernels_best())
        return LF_UNSUPPORTED;
    struct lf_statistics *s = calloc(1, sizeof *s);
    if (!s)
        return LF_NO_MEMORY;
    s->about = about ? malloc((in + 1) * sizeof *about) : NULL;
    lf_status status = !about || s->about ? LF_OK : LF_NO_MEMORY;
    if (status == LF_OK)
        status = lf_lsq_design_create(&s->design, &rows, &o, NULL);
    if (status != LF_OK) {
        lf_statistics_destroy(s);
        return status;
    }
    if (about)
        memcpy(s->about, about, (in + 1) * sizeof *about);
    s->design.center = about ? about[0] : 0;
    s->added.tree.count = s->removed.tree.count = products(s);
    *statistics = s;
    return LF_OK;
}

void lf_statistics_destroy(struct lf_statistics *s)
{
    if (!s)
        return;
    lf_block_tree_destroy(&s->added.tree);
    lf_block_tree_destroy(&s->removed.tree);
    lf_lsq_design_destroy(&s->design);
    free(s->about);
    free(s);
}

/* ---- Blocks ------------------------------------------------------------------------------- */

/* Of powers the design has shifted the feature. */
static void shift_columns(struct lf_statistics *s)
{
    struct lf_lsq_design *d = &s->design;
    const size_t in = d->data.in, powers = d->options.degree > 0;
    for (size_t i = powers ? in : 0; s->about && i <= in; i++) {
        struct lf_lsq_column *column = d->column + d->params - in + i;
        for (size_t r = 0; r < d->rows; r++) {
            const lf_dd value = two_sum(column->hi[r], -s->about[i]);
            column->hi[r] = d->state[r] == LSQ_USED ? value.hi : 0;
            column->lo[r] = d->state[r] == LSQ_USED ? value.lo : 0;
        }
    }
}

static void sum_block(struct lf_statistics *s, lf_dd *sum)
{
    const struct lf_lsq_design *d = &s->design;
    for (size_t j = 0; j <= d->params; j++) {
        for (size_t r = 0; r < LSQ_BLOCK; r++) {
            const lf_dd value = {d->column[j].hi[r], d->column[j].lo[r]};
            const lf_dd product = dd_multiply(value, dd_of(d->weight[r]));
            s->weighted.hi[r] = product.hi;
            s->weighted.lo[r] = product.lo;
        }
        for (size_t k = j; k <= d->params; k++)
            *sum++ = lf_lsq_dot(&s->weighted, d->column + k);
    }
}

static lf_status check_rows(const struct lf_statistics *s, const struct lf_data *rows)
{
    if (!s || !rows || rows->stream || rows->rows > LF_STATISTICS_ROWS ||
        (rows->rows > 0 && ((rows->in > 0 && !rows->x) || !rows->y)))
        return LF_INVALID;
    if (rows->in != s->design.data.in || rows->out != 1)
        return LF_SHAPE;
    for (size_t r = 0; rows->weight && r < rows->rows; r++)
        if (rows->dtype == LF_F32 ? ((const float *)rows->weight)[r] < 0
                                  : ((const double *)rows->weight)[r] < 0)
            return LF_INVALID;
    return LF_OK;
}

/* Two sides joined, or none of it. */
static lf_status prepare(struct side *into, struct lf_block_tree *from)
{
    if (!lf_block_tree_level(&into->tree, from))
        return LF_NO_MEMORY;
    return lf_block_tree_overlap(&into->tree, from) ? LF_INVALID : LF_OK;
}

static lf_status take_block(struct lf_statistics *s, struct side *side, uint64_t block,
                            const struct lf_data *rows)
{
    struct lf_lsq_design *d = &s->design;
    struct lf_block_tree tree;
    lf_status status = check_rows(s, rows);
    if (status != LF_OK)
        return status;
    lf_dd *sum = lf_block_tree_create(&tree, products(s), block);
    status = sum ? prepare(side, &tree) : LF_NO_MEMORY;
    if (status == LF_OK) {
        d->data = *rows;
        status = lf_lsq_design_block(d, 0);
    }
    if (status == LF_OK) {
        shift_columns(s);
        sum_block(s, sum);
        for (size_t r = 0; r < d->rows; r++) {
            side->used += d->state[r] == LSQ_USED;
            side->dropped += d->state[r] == LSQ_DROPPED;
        }
        lf_block_tree_unite(&side->tree, &tree);
    }
    lf_block_tree_destroy(&tree);
    return status;
}

lf_status lf_statistics_add(struct lf_statistics *s, uint64_t block, const struct lf_data *rows)
{
    return s ? take_block(s, &s->added, block, rows) : LF_INVALID;
}

lf_status lf_statistics_remove(struct lf_statistics *s, uint64_t block, const struct lf_data *rows)
{
    return s ? take_block(s, &s->removed, block, rows) : LF_INVALID;
}

/* ---- Merging ------------------------------------------------------------------------------ */

static int are_alike(const struct lf_statistics *a, const struct lf_statistics *b)
{
    const struct lf_lsq_options *p = &a->design.options, *q = &b->design.options;
    const size_t in = a->design.data.in;
    int alike =
        in == b->design.data.in && !p->no_intercept == !q->no_intercept && p->degree == q->degree;
    for (size_t i = 0; alike && i <= in; i++)
        alike = (a->about ? a->about[i] : 0) == (b->about ? b->about[i] : 0);
    return alike;
}

static void join(struct side *into, const struct side *from, struct lf_block_tree *tree)
{
    into->used += from->used;
    into->dropped += from->dropped;
    lf_block_tree_unite(&into->tree, tree);
}

lf_status lf_statistics_merge(struct lf_statistics *into, const struct lf_statistics *from)
{
    if (!into || !from || !are_alike(into, from))
        return LF_INVALID;
    struct lf_block_tree added = {0}, removed = {0};
    lf_status status = lf_block_tree_copy(&added, &from->added.tree) &&
                               lf_block_tree_copy(&removed, &from->removed.tree)
                           ? LF_OK
                           : LF_NO_MEMORY;
    if (status == LF_OK)
        status = prepare(&into->added, &added);
    if (status == LF_OK)
        status = prepare(&into->removed, &removed);
    if (status == LF_OK) {
        join(&into->added, &from->added, &added);
        join(&into->removed, &from->removed, &removed);
    }
    lf_block_tree_destroy(&added);
    lf_block_tree_destroy(&removed);
    return status;
}

/* ---- Solving ------------------------------------------------------------------------------ */

/* sum = what was added less what was removed; square = the squares of both. */
static void subtract(const struct lf_statistics *s, const lf_dd *removed, lf_dd *sum,
                     double *square)
{
    const size_t columns = s->design.params + 1;
    for (size_t j = 0; j < columns; j++)
        for (size_t k = j; k < columns; k++, sum++, removed++) {
            if (k == j)
                *square++ = sum->hi + removed->hi;
            *sum = dd_subtract(*sum, *removed);
        }
}

static size_t less(size_t all, size_t part)
{
    return all > part ? all - part : 0;
}

lf_status lf_statistics_solve(const struct lf_statistics *s, double ridge,
                              struct lf_lsq_result *result)
{
    if (!s || !result || !(ridge >= 0) || isinf(ridge) || result->residuals || result->leverages ||
        (ridge > 0 && s->design.options.degree > 0 && s->design.center != 0))
        return LF_INVALID;
    const size_t count = products(s), columns = s->design.params + 1;
    struct lf_lsq_fit *fit = lf_lsq_sums_create(s->design.data.in, &s->design.options);
    lf_dd *sum = malloc(2 * count * sizeof *sum);
    double *square = malloc(columns * sizeof *square);
    lf_status status = LF_NO_MEMORY;
    if (fit && sum && square && lf_block_tree_sum(&s->added.tree, sum) &&
        lf_block_tree_sum(&s->removed.tree, sum + count)) {
        subtract(s, sum + count, sum, square);
        const struct lf_lsq_sums sums = {.product = sum,
                                         .square = square,
                                         .error = SUM_ERROR,
                                         .about = s->about,
                                         .used = less(s->added.used, s->removed.used),
                                         .dropped = less(s->added.dropped, s->removed.dropped)};
        status = lf_lsq_sums_fit(fit, &sums, ridge, result);
    }
    if (fit)
        lf_lsq_fit_destroy(fit);
    free(sum);
    free(square);
    return status;
}
