/* SPDX-License-Identifier: MIT */
/* The rows of a batch, where they lie or gathered. */
#ifndef LANEFIT_SRC_TRAIN_BATCHES_H
#define LANEFIT_SRC_TRAIN_BATCHES_H

#include <lanefit/train.h>

/* All zero: none yet. */
struct lf_batches {
    uint32_t *order; /* of the epoch's rows */
    size_t order_rows;
    void *x, *y, *weight; /* of a gathered batch */
    size_t batch_rows;
};

/* Room for batches of so many rows of the data, shuffled. LF_NO_MEMORY. */
lf_status lf_batches_reserve(struct lf_batches *batches, const struct lf_data *data, size_t rows);
void lf_batches_free(struct lf_batches *batches);

/* Rows first .. first + rows - 1 of the order, copied next to each other. */
struct lf_data lf_batches_gather(struct lf_batches *batches, const struct lf_data *data,
                                 size_t first, size_t rows);

#endif
