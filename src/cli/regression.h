/* SPDX-License-Identifier: MIT */
/* What least squares gives for a target: as a table, as JSON, and back. */
#ifndef LANEFIT_SRC_CLI_REGRESSION_H
#define LANEFIT_SRC_CLI_REGRESSION_H

#include "description.h"

struct regression {
    const struct description *description; /* must outlive it */
    struct lf_lsq_options options;
    size_t target, params;
    struct lf_lsq_result result; /* its coefficients, standard errors, t, p, undetermined: arrays
                                    of the regression's own */
};

/* Makes room; 0 when memory is out. */
int regression_create(struct regression *regression, const struct description *description,
                      const struct lf_lsq_options *options, size_t target);
void regression_free(struct regression *regression); /* an all-zero one is fine */

/* The name of coefficient j; good until the next call. */
const char *regression_name(const struct regression *regression, size_t j);

/* Prints coefficients and what goes with them, of a regression that is LF_FIT_OK. */
void regression_print(const struct regression *regression);

/* An object, NULL when memory is out; and back, what regression_print prints: 0 where something is
 * missing or can't be. */
cJSON *regression_to_json(const struct regression *regression);
int regression_from_json(struct regression *regression, const cJSON *object);

#endif
