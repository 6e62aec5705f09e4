/* SPDX-License-Identifier: MIT */
/* The course of a training run: what is kept of it for a picture, and as lines of CSV. */
#ifndef LANEFIT_SRC_CLI_HISTORY_H
#define LANEFIT_SRC_CLI_HISTORY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* How things stood after an epoch; NaN where there is no such number. */
struct loss_point {
    uint64_t epoch, step;
    double lr, loss, validation_loss; /* loss: the mean over the epoch */
};

enum { HISTORY_MOST = 65536 };

/* A run of any length in bounded memory: once HISTORY_MOST points are kept, every second one of
 * them goes, and from then on only every second epoch is kept. The newest is always there, as the
 * last of the points. All zero is an empty history. */
struct history {
    size_t count, room;
    uint64_t stride; /* one epoch in so many is kept; 0: nothing was added yet */
    uint64_t added;
    int newest_is_extra; /* the last point is there as the newest alone: the next takes its place */
    struct loss_point *points;
    int has_validation; /* some point has a validation loss */
};

/* Adds the next epoch. Returns 0 when memory is out: the history is as it was. */
int history_add(struct history *history, const struct loss_point *point);

/* Leaves an empty history. */
void history_free(struct history *history);

/* "epoch,step,lr,loss" or "epoch,step,lr,loss,validation_loss", and lines to go with it: a number
 * is the shortest text that reads as the same one, NaN is "nan". What gets lost shows in the file's
 * error flag. */
void history_write_head(FILE *file, int has_validation);
void history_write_point(FILE *file, const struct loss_point *point, int has_validation);

#endif
