/* SPDX-License-Identifier: MIT */
#include "tape.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

const struct lf_op lf_parameter_op = {.name = "parameter"};

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
    t->grad_enabled = 1;
    *tape = t;
    return LF_OK;
}

void lf_tape_destroy(struct lf_tape *tape)
{
    if (!tape)
        return;
    lf_arena_free(&tape->tensors);
    lf_arena_free(&tape->data);
    free(tape);
}

void lf_tape_reset(struct lf_tape *tape)
{
    if (!tape)
        return;
    lf_arena_reset(&tape->tensors);
    lf_arena_reset(&tape->data);
    tape->last = NULL;
    tape->generation++;
    tape->uses_parameters = 0;
    tape->grad_enabled = 1;
    tape->mean_of = 0;
    tape->passes = 0;
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

int lf_tape_set_grad(struct lf_tape *tape, int enabled)
{
    if (!tape)
        return 0;
    int before = tape->grad_enabled;
    tape->grad_enabled = enabled != 0;
    return before;
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

/* ---- The record --------------------------------------------------------------------------- */

void lf_tape_refuse_stale(struct lf_tape *tape, const char *name)
{
    lf_tape_fail(tape, LF_INVALID, name,
                 "the parameters have changed since the tape first used them; reset it");
}

void lf_tape_refuse(const char *name, const struct lf_tensor *a, const struct lf_tensor *b)
{
    static const char two_tapes[] = "the operands are of two tapes";
    if (!a && !b)
        return;
    struct lf_tape *tape = a ? a->tape : b->tape;
    if (!a || !b)
        lf_tape_fail(tape, LF_INVALID, name, "an operand is NULL");
    else if (a->tape != b->tape) {
        lf_tape_fail(a->tape, LF_INVALID, name, two_tapes);
        lf_tape_fail(b->tape, LF_INVALID, name, two_tapes);
    } else if (a->generation != tape->generation || b->generation != tape->generation)
        lf_tape_fail(tape, LF_INVALID, name, "an operand is from before the tape's reset");
    else
        lf_tape_refuse_stale(tape, name);
}

void lf_tape_no_memory(struct lf_tape *tape, const char *name, size_t rows, size_t cols)
{
    lf_tape_fail(tape, LF_NO_MEMORY, name, "out of memory for %zu x %zu elements", rows, cols);
}

struct lf_tensor *lf_tape_compute(struct lf_tensor *tensor)
{
    struct lf_tape *tape = tensor->tape;
    if (tensor->op->forward[tape->model->dtype](tensor))
        return tensor;
    lf_tape_no_memory(tape, tensor->op->name, tensor->rows, tensor->cols);
    return NULL;
}

/* ---- Leaves ------------------------------------------------------------------------------- */

/* A borrowed tensor. */
static struct lf_tensor *leaf(struct lf_tape *tape, const struct lf_op *op, size_t rows,
                              size_t cols, const void *value)
{
    struct lf_tensor *tensor = lf_tape_append(tape, op, rows, cols);
    if (tensor)
        tensor->value = (void *)value; /* never written: only operations' results are */
    else
        lf_tape_no_memory(tape, op ? op->name : "input", rows, cols);
    return tensor;
}

/* Says why there can be no such input. */
static __attribute__((noinline)) struct lf_tensor *
refuse_input(struct lf_tape *tape, enum lf_dtype dtype, size_t rows, size_t cols, const void *data)
{
    static const char *const type[] = {"f32", "f64"};
    if (!tape)
        return NULL;
    if (dtype != tape->model->dtype)
        lf_tape_fail(tape, LF_INVALID, "input", "data of %zu x %zu is %s, the model is %s", rows,
                     cols, type[dtype], type[tape->model->dtype]);
    else if (rows == 0 || cols == 0)
        lf_tape_fail(tape, LF_SHAPE, "input", "data of %zu x %zu is empty", rows, cols);
    else if (!data)
        lf_tape_fail(tape, LF_INVALID, "input", "data of %zu x %zu is NULL", rows, cols);
    return NULL;
}

static inline struct lf_tensor *input(struct lf_tape *tape, enum lf_dtype dtype, size_t rows,
                                      size_t cols, const void *data)
{
    if (!tape || tape->status != LF_OK || dtype != tape->model->dtype || rows == 0 || cols == 0 ||
        !data)
        return refuse_input(tape, dtype, rows, cols, data);
    return leaf(tape, NULL, rows, cols, data);
}

static struct lf_tensor *view(struct lf_tape *tape, enum lf_dtype dtype, size_t rows, size_t cols,
                              const void *data, size_t row_stride, size_t col_stride)
{
    struct lf_tensor *tensor = input(tape, dtype, rows, cols, data);
    if (!tensor)
        return NULL;
    tensor->row_stride = row_stride;
    tensor->col_stride = col_stride;
    return row_stride == 1 || col_stride == 1 || lf_tensor_copy_view(tensor) ? tensor : NULL;
}

struct lf_tensor *lf_input_f32(struct lf_tape *tape, size_t rows, size_t cols, const float *data)
{
    return input(tape, LF_F32, rows, cols, data);
}

struct lf_tensor *lf_input_f64(struct lf_tape *tape, size_t rows, size_t cols, const double *data)
{
    return input(tape, LF_F64, rows, cols, data);
}

struct lf_tensor *lf_view_f32(struct lf_tape *tape, size_t rows, size_t cols, const float *data,
                              size_t row_stride, size_t col_stride)
{
    return view(tape, LF_F32, rows, cols, data, row_stride, col_stride);
}

struct lf_tensor *lf_view_f64(struct lf_tape *tape, size_t rows, size_t cols, const double *data,
                              size_t row_stride, size_t col_stride)
{
    return view(tape, LF_F64, rows, cols, data, row_stride, col_stride);
}

int lf_tensor_copy_view(struct lf_tensor *x)
{
    size_t elements;
    void *dense = __builtin_mul_overflow(x->rows, x->cols, &elements)
                      ? NULL
                      : lf_tape_alloc(x->tape, elements);
    if (!dense) {
        lf_tape_no_memory(x->tape, "input", x->rows, x->cols);
        return 0;
    }
    for (size_t r = 0; r < x->rows; r++)
        for (size_t c = 0; c < x->cols; c++) {
            size_t from = r * x->row_stride + c * x->col_stride, to = r * x->cols + c;
            if (x->tape->model->dtype == LF_F32)
                ((float *)dense)[to] = ((const float *)x->value)[from];
            else
                ((double *)dense)[to] = ((const double *)x->value)[from];
        }
    x->value = dense;
    x->row_stride = x->cols;
    x->col_stride = 1;
    return 1;
}

struct lf_tensor *lf_parameter_tensor(struct lf_tape *tape, const struct lf_parameter *parameter)
{
    if (!tape || tape->status != LF_OK)
        return NULL;
    if (!parameter || parameter->model != tape->model) {
        lf_tape_fail(tape, LF_INVALID, "parameter", "the parameter is not of the tape's model");
        return NULL;
    }
    if (!lf_tape_uses_parameters(tape, "parameter"))
        return NULL;
    struct lf_tensor *tensor = leaf(tape, &lf_parameter_op, parameter->rows, parameter->cols,
                                    lf_parameter_value(parameter));
    if (!tensor)
        return NULL;
    tensor->offset = parameter->offset;
    tensor->requires_grad = 1;
    return tensor;
}

/* Whether an operation on the record takes x. */
static int is_used(const struct lf_tensor *x)
{
    for (const struct lf_tensor *y = x->tape->last; y != x; y = y->previous)
        for (int i = 0; i < LF_MOST_INPUTS; i++)
            if (y->input[i] == x)
                return 1;
    return 0;
}

struct lf_tensor *lf_require_grad(struct lf_tensor *x)
{
    struct lf_tape *tape = lf_tape_of("require_grad", x, x);
    if (!tape)
        return NULL;
    if (x->op) {
        lf_tape_fail(tape, LF_INVALID, "require_grad", "x is the result of %s, not an input",
                     x->op->name);
        return NULL;
    }
    if (!x->requires_grad && is_used(x)) {
        lf_tape_fail(tape, LF_INVALID, "require_grad",
                     "x has been used already; ask for its gradient before");
        return NULL;
    }
    x->requires_grad = 1;
    return x;
}

struct lf_tensor *lf_detach(struct lf_tensor *x)
{
    struct lf_tape *tape = lf_tape_of("detach", x, x);
    struct lf_tensor *tensor = tape ? leaf(tape, NULL, x->rows, x->cols, x->value) : NULL;
    if (tensor) {
        tensor->row_stride = x->row_stride;
        tensor->col_stride = x->col_stride;
    }
    return tensor;
}

/* Not NULL, and not from before a reset. */
static int is_current(const struct lf_tensor *tensor)
{
    return tensor && tensor->generation == tensor->tape->generation;
}

size_t lf_tensor_rows(const struct lf_tensor *tensor)
{
    return is_current(tensor) ? tensor->rows : 0;
}

size_t lf_tensor_cols(const struct lf_tensor *tensor)
{
    return is_current(tensor) ? tensor->cols : 0;
}

const void *lf_tensor_value(const struct lf_tensor *tensor)
{
    return is_current(tensor) ? tensor->value : NULL;
}

const void *lf_tensor_grad(const struct lf_tensor *tensor)
{
    return is_current(tensor) && tensor->op != &lf_parameter_op ? tensor->grad : NULL;
}

double lf_item(const struct lf_tensor *tensor)
{
    if (!is_current(tensor) || tensor->rows != 1 || tensor->cols != 1)
        return __builtin_nan("");
    return tensor->tape->model->dtype == LF_F32 ? (double)*(const float *)tensor->value
                                                : *(const double *)tensor->value;
}
