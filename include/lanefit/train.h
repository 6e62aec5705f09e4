/* SPDX-License-Identifier: MIT */
/* Training: a sequence of modules (autograd.h) fitted to rows of data by mini-batches.
 *
 * A run is one call. Its bits depend on the data, the options and the generator alone: not on the
 * table, the number of threads, where the rows come from, and how often it was interrupted and
 * continued, in another process too (checkpoint.h). With `shuffle` each epoch draws one
 * torch.randperm(rows) and takes its batches in that order, so a loop in PyTorch that does the same
 * sees the same batches. */
#ifndef LANEFIT_TRAIN_H
#define LANEFIT_TRAIN_H

#include <lanefit/data.h>
#include <lanefit/optim.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Scaling ----------------------------------------------------------------------------- */

/* mean[in] and scale[in] of the columns of x: the mean, and the standard deviation with divisor
 * rows, or 1 where that is not finite or all values are the same. Two passes by the kernel
 * column_moments_part of the table (NULL: the best). LF_INVALID without rows or for NULL,
 * LF_NO_MEMORY, LF_UNSUPPORTED, LF_IO where a stream fails: mean and scale are untouched. */
LF_API lf_status lf_data_scaling(const struct lf_kernels *kernels, const struct lf_data *data,
                                 double mean[], double scale[]);

/* z = (x - mean) / scale, computed in double and rounded to the data's type, into z[rows,in],
 * row-major, of data in memory. z may be x where that lies so. */
LF_API void lf_data_standardize(const struct lf_data *data, const double mean[],
                                const double scale[], void *z);

/* Makes of a layer that takes standardized inputs one that takes the inputs as they are: w_i /=
 * scale_i, b -= sum of w_i mean_i. In double, rounded once. LF_INVALID for a layer without bias. */
LF_API lf_status lf_layer_unscale_inputs(const struct lf_layer *layer, const double mean[],
                                         const double scale[]);

/* Makes of a layer whose outputs are standardized one that gives the outputs themselves: w *=
 * scale, b = scale b + mean of each output. LF_INVALID as above. */
LF_API lf_status lf_layer_unscale_outputs(const struct lf_layer *layer, const double mean[],
                                          const double scale[]);

/* *lr = a rate at which SGD on a linear model of these data neither blows up nor crawls: 1 / (L +
 * (L + T) / batch), L being the largest eigenvalue, and T the trace, of the Hessian c (X 1)^T (X 1)
 * / (rows out); batch 0: 1 / L. c is the largest second derivative of the loss: 2 for mse_loss, 1
 * for huber_loss, 1/4 for binary_cross_entropy_with_logits; the others have none, and count as 2.
 * With normally distributed rows the mean square of the parameters' error stops shrinking at twice
 * that rate. Weights of rows are not counted. Statuses as of lf_data_scaling. */
LF_API lf_status lf_auto_lr(const struct lf_kernels *kernels, const struct lf_data *data,
                            enum lf_loss_kind loss, size_t batch, double *lr);

/* ---- Runs -------------------------------------------------------------------------------- */

/* Where a run stands. A loss is the mean over rows and outputs, or the weighted mean. */
struct lf_train_progress {
    uint64_t step;  /* steps taken */
    uint64_t epoch; /* whole epochs done */
    double lr;      /* of the last step */
    double loss;    /* of the last batch, before its step */
    /* As of the end of the last whole epoch, NaN before the first: */
    double epoch_loss;      /* the mean of its batches' losses, by their rows or weights */
    double validation_loss; /* after it; NaN without validation data */
    double gradient_norm; /* the Euclidean norm of the gradient of its last step, clipped or not */
};

/* Called after a step or an epoch; returns whether the run shall go on. */
typedef int (*lf_train_callback)(void *context, const struct lf_train_progress *progress);

