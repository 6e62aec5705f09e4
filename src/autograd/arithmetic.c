/* SPDX-License-Identifier: MIT */
/* a + b, a - b and a b, with the operand that has one row or one column repeated. */
#ifndef REAL
#include "tape.h"

/* How an operand of the shape of a result, or repeated to it, is read. */
struct steps {
    size_t row, col; /* 0 where it is repeated */
};

static struct steps steps_of(const struct lf_tensor *operand)
{
    return (struct steps){operand->rows == 1 ? 0 : operand->cols, operand->cols > 1};
}

/* Whether the operand's elements are those of the result, one for one. */
static int is_whole(const struct lf_tensor *operand, const struct lf_tensor *y)
{
    return operand->rows == y->rows && operand->cols == y->cols;
}

#define LF_TEXT "arithmetic.c"
#include "each_type.h"

static const struct lf_op add_op = LF_OP("add", add);
static const struct lf_op sub_op = LF_OP("sub", sub);
static const struct lf_op mul_op = LF_OP("mul", mul);

static struct lf_tensor *binary(const struct lf_op *op, struct lf_tensor *a, struct lf_tensor *b)
{
    struct lf_tape *tape = lf_tape_of(op->name, a, b);
    if (!tape || !lf_tensor_make_dense(a) || !lf_tensor_make_dense(b))
        return NULL;
    if ((a->rows != b->rows && a->rows != 1 && b->rows != 1) ||
        (a->cols != b->cols && a->cols != 1 && b->cols != 1)) {
        lf_tape_fail(tape, LF_SHAPE, op->name, "the operands are %zu x %zu and %zu x %zu", a->rows,
                     a->cols, b->rows, b->cols);
        return NULL;
    }
    size_t rows = a->rows > 1 ? a->rows : b->rows, cols = a->cols > 1 ? a->cols : b->cols;
    struct lf_tensor *y = lf_tape_record(tape, op, rows, cols, a, b);
    return y ? lf_tape_compute(y) : NULL;
}

struct lf_tensor *lf_add(struct lf_tensor *a, struct lf_tensor *b)
{
    return binary(&add_op, a, b);
}

struct lf_tensor *lf_sub(struct lf_tensor *a, struct lf_tensor *b)
{
    return binary(&sub_op, a, b);
}

struct lf_tensor *lf_mul(struct lf_tensor *a, struct lf_tensor *b)
{
    return binary(&mul_op, a, b);
}
#else

/* y = a combined with b; whole operands in one plain loop, which the compiler vectorizes. */
#define EACH(combine)                                                                              \
    const struct lf_tensor *ta = y->input[0], *tb = y->input[1];                                   \
    const REAL *a = ta->value, *b = tb->value;                                                     \
    REAL *to = y->value;                                                                           \
    if (is_whole(ta, y) && is_whole(tb, y)) {                                                      \
        for (size_t i = 0; i < y->rows * y->cols; i++)                                             \
            to[i] = a[i] combine b[i];                                                             \
        return 1;                                                                                  \
    }                                                                                              \
    struct steps sa = steps_of(ta), sb = steps_of(tb);                                             \
    for (size_t r = 0; r < y->rows; r++)                                                           \
        for (size_t c = 0; c < y->cols; c++)                                                       \
            *to++ = a[r * sa.row + c * sa.col] combine b[r * sb.row + c * sb.col];                 \
    return 1

static int TYPED(add_forward)(struct lf_tensor *y)
{
    EACH(+);
}

static int TYPED(sub_forward)(struct lf_tensor *y)
{
    EACH(-);
}

static int TYPED(mul_forward)(struct lf_tensor *y)
{
    EACH(*);
}
#undef EACH

/* sum[rows] of g[rows,cols] over the columns: an affine map with weights of 1. 0 when memory is
 * out. */
static int TYPED(row_sums)(struct lf_tape *tape, size_t rows, size_t cols, const REAL *g, REAL *sum)
{
    REAL *ones = lf_tape_alloc(tape, cols);
    if (!ones)
        return 0;
    for (size_t c = 0; c < cols; c++)
        ones[c] = 1;
    KERNELS(tape->model->kernels)->affine(rows, cols, 1, g, cols, 1, ones, NULL, sum);
    return 1;
}

/* Adds g, of the shape of y, to the gradient of an operand, over the elements that were repeated.
 */
static int TYPED(add_repeated)(const struct lf_tensor *y, struct lf_tensor *operand, const REAL *g)
{
    REAL *grad = lf_tensor_open_grad(operand);
    if (!grad)
        return 0;
    if (is_whole(operand, y))
        add_to(table_of(y), y->rows * y->cols, g, grad);
    else if (operand->rows == 1 && operand->cols == 1)
        *grad += sum_of(table_of(y), y->rows * y->cols, g);
    else if (operand->rows == 1)
        return add_affine_grad(y->tape, y->rows, 0, y->cols, g, 0, 1, g, NULL, grad);
    else {
        REAL *sum = lf_tape_alloc(y->tape, y->rows);
        if (!sum || !TYPED(row_sums)(y->tape, y->rows, y->cols, g, sum))
            return 0;
        add_to(table_of(y), y->rows, sum, grad);
    }
    return 1;
}

/* The same for g times an operand, or g times -1 where that is NULL. */
static int TYPED(add_product)(const struct lf_tensor *y, struct lf_tensor *operand,
                              const struct lf_tensor *factor)
{
    const REAL *g = y->grad, minus_one = -1, *f = factor ? factor->value : &minus_one;
    const struct steps s = factor ? steps_of(factor) : (struct steps){0, 0};
    REAL *product = lf_tape_alloc(y->tape, y->rows * y->cols);
    if (!product)
        return 0;
    for (size_t r = 0, i = 0; r < y->rows; r++)
        for (size_t c = 0; c < y->cols; c++, i++)
            product[i] = g[i] * f[r * s.row + c * s.col];
    return TYPED(add_repeated)(y, operand, product);
}

static int TYPED(add_backward)(struct lf_tensor *y)
{
    struct lf_tensor *a = y->input[0], *b = y->input[1];
    return (!a->requires_grad || TYPED(add_repeated)(y, a, y->grad)) &&
           (!b->requires_grad || TYPED(add_repeated)(y, b, y->grad));
}

static int TYPED(sub_backward)(struct lf_tensor *y)
{
    struct lf_tensor *a = y->input[0], *b = y->input[1];
    return (!a->requires_grad || TYPED(add_repeated)(y, a, y->grad)) &&
           (!b->requires_grad || TYPED(add_product)(y, b, NULL));
}

static int TYPED(mul_backward)(struct lf_tensor *y)
{
    struct lf_tensor *a = y->input[0], *b = y->input[1];
    return (!a->requires_grad || TYPED(add_product)(y, a, b)) &&
           (!b->requires_grad || TYPED(add_product)(y, b, a));
}
#endif
