/* SPDX-License-Identifier: MIT */
/* A regression from sums of products alone, without its rows. */
#ifndef LANEFIT_SRC_LSQ_SUMS_H
#define LANEFIT_SRC_LSQ_SUMS_H

#include "fit.h"

/* Columns are: the intercept if there is one, the features or powers, y; in the units of the data.
 */
struct lf_lsq_sums {
    const lf_dd *product; /* [lf_lsq_packed(params + 1)] */
    const double *square; /* [params + 1]: the sum of w x^2 of each column over all rows that went
                             in, those that were taken out again twice */
    double error;         /* of a product, relative to the root of its columns' two squares */
    const double *about;  /* [in + 1], of the features and y: what was subtracted; NULL: nothing */
    size_t used, dropped;
};

/* For lf_lsq_sums_fit, any number of times; NULL where memory is out. */
struct lf_lsq_fit *lf_lsq_sums_create(size_t in, const struct lf_lsq_options *options);

/* LF_OK or LF_NO_MEMORY; result as of lf_lsq_fit, but for residuals and leverages. */
lf_status lf_lsq_sums_fit(struct lf_lsq_fit *fit, const struct lf_lsq_sums *sums, double ridge,
                          struct lf_lsq_result *result);

#endif
