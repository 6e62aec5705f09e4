/* SPDX-License-Identifier: MIT */
/* A regression under way, and what is told of it. */
#ifndef LANEFIT_SRC_LSQ_FIT_H
#define LANEFIT_SRC_LSQ_FIT_H

#include "design.h"
#include "factor.h"

/* In scaled units. */
struct lf_lsq_fit {
    struct lf_lsq_design design;
    struct lf_lsq_factor factor;
    lf_dd *solution, *diagonal; /* [params]; of the Gram matrix, with the ridge */
    lf_dd square_y, sum_y, sum_weight, rss;
    double error; /* relative, of the solution */
    struct lf_lsq_column residual, spare;
};

/* residual = y - X solution, for the rows of the block. */
void lf_lsq_fit_residuals(const struct lf_lsq_fit *fit, struct lf_lsq_column *residual);

lf_status lf_lsq_fit_report(struct lf_lsq_fit *fit, enum lf_fit_status status,
                            struct lf_lsq_result *result);

#endif
