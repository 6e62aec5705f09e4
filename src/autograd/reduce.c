/* SPDX-License-Identifier: MIT */
/* The sum and the mean of all elements. */
#ifndef REAL
#include "tape.h"

#define LF_TEXT "reduce.c"
#include "each_type.h"

static const struct lf_op sum_op = LF_OP("sum", sum);
static const struct lf_op mean_op = LF_OP("mean", mean);

static struct lf_tensor *reduction(const struct lf_op *op, struct lf_tensor *x)
{
    struct lf_tape *tape = lf_tape_of(op->name, x, x);
    if (!tape || !lf_tensor_make_dense(x))
        return NULL;
    struct lf_tensor *y = lf_tape_record(tape, op, 1, 1, x, NULL);
    return y ? lf_tape_compute(y) : NULL;
}

struct lf_tensor *lf_sum(struct lf_tensor *x)
{
    return reduction(&sum_op, x);
}

struct lf_tensor *lf_mean(struct lf_tensor *x)
{
    return reduction(&mean_op, x);
}
#else

static int TYPED(sum_forward)(struct lf_tensor *y)
{
    const struct lf_tensor *x = y->input[0];
    *(REAL *)y->value = sum_of(table_of(y), x->rows * x->cols, x->value);
    return 1;
}

static int TYPED(mean_forward)(struct lf_tensor *y)
{
    const struct lf_tensor *x = y->input[0];
    const size_t n = x->rows * x->cols;
    *(REAL *)y->value = sum_of(table_of(y), n, x->value) / (REAL)n;
    return 1;
}

/* dx += g, the same for all elements. */
static int TYPED(spread)(struct lf_tensor *x, REAL g)
{
    REAL *dx = lf_tensor_open_grad(x);
    for (size_t i = 0; dx && i < x->rows * x->cols; i++)
        dx[i] += g;
    return dx != NULL;
}

static int TYPED(sum_backward)(struct lf_tensor *y)
{
    return TYPED(spread)(y->input[0], *(const REAL *)y->grad);
}

static int TYPED(mean_backward)(struct lf_tensor *y)
{
    struct lf_tensor *x = y->input[0];
    return TYPED(spread)(x, *(const REAL *)y->grad / (REAL)(x->rows * x->cols));
}
#endif
