/* SPDX-License-Identifier: MIT */
/* Rows of data to fit a model to: where they lie, or where they come from. */
#ifndef LANEFIT_DATA_H
#define LANEFIT_DATA_H

#include <lanefit/autograd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Rows that come in passes instead of lying in memory: a file, a generator. */
struct lf_stream {
    /* Makes `row` the next one; read follows at once. Returns 0 when that fails. */
    int (*seek)(void *context, size_t row);
    /* The next rows, so many, into x[rows,in] and y[rows,out]: row-major, of the data's type.
     * Returns 0 when that fails. */
    int (*read)(void *context, size_t rows, void *x, void *y);
    void *context; /* theirs */
};

/* Rows to learn from, all of one type, borrowed: element (r,c) of x[rows,in] is x[r x_row_stride +
 * c x_col_stride], y[rows,out] likewise. weight[rows] multiplies the loss of a row; NULL: 1. A
 * module reads unshuffled batches of x where they lie if one of its strides is 1. Where there is a
 * stream, the rows are the stream's, and x, y and weight are NULL. */
struct lf_data {
    enum lf_dtype dtype;
    size_t rows, in, out;
    const void *x, *y;
    size_t x_row_stride, x_col_stride;
    size_t y_row_stride, y_col_stride;
    const void *weight;
    const struct lf_stream *stream;
};

/* x[rows,in] and y[rows,out], row-major and dense. */
static inline struct lf_data lf_data_f32(size_t rows, size_t in, const float *x, size_t out,
                                         const float *y)
{
    struct lf_data data = {LF_F32, rows, in, out, x, y, in, 1, out, 1, NULL, NULL};
    return data;
}

static inline struct lf_data lf_data_f64(size_t rows, size_t in, const double *x, size_t out,
                                         const double *y)
{
    struct lf_data data = {LF_F64, rows, in, out, x, y, in, 1, out, 1, NULL, NULL};
    return data;
}

/* Rows of a stream. */
static inline struct lf_data lf_data_stream(enum lf_dtype dtype, size_t rows, size_t in, size_t out,
                                            const struct lf_stream *stream)
{
    struct lf_data data = {dtype, rows, in, out, NULL, NULL, in, 1, out, 1, NULL, stream};
    return data;
}

/* Rows first .. first + rows - 1 of data in memory, borrowed from the same place. */
LF_API struct lf_data lf_data_rows(const struct lf_data *data, size_t first, size_t rows);

#ifdef __cplusplus
}
#endif

#endif
