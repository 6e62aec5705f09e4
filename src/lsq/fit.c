/* SPDX-License-Identifier: MIT */
/* lf_lsq_fit: Gram matrix, factors, refinement, and what follows from them. */
#include "design.h"
#include "factor.h"
#include "moments.h"
#include "fit.h"

enum { MOST_PASSES = 10 };

const char *lf_fit_status_string(enum lf_fit_status status)
{
    static const char *const text[] = {"ok", "too few rows", "constant column", "rank deficient",
                                       "non-finite"};
    return (unsigned)status < sizeof text / sizeof text[0] ? text[status] : "unknown status";
}

size_t lf_lsq_params(size_t in, const struct lf_lsq_options *options)
{
    const struct lf_lsq_options none = {0}, *o = options ? options : &none;
    if (o->weight_is_last && in-- == 0)
        return 0;
    if (o->degree > LF_LSQ_MOST_DEGREE || (o->degree > 0 && in != 1) || in > LF_LSQ_MOST_PARAMS)
        return 0;
    const size_t params = (o->degree > 0 ? o->degree : in) + (o->no_intercept ? 0 : 1);
    return params <= LF_LSQ_MOST_PARAMS ? params : 0;
}

/* ---- Gram matrix -------------------------------------------------------------------------- */

/* The products of all columns, y the last, above the diagonal row by row. */
static lf_status sum_products(struct lf_lsq_design *d, struct lf_lsq_tree *tree)
{
    const size_t columns = d->params + 1;
    for (size_t first = 0; first < d->data.rows; first += LSQ_BLOCK) {
        const lf_status status = lf_lsq_design_block(d, first);
        if (status != LF_OK)
            return status;
        lf_dd *sum = lf_lsq_tree_next(tree);
        for (size_t j = 0; j < columns; j++)
            for (size_t k = j; k < columns; k++)
                *sum++ = lf_lsq_dot(d->weighted + j, d->column + k);
        lf_lsq_tree_push(tree);
    }
    return LF_OK;
}

double lf_lsq_fit_ridge(const struct lf_lsq_design *d, size_t j)
{
    const size_t intercept = !d->options.no_intercept;
    if (d->options.ridge == 0 || (intercept && j == 0))
        return 0;
    const size_t i = j - intercept;
    const int exponent = d->options.degree > 0 ? (int)(i + 1) * d->exponent[0] : d->exponent[i];
    return scale_by(d->options.ridge, -2 * exponent - d->weight_exponent);
}

void lf_lsq_fit_set(struct lf_lsq_fit *f, const lf_dd *sums)
{
    const size_t n = f->design.params;
    for (size_t j = 0; j < n; j++) {
        for (size_t k = j; k < n; k++)
            f->factor.upper[j * n + k] = *sums++;
        lf_dd *diagonal = f->factor.upper + j * n + j;
        *diagonal = dd_add(*diagonal, dd_of(lf_lsq_fit_ridge(&f->design, j)));
        f->diagonal[j] = *diagonal;
        f->solution[j] = *sums++;
    }
    f->square_y = *sums;
    f->sum_y = f->solution[0];
    f->sum_weight = f->diagonal[0];
}

int lf_lsq_fit_solve(struct lf_lsq_fit *f)
{
    lf_lsq_factor_make(&f->factor);
    if (f->factor.rank < f->design.params)
        return 0;
    lf_lsq_factor_solve(&f->factor, f->solution);
    lf_lsq_factor_invert(&f->factor);
    return 1;
}

/* ---- Refinement --------------------------------------------------------------------------- */

