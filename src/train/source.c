/* SPDX-License-Identifier: MIT */
#include "source.h"

#include "../autograd/model.h"

#include <stdlib.h>

/* Element i of a vector; NULL for NULL. */
static const void *at(enum lf_dtype dtype, const void *vector, size_t i)
{
    return vector ? (const char *)vector + i * lf_dtype_size(dtype) : NULL;
}

struct lf_data lf_data_rows(const struct lf_data *data, size_t first, size_t rows)
{
    struct lf_data part = *data;
    part.rows = rows;
    part.x = at(data->dtype, data->x, first * data->x_row_stride);
    part.y = at(data->dtype, data->y, first * data->y_row_stride);
    part.weight = at(data->dtype, data->weight, first);
    return part;
}

/* ---- Buffers ------------------------------------------------------------------------------ */

/* rows x cols elements; NULL when memory is out. */
static void *matrix(enum lf_dtype dtype, size_t rows, size_t cols)
{
    size_t bytes;
    if (__builtin_mul_overflow(rows, cols, &bytes) ||
        __builtin_mul_overflow(bytes, lf_dtype_size(dtype), &bytes))
        return NULL;
    return malloc(bytes > 0 ? bytes : 1);
}

void lf_source_close(struct lf_source *s)
{
    free(s->x);
    free(s->y);
    free(s->weight);
    *s = (struct lf_source){0};
}

lf_status lf_source_open(struct lf_source *s, const struct lf_data *data, const uint32_t *order,
                         size_t room)
{
    const int copies = order || data->stream, fits = s->room == room && s->data.in == data->in &&
                                                     s->data.out == data->out && s->x &&
                                                     (s->weight || !data->weight);
    if (!copies || !fits)
        lf_source_close(s);
    s->data = *data;
    s->order = order;
    if (!copies || fits)
        return LF_OK;
    s->room = room;
    s->x = matrix(data->dtype, room, data->in);
    s->y = matrix(data->dtype, room, data->out);
    s->weight = data->weight ? matrix(data->dtype, room, 1) : NULL;
    if (s->x && s->y && (s->weight || !data->weight))
        return LF_OK;
    lf_source_close(s);
    return LF_NO_MEMORY;
}

/* ---- Rows --------------------------------------------------------------------------------- */

lf_status lf_source_seek(struct lf_source *s, size_t row)
{
    const struct lf_stream *stream = s->data.stream;
    s->row = row;
    return !stream || stream->seek(stream->context, row) ? LF_OK : LF_IO;
}

/* to[rows,cols] = the rows order[rows] of a matrix with these strides. */
#define GATHER(type)                                                                               \
    for (size_t r = 0; r < rows; r++)                                                              \
        for (size_t c = 0; c < cols; c++)                                                          \
    ((type *)to)[r * cols + c] = ((const type *)from)[order[r] * row_stride + c * col_stride]

static void gather(enum lf_dtype dtype, size_t rows, size_t cols, const uint32_t *order,
                   const void *from, size_t row_stride, size_t col_stride, void *to)
{
    if (dtype == LF_F32)
        GATHER(float);
    else
        GATHER(double);
}

/* Rows in the buffers, as data. */
static struct lf_data buffered(const struct lf_source *s, size_t rows)
{
    struct lf_data piece = {.dtype = s->data.dtype,
                            .rows = rows,
                            .in = s->data.in,
                            .out = s->data.out,
                            .x = s->x,
                            .y = s->y,
                            .x_row_stride = s->data.in,
                            .x_col_stride = 1,
                            .y_row_stride = s->data.out,
                            .y_col_stride = 1,
                            .weight = s->weight};
    return piece;
}

lf_status lf_source_take(struct lf_source *s, size_t rows, struct lf_data *piece)
{
    const struct lf_data *d = &s->data;
    const size_t first = s->row;
    s->row += rows;
    if (d->stream) {
        *piece = buffered(s, rows);
        return d->stream->read(d->stream->context, rows, s->x, s->y) ? LF_OK : LF_IO;
    }
    if (!s->order) {
        *piece = lf_data_rows(d, first, rows);
        return LF_OK;
    }
    const uint32_t *order = s->order + first;
    *piece = buffered(s, rows);
    gather(d->dtype, rows, d->in, order, d->x, d->x_row_stride, d->x_col_stride, s->x);
    gather(d->dtype, rows, d->out, order, d->y, d->y_row_stride, d->y_col_stride, s->y);
    if (d->weight)
        gather(d->dtype, rows, 1, order, d->weight, 1, 1, s->weight);
    return LF_OK;
}

lf_status lf_source_block(struct lf_source *s, struct lf_data *block)
{
    return lf_source_take(s, lf_rows_left(&s->data, s->row, LF_BLOCK_ROWS), block);
}

double lf_source_mass(const struct lf_source *s, size_t rows)
{
    if (!s->data.weight)
        return (double)rows;
    double sum = 0;
    for (size_t r = s->row; r < s->row + rows; r++)
        sum += lf_element(s->data.dtype, s->data.weight, s->order ? s->order[r] : r);
    return sum;
}
