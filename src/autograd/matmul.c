/* SPDX-License-Identifier: MIT */
/* The product of two matrices, by the kernels of an affine map. */
#ifndef REAL
#include "tape.h"

#define LF_TEXT "matmul.c"
#include "each_type.h"

static const struct lf_op matmul_op = LF_OP("matmul", matmul);

struct lf_tensor *lf_matmul(struct lf_tensor *a, struct lf_tensor *b)
{
    struct lf_tape *tape = lf_tape_of(matmul_op.name, a, b);
    if (!tape || !lf_tensor_make_dense(a) || !lf_tensor_make_dense(b))
        return NULL;
    if (a->cols != b->rows) {
        lf_tape_fail(tape, LF_SHAPE, matmul_op.name, "the operands are %zu x %zu and %zu x %zu",
                     a->rows, a->cols, b->rows, b->cols);
        return NULL;
    }
    struct lf_tensor *y = lf_tape_record(tape, &matmul_op, a->rows, b->cols, a, b);
    return y ? lf_tape_compute(y) : NULL;
}
#else

/* y = a b: what a gradient a of outputs sends to the inputs of a layer with weight b. */
static int TYPED(matmul_forward)(struct lf_tensor *y)
{
    const struct lf_tensor *a = y->input[0], *b = y->input[1];
    REAL *value = y->value;
    for (size_t i = 0; i < y->rows * y->cols; i++)
        value[i] = (REAL)-0.0;
    table_of(y)->affine_grad_input(a->rows, b->cols, a->cols, a->value, b->value, value);
    return 1;
}

/* da += g b^T, an affine map of g; db += a^T g, the gradient of the weight of one. */
static int TYPED(matmul_backward)(struct lf_tensor *y)
{
    struct lf_tensor *a = y->input[0], *b = y->input[1];
    size_t rows = a->rows, inner = a->cols, cols = b->cols;
    if (a->requires_grad) {
        REAL *product = lf_tape_alloc(y->tape, rows * inner), *grad = lf_tensor_open_grad(a);
        if (!product || !grad)
            return 0;
        table_of(y)->affine(rows, cols, inner, y->grad, cols, 1, b->value, NULL, product);
        add_to(table_of(y), rows * inner, product, grad);
    }
    if (b->requires_grad) {
        REAL *grad = lf_tensor_open_grad(b);
        if (!grad ||
            !add_affine_grad(y->tape, rows, cols, inner, y->grad, cols, 1, a->value, grad, NULL))
            return 0;
    }
    return 1;
}
#endif
