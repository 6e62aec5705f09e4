/* SPDX-License-Identifier: MIT */
/* A trainer's model on given rows: what it answers, and how large its loss is. */
#include "trainer.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- Errors ------------------------------------------------------------------------------- */

lf_status lf_trainer_fail(struct lf_trainer *t, lf_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(t->message, sizeof t->message, format, arguments);
    va_end(arguments);
    return status;
}

lf_status lf_trainer_fail_of_tape(struct lf_trainer *t)
{
    return lf_trainer_fail(t, lf_tape_status(t->tape), "%s", lf_tape_message(t->tape));
}

static int is_weight(double w)
{
    return w >= 0 && w < INFINITY;
}

static int are_weights(const struct lf_data *data)
{
    for (size_t r = 0; r < data->rows; r++) {
        double weight = data->dtype == LF_F32 ? (double)((const float *)data->weight)[r]
                                              : ((const double *)data->weight)[r];
        if (!is_weight(weight))
            return 0;
    }
    return 1;
}

lf_status lf_trainer_check(struct lf_trainer *t, const char *name, const struct lf_data *data)
{
    if (!data || !data->x || !data->y)
        return lf_trainer_fail(t, LF_INVALID, "the %s: NULL", name);
    if (data->dtype != t->model->dtype)
        return lf_trainer_fail(t, LF_INVALID, "the %s: not of the model's type", name);
    if (data->rows == 0 || data->in == 0 || data->out == 0)
        return lf_trainer_fail(t, LF_SHAPE, "the %s: %zu rows of %zu inputs and %zu outputs", name,
                               data->rows, data->in, data->out);
    if (data->weight && !are_weights(data))
        return lf_trainer_fail(t, LF_INVALID, "the %s: a weight is negative or not finite", name);
    return LF_OK;
}

/* ---- Evaluation --------------------------------------------------------------------------- */

static struct lf_tensor *tensor_of(struct lf_tape *tape, enum lf_dtype dtype, size_t rows,
                                   size_t cols, const void *data, size_t row_stride,
                                   size_t col_stride)
{
    return dtype == LF_F32 ? lf_view_f32(tape, rows, cols, data, row_stride, col_stride)
                           : lf_view_f64(tape, rows, cols, data, row_stride, col_stride);
}

struct lf_tensor *lf_trainer_x(struct lf_trainer *t, const struct lf_data *d)
{
    return tensor_of(t->tape, d->dtype, d->rows, d->in, d->x, d->x_row_stride, d->x_col_stride);
}

struct lf_tensor *lf_trainer_y(struct lf_trainer *t, const struct lf_data *d)
{
    return tensor_of(t->tape, d->dtype, d->rows, d->out, d->y, d->y_row_stride, d->y_col_stride);
}

struct lf_criterion lf_trainer_criterion(struct lf_trainer *t, const struct lf_data *d,
                                         enum lf_reduction reduction)
{
    return (struct lf_criterion){
        t->options.loss, reduction, t->options.delta,
        d->weight ? tensor_of(t->tape, d->dtype, d->rows, 1, d->weight, 1, 1) : NULL};
}

double lf_data_mass(const struct lf_data *d)
{
    double sum = 0;
    for (size_t r = 0; d->weight && r < d->rows; r++)
        sum += d->dtype == LF_F32 ? (double)((const float *)d->weight)[r]
                                  : ((const double *)d->weight)[r];
    return d->weight ? sum : (double)d->rows;
}

/* The rows from `first` on, at most a block. */
static struct lf_data block_at(const struct lf_data *d, size_t first)
{
    size_t left = d->rows - first;
    return lf_data_rows(d, first, left < LF_BLOCK_ROWS ? left : LF_BLOCK_ROWS);
}

lf_status lf_trainer_loss(struct lf_trainer *t, const struct lf_data *data, double *loss)
{
    if (!loss)
        return LF_INVALID;
    *loss = NAN;
    lf_status status = t ? lf_trainer_check(t, "data", data) : LF_INVALID;
    if (status != LF_OK)
        return status;
    double sum = 0;
    for (size_t first = 0; first < data->rows; first += LF_BLOCK_ROWS) {
        struct lf_data block = block_at(data, first);
        lf_tape_reset(t->tape);
        lf_tape_set_grad(t->tape, 0);
        struct lf_criterion criterion = lf_trainer_criterion(t, &block, LF_SUM);
        struct lf_tensor *y = lf_sequential(lf_trainer_x(t, &block), t->count, t->modules);
        sum += lf_item(lf_loss(y, lf_trainer_y(t, &block), &criterion));
        if (lf_tape_status(t->tape) != LF_OK)
            return lf_trainer_fail_of_tape(t);
    }
    *loss = sum / (lf_data_mass(data) * (double)data->out);
    return LF_OK;
}

lf_status lf_trainer_predict(struct lf_trainer *t, const struct lf_data *data, void *out)
{
    if (!t)
        return LF_INVALID;
    if (!out || !data || !data->x || data->dtype != t->model->dtype)
        return lf_trainer_fail(t, LF_INVALID, "the data: NULL, or not of the model's type");
    for (size_t first = 0; first < data->rows; first += LF_BLOCK_ROWS) {
        struct lf_data block = block_at(data, first);
        lf_tape_reset(t->tape);
        lf_tape_set_grad(t->tape, 0);
        struct lf_tensor *y = lf_sequential(lf_trainer_x(t, &block), t->count, t->modules);
        if (!y)
            return lf_trainer_fail_of_tape(t);
        size_t width = lf_tensor_cols(y) * lf_dtype_size(data->dtype);
        memcpy((char *)out + first * width, lf_tensor_value(y), block.rows * width);
    }
    return LF_OK;
}
