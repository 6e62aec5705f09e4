/* SPDX-License-Identifier: MIT */
/* The powers of one column. */
#ifndef REAL
#include "tape.h"

#define LF_TEXT "polynomial.c"
#include "each_type.h"

static const struct lf_op polynomial_op = LF_OP("polynomial", polynomial);

struct lf_tensor *lf_polynomial(struct lf_tensor *x, size_t degree)
{
    struct lf_tape *tape = lf_tape_of(polynomial_op.name, x, x);
    if (!tape || !lf_tensor_make_dense(x))
        return NULL;
    if (x->cols != 1)
        lf_tape_fail(tape, LF_SHAPE, polynomial_op.name, "x is %zu x %zu, not one column", x->rows,
                     x->cols);
    else if (degree == 0)
        lf_tape_fail(tape, LF_INVALID, polynomial_op.name, "the degree of a %zu x 1 tensor is 0",
                     x->rows);
    if (tape->status != LF_OK)
        return NULL;
    struct lf_tensor *y = lf_tape_record(tape, &polynomial_op, x->rows, degree, x, NULL);
    return y ? lf_tape_compute(y) : NULL;
}
#else

static int TYPED(polynomial_forward)(struct lf_tensor *y)
{
    const REAL *x = y->input[0]->value;
    REAL *power = y->value;
    for (size_t r = 0; r < y->rows; r++, power += y->cols) {
        power[0] = x[r];
        for (size_t k = 1; k < y->cols; k++)
            power[k] = power[k - 1] * x[r];
    }
    return 1;
}

/* dx += the sum of g_k (k x^(k-1)) over k = 1 .. degree. */
static int TYPED(polynomial_backward)(struct lf_tensor *y)
{
    const REAL *g = y->grad, *power = y->value;
    REAL *dx = lf_tensor_open_grad(y->input[0]);
    for (size_t r = 0; dx && r < y->rows; r++, g += y->cols, power += y->cols) {
        REAL sum = g[0];
        for (size_t k = 1; k < y->cols; k++)
            sum += g[k] * ((REAL)(k + 1) * power[k - 1]);
        dx[r] += sum;
    }
    return dx != NULL;
}
#endif
