/* SPDX-License-Identifier: MIT */
/* Losses of a prediction and a target. */
#ifndef REAL
#include "loss.h"

#include <math.h>

#define LF_TEXT "loss.c"
#include "each_type.h"

/* Indexed by enum lf_loss_kind. */
static const struct lf_op loss_ops[] = {
    LF_OP("mse_loss", loss), LF_OP("l1_loss", loss), LF_OP("huber_loss", loss),
    LF_OP("binary_cross_entropy_with_logits", loss), LF_OP("poisson_nll_loss", loss)};

static const size_t losses = sizeof loss_ops / sizeof loss_ops[0];

static int is_delta(enum lf_dtype dtype, double delta)
{
    const double rounded = dtype == LF_F32 ? (double)(float)delta : delta;
    return rounded > 0 && isfinite(rounded);
}

int lf_criterion_takes(const char *name, struct lf_tape *tape, size_t rows, size_t cols,
                       struct lf_tensor *target, const struct lf_criterion *criterion)
{
    struct lf_tensor *weight = criterion->row_weight;
    if (weight && !lf_tape_of(name, target, weight))
        return 0;
    if (rows != target->rows || cols != target->cols)
        lf_tape_fail(tape, LF_SHAPE, name, "the prediction is %zu x %zu, the target %zu x %zu",
                     rows, cols, target->rows, target->cols);
    else if (weight && (weight->rows != rows || weight->cols != 1))
        lf_tape_fail(tape, LF_SHAPE, name, "the prediction is %zu x %zu, the row weight %zu x %zu",
                     rows, cols, weight->rows, weight->cols);
    else if (weight && weight->requires_grad)
        lf_tape_fail(tape, LF_INVALID, name, "row weights take no gradient: detach them");
    else if (criterion->reduction != LF_MEAN && criterion->reduction != LF_SUM)
        lf_tape_fail(tape, LF_INVALID, name, "there is no reduction %d", (int)criterion->reduction);
    else if (criterion->kind == LF_HUBER_LOSS && !is_delta(tape->model->dtype, criterion->delta))
        lf_tape_fail(tape, LF_INVALID, name, "delta is not finite and above 0 in the model's type");
    return tape->status == LF_OK && lf_tensor_make_dense(target) &&
           (!weight || lf_tensor_make_dense(weight));
}

void lf_reduce(struct lf_tensor *loss, size_t rows, size_t cols,
               const struct lf_criterion *criterion)
{
    loss->input[2] = criterion->row_weight;
    if (loss->tape->model->dtype == LF_F32)
        reduce_f32(loss->tape, rows, cols, criterion, &loss->reduced);
    else
        reduce_f64(loss->tape, rows, cols, criterion, &loss->reduced);
}

struct lf_tensor *lf_loss(struct lf_tensor *prediction, struct lf_tensor *target,
                          const struct lf_criterion *criterion)
{
    const struct lf_op *op =
        criterion && criterion->kind < losses ? &loss_ops[criterion->kind] : NULL;
    struct lf_tape *tape = lf_tape_of(op ? op->name : "loss", prediction, target);
    if (!tape)
        return NULL;
    if (!op) {
        lf_tape_fail(tape, LF_INVALID, "loss", "the criterion is NULL or of no known kind");
        return NULL;
    }
    if (!lf_tensor_make_dense(prediction) ||
        !lf_criterion_takes(op->name, tape, prediction->rows, prediction->cols, target, criterion))
        return NULL;
    struct lf_tensor *loss = lf_tape_record(tape, op, 1, 1, prediction, target);
    if (!loss)
        return NULL;
    lf_reduce(loss, prediction->rows, prediction->cols, criterion);
    return lf_tape_compute(loss);
}
#else

static void TYPED(reduce)(struct lf_tape *tape, size_t rows, size_t cols,
                          const struct lf_criterion *criterion, struct lf_reduced *reduced)
{
    double n = 1;
    if (criterion->reduction == LF_MEAN && tape->mean_of > 0) {
        n = (double)cols * tape->mean_of;
    } else if (criterion->reduction == LF_MEAN && criterion->row_weight) {
        const REAL *weight = criterion->row_weight->value;
        n = (double)cols * (double)sum_of(KERNELS(tape->model->kernels), rows, weight);
    } else if (criterion->reduction == LF_MEAN)
        n = (double)(ptrdiff_t)(rows * cols); /* signed, as conversions go */
    reduced->divisor = n;
    *OF_TYPE(reduced->loss) = (struct TYPED(lf_loss)){.kind = criterion->kind,
                                                      .delta = (REAL)criterion->delta,
                                                      .scale = (REAL)(1 / n),
                                                      .upstream = 1};
}

static int TYPED(loss_forward)(struct lf_tensor *loss)
{
    const struct lf_tensor *prediction = loss->input[0], *target = loss->input[1];
    const struct lf_reduced *reduced = &loss->reduced;
    REAL parts[LF_MOST_SLOTS];
    size_t cols = prediction->cols, blocks = lf_blocks(prediction->rows);
    for (size_t b = 0, row = 0; b < blocks; b++, row += LF_BLOCK_ROWS) {
        table_of(loss)->loss_part(
            OF_TYPE(reduced->loss), BLOCK_ROWS(prediction->rows, row), cols,
            (const REAL *)prediction->value + row * cols, (const REAL *)target->value + row * cols,
            loss->input[2] ? (const REAL *)loss->input[2]->value + row : NULL, parts + SLOT(b));
        push(table_of(loss), b, blocks, 1, parts);
    }
    *(REAL *)loss->value = *finish(table_of(loss), blocks, 1, parts) / (REAL)reduced->divisor;
    return 1;
}

/* The derivative of each loss by the target: minus that by the prediction for those that depend on
 * the difference, minus the prediction for the others. */
static int TYPED(target_backward)(struct lf_tensor *loss, const struct TYPED(lf_loss) * slope)
{
    struct lf_tensor *prediction = loss->input[0], *target = loss->input[1];
    const REAL *weight = loss->input[2] ? loss->input[2]->value : NULL, *p = prediction->value;
    REAL *grad = lf_tensor_open_grad(target);
    if (!grad)
        return 0;
    if (slope->kind != LF_BCE_WITH_LOGITS_LOSS && slope->kind != LF_POISSON_NLL_LOSS) {
        table_of(loss)->loss_grad(slope, target->rows, target->cols, target->value, p, weight,
                                  grad);
        return 1;
    }
    for (size_t r = 0; r < target->rows; r++) {
        REAL scale = weight ? slope->scale * weight[r] : slope->scale;
        for (size_t i = r * target->cols; i < (r + 1) * target->cols; i++)
            grad[i] += scale * -p[i] * slope->upstream;
    }
    return 1;
}

static int TYPED(loss_backward)(struct lf_tensor *loss)
{
    struct lf_tensor *prediction = loss->input[0], *target = loss->input[1];
    struct TYPED(lf_loss) slope = *OF_TYPE(loss->reduced.loss);
    slope.upstream = *(const REAL *)loss->grad;
    if (target->requires_grad && !TYPED(target_backward)(loss, &slope))
        return 0;
    if (!prediction->requires_grad)
        return 1;
    REAL *grad = lf_tensor_open_grad(prediction);
    if (!grad)
        return 0;
    table_of(loss)->loss_grad(&slope, prediction->rows, prediction->cols, prediction->value,
                              target->value, loss->input[2] ? loss->input[2]->value : NULL, grad);
    return 1;
}
#endif
