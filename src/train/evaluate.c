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

lf_status lf_trainer_fail_of_tape(struct lf_trainer *t, const struct lf_tape *tape)
{
    return lf_trainer_fail(t, lf_tape_status(tape), "%s", lf_tape_message(tape));
}

static int is_weight(double w)
{
    return w >= 0 && w < INFINITY;
}

static int are_weights(const struct lf_data *data)
{
    for (size_t r = 0; r < data->rows; r++) {
        if (!is_weight(lf_element(data->dtype, data->weight, r)))
            return 0;
    }
    return 1;
}

/* Whether x, and y where it is wanted, can be read. */
static int are_there(const struct lf_data *d, int with_y)
{
    if (d && d->stream)
        return d->stream->seek && d->stream->read && !d->x && !d->y && !d->weight;
    return d && d->x && (d->y || !with_y);
}

lf_status lf_trainer_check(struct lf_trainer *t, const char *name, const struct lf_data *data)
{
    if (!are_there(data, 1))
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

/* Opens the rows at the first, for pieces of a block. */
static lf_status open_blocks(struct lf_trainer *t, struct lf_source *source,
                             const struct lf_data *data)
{
    lf_status status = lf_source_open(source, data, NULL, LF_BLOCK_ROWS);
    if (status != LF_OK)
        return lf_trainer_fail(t, status, "out of memory for a block of rows");
    status = lf_source_seek(source, 0);
    return status == LF_OK ? status : lf_trainer_fail(t, status, "the stream of rows has failed");
}

static lf_status take_block(struct lf_trainer *t, struct lf_source *source, struct lf_data *block)
{
    const lf_status status = lf_source_block(source, block);
    return status == LF_OK ? status : lf_trainer_fail(t, status, "the stream of rows has failed");
}

static lf_status sum_loss(struct lf_trainer *t, struct lf_source *source, double *sum)
{
    struct lf_data block;
    lf_status status = LF_OK;
    *sum = 0;
    while (status == LF_OK && source->row < source->data.rows) {
        status = take_block(t, source, &block);
        if (status != LF_OK)
            break;
        *sum += lf_item(lf_worker_loss(&t->self, t->count, &t->options, &block, LF_SUM, 0, 0));
        if (lf_tape_status(t->self.tape) != LF_OK)
            status = lf_trainer_fail_of_tape(t, t->self.tape);
    }
    return status;
}

lf_status lf_trainer_loss(struct lf_trainer *t, const struct lf_data *data, double *loss)
{
    if (!loss)
        return LF_INVALID;
    *loss = NAN;
    struct lf_source source = {0};
    double sum = 0, mass = 0;
    lf_status status = t ? lf_trainer_check(t, "data", data) : LF_INVALID;
    if (status == LF_OK)
        status = open_blocks(t, &source, data);
    if (status == LF_OK) {
        mass = lf_source_mass(&source, data->rows);
        status = sum_loss(t, &source, &sum);
    }
    lf_source_close(&source);
    if (status == LF_OK)
        *loss = sum / (mass * (double)data->out);
    return status;
}

static lf_status predict(struct lf_trainer *t, struct lf_source *source, char *out)
{
    struct lf_data block;
    lf_status status = LF_OK;
    while (status == LF_OK && source->row < source->data.rows) {
        status = take_block(t, source, &block);
        if (status != LF_OK)
            break;
        struct lf_tensor *y = lf_worker_predict(&t->self, t->count, &block, 0);
        if (!y)
            return lf_trainer_fail_of_tape(t, t->self.tape);
        const size_t bytes = block.rows * lf_tensor_cols(y) * lf_dtype_size(block.dtype);
        memcpy(out, lf_tensor_value(y), bytes);
        out += bytes;
    }
    return status;
}

lf_status lf_trainer_predict(struct lf_trainer *t, const struct lf_data *data, void *out)
{
    if (!t)
        return LF_INVALID;
    if (!out || !are_there(data, 0) || data->dtype != t->model->dtype)
        return lf_trainer_fail(t, LF_INVALID, "the data: NULL, or not of the model's type");
    struct lf_source source = {0};
    lf_status status = open_blocks(t, &source, data);
    if (status == LF_OK)
        status = predict(t, &source, out);
    lf_source_close(&source);
    return status;
}
