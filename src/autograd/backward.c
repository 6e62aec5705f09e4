/* SPDX-License-Identifier: MIT */
/* Gradients: the record walked in reverse. */
#ifndef REAL
#include "tape.h"

#include <string.h>

#define LF_TEXT "backward.c"
#include "each_type.h"

void *lf_tensor_make_grad(struct lf_tensor *tensor)
{
    struct lf_tape *tape = tensor->tape;
    const size_t n = tensor->rows * tensor->cols, size = lf_dtype_size(tape->model->dtype);
    if (tensor->op == &lf_parameter_op)
        return tensor->grad = (char *)tape->parameter_grad + tensor->offset * size;
    void *grad =
        n * size <= LF_SMALL_BYTES && !tensor->held ? tensor->small_grad : lf_tape_alloc(tape, n);
    if (tape->model->dtype == LF_F32)
        return tensor->grad = empty_sums_f32(n, grad);
    return tensor->grad = empty_sums_f64(n, grad);
}

/* Walks the record from a tensor backwards. 0 when memory is out. */
static int walk(struct lf_tensor *from)
{
    const enum lf_dtype dtype = from->tape->model->dtype;
    for (struct lf_tensor *tensor = from; tensor; tensor = tensor->previous)
        if (tensor->grad && tensor->op && tensor->op->backward[dtype])
            if (!tensor->op->backward[dtype](tensor))
                return 0;
    return 1;
}

/* Puts the gradients of earlier passes aside, and begins new ones. */
static void hold_gradients(struct lf_tape *tape)
{
    for (struct lf_tensor *tensor = tape->last; tensor; tensor = tensor->previous) {
        tensor->held = tensor->op == &lf_parameter_op ? NULL : tensor->grad;
        tensor->grad = NULL;
    }
}

/* Adds the gradients of this pass to those put aside, unless it failed. */
static void release_gradients(struct lf_tape *tape, int done)
{
    for (struct lf_tensor *tensor = tape->last; tensor; tensor = tensor->previous) {
        if (tensor->held && tensor->grad && done) {
            if (tape->model->dtype == LF_F32)
                add_grad_f32(tensor->tape, tensor->rows * tensor->cols, tensor->grad, tensor->held);
            else
                add_grad_f64(tensor->tape, tensor->rows * tensor->cols, tensor->grad, tensor->held);
        }
        if (tensor->held || !done)
            tensor->grad = tensor->held;
        tensor->held = NULL;
    }
}

/* One pass from a tensor with the given gradient, NULL for 1. */
static lf_status pass(struct lf_tape *tape, struct lf_tensor *from, const void *gradient)
{
    struct lf_model *model = tape->model;
    int again = tape->passes++ > 0;
    if (again)
        hold_gradients(tape);
    int done = model->dtype == LF_F32 ? seed_f32(from, gradient) : seed_f64(from, gradient);
    done = done && walk(from);
    if (again || !done)
        release_gradients(tape, done);
    if (!done)
        lf_tape_fail(tape, LF_NO_MEMORY, "backward", "out of memory for the gradients");
    else if (model->dtype == LF_F32)
        add_grad_f32(tape, model->size, tape->parameter_grad, model->grad);
    else
        add_grad_f64(tape, model->size, tape->parameter_grad, model->grad);
    return tape->status;
}

/* Whether a pass may start from the tensor. */
static int may_start(struct lf_tape *tape, const struct lf_tensor *tensor)
{
    if (!tape || tape->status != LF_OK)
        return 0;
    if (!tensor)
        lf_tape_fail(tape, LF_INVALID, "backward", "the tensor is NULL");
    else if (tensor->tape != tape)
        lf_tape_fail(tape, LF_INVALID, "backward", "the tensor is of another tape");
    else if (!lf_tape_of("backward", tensor, tensor))
        return 0;
    else if (!tensor->requires_grad)
        lf_tape_fail(tape, LF_INVALID, "backward",
                     "the %zu x %zu tensor depends on nothing that takes a gradient", tensor->rows,
                     tensor->cols);
    return tape->status == LF_OK;
}

lf_status lf_backward(struct lf_tape *tape, struct lf_tensor *loss)
{
    if (!may_start(tape, loss))
        return lf_tape_status(tape);
    if (loss->rows == 1 && loss->cols == 1)
        return pass(tape, loss, NULL);
    lf_tape_fail(tape, LF_SHAPE, "backward", "the loss is %zu x %zu, not 1 x 1", loss->rows,
                 loss->cols);
    return tape->status;
}

lf_status lf_backward_from(struct lf_tape *tape, struct lf_tensor *tensor,
                           struct lf_tensor *gradient)
{
    if (!may_start(tape, tensor) || !lf_tape_of("backward", tensor, gradient) ||
        !lf_tensor_make_dense(gradient))
        return lf_tape_status(tape);
    if (tensor->rows == gradient->rows && tensor->cols == gradient->cols)
        return pass(tape, tensor, gradient->value);
    lf_tape_fail(tape, LF_SHAPE, "backward", "the tensor is %zu x %zu, its gradient %zu x %zu",
                 tensor->rows, tensor->cols, gradient->rows, gradient->cols);
    return tape->status;
}
#else

/* Returns sums[n], all empty, or NULL for NULL. */
static REAL *TYPED(empty_sums)(size_t n, REAL *sums)
{
    for (size_t i = 0; sums && i < n; i++)
        sums[i] = (REAL)-0.0;
    return sums;
}

/* to += from. */
static void TYPED(add_grad)(const struct lf_tape *tape, size_t n, const REAL *from, REAL *to)
{
    add_to(KERNELS(tape->model->kernels), n, from, to);
}

/* The gradients that a pass starts with. 0 when memory is out. */
static int TYPED(seed)(struct lf_tensor *from, const REAL *gradient)
{
    struct lf_tape *tape = from->tape;
    size_t size = tape->model->size;
    tape->parameter_grad = TYPED(empty_sums)(size, lf_tape_alloc(tape, size));
    REAL *grad = tape->parameter_grad ? lf_tensor_open_grad(from) : NULL;
    if (grad && !gradient)
        *grad = 1; /* of one element */
    else if (grad)
        memcpy(grad, gradient, from->rows * from->cols * sizeof *grad);
    return grad != NULL;
}
#endif
