/* SPDX-License-Identifier: MIT */
#include "trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Steps of a window, at most: the parameters at the start of the best window are what a run that
 * diverges goes back to. */
enum { WINDOW = 256 };

/* ---- Making ------------------------------------------------------------------------------- */

static int is_limit(double x)
{
    return x >= 0 && x < INFINITY;
}

static int are_valid(const struct lf_train_options *o)
{
    return o->loss <= LF_POISSON_NLL_LOSS &&
           (o->loss != LF_HUBER_LOSS || (o->delta > 0 && o->delta < INFINITY)) &&
           (o->epochs > 0 || o->steps > 0) && is_limit(o->clip_value) && is_limit(o->clip_norm) &&
           is_limit(o->loss_tolerance) && is_limit(o->gradient_tolerance) &&
           is_limit(o->schedule.lr) &&
           (o->schedule.lr == 0 || is_limit(lf_schedule_lr(&o->schedule, 0)));
}

static size_t vector_bytes(const struct lf_trainer *t)
{
    return t->model->size * lf_dtype_size(t->model->dtype);
}

static lf_status allocate(struct lf_trainer *t, size_t count, const struct lf_module modules[])
{
    lf_status status = lf_tape_create(&t->tape, t->model);
    if (status == LF_OK)
        status = lf_optimizer_create(&t->optimizer, t->model, &t->options.optimizer);
    t->modules = calloc(count, sizeof *t->modules);
    t->start = lf_flat_vector(t->model->dtype, t->model->size);
    t->good = lf_flat_vector(t->model->dtype, t->model->size);
    t->best = lf_flat_vector(t->model->dtype, t->model->size);
    if (status == LF_OK && (!t->modules || !t->start || !t->good || !t->best))
        status = LF_NO_MEMORY;
    if (status != LF_OK)
        return status;
    memcpy(t->modules, modules, count * sizeof *modules);
    t->count = count;
    return LF_OK;
}

lf_status lf_trainer_create(struct lf_trainer **trainer, struct lf_model *model, size_t count,
                            const struct lf_module modules[],
                            const struct lf_train_options *options, const struct lf_rng *rng)
{
    if (!trainer)
        return LF_INVALID;
    *trainer = NULL;
    if (!model || model->size == 0 || count == 0 || !modules || !options || !are_valid(options))
        return LF_INVALID;
    struct lf_trainer *t = calloc(1, sizeof *t);
    if (!t)
        return LF_NO_MEMORY;
    t->model = model;
    t->options = *options;
    t->best_loss = t->good_loss = INFINITY;
    t->progress = (struct lf_train_progress){
        .lr = NAN, .loss = NAN, .epoch_loss = NAN, .validation_loss = NAN, .gradient_norm = NAN};
    if (rng)
        t->rng = *rng;
    else
        lf_rng_seed(&t->rng, 0);
    lf_status status = allocate(t, count, modules);
    if (status != LF_OK) {
        lf_trainer_destroy(t);
        return status;
    }
    *trainer = t;
    return LF_OK;
}

void lf_trainer_destroy(struct lf_trainer *trainer)
{
    if (!trainer)
        return;
    lf_batches_free(&trainer->batches);
    lf_optimizer_destroy(trainer->optimizer);
    lf_tape_destroy(trainer->tape);
    free(trainer->modules);
    free(trainer->start);
    free(trainer->good);
    free(trainer->best);
    free(trainer);
}

/* ---- Steps -------------------------------------------------------------------------------- */

static int all_finite(const struct lf_model *model)
{
    for (size_t i = 0; i < model->size; i++)
        if (!isfinite(model->dtype == LF_F32 ? (double)((const float *)model->value)[i]
                                             : ((const double *)model->value)[i]))
            return 0;
    return 1;
}

/* Ends the run, with the best parameters there were. */
static lf_status diverge(struct lf_trainer *t, const char *what)
{
    memcpy(t->model->value, t->good, vector_bytes(t));
    t->diverged = 1;
    return lf_trainer_fail(t, LF_DIVERGED, "step %llu: the %s no longer finite",
                           (unsigned long long)t->progress.step + 1, what);
}

static void begin_window(struct lf_trainer *t)
{
    memcpy(t->start, t->model->value, vector_bytes(t));
    t->window_loss = t->window_mass = 0;
}

