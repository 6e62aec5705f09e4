/* SPDX-License-Identifier: MIT */
/* What the parts of the trainer share. */
#ifndef LANEFIT_SRC_TRAIN_TRAINER_H
#define LANEFIT_SRC_TRAIN_TRAINER_H

#include "../autograd/model.h"
#include "batches.h"

struct lf_trainer {
    struct lf_model *model;
    struct lf_tape *tape;
    struct lf_optimizer *optimizer;
    struct lf_module *modules;
    size_t count;
    struct lf_train_options options;
    struct lf_rng rng;
    struct lf_batches batches;
    struct lf_train_progress progress;
    size_t rows;                     /* of the data that the epoch runs over */
    size_t row;                      /* where its next batch begins; 0: it has not begun */
    int begun;                       /* its order is drawn */
    double loss_sum, mass;           /* over its batches so far */
    double window_loss, window_mass; /* the same over the steps since `start` */
    void *start, *good;              /* parameters: where the window began, the best of those */
    double good_loss;                /* the mean loss of the window that began there */
    void *best;                      /* parameters with the least validation loss */
    double best_loss;
    uint64_t best_epoch;
    int diverged;
    int ended; /* for `end`, and for good */
    enum lf_train_end end;
    char message[192];
};

/* Keeps the message, and returns the status. */
lf_status lf_trainer_fail(struct lf_trainer *trainer, lf_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The status of the tape, with what it says. */
lf_status lf_trainer_fail_of_tape(struct lf_trainer *trainer);

/* Whether there are rows that the model can read. `name` is what they are called. */
lf_status lf_trainer_check(struct lf_trainer *trainer, const char *name,
                           const struct lf_data *data);

/* The rows as tensors of the trainer's tape, and the loss as the options have it. */
struct lf_tensor *lf_trainer_x(struct lf_trainer *trainer, const struct lf_data *rows);
struct lf_tensor *lf_trainer_y(struct lf_trainer *trainer, const struct lf_data *rows);
struct lf_criterion lf_trainer_criterion(struct lf_trainer *trainer, const struct lf_data *rows,
                                         enum lf_reduction reduction);

/* What a mean over these rows divides by, but for the outputs: their number, or their weight. */
double lf_data_mass(const struct lf_data *rows);

#endif
