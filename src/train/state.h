/* SPDX-License-Identifier: MIT */
/* The state of a training run as bytes, in the order of checkpoint.h. */
#ifndef LANEFIT_SRC_TRAIN_STATE_H
#define LANEFIT_SRC_TRAIN_STATE_H

#include "file.h"
#include "trainer.h"

/* A state that has been read; the vectors lie in the file. */
struct lf_state {
    uint64_t kind, vectors; /* of the optimizer */
    uint64_t steps;
    double lr;
    struct lf_double_double power1, power2;
    struct lf_run run;
    const void *mean, *square, *start, *good, *best;
};

void lf_state_put(struct lf_bytes *bytes, const struct lf_trainer *trainer);

/* For a model of so many elements. Returns 0 where something in it can't be. */
int lf_state_take(struct lf_cursor *cursor, enum lf_dtype dtype, size_t size,
                  struct lf_state *state);

/* Whether the state is of such a trainer, and making it the trainer's. */
int lf_state_fits(const struct lf_state *state, const struct lf_trainer *trainer);
void lf_state_give(const struct lf_state *state, struct lf_trainer *trainer);

#endif
