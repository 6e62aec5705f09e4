/* SPDX-License-Identifier: MIT */
/* Linear layers: y = x W^T + b. */
#ifndef REAL
#include "layer.h"

#define LF_TEXT "linear.c"
#include "each_type.h"

static const struct lf_op linear_op = LF_OP("linear", linear);

int lf_layer_takes(const char *name, const struct lf_layer *layer, struct lf_tensor *x)
{
    struct lf_tape *tape = lf_tape_of(name, x, x);
    if (!tape)
        return 0;
    if (!layer || layer->weight.model != tape->model ||
        (layer->bias.model && layer->bias.model != tape->model)) {
        lf_tape_fail(tape, LF_INVALID, name, "the layer is not of the tape's model");
        return 0;
    }
    if (layer->bias.model && layer->bias.rows * layer->bias.cols != layer->weight.rows) {
        lf_tape_fail(tape, LF_SHAPE, name, "the weight is %zu x %zu, the bias %zu x %zu",
                     layer->weight.rows, layer->weight.cols, layer->bias.rows, layer->bias.cols);
        return 0;
    }
    if (x->cols != layer->weight.cols) {
        lf_tape_fail(tape, LF_SHAPE, name, "x is %zu x %zu, the layer takes %zu columns", x->rows,
                     x->cols, layer->weight.cols);
        return 0;
    }
    return lf_tape_uses_parameters(tape, name);
}

struct lf_tensor *lf_linear(struct lf_tensor *x, const struct lf_layer *layer)
{
    if (!lf_layer_takes("linear", layer, x))
        return NULL;
    struct lf_tensor *y = lf_tape_record(x->tape, &linear_op, x->rows, layer->weight.rows, x, NULL);
    if (!y)
        return NULL;
    y->layer = lf_place_of(layer);
    y->requires_grad = x->tape->grad_enabled;
    return lf_tape_compute(y);
}

struct lf_tensor *lf_sequential(struct lf_tensor *x, size_t count, const struct lf_module modules[])
{
    struct lf_tape *tape = lf_tape_of("sequential", x, x);
    for (size_t i = 0; tape && i < count && x; i++) {
        if (!modules ||
            (modules[i].kind != LF_MODULE_LINEAR && modules[i].kind != LF_MODULE_ACTIVATION)) {
            lf_tape_fail(tape, LF_INVALID, "sequential", "module %zu of %zu is of no known kind", i,
                         count);
            return NULL;
        }
        x = modules[i].kind == LF_MODULE_LINEAR ? lf_linear(x, &modules[i].layer)
                                                : lf_activate(x, modules[i].activation);
    }
    return tape ? x : NULL;
}
#else

static int TYPED(linear_forward)(struct lf_tensor *y)
{
    const struct lf_tensor *x = y->input[0];
    table_of(y)->affine(x->rows, x->cols, y->cols, x->value, x->row_stride, x->col_stride,
                        at_weight(y->tape->model->value, &y->layer),
                        at_bias(y->tape->model->value, &y->layer), y->value);
    return 1;
}

/* dW += g^T x, db += column sums of g, dx += g W. */
static int TYPED(linear_backward)(struct lf_tensor *y)
{
    struct lf_tensor *x = y->input[0];
    struct lf_tape *tape = y->tape;
    if (!add_affine_grad(tape, x->rows, x->cols, y->cols, x->value, x->row_stride, x->col_stride,
                         y->grad, at_weight(tape->parameter_grad, &y->layer),
                         at_bias(tape->parameter_grad, &y->layer)))
        return 0;
    if (!x->requires_grad)
        return 1;
    REAL *dx = lf_tensor_open_grad(x);
    if (!dx)
        return 0;
    table_of(y)->affine_grad_input(x->rows, x->cols, y->cols, y->grad,
                                   at_weight(tape->model->value, &y->layer), dx);
    return 1;
}
#endif
