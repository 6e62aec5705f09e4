/* SPDX-License-Identifier: MIT */
/* The rows of a regression, block by block, as scaled columns in double-double. */
#ifndef LANEFIT_SRC_LSQ_DESIGN_H
#define LANEFIT_SRC_LSQ_DESIGN_H

#include "dd.h"
#include "memory.h"

#include <lanefit/lsq.h>

enum { LSQ_BLOCK = 512, LSQ_LANES = 8 };

/* A column of a block. */
struct lf_lsq_column {
    double hi[LSQ_BLOCK], lo[LSQ_BLOCK];
};

/* Columns are: the intercept if there is one, the features or powers, y. */
struct lf_lsq_design {
    struct lf_data data; /* its `in` counts the features */
    struct lf_lsq_options options;
    size_t params;
    struct lf_memory *memory; /* NULL: the heap */

    /* Found by lf_lsq_design_scan. The scaled value is x 2^-exponent; of the one feature of a
     * polynomial with an intercept (x 2^-exponent - center) 2^stretch. */
    int *exponent, y_exponent, weight_exponent, stretch; /* exponent[in] */
    double center;
    size_t used, dropped;
    int finite;
    double *low, *high; /* [in] */

    /* Of the block that lf_lsq_design_block has made; rows left out are 0. */
    size_t rows;
    struct lf_lsq_column *column; /* [params + 1] */
    struct lf_lsq_column
        *weighted;            /* [params + 1]: times the weight; the same where there is none */
    double weight[LSQ_BLOCK]; /* 0 for rows left out, whose status this is */
    unsigned char state[LSQ_BLOCK];
    void *x, *y; /* of a stream */
};

enum { LSQ_USED, LSQ_DROPPED, LSQ_UNWEIGHTED };

lf_status lf_lsq_design_create(struct lf_lsq_design *design, const struct lf_data *data,
                               const struct lf_lsq_options *options, struct lf_memory *memory);
void lf_lsq_design_destroy(struct lf_lsq_design *design);

/* Goes over all rows: what is used, and how to scale. */
lf_status lf_lsq_design_scan(struct lf_lsq_design *design);

/* Rows from a multiple of LSQ_BLOCK on; in order from 0 for a stream. */
lf_status lf_lsq_design_block(struct lf_lsq_design *design, size_t first);

/* Whether powers are those of a shifted feature. */
static inline int lf_lsq_design_is_shifted(const struct lf_lsq_design *d)
{
    return d->options.degree > 0 && !d->options.no_intercept && d->options.ridge == 0;
}

#endif