/* step[params] = X'W(y - Xa) - ridge a; rss = the sum of w r^2. */
static lf_status residual_sums(struct lf_lsq_fit *f, struct lf_lsq_tree *tree, lf_dd *step)
{
    struct lf_lsq_design *d = &f->design;
    const size_t n = d->params;
    for (size_t first = 0; first < d->data.rows; first += LSQ_BLOCK) {
        const lf_status status = lf_lsq_design_block(d, first);
        if (status != LF_OK)
            return status;
        lf_dd *sum = lf_lsq_tree_next(tree);
        lf_lsq_fit_residuals(f, &f->residual);
        for (size_t j = 0; j < n; j++)
            sum[j] = lf_lsq_dot(d->weighted + j, &f->residual);
        /* Weighed anew: y's weighted column is free for it. */
        for (size_t r = 0; r < LSQ_BLOCK; r++) {
            const lf_dd value = {f->residual.hi[r], f->residual.lo[r]};
            const lf_dd product = dd_multiply(value, dd_of(d->weight[r]));
            f->spare.hi[r] = product.hi;
            f->spare.lo[r] = product.lo;
        }
        sum[n] = lf_lsq_dot(&f->spare, &f->residual);
        lf_lsq_tree_push(tree);
    }
    const lf_dd *sum = lf_lsq_tree_sum(tree);
    for (size_t j = 0; j < n; j++)
        step[j] = dd_subtract(sum[j], dd_multiply(f->solution[j], dd_of(lf_lsq_fit_ridge(d, j))));
    f->rss = sum[n];
    return LF_OK;
}

/* The largest step, relative to what it changes; coefficients that are zero but for rounding don't
 * count. */
static double apply_step(struct lf_lsq_fit *f, const lf_dd *step)
{
    const size_t n = f->design.params;
    double largest = 0, ratio = 0;
    for (size_t j = 0; j < n; j++)
        largest = larger_of(largest, fabs(f->solution[j].hi));
    for (size_t j = 0; j < n; j++) {
        f->solution[j] = dd_add(f->solution[j], step[j]);
        if (fabs(f->solution[j].hi) > 0x1p-80 * largest)
            ratio = larger_of(ratio, fabs(step[j].hi / f->solution[j].hi));
    }
    return ratio;
}

/* Each pass takes the error down by the same factor: about the first step, relative. */
static lf_status refine(struct lf_lsq_fit *f)
{
    struct lf_lsq_tree tree;
    struct lf_memory *memory = f->design.memory;
    lf_dd *step = lf_memory_new(memory, f->design.params, sizeof *step);
    const int created = lf_lsq_tree_create(&tree, f->design.params + 1,
                                           f->design.data.rows / LSQ_BLOCK + 1, memory);
    lf_status status = step && created ? LF_OK : LF_NO_MEMORY;
    double before = 1, error = 1;
    for (int pass = 0; status == LF_OK && pass < MOST_PASSES; pass++) {
        status = residual_sums(f, &tree, step);
        if (status != LF_OK)
            break;
        lf_lsq_factor_solve(&f->factor, step);
        const double ratio = apply_step(f, step);
        error = ratio * fmin(1, ratio / before);
        if (error <= 0x1p-70 || ratio > before / 2)
            break;
        before = ratio;
    }
    for (size_t j = 0; j < f->design.params; j++)
        f->error[j] = error * fabs(f->solution[j].hi);
    lf_lsq_tree_destroy(&tree);
    lf_memory_free(memory, step);
    return status;
}

/* ---- The fit ------------------------------------------------------------------------------ */

static int is_constant(const struct lf_lsq_design *d, size_t i)
{
    return d->low[i] == d->high[i] && (!d->options.no_intercept || d->low[i] == 0);
}

/* What is known from the rows alone. */
static enum lf_fit_status status_of(const struct lf_lsq_design *d)
{
    const size_t needed = d->options.ridge > 0 ? 1 : d->params;
    if (!d->finite)
        return LF_FIT_NON_FINITE;
    if (d->used < needed)
        return LF_FIT_TOO_FEW_ROWS;
    for (size_t i = 0; d->options.ridge == 0 && i < d->data.in; i++)
        if (is_constant(d, i))
            return LF_FIT_CONSTANT_COLUMN;
    return LF_FIT_OK;
}

