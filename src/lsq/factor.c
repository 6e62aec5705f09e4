/* SPDX-License-Identifier: MIT */
#include "factor.h"

#define UNDETERMINED 0x1p-90

int lf_lsq_factor_create(struct lf_lsq_factor *f, size_t order, struct lf_memory *memory)
{
    *f = (struct lf_lsq_factor){.order = order, .memory = memory};
    f->upper = lf_memory_new(memory, order * order, sizeof *f->upper);
    f->inverse = lf_memory_new(memory, order * order, sizeof *f->inverse);
    f->pivot = lf_memory_new(memory, order, sizeof *f->pivot);
    f->reciprocal = lf_memory_new(memory, order, sizeof *f->reciprocal);
    f->undetermined = lf_memory_new(memory, order, 1);
    if (f->upper && f->inverse && f->pivot && f->reciprocal && f->undetermined)
        return 1;
    lf_lsq_factor_destroy(f);
    return 0;
}

void lf_lsq_factor_destroy(struct lf_lsq_factor *f)
{
    lf_memory_free(f->memory, f->upper);
    lf_memory_free(f->memory, f->inverse);
    lf_memory_free(f->memory, f->pivot);
    lf_memory_free(f->memory, f->reciprocal);
    lf_memory_free(f->memory, f->undetermined);
    *f = (struct lf_lsq_factor){0};
}

/* y -= a x. */
static void subtract(size_t n, lf_dd a, const lf_dd *x, lf_dd *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = dd_subtract(y[i], dd_multiply(a, x[i]));
}

void lf_lsq_factor_make(struct lf_lsq_factor *f)
{
    const size_t n = f->order;
    for (size_t k = 0; k < n; k++)
        f->pivot[k] = f->upper[k * n + k];
    f->rank = 0;
    for (size_t k = 0; k < n; k++) {
        lf_dd *row = f->upper + k * n;
        const lf_dd pivot = row[k];
        f->undetermined[k] = !(pivot.hi > UNDETERMINED * f->pivot[k].hi);
        f->pivot[k] = pivot;
        row[k] = dd_of(1);
        if (f->undetermined[k]) {
            memset(row + k + 1, 0, (n - k - 1) * sizeof *row);
            continue;
        }
        f->rank++;
        for (size_t i = k + 1; i < n; i++) {
            const lf_dd factor = dd_divide(row[i], pivot);
            subtract(n - i, factor, row + i, f->upper + i * n + i);
            row[i] = factor;
        }
    }
}

void lf_lsq_factor_solve(const struct lf_lsq_factor *f, lf_dd *x)
{
    const size_t n = f->order;
    for (size_t k = 0; k < n; k++) {
        if (f->undetermined[k])
            x[k] = dd_of(0);
        subtract(n - k - 1, x[k], f->upper + k * n + k + 1, x + k + 1);
        if (!f->undetermined[k])
            x[k] = dd_divide(x[k], f->pivot[k]);
    }
    for (size_t k = n; k-- > 0;)
        for (size_t i = k + 1; i < n; i++)
            x[k] = dd_subtract(x[k], dd_multiply(f->upper[k * n + i], x[i]));
}

void lf_lsq_factor_invert(struct lf_lsq_factor *f)
{
    const size_t n = f->order;
    for (size_t k = n; k-- > 0;) {
        lf_dd *row = f->inverse + k * n;
        f->reciprocal[k] = f->undetermined[k] ? dd_of(0) : dd_divide(dd_of(1), f->pivot[k]);
        memset(row, 0, n * sizeof *row);
        row[k] = dd_of(1);
        for (size_t i = k + 1; i < n; i++)
            subtract(n - i, f->upper[k * n + i], f->inverse + i * n + i, row + i);
    }
}

lf_dd lf_lsq_factor_element(const struct lf_lsq_factor *f, size_t j, size_t k)
{
    const size_t n = f->order;
    lf_dd sum = dd_of(0);
    for (size_t i = j > k ? j : k; i < n; i++)
        if (!f->undetermined[i])
            sum = dd_add(sum, dd_multiply(f->reciprocal[i], dd_multiply(f->inverse[j * n + i],
                                                                        f->inverse[k * n + i])));
    return sum;
}
