/* SPDX-License-Identifier: MIT */
/* A linear layer and the loss of its output in one pass over x, gradients included. */
#ifndef REAL
#include "layer.h"
#include "loss.h"

#define LF_TEXT "linear_loss.c"
#include "each_type.h"

static const struct lf_op linear_loss_op = LF_OP("linear_loss", linear_loss);

struct lf_tensor *lf_linear_loss(struct lf_tensor *x, const struct lf_layer *layer,
                                 struct lf_tensor *target, const struct lf_criterion *criterion)
{
    const char *name = linear_loss_op.name;
    struct lf_tape *tape = lf_tape_of(name, x, target);
    if (!tape || !lf_layer_takes(name, layer, x))
        return NULL;
    if (!criterion || criterion->kind > LF_POISSON_NLL_LOSS)
        lf_tape_fail(tape, LF_INVALID, name, "the criterion is NULL or of no known kind");
    else if (target->requires_grad)
        lf_tape_fail(tape, LF_INVALID, name,
                     "the target takes no gradient: detach it, or use loss");
    if (tape->status != LF_OK ||
        !lf_criterion_takes(name, tape, x->rows, layer->weight.rows, target, criterion))
        return NULL;
    struct lf_tensor *loss = lf_tape_record(tape, &linear_loss_op, 1, 1, x, target);
    if (!loss)
        return NULL;
    lf_reduce(loss, x->rows, target->cols, criterion);
    loss->reduced.layer = lf_place_of(layer);
    loss->requires_grad = tape->grad_enabled;
    return lf_tape_compute(loss);
}
#else

/* The sums for a gradient of the loss; NULL when memory is out. */
static REAL *TYPED(one_pass)(const struct lf_tensor *loss, const struct TYPED(lf_loss) * slope)
{
    const struct lf_tensor *x = loss->input[0], *target = loss->input[1];
    const struct lf_place *layer = &loss->reduced.layer;
    const REAL *parameter = loss->tape->model->value, *weight = at_weight(parameter, layer);
    size_t out = target->cols, width = x->cols * out + out + 1;
    size_t blocks = lf_blocks(x->rows);
    REAL *parts = lf_tape_alloc(loss->tape, SLOTS(blocks) * width);
    for (size_t b = 0, row = 0; parts && b < blocks; b++, row += LF_BLOCK_ROWS) {
        table_of(loss)->affine_loss_part(
            slope, BLOCK_ROWS(x->rows, row), x->cols, out,
            (const REAL *)x->value + row * x->row_stride, x->row_stride, x->col_stride, weight,
            at_bias(parameter, layer), (const REAL *)target->value + row * out,
            loss->input[2] ? (const REAL *)loss->input[2]->value + row : NULL,
            parts + SLOT(b) * width);
        push(table_of(loss), b, blocks, width, parts);
    }
    return parts ? finish(table_of(loss), blocks, width, parts) : NULL;
}

static int TYPED(linear_loss_forward)(struct lf_tensor *loss)
{
    struct lf_reduced *reduced = &loss->reduced;
    size_t in = loss->input[0]->cols, out = loss->input[1]->cols;
    REAL *sums = TYPED(one_pass)(loss, OF_TYPE(reduced->loss));
    if (!sums)
        return 0;
    reduced->sums = sums;
    *(REAL *)loss->value = sums[in * out + out] / (REAL)reduced->divisor;
    return 1;
}

/* dx += (gradient of the outputs, computed anew) W. */
static int TYPED(input_backward)(struct lf_tensor *loss, const struct TYPED(lf_loss) * slope)
{
    struct lf_tensor *x = loss->input[0], *target = loss->input[1];
    const struct lf_place *layer = &loss->reduced.layer;
    const REAL *parameter = loss->tape->model->value, *weight = at_weight(parameter, layer);
    size_t n = target->rows * target->cols;
    REAL *y = lf_tape_alloc(loss->tape, n), *g = lf_tape_alloc(loss->tape, n);
    REAL *dx = lf_tensor_open_grad(x);
    if (!y || !g || !dx)
        return 0;
    for (size_t i = 0; i < n; i++)
        g[i] = (REAL)-0.0;
    table_of(loss)->affine(x->rows, x->cols, target->cols, x->value, x->row_stride, x->col_stride,
                           weight, at_bias(parameter, layer), y);
    table_of(loss)->loss_grad(slope, target->rows, target->cols, y, target->value,
                              loss->input[2] ? loss->input[2]->value : NULL, g);
    table_of(loss)->affine_grad_input(x->rows, x->cols, target->cols, g, weight, dx);
    return 1;
}

static int TYPED(linear_loss_backward)(struct lf_tensor *loss)
{
    const struct lf_reduced *reduced = &loss->reduced;
    const struct lf_place *layer = &reduced->layer;
    size_t in = loss->input[0]->cols, out = loss->input[1]->cols;
    struct TYPED(lf_loss) slope = *OF_TYPE(reduced->loss);
    slope.upstream = *(const REAL *)loss->grad;
    const REAL *sums = slope.upstream == 1 ? reduced->sums : TYPED(one_pass)(loss, &slope);
    if (!sums)
        return 0;
    REAL *weight = at_weight(loss->tape->parameter_grad, layer);
    REAL *bias = at_bias(loss->tape->parameter_grad, layer);
    add_to(table_of(loss), in * out, sums, weight);
    if (bias)
        add_to(table_of(loss), out, sums + in * out, bias);
    return !loss->input[0]->requires_grad || TYPED(input_backward)(loss, &slope);
}
#endif
