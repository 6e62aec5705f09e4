/* SPDX-License-Identifier: MIT */
/* What the operations with a loss share. */
#ifndef LANEFIT_SRC_AUTOGRAD_LOSS_H
#define LANEFIT_SRC_AUTOGRAD_LOSS_H

#include "tape.h"

/* Whether a prediction of rows x cols may be compared with the target by the criterion; else the
 * error is on the tape. Makes target and weights dense. */
int lf_criterion_takes(const char *name, struct lf_tape *tape, size_t rows, size_t cols,
                       struct lf_tensor *target, const struct lf_criterion *criterion);

/* Gives a recorded loss what it keeps, and the weights as its last input. */
void lf_reduce(struct lf_tensor *loss, size_t rows, size_t cols,
               const struct lf_criterion *criterion);

#endif
