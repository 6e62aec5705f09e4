/* SPDX-License-Identifier: MIT */
/* What the parts of the trainer share. */
#ifndef LANEFIT_SRC_TRAIN_TRAINER_H
#define LANEFIT_SRC_TRAIN_TRAINER_H

#include "../autograd/optim.h"
#include "../autograd/tape.h"
#include "../threads/pool.h"
#include "source.h"

/* Steps of a window, at most: the parameters at the start of the best window are what a run that
 * diverges goes back to. */
enum { LF_WINDOW = 256 };

/* Modules and a tape to run them on: the trainer's own, or one of those that take the blocks of a
 * batch, whose models have the parameters of the trainer's and gradients of their own. */
struct lf_worker {
    struct lf_model block_model;
    struct lf_module *modules;
    struct lf_tape *tape;
};

/* What a batch of several blocks is summed with. */
struct lf_blocks_sum {
    size_t most; /* rows of the batch it is made for; 0: none */
    size_t wave; /* blocks whose gradients are computed before they are added up */
    size_t worker_count;
    struct lf_worker *workers;
    void *grads;  /* [wave, parameters] */
    double *loss; /* [wave] */
    void *stack;  /* of their sum */
};

/* What has to be kept of a run, so that it goes on as if it had not been stopped. The parameters
 * and the optimizer's state are kept beside it. */
struct lf_run {
    struct lf_train_progress progress;
    struct lf_rng rng, epoch_rng;    /* as it is, as it was when the epoch's order was drawn */
    uint64_t rows;                   /* of the data that the epoch runs over */
    uint64_t row;                    /* where its next batch begins; 0: it has not begun */
    double loss_sum, mass;           /* over its batches so far */
    double window_loss, window_mass; /* the same over the steps since `start` */
    double good_loss;                /* the mean loss of the window that began at `good` */
    double best_loss;                /* the least validation loss */
    uint64_t best_epoch;
    int diverged;
    int ended; /* for `end`, and for good */
    enum lf_train_end end;
};

struct lf_trainer {
    struct lf_model *model;
    struct lf_optimizer *optimizer;
    struct lf_worker self;
    size_t count; /* of modules */
    struct lf_train_options options;
    struct lf_run run;
    void *start, *good; /* parameters: where the window began, the best of those */
    void *best;         /* parameters with the least validation loss */
    uint32_t *order;    /* of the epoch's rows, once it is drawn */
    size_t order_rows;
    int is_drawn;
    struct lf_source source;
    struct lf_blocks_sum sum;
    struct lf_pool *pool; /* of the call that runs; NULL: none */
    int is_online;
    char message[192];
};

/* Keeps the message, and returns the status. */
lf_status lf_trainer_fail(struct lf_trainer *trainer, lf_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The status of a tape, with what it says. */
lf_status lf_trainer_fail_of_tape(struct lf_trainer *trainer, const struct lf_tape *tape);

/* Whether there are rows that the model can read. `name` is what they are called. */
lf_status lf_trainer_check(struct lf_trainer *trainer, const char *name,
                           const struct lf_data *data);

/* ---- gradient.c --------------------------------------------------------------------------- */

/* Modules for the model, which may be another than theirs but has the same parameters, and a tape.
 * LF_NO_MEMORY, with nothing left to be freed. */
lf_status lf_worker_open(struct lf_worker *worker, struct lf_model *model, size_t count,
                         const struct lf_module modules[]);
void lf_worker_close(struct lf_worker *worker);

/* What the modules make of x[rows,in], on a tape that is reset. */
struct lf_tensor *lf_worker_predict(struct lf_worker *worker, size_t count,
                                    const struct lf_data *rows, int with_grad);

/* The rows' loss; a mean is taken over rows of the weight mean_of (0: these). */
struct lf_tensor *lf_worker_loss(struct lf_worker *worker, size_t count,
                                 const struct lf_train_options *options, const struct lf_data *rows,
                                 enum lf_reduction reduction, double mean_of, int with_grad);

/* Room for batches of so many rows. LF_NO_MEMORY: nothing is kept. */
lf_status lf_blocks_sum_open(struct lf_trainer *trainer, size_t batch, const struct lf_data *data);
void lf_blocks_sum_close(struct lf_blocks_sum *sum);

/* How many of the rows of a batch are wanted at once. */
size_t lf_rows_at_once(const struct lf_trainer *trainer, size_t batch);

/* The mean loss over the source's next rows, of this weight, and its gradient into the model's. */
lf_status lf_batch_gradient(struct lf_trainer *trainer, size_t rows, double mass, double *loss);

/* ---- online.c ----------------------------------------------------------------------------- */

/* Whether the run's batches are single rows of a line, with nothing to be done between them. */
int lf_trainer_is_online(const struct lf_trainer *trainer);

/* Takes as many of the next steps as can be taken at once, of those on the `left` rows up to the
 * end of the epoch: none is fine. LF_IO, with none taken. */
lf_status lf_trainer_steps_online(struct lf_trainer *trainer, size_t left, size_t *taken);

/* ---- step.c ------------------------------------------------------------------------------- */

/* Where a window of steps begins, and where it ends: whether its start was the best so far. */
void lf_trainer_begin_window(struct lf_trainer *trainer);
void lf_trainer_end_window(struct lf_trainer *trainer);

/* Takes a step on the source's next rows, the last one of its epoch or not. */
lf_status lf_trainer_step(struct lf_trainer *trainer, size_t rows, int last);

#endif
