/* SPDX-License-Identifier: MIT */
/* The operations: the shape rule of each stands here, its forward and backward in ops.inl.h. */
#include "tape.h"

static size_t at_most(size_t n, size_t limit)
{
    return n < limit ? n : limit;
}

#include "../kernels/type_f32.h"
#include "ops.inl.h"

#include "../kernels/type_f64.h"
#include "ops.inl.h"

/* Indexed by the tape's type. */
static const struct lf_op linear_op[] = {
    {"linear", linear_forward_f32, linear_backward_f32},
    {"linear", linear_forward_f64, linear_backward_f64},
};

static const struct lf_op mse_loss_op[] = {
    {"mse_loss", mse_loss_forward_f32, mse_loss_backward_f32},
    {"mse_loss", mse_loss_forward_f64, mse_loss_backward_f64},
};

struct lf_tensor *lf_linear(struct lf_tape *tape, const struct lf_layer *layer, struct lf_tensor *x)
{
    if (!lf_tape_accepts(tape, "linear", x, NULL, 1))
        return NULL;
    if (!layer || layer->model != tape->model) {
        lf_tape_fail(tape, LF_INVALID, "linear", "the layer is not of the tape's model");
        return NULL;
    }
    if (x->cols != layer->in) {
        lf_tape_fail(tape, LF_SHAPE, "linear", "x is %zu x %zu, the layer takes %zu columns",
                     x->rows, x->cols, layer->in);
        return NULL;
    }
    struct lf_tensor *y = lf_tape_record(tape, &linear_op[tape->model->dtype], x->rows, layer->out);
    if (!y)
        return NULL;
    y->input[0] = x;
    y->layer = *layer;
    y->requires_grad = 1;
    return lf_tape_compute(tape, y);
}

struct lf_tensor *lf_mse_loss(struct lf_tape *tape, struct lf_tensor *prediction,
                              struct lf_tensor *target)
{
    if (!lf_tape_accepts(tape, "mse_loss", prediction, target, 2))
        return NULL;
    if (prediction->rows != target->rows || prediction->cols != target->cols) {
        lf_tape_fail(tape, LF_SHAPE, "mse_loss",
                     "the prediction is %zu x %zu, the target %zu x %zu", prediction->rows,
                     prediction->cols, target->rows, target->cols);
        return NULL;
    }
    struct lf_tensor *loss = lf_tape_record(tape, &mse_loss_op[tape->model->dtype], 1, 1);
    if (!loss)
        return NULL;
    loss->input[0] = prediction;
    loss->input[1] = target;
    loss->requires_grad = prediction->requires_grad || target->requires_grad;
    return lf_tape_compute(tape, loss);
}