static void end_window(struct lf_trainer *t)
{
    const double loss = t->window_loss / t->window_mass;
    if (loss <= t->good_loss) {
        void *start = t->start;
        t->start = t->good;
        t->good = start;
        t->good_loss = loss;
    }
    t->window_mass = 0;
}

/* The loss of a batch; a linear layer at the end and its loss take one pass. */
static struct lf_tensor *loss_of(struct lf_trainer *t, const struct lf_data *batch)
{
    lf_tape_reset(t->tape);
    const struct lf_module *last = &t->modules[t->count - 1];
    struct lf_criterion criterion = lf_trainer_criterion(t, batch, LF_MEAN);
    struct lf_tensor *x = lf_trainer_x(t, batch), *y = lf_trainer_y(t, batch);
    if (last->kind == LF_MODULE_LINEAR)
        return lf_linear_loss(lf_sequential(x, t->count - 1, t->modules), &last->layer, y,
                              &criterion);
    return lf_loss(lf_sequential(x, t->count, t->modules), y, &criterion);
}

/* Clips the gradient, and notes its norm where that is wanted. */
static void clip(struct lf_trainer *t, int want_norm)
{
    if (t->options.clip_value > 0)
        lf_clip_grad_value(t->model, t->options.clip_value);
    if (t->options.clip_norm > 0)
        t->progress.gradient_norm = lf_clip_grad_norm(t->model, t->options.clip_norm);
    else if (want_norm)
        t->progress.gradient_norm = lf_clip_grad_norm(t->model, INFINITY);
}

/* One step on a batch whose rows have this weight in all, the last of its epoch or not. */
static lf_status move(struct lf_trainer *t, const struct lf_data *batch, double mass, int last)
{
    lf_model_zero_grad(t->model);
    struct lf_tensor *loss = loss_of(t, batch);
    if (lf_backward(t->tape, loss) != LF_OK)
        return lf_trainer_fail_of_tape(t);
    t->progress.loss = lf_item(loss);
    if (!isfinite(t->progress.loss))
        return diverge(t, "loss is");
    if (t->window_mass == 0)
        begin_window(t);
    if (t->options.schedule.lr > 0)
        lf_optimizer_set_lr(t->optimizer, lf_schedule_lr(&t->options.schedule, t->progress.step));
    clip(t, last);
    t->progress.lr = lf_optimizer_lr(t->optimizer);
    lf_optimizer_step(t->optimizer);
    t->loss_sum += t->progress.loss * mass;
    t->mass += mass;
    t->window_loss += t->progress.loss * mass;
    t->window_mass += mass;
    return LF_OK;
}

/* Rows without weight move nothing, but count as a step. */
static lf_status take_step(struct lf_trainer *t, const struct lf_data *batch, int last)
{
    const double mass = lf_data_mass(batch);
    lf_status status = mass > 0 ? move(t, batch, mass, last) : LF_OK;
    if (status == LF_OK && last && !all_finite(t->model))
        status = diverge(t, "parameters are");
    if (status != LF_OK)
        return status;
    t->progress.step++;
    if (t->window_mass > 0 && (last || t->progress.step % WINDOW == 0))
        end_window(t);
    return LF_OK;
}

/* ---- Epochs ------------------------------------------------------------------------------- */

/* Sums an epoch up, and ends the run where it says so. */
static lf_status end_epoch(struct lf_trainer *t, const struct lf_data *validation)
{
    const struct lf_train_options *o = &t->options;
    struct lf_train_progress *p = &t->progress;
    const double before = p->epoch_loss;
    p->epoch++;
    p->epoch_loss = t->loss_sum / t->mass;
    t->loss_sum = t->mass = 0;
    t->row = 0;
    t->begun = 0;
    lf_status status = validation ? lf_trainer_loss(t, validation, &p->validation_loss) : LF_OK;
    if (status != LF_OK)
        return status;
    if (p->validation_loss < t->best_loss) {
        t->best_loss = p->validation_loss;
        t->best_epoch = p->epoch;
        memcpy(t->best, t->model->value, vector_bytes(t));
    }
    if (o->patience > 0 && p->epoch - t->best_epoch >= o->patience) {
        if (t->best_epoch > 0)
            memcpy(t->model->value, t->best, vector_bytes(t));
        t->ended = 1;
        t->end = LF_END_EARLY;
    } else if ((o->loss_tolerance > 0 &&
                fabs(before - p->epoch_loss) <= o->loss_tolerance * fabs(before)) ||
               (o->gradient_tolerance > 0 && p->gradient_norm <= o->gradient_tolerance)) {
        t->ended = 1;
        t->end = LF_END_CONVERGED;
    }
    return LF_OK;
}

