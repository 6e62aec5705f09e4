/* SPDX-License-Identifier: MIT */
/* Rows in the order in which they are wanted, piece by piece, wherever they come from. */
#ifndef LANEFIT_SRC_TRAIN_SOURCE_H
#define LANEFIT_SRC_TRAIN_SOURCE_H

#include <lanefit/train.h>

/* All zero: closed. */
struct lf_source {
    struct lf_data data;
    const uint32_t *order; /* of its rows; NULL: one after the other */
    size_t row;            /* the next one */
    size_t room;           /* rows of the buffers */
    void *x, *y, *weight;  /* buffers, for rows that can't be read where they lie */
};

/* Opens, at no row yet. Pieces will have at most `room` rows. Data and order are borrowed; buffers
 * of a source that is open already are kept where they fit. LF_NO_MEMORY: the source is closed. */
lf_status lf_source_open(struct lf_source *source, const struct lf_data *data,
                         const uint32_t *order, size_t room);
void lf_source_close(struct lf_source *source);

/* Makes `row` the next one. LF_IO. */
lf_status lf_source_seek(struct lf_source *source, size_t row);

/* *piece = the next rows, good until the next call. LF_IO. */
lf_status lf_source_take(struct lf_source *source, size_t rows, struct lf_data *piece);

/* The same of the next block, which may be the last and smaller. */
lf_status lf_source_block(struct lf_source *source, struct lf_data *block);

/* What a mean over the next rows divides by, but for the outputs: their number, or their weight. A
 * stream has no weights. */
double lf_source_mass(const struct lf_source *source, size_t rows);

/* How many rows remain from `row` on, at most `most`. */
static inline size_t lf_rows_left(const struct lf_data *data, size_t row, size_t most)
{
    return data->rows - row < most ? data->rows - row : most;
}

/* Element i of a vector of a type. */
static inline double lf_element(enum lf_dtype dtype, const void *vector, size_t i)
{
    return dtype == LF_F32 ? (double)((const float *)vector)[i] : ((const double *)vector)[i];
}

#endif
