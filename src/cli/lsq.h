/* SPDX-License-Identifier: MIT */
/* What the parts of `lanefit fit --solver lsq` share. */
#ifndef LANEFIT_SRC_CLI_LSQ_H
#define LANEFIT_SRC_CLI_LSQ_H

#include "fit.h"

/* The rows of a table one by one, wherever they are kept, in one pass after the other. */
struct lsq_source {
    struct rows *rows;
    size_t target; /* the one that is regressed */
    double *row;   /* [width]: the last one that was read */
    int quiet;
    unsigned pass;
    char title[40]; /* of the progress: "least squares, pass 3" */
    struct progress progress;
    int failed; /* to read: a message is out already */
};

/* Whether there is a regression of so many columns; complains if not. */
int lsq_are_few(const struct fit *fit);

/* Complains and returns 0. */
int lsq_open(struct lsq_source *source, struct rows *rows, int quiet);
void lsq_close(struct lsq_source *source);

/* Begins a pass; reads the next row. Complain and return 0. */
int lsq_seek(struct lsq_source *source, size_t row);
int lsq_read(struct lsq_source *source);

/* Whether a fit of these rows was computed, well or not; complains if not. */
int lsq_is_done(const struct lsq_source *source, lf_status status);

/* Opens fit->network, the model that predicts what least squares has found. Complains and returns
 * 0. */
int lsq_model(struct fit *fit, struct lsq_source *source);

#endif