static lf_status solve(struct lf_lsq_fit *f, enum lf_fit_status *found)
{
    struct lf_lsq_tree tree;
    struct lf_lsq_design *d = &f->design;
    if (!lf_lsq_tree_create(&tree, lf_lsq_packed(d->params + 1), d->data.rows / LSQ_BLOCK + 1,
                            d->memory))
        return LF_NO_MEMORY;
    lf_status status = sum_products(d, &tree);
    if (status == LF_OK)
        lf_lsq_fit_set(f, lf_lsq_tree_sum(&tree));
    lf_lsq_tree_destroy(&tree);
    if (status != LF_OK)
        return status;
    if (!lf_lsq_fit_solve(f)) {
        *found = *found == LF_FIT_OK ? LF_FIT_RANK_DEFICIENT : *found;
        return LF_OK;
    }
    return refine(f);
}

int lf_lsq_fit_create(struct lf_lsq_fit *f)
{
    const size_t n = f->design.params;
    struct lf_memory *memory = f->design.memory;
    f->solution = lf_memory_new(memory, n, sizeof *f->solution);
    f->diagonal = lf_memory_new(memory, n, sizeof *f->diagonal);
    f->error = lf_memory_new(memory, n, sizeof *f->error);
    return f->solution && f->diagonal && f->error && lf_lsq_factor_create(&f->factor, n, memory);
}

void lf_lsq_fit_destroy(struct lf_lsq_fit *f)
{
    struct lf_memory *memory = f->design.memory;
    lf_lsq_design_destroy(&f->design);
    lf_lsq_factor_destroy(&f->factor);
    lf_memory_free(memory, f->solution);
    lf_memory_free(memory, f->diagonal);
    lf_memory_free(memory, f->error);
    lf_memory_free(memory, f);
}

/* Each line is what a create function takes. */
size_t lf_lsq_fit_bytes(size_t in, size_t rows, const struct lf_lsq_options *options)
{
    const size_t params = lf_lsq_params(in, options), slots = lf_part_slots(rows / LSQ_BLOCK + 1);
    size_t bytes = 32 * LF_MEMORY_ALIGNMENT; /* for the ends of pieces */
    bytes += sizeof(struct lf_lsq_fit);
    bytes += in * sizeof(int);
    bytes += (2 * in + 2) * sizeof(double);
    bytes += 2 * (params + 1) * sizeof(struct lf_lsq_column);
    bytes += (in + 1) * LSQ_BLOCK * sizeof(double);
    bytes += 7 * params * sizeof(lf_dd);
    bytes += (2 * params * params + params) * sizeof(lf_dd);
    bytes += params;
    bytes += (slots + 1) * (lf_lsq_packed(params + 1) + params + 1) * sizeof(lf_dd);
    bytes += (2 * params * params + params) * sizeof(lf_dd);
    return bytes;
}

lf_status lf_lsq_fit(const struct lf_data *data, const struct lf_lsq_options *options,
                     struct lf_lsq_result *result)
{
    return lf_lsq_fit_with(data, options, NULL, result);
}

lf_status lf_lsq_fit_with(const struct lf_data *data, const struct lf_lsq_options *options,
                          struct lf_memory *memory, struct lf_lsq_result *result)
{
    const struct lf_lsq_options none = {0}, *o = options ? options : &none;
    if (!data || !result || !(o->ridge >= 0) || isinf(o->ridge) ||
        lf_lsq_params(data->in, o) == 0 || (data->weight && o->weight_is_last) ||
        (!data->stream && data->rows > 0 && ((data->in > 0 && !data->x) || !data->y)))
        return LF_INVALID;
    if (data->out != 1)
        return LF_SHAPE;
    if (!lf_kernels_best())
        return LF_UNSUPPORTED;
    struct lf_lsq_fit *f = lf_memory_new(memory, 1, sizeof *f);
    if (!f)
        return LF_NO_MEMORY;
    lf_status status = lf_lsq_design_create(&f->design, data, o, memory);
    if (status == LF_OK && !lf_lsq_fit_create(f))
        status = LF_NO_MEMORY;
    if (status == LF_OK)
        status = lf_lsq_design_scan(&f->design);
    if (status == LF_OK) {
        enum lf_fit_status found = status_of(&f->design);
        if (found == LF_FIT_OK || found == LF_FIT_CONSTANT_COLUMN)
            status = solve(f, &found);
        if (status == LF_OK)
            status = lf_lsq_fit_report(f, found, result);
    }
    lf_lsq_fit_destroy(f);
    return status;
}
