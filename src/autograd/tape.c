/* SPDX-License-Identifier: MIT */
#include "tape.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

lf_status lf_tape_create(struct lf_tape **tape, struct lf_model *model)
{
    if (!tape)
        return LF_INVALID;
    *tape = NULL;
    if (!model)
        return LF_INVALID;
    struct lf_tape *t = calloc(1, sizeof *t);
    if (!t)
        return LF_NO_MEMORY;
    t->model = model;
    *tape = t;
    return LF_OK;
}

void lf_tape_destroy(struct lf_tape *tape)
{
    if (!tape)
        return;
    lf_arena_free(&tape->arena);
    free(tape);
}

void lf_tape_reset(struct lf_tape *tape)
{
    if (!tape)
        return;
    lf_arena_reset(&tape->arena);
    tape->last = NULL;
    tape->parameter_grad = NULL;
    tape->status = LF_OK;
    tape->message[0] = '\0';
}

lf_status lf_tape_status(const struct lf_tape *tape)
{
    return tape ? tape->status : LF_INVALID;
}

const char *lf_tape_message(const struct lf_tape *tape)
{
    return tape ? tape->message : "the tape is NULL";
}

void lf_tape_fail(struct lf_tape *tape, lf_status status, const char *name, const char *format, ...)
{
    if (tape->status != LF_OK)
        return;
    tape->status = status;
    size_t room = sizeof tape->message;
    int head = snprintf(tape->message, room, "%s: ", name);
    va_list arguments;
    va_start(arguments, format);
    if (head > 0 && (size_t)head < room)
        vsnprintf(tape->message + head, room - (size_t)head, format, arguments);
    va_end(arguments);
}

int lf_tape_accepts(struct lf_tape *tape, const char *name, const struct lf_tensor *a,
                    const struct lf_tensor *b, int operands)
{
    if (!tape || tape->status != LF_OK)
        return 0;
    if (!a || (operands > 1 && !b)) {
        lf_tape_fail(tape, LF_INVALID, name, "an operand is NULL");
        return 0;
    }
    if (a->tape != tape || (operands > 1 && b->tape != tape)) {
        lf_tape_fail(tape, LF_INVALID, name, "an operand is of another tape");
        return 0;
    }
    return 1;
}

/* rows * cols elements of the tape's type, or SIZE_MAX where that is no size. */
static size_t bytes_of(const struct lf_tape *tape, size_t rows, size_t cols)
{
    size_t elements, bytes;
    if (__builtin_mul_overflow(rows, cols, &elements) ||
        __builtin_mul_overflow(elements, lf_dtype_size(tape->model->dtype), &bytes))
        return SIZE_MAX;
    return bytes;
}

struct lf_tensor *lf_tape_record(struct lf_tape *tape, const struct lf_op *op, size_t rows,
                                 size_t cols)
{
    struct lf_tensor *tensor = lf_arena_alloc(&tape->arena, sizeof *tensor);
    void *value = op && tensor ? lf_arena_alloc(&tape->arena, bytes_of(tape, rows, cols)) : NULL;
    if (!tensor || (op && !value)) {
        lf_tape_fail(tape, LF_NO_MEMORY, op ? op->name : "input",
                     "out of memory for a result of %zu x %zu", rows, cols);
        return NULL;
    }
    *tensor = (struct lf_tensor){
        .op = op, .tape = tape, .previous = tape->last, .rows = rows, .cols = cols, .value = value};
    tape->last = tensor;
    return tensor;
}

struct lf_tensor *lf_tape_compute(struct lf_tape *tape, struct lf_tensor *tensor)
{
    if (tensor->op->forward(tape, tensor) == LF_OK)
        return tensor;
    lf_tape_fail(tape, LF_NO_MEMORY, tensor->op->name, "out of memory for the sums");
    return NULL;
}

