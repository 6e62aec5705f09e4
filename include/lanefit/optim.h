/* SPDX-License-Identifier: MIT */
/* What moves the parameters of a model: optimizers, schedules of their rate, clipped gradients.
 * Definitions and defaults are those of torch.optim. */
#ifndef LANEFIT_OPTIM_H
#define LANEFIT_OPTIM_H

#include <lanefit/autograd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Optimizers -------------------------------------------------------------------------- */

/* The updates are those of the kernels sgd and adam (kernels.h). */
enum lf_optimizer_kind { LF_SGD, LF_ADAM, LF_ADAMW };

struct lf_optimizer_options {
    enum lf_optimizer_kind kind;
    double lr;                /* >= 0 */
    double weight_decay;      /* >= 0 */
    double momentum;          /* of SGD: >= 0 */
    int nesterov;             /* of SGD: needs a momentum > 0 */
    double beta1, beta2, eps; /* of Adam and AdamW: in [0,1), in [0,1), >= 0 */
};

struct lf_optimizer;

/* Creates an optimizer of all parameters that the model has; it owns its state, in flat vectors
 * like those of the model, which must outlive it. LF_INVALID where an option is out of its range or
 * not finite, LF_NO_MEMORY; *optimizer is then NULL. */
LF_API lf_status lf_optimizer_create(struct lf_optimizer **optimizer, struct lf_model *model,
                                     const struct lf_optimizer_options *options);
LF_API void lf_optimizer_destroy(struct lf_optimizer *optimizer);

/* Moves the parameters along their gradients. LF_INVALID, and nothing moves, where the model has
 * got parameters since the optimizer was created. */
LF_API lf_status lf_optimizer_step(struct lf_optimizer *optimizer);

/* The rate of the next steps, and the number of steps taken. lf_optimizer_set_lr: LF_INVALID where
 * lr is negative or not finite. */
LF_API lf_status lf_optimizer_set_lr(struct lf_optimizer *optimizer, double lr);
LF_API double lf_optimizer_lr(const struct lf_optimizer *optimizer);
LF_API uint64_t lf_optimizer_steps(const struct lf_optimizer *optimizer);

/* ---- Schedules --------------------------------------------------------------------------- */

/* The rate in step t = 0, 1 .. after the warm-up:
 *   constant      lr
 *   step          lr gamma^floor(t / period)
 *   exponential   lr gamma^t
 *   cosine        min_lr + (lr - min_lr) (1 + cos(pi min(t, period) / period)) / 2
 * and lr (s + 1) / warmup in step s = 0 .. warmup - 1 of the warm-up. */
enum lf_schedule_kind { LF_CONSTANT, LF_STEP, LF_EXPONENTIAL, LF_COSINE };

struct lf_schedule {
    enum lf_schedule_kind kind;
    double lr, min_lr, gamma;
    uint64_t period; /* steps, >= 1 for step and cosine */
    uint64_t warmup; /* steps */
};

/* The rate of a step, counted from 0. NaN for NULL, an unknown kind or a period of 0 where one is
 * needed. Error <= 6 units of 2^-53 of the rate, for cosine of lr - min_lr and min_lr, each. */
LF_API double lf_schedule_lr(const struct lf_schedule *schedule, uint64_t step);

/* ---- Clipping ---------------------------------------------------------------------------- */

/* Moves every gradient into [-limit, limit]; NaN stays. torch.nn.utils.clip_grad_value_.
 * LF_INVALID where limit is negative or NaN: nothing moves. */
LF_API lf_status lf_clip_grad_value(struct lf_model *model, double limit);

/* Multiplies all n gradients by min(1, max_norm / (norm + 1e-6)), norm their Euclidean norm, which
 * is returned: within (n / 8 + 8) 2^-53 of it, relative, and without overflow. A gradient of +-Inf
 * makes the factor 0, and so itself NaN; NaN makes all NaN. torch.nn.utils.clip_grad_norm_. Returns
 * NaN, and nothing moves, where max_norm is negative or NaN. */
LF_API double lf_clip_grad_norm(struct lf_model *model, double max_norm);

/* ---- Short names ------------------------------------------------------------------------- */

static inline struct lf_optimizer_options lf_sgd(double lr)
{
    struct lf_optimizer_options options = {LF_SGD, lr, 0, 0, 0, 0, 0, 0};
    return options;
}

static inline struct lf_optimizer_options lf_adam(double lr)
{
    struct lf_optimizer_options options = {LF_ADAM, lr, 0, 0, 0, 0.9, 0.999, 1e-8};
    return options;
}

static inline struct lf_optimizer_options lf_adamw(double lr)
{
    struct lf_optimizer_options options = {LF_ADAMW, lr, 0.01, 0, 0, 0.9, 0.999, 1e-8};
    return options;
}

#ifdef __cplusplus
}
#endif

#endif
