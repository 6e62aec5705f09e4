/* SPDX-License-Identifier: MIT */
/* Steps, and what is kept for the case that they lead nowhere. */
#include "trainer.h"

#include <math.h>
#include <string.h>

static int all_finite(const struct lf_model *model)
{
    for (size_t i = 0; i < model->size; i++)
        if (!isfinite(lf_element(model->dtype, model->value, i)))
            return 0;
    return 1;
}

static size_t vector_bytes(const struct lf_trainer *t)
{
    return t->model->size * lf_dtype_size(t->model->dtype);
}

/* Ends the run, with the best parameters there were. */
static lf_status diverge(struct lf_trainer *t, const char *what)
{
    memcpy(t->model->value, t->good, vector_bytes(t));
    t->run.diverged = 1;
    return lf_trainer_fail(t, LF_DIVERGED, "step %llu: the %s no longer finite",
                           (unsigned long long)t->run.progress.step + 1, what);
}

/* ---- Windows ------------------------------------------------------------------------------ */

void lf_trainer_begin_window(struct lf_trainer *t)
{
    memcpy(t->start, t->model->value, vector_bytes(t));
    t->run.window_loss = t->run.window_mass = 0;
}

void lf_trainer_end_window(struct lf_trainer *t)
{
    const double loss = t->run.window_loss / t->run.window_mass;
    if (loss <= t->run.good_loss) {
        void *start = t->start;
        t->start = t->good;
        t->good = start;
        t->run.good_loss = loss;
    }
    t->run.window_mass = 0;
}

/* ---- A step ------------------------------------------------------------------------------- */

/* Clips the gradient, and notes its norm where that is wanted. */
static void clip(struct lf_trainer *t, int want_norm)
{
    if (t->options.clip_value > 0)
        lf_clip_grad_value(t->model, t->options.clip_value);
    if (t->options.clip_norm > 0)
        t->run.progress.gradient_norm = lf_clip_grad_norm(t->model, t->options.clip_norm);
    else if (want_norm)
        t->run.progress.gradient_norm = lf_clip_grad_norm(t->model, INFINITY);
}

/* One step on the next rows, of this weight, the last of their epoch or not. */
static lf_status move(struct lf_trainer *t, size_t rows, double mass, int last)
{
    struct lf_run *run = &t->run;
    double loss;
    lf_status status = lf_batch_gradient(t, rows, mass, &loss);
    if (status != LF_OK)
        return status;
    run->progress.loss = loss;
    if (!isfinite(loss))
        return diverge(t, "loss is");
    if (run->window_mass == 0)
        lf_trainer_begin_window(t);
    if (t->options.schedule.lr > 0)
        lf_optimizer_set_lr(t->optimizer, lf_schedule_lr(&t->options.schedule, run->progress.step));
    clip(t, last);
    run->progress.lr = lf_optimizer_lr(t->optimizer);
    lf_optimizer_step(t->optimizer);
    run->loss_sum += loss * mass;
    run->mass += mass;
    run->window_loss += loss * mass;
    run->window_mass += mass;
    return LF_OK;
}

/* Rows without weight move nothing, but count as a step. */
lf_status lf_trainer_step(struct lf_trainer *t, size_t rows, int last)
{
    struct lf_run *run = &t->run;
    const double mass = lf_source_mass(&t->source, rows);
    lf_status status = LF_OK;
    if (mass > 0)
        status = move(t, rows, mass, last);
    else
        t->source.row += rows;
    if (status == LF_OK && last && !all_finite(t->model))
        status = diverge(t, "parameters are");
    if (status != LF_OK)
        return status;
    run->progress.step++;
    if (run->window_mass > 0 && (last || run->progress.step % LF_WINDOW == 0))
        lf_trainer_end_window(t);
    return LF_OK;
}