struct lf_train_options {
    enum lf_loss_kind loss;
    double delta; /* of huber_loss */
    struct lf_optimizer_options optimizer;
    struct lf_schedule schedule; /* by steps; its lr 0: the optimizer's lr throughout */
    size_t batch;                /* rows a step; 0: all. The gradient of more than LF_BLOCK_ROWS
                                    is that of blocks of so many, added pairwise in a tree */
    int drop_last;               /* leave out the last batch of an epoch if it is smaller */
    int shuffle;
    size_t threads; /* that share the blocks of a batch, made for a run; 0: 1 */
    uint64_t epochs,
        steps;             /* the run ends with the first of them; 0: without limit, but not both */
    double clip_value;     /* limit of each gradient; 0: none */
    double clip_norm;      /* limit of their norm, after clip_value; 0: none */
    uint64_t patience;     /* epochs without a smaller validation loss that end the run, which
                              goes back to the best parameters; 0: none end it */
    double loss_tolerance; /* the run has converged when the loss of an epoch moves by at most
                              so much, relative to the epoch before; 0: never */
    double gradient_tolerance;                 /* or when gradient_norm is at most that; 0: never */
    lf_train_callback after_step, after_epoch; /* NULL: none */
    void *context;                             /* theirs */
};

/* Why a run ended. */
enum lf_train_end {
    LF_END_LIMIT,     /* the epochs or steps are done */
    LF_END_CONVERGED, /* a tolerance is reached */
    LF_END_EARLY,     /* the validation loss did not get smaller; the best parameters are back */
    LF_END_CALLBACK   /* a callback said so */
};

struct lf_trainer;

/* A trainer of modules[count], which lf_model_add_sequential has given parameters of the model. It
 * copies modules and options, and the generator's state where rng is not NULL (NULL: seed 0), and
 * owns its tape, optimizer and buffers; the model must outlive it. LF_INVALID where an option is
 * out of its range, LF_NO_MEMORY: *trainer is then NULL. */
LF_API lf_status lf_trainer_create(struct lf_trainer **trainer, struct lf_model *model,
                                   size_t count, const struct lf_module modules[],
                                   const struct lf_train_options *options,
                                   const struct lf_rng *rng);
LF_API void lf_trainer_destroy(struct lf_trainer *trainer);

/* Trains on the data until the run ends: *end says why. validation may be NULL if patience is 0. A
 * run that a callback has ended goes on where it stood when it is called again, with the bits of
 * the run in one piece; one that has ended otherwise does nothing more.
 *   LF_DIVERGED   a loss, or a parameter at the end of an epoch, is no longer finite. The
 *                 parameters are the best there were: those from which the mean loss of an epoch,
 *                 or of 256 steps of it, was the smallest.
 *   LF_IO         a stream has failed. The run can be called again.
 *   LF_SHAPE, LF_INVALID, LF_NO_MEMORY   lf_trainer_message says more; no step is half done.
 * With shuffle the rows lie in memory, 2^32 - 1 at most. */
LF_API lf_status lf_trainer_run(struct lf_trainer *trainer, const struct lf_data *data,
                                const struct lf_data *validation, enum lf_train_end *end);

/* Where the run stands, and what the last error was about: "" or one line. */
LF_API struct lf_train_progress lf_trainer_progress(const struct lf_trainer *trainer);
LF_API const char *lf_trainer_message(const struct lf_trainer *trainer);

/* *loss = the mean of the loss over the data with the parameters as they stand, summed in double
 * over blocks of LF_BLOCK_ROWS rows. NaN where the status is not LF_OK. */
LF_API lf_status lf_trainer_loss(struct lf_trainer *trainer, const struct lf_data *data,
                                 double *loss);

/* What the modules answer to x[rows,in] of the data, into out[rows,out]: row-major, of the model's
 * type. y and weight are not read. */
LF_API lf_status lf_trainer_predict(struct lf_trainer *trainer, const struct lf_data *data,
                                    void *out);

#ifdef __cplusplus
}
#endif

#endif