/* The batch that begins at t->row. */
static struct lf_data next_batch(struct lf_trainer *t, const struct lf_data *data, size_t most)
{
    size_t left = data->rows - t->row, rows = left < most ? left : most;
    if (!t->options.shuffle)
        return lf_data_rows(data, t->row, rows);
    if (!t->begun)
        lf_randperm(t->model->kernels, &t->rng, (uint32_t)data->rows, t->batches.order);
    t->begun = 1;
    return lf_batches_gather(&t->batches, data, t->row, rows);
}

static lf_status begin_run(struct lf_trainer *t, const struct lf_data *data,
                           const struct lf_data *validation, size_t batch)
{
    lf_status status = lf_trainer_check(t, "data", data);
    if (status == LF_OK && validation)
        status = lf_trainer_check(t, "validation data", validation);
    if (status != LF_OK)
        return status;
    if (t->diverged)
        return lf_trainer_fail(t, LF_DIVERGED, "the run has diverged before");
    if (t->options.patience > 0 && !validation)
        return lf_trainer_fail(t, LF_INVALID, "patience needs validation data");
    if (batch > data->rows)
        return lf_trainer_fail(t, LF_INVALID,
                               "a batch has %zu rows, the data have %zu: no whole batch", batch,
                               data->rows);
    if (t->row > 0 && t->rows != data->rows)
        return lf_trainer_fail(t, LF_SHAPE, "the epoch began with %zu rows, the data have %zu",
                               t->rows, data->rows);
    t->rows = data->rows;
    if (t->progress.step == 0)
        memcpy(t->good, t->model->value, vector_bytes(t));
    if (!t->options.shuffle)
        return LF_OK;
    if (data->rows > UINT32_MAX)
        return lf_trainer_fail(t, LF_INVALID, "%zu rows are too many to shuffle", data->rows);
    if (lf_batches_reserve(&t->batches, data, batch) != LF_OK)
        return lf_trainer_fail(t, LF_NO_MEMORY, "out of memory for a batch of %zu rows", batch);
    return LF_OK;
}

static int limit_is_reached(const struct lf_trainer *t)
{
    const struct lf_train_options *o = &t->options;
    return (o->epochs > 0 && t->progress.epoch >= o->epochs) ||
           (o->steps > 0 && t->progress.step >= o->steps);
}

/* One batch, and what follows from it; *stop: a callback wants the run to stop. */
static lf_status run_batch(struct lf_trainer *t, const struct lf_data *data,
                           const struct lf_data *validation, size_t batch, int *stop)
{
    const struct lf_train_options *o = &t->options;
    struct lf_data rows = next_batch(t, data, batch);
    size_t left = data->rows - t->row - rows.rows;
    int last = left == 0 || (o->drop_last && left < batch);
    lf_status status = take_step(t, &rows, last);
    if (status != LF_OK)
        return status;
    t->row += rows.rows;
    *stop = o->after_step && !o->after_step(o->context, &t->progress);
    if (!last)
        return LF_OK;
    status = end_epoch(t, validation);
    if (status == LF_OK && o->after_epoch && !o->after_epoch(o->context, &t->progress))
        *stop = 1;
    return status;
}

lf_status lf_trainer_run(struct lf_trainer *t, const struct lf_data *data,
                         const struct lf_data *validation, enum lf_train_end *end)
{
    if (!t || !end)
        return LF_INVALID;
    t->message[0] = '\0';
    *end = LF_END_LIMIT;
    size_t batch = t->options.batch;
    if (data && (batch == 0 || (batch > data->rows && !t->options.drop_last)))
        batch = data->rows;
    lf_status status = begin_run(t, data, validation, batch);
    int stop = 0;
    while (status == LF_OK && !stop && !t->ended && !limit_is_reached(t))
        status = run_batch(t, data, validation, batch, &stop);
    if (t->ended)
        *end = t->end;
    else if (stop)
        *end = LF_END_CALLBACK;
    return status;
}

struct lf_train_progress lf_trainer_progress(const struct lf_trainer *trainer)
{
    return trainer ? trainer->progress : (struct lf_train_progress){0, 0, NAN, NAN, NAN, NAN, NAN};
}

const char *lf_trainer_message(const struct lf_trainer *trainer)
{
    return trainer ? trainer->message : "the trainer is NULL";
}
