/* SPDX-License-Identifier: MIT */
#include "batches.h"

#include <stdlib.h>

static size_t size_of(enum lf_dtype dtype)
{
    return dtype == LF_F32 ? sizeof(float) : sizeof(double);
}

/* Element i of a vector. */
static const void *at(enum lf_dtype dtype, const void *vector, size_t i)
{
    return (const char *)vector + i * size_of(dtype);
}

struct lf_data lf_data_rows(const struct lf_data *data, size_t first, size_t rows)
{
    struct lf_data part = *data;
    part.rows = rows;
    part.x = at(data->dtype, data->x, first * data->x_row_stride);
    part.y = data->y ? at(data->dtype, data->y, first * data->y_row_stride) : NULL;
    part.weight = data->weight ? at(data->dtype, data->weight, first) : NULL;
    return part;
}

/* rows x cols elements; NULL when memory is out. */
static void *matrix(enum lf_dtype dtype, size_t rows, size_t cols)
{
    size_t bytes;
    if (__builtin_mul_overflow(rows, cols, &bytes) ||
        __builtin_mul_overflow(bytes, size_of(dtype), &bytes))
        return NULL;
    return malloc(bytes);
}

lf_status lf_batches_reserve(struct lf_batches *b, const struct lf_data *data, size_t rows)
{
    if (b->order && b->order_rows == data->rows && b->batch_rows == rows &&
        (b->weight || !data->weight))
        return LF_OK;
    lf_batches_free(b);
    b->order =
        data->rows < SIZE_MAX / sizeof *b->order ? malloc(data->rows * sizeof *b->order) : NULL;
    b->x = matrix(data->dtype, rows, data->in);
    b->y = matrix(data->dtype, rows, data->out);
    b->weight = data->weight ? matrix(data->dtype, rows, 1) : NULL;
    if (!b->order || !b->x || !b->y || (data->weight && !b->weight)) {
        lf_batches_free(b);
        return LF_NO_MEMORY;
    }
    b->order_rows = data->rows;
    b->batch_rows = rows;
    return LF_OK;
}

void lf_batches_free(struct lf_batches *b)
{
    free(b->order);
    free(b->x);
    free(b->y);
    free(b->weight);
    *b = (struct lf_batches){0};
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

struct lf_data lf_batches_gather(struct lf_batches *b, const struct lf_data *data, size_t first,
                                 size_t rows)
{
    const uint32_t *order = b->order + first;
    gather(data->dtype, rows, data->in, order, data->x, data->x_row_stride, data->x_col_stride,
           b->x);
    gather(data->dtype, rows, data->out, order, data->y, data->y_row_stride, data->y_col_stride,
           b->y);
    if (data->weight)
        gather(data->dtype, rows, 1, order, data->weight, 1, 1, b->weight);
    return (struct lf_data){data->dtype,
                            rows,
                            data->in,
                            data->out,
                            b->x,
                            b->y,
                            data->in,
                            1,
                            data->out,
                            1,
                            data->weight ? b->weight : NULL};
}
