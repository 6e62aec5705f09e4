/* SPDX-License-Identifier: MIT */
/* From the rows of a table to what a model is trained on. */
#ifndef LANEFIT_SRC_CLI_PREPARE_H
#define LANEFIT_SRC_CLI_PREPARE_H

#include "description.h"
#include "rows.h"

/* Rows of a table as a stream, from the row `first` on. */
struct prepared_stream {
    struct prepared *of;
    size_t first;
    struct lf_stream stream;
};

/* Scaled rows: the first ones to train on, the others to validate with. */
struct prepared {
    struct rows *rows;
    const struct description *description;
    struct prepared_stream streams[2];
    struct lf_data train, validation; /* no rows to validate with: rows = 0 */
    void *x, *y;                      /* in memory; NULL: streamed */
    double *raw, *basis;              /* a block of rows */
};

/* Fills description->mean, scale, target_mean and target_scale from the rows to train on, `held`
 * being the share of rows kept back for validation. Complains and returns 0; a column that has one
 * value in all rows is named. */
int prepare_scaling(struct description *description, struct rows *rows,
                    const struct lf_kernels *kernels, double held);

/* How many of the rows are trained on. */
size_t prepare_train_rows(size_t rows, double held);

/* Scales the rows: into memory, where they are kept there, and then forgets them. The rows and the
 * description must outlive what was prepared. Complains and returns 0. */
int prepare_open(struct prepared *prepared, struct rows *rows,
                 const struct description *description, double held);
void prepare_close(struct prepared *prepared); /* an all-zero one is fine */

#endif
