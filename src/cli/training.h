/* SPDX-License-Identifier: MIT */
/* How a model is trained: what the options of `fit` say of it, and what a run that is resumed takes
 * from the note of its file, under "training". */
#ifndef LANEFIT_SRC_CLI_TRAINING_H
#define LANEFIT_SRC_CLI_TRAINING_H

#include <cjson/cJSON.h>
#include <lanefit/lanefit.h>

struct training {
    enum lf_optimizer_kind solver;
    double lr; /* 0: found */
    double momentum, weight_decay;
    enum lf_schedule_kind schedule;
    double gamma;           /* of a step schedule, which multiplies the rate by it every */
    uint64_t period;        /* so many epochs */
    size_t batch;           /* rows; 0: all */
    uint64_t epochs, steps; /* 0: no limit of that kind */
    double validation;      /* the share of rows that is kept back */
    uint64_t patience, seed;
    int shuffle;
    uint64_t rows, hash; /* used, and of their values */
};

/* Indexed by the kinds; an exponential schedule is one of steps of an epoch. */
extern const char *const solver_names[], *const schedule_names[];

/* Adds it to an object; 0 when memory is out. */
int training_to_json(const struct training *training, cJSON *object);

/* Reads it; 0 where something in it is missing or can't be. */
int training_from_json(struct training *training, const cJSON *object);

/* What a trainer has to be told, for so many rows to train on and the model's loss. */
struct lf_train_options training_options(const struct training *training, size_t rows,
                                         enum lf_loss_kind loss, double delta);

/* Steps of an epoch, and of the whole run. */
uint64_t training_epoch_steps(const struct training *training, size_t rows);
uint64_t training_steps(const struct training *training, size_t rows);

#endif