void *lf_tape_empty_sums(struct lf_tape *tape, size_t n)
{
    void *sums = lf_arena_alloc(&tape->arena, bytes_of(tape, n, 1));
    if (!sums)
        return NULL;
    if (tape->model->dtype == LF_F32) {
        for (size_t i = 0; i < n; i++)
            ((float *)sums)[i] = -0.0f;
    } else {
        for (size_t i = 0; i < n; i++)
            ((double *)sums)[i] = -0.0;
    }
    return sums;
}

void *lf_tensor_grad(struct lf_tensor *tensor)
{
    if (!tensor->grad)
        tensor->grad = lf_tape_empty_sums(tensor->tape, tensor->rows * tensor->cols);
    return tensor->grad;
}

struct lf_tensor *lf_input(struct lf_tape *tape, size_t rows, size_t cols, const void *data)
{
    if (!tape || tape->status != LF_OK)
        return NULL;
    if (!data && rows > 0 && cols > 0) {
        lf_tape_fail(tape, LF_INVALID, "input", "data of %zu x %zu is NULL", rows, cols);
        return NULL;
    }
    struct lf_tensor *tensor = lf_tape_record(tape, NULL, rows, cols);
    if (tensor)
        tensor->value = (void *)data; /* never written: only operations' results are */
    return tensor;
}

/* Walks the record from the loss backwards. */
static lf_status walk(struct lf_tape *tape, struct lf_tensor *loss)
{
    for (struct lf_tensor *tensor = loss; tensor; tensor = tensor->previous) {
        if (!tensor->grad || !tensor->op)
            continue;
        lf_status status = tensor->op->backward(tape, tensor);
        if (status != LF_OK)
            return status;
    }
    return LF_OK;
}

lf_status lf_backward(struct lf_tape *tape, struct lf_tensor *loss)
{
    if (!lf_tape_accepts(tape, "backward", loss, NULL, 1))
        return lf_tape_status(tape);
    struct lf_model *model = tape->model;
    if (loss->rows != 1 || loss->cols != 1)
        lf_tape_fail(tape, LF_SHAPE, "backward", "the loss is %zu x %zu, not 1 x 1", loss->rows,
                     loss->cols);
    else if (!loss->requires_grad)
        lf_tape_fail(tape, LF_INVALID, "backward", "the loss depends on no parameter");
    if (tape->status != LF_OK)
        return tape->status;

    for (struct lf_tensor *tensor = loss; tensor; tensor = tensor->previous)
        tensor->grad = NULL;
    tape->parameter_grad = lf_tape_empty_sums(tape, model->size);
    void *seed = lf_tensor_grad(loss);
    if (!tape->parameter_grad || !seed)
        goto no_memory;
    if (model->dtype == LF_F32)
        *(float *)seed = 1;
    else
        *(double *)seed = 1;
    if (walk(tape, loss) != LF_OK)
        goto no_memory;

    if (model->dtype == LF_F32)
        model->kernels->f32.axpy(model->size, 1, tape->parameter_grad, model->grad);
    else
        model->kernels->f64.axpy(model->size, 1, tape->parameter_grad, model->grad);
    return LF_OK;

no_memory:
    lf_tape_fail(tape, LF_NO_MEMORY, "backward", "out of memory for the gradients");
    return tape->status;
}

size_t lf_tensor_rows(const struct lf_tensor *tensor)
{
    return tensor ? tensor->rows : 0;
}

size_t lf_tensor_cols(const struct lf_tensor *tensor)
{
    return tensor ? tensor->cols : 0;
}

const void *lf_tensor_value(const struct lf_tensor *tensor)
{
    return tensor ? tensor->value : NULL;
}

double lf_item(const struct lf_tensor *tensor)
{
    if (!tensor || tensor->rows != 1 || tensor->cols != 1)
        return __builtin_nan("");
    return tensor->tape->model->dtype == LF_F32 ? (double)*(const float *)tensor->value
                                                : *(const double *)tensor->value;
}
