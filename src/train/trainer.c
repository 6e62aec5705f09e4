/* SPDX-License-Identifier: MIT */
/* Runs: their epochs, and what ends them. */
#include "trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

static lf_status allocate(struct lf_trainer *t, const struct lf_module modules[])
{
    lf_status status = lf_worker_open(&t->self, t->model, t->count, modules);
    if (status == LF_OK)
        status = lf_optimizer_create(&t->optimizer, t->model, &t->options.optimizer);
    t->start = lf_flat_vector(t->model->dtype, t->model->size);
    t->good = lf_flat_vector(t->model->dtype, t->model->size);
    t->best = lf_flat_vector(t->model->dtype, t->model->size);
    if (status == LF_OK && (!t->start || !t->good || !t->best))
        status = LF_NO_MEMORY;
    return status;
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
    t->count = count;
    t->options = *options;
    t->run.best_loss = t->run.good_loss = INFINITY;
    t->run.progress = (struct lf_train_progress){
        .lr = NAN, .loss = NAN, .epoch_loss = NAN, .validation_loss = NAN, .gradient_norm = NAN};
    if (rng)
        t->run.rng = *rng;
    else
        lf_rng_seed(&t->run.rng, 0);
    t->run.epoch_rng = t->run.rng;
    lf_status status = allocate(t, modules);
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
    lf_source_close(&trainer->source);
    lf_blocks_sum_close(&trainer->sum);
    lf_optimizer_destroy(trainer->optimizer);
    lf_worker_close(&trainer->self);
    free(trainer->order);
    free(trainer->start);
    free(trainer->good);
    free(trainer->best);
    free(trainer);
}

/* ---- Epochs ------------------------------------------------------------------------------- */

/* Whether the epoch that has ended, after one with the loss `before`, is the last. */
static void judge_epoch(struct lf_trainer *t, double before)
{
    const struct lf_train_options *o = &t->options;
    const struct lf_train_progress *p = &t->run.progress;
    const size_t bytes = t->model->size * lf_dtype_size(t->model->dtype);
    if (p->validation_loss < t->run.best_loss) {
        t->run.best_loss = p->validation_loss;
        t->run.best_epoch = p->epoch;
        memcpy(t->best, t->model->value, bytes);
    }
    if (o->patience > 0 && p->epoch - t->run.best_epoch >= o->patience) {
        if (t->run.best_epoch > 0)
            memcpy(t->model->value, t->best, bytes);
        t->run.ended = 1;
        t->run.end = LF_END_EARLY;
    } else if ((o->loss_tolerance > 0 &&
                fabs(before - p->epoch_loss) <= o->loss_tolerance * fabs(before)) ||
               (o->gradient_tolerance > 0 && p->gradient_norm <= o->gradient_tolerance)) {
        t->run.ended = 1;
        t->run.end = LF_END_CONVERGED;
    }
}

static lf_status end_epoch(struct lf_trainer *t, const struct lf_data *validation)
{
    struct lf_train_progress *p = &t->run.progress;
    const double before = p->epoch_loss;
    p->epoch++;
    p->epoch_loss = t->run.loss_sum / t->run.mass;
    t->run.loss_sum = t->run.mass = 0;
    t->run.row = 0;
    t->is_drawn = 0;
    lf_status status = validation ? lf_trainer_loss(t, validation, &p->validation_loss) : LF_OK;
    if (status == LF_OK)
        judge_epoch(t, before);
    return status;
}

/* Makes the source stand where the next batch begins. Of an epoch that has begun, the order is
 * drawn again from the generator as it was then. */
static lf_status begin_batches(struct lf_trainer *t)
{
    struct lf_run *run = &t->run;
    if (t->options.shuffle && !t->is_drawn) {
        struct lf_rng rng = run->row > 0 ? run->epoch_rng : run->rng;
        run->epoch_rng = rng;
        lf_randperm(t->model->kernels, &rng, (uint32_t)t->source.data.rows, t->order);
        t->is_drawn = 1;
        run->rng = rng;
    }
    lf_status status = lf_source_seek(&t->source, (size_t)run->row);
    return status == LF_OK ? status : lf_trainer_fail(t, status, "the stream of rows has failed");
}

/* ---- Runs --------------------------------------------------------------------------------- */

/* Whether the data suit the trainer and what it has done so far. */
static lf_status check_run(struct lf_trainer *t, const struct lf_data *data,
                           const struct lf_data *validation, size_t batch)
{
    lf_status status = lf_trainer_check(t, "data", data);
    if (status == LF_OK && validation)
        status = lf_trainer_check(t, "validation data", validation);
    if (status != LF_OK)
        return status;
    if (t->run.diverged)
        return lf_trainer_fail(t, LF_DIVERGED, "the run has diverged before");
    if (t->options.patience > 0 && !validation)
        return lf_trainer_fail(t, LF_INVALID, "patience needs validation data");
    if (t->options.shuffle && data->stream)
        return lf_trainer_fail(t, LF_INVALID, "the rows of a stream can't be shuffled");
    if (t->options.shuffle && data->rows > UINT32_MAX)
        return lf_trainer_fail(t, LF_INVALID, "%zu rows are too many to shuffle", data->rows);
    if (batch > data->rows)
        return lf_trainer_fail(t, LF_INVALID,
                               "a batch has %zu rows, the data have %zu: no whole batch", batch,
                               data->rows);
    if (t->run.row > 0 && t->run.rows != data->rows)
        return lf_trainer_fail(t, LF_SHAPE, "the epoch began with %zu rows, the data have %zu",
                               (size_t)t->run.rows, data->rows);
    return LF_OK;
}

/* Room for the order of the rows. */
static lf_status reserve_order(struct lf_trainer *t, size_t rows)
{
    if (!t->options.shuffle || (t->order && t->order_rows == rows))
        return LF_OK;
    free(t->order);
    t->order = rows <= SIZE_MAX / sizeof *t->order ? malloc(rows * sizeof *t->order) : NULL;
    t->order_rows = rows;
    t->is_drawn = 0;
    return t->order ? LF_OK : LF_NO_MEMORY;
}

static lf_status begin_run(struct lf_trainer *t, const struct lf_data *data,
                           const struct lf_data *validation, size_t batch)
{
    lf_status status = check_run(t, data, validation, batch);
    if (status != LF_OK)
        return status;
    status = reserve_order(t, data->rows);
    if (status == LF_OK)
        status = lf_blocks_sum_open(t, batch, data);
    if (status == LF_OK)
        status = lf_source_open(&t->source, data, t->options.shuffle ? t->order : NULL,
                                batch == 1 ? LF_WINDOW : lf_rows_at_once(t, batch));
    if (status != LF_OK)
        return lf_trainer_fail(t, status, "out of memory for batches of %zu rows", batch);
    if (t->options.threads > 1 && batch > LF_BLOCK_ROWS)
        t->pool = lf_pool_start(t->sum.worker_count); /* without it the caller does all */
    t->is_online = lf_trainer_is_online(t) && !data->weight;
    t->run.rows = data->rows;
    if (t->run.progress.step == 0)
        memcpy(t->good, t->model->value, t->model->size * lf_dtype_size(t->model->dtype));
    return t->run.row > 0 ? begin_batches(t) : LF_OK;
}

static int limit_is_reached(const struct lf_trainer *t)
{
    const struct lf_train_options *o = &t->options;
    return (o->epochs > 0 && t->run.progress.epoch >= o->epochs) ||
           (o->steps > 0 && t->run.progress.step >= o->steps);
}

/* One batch, and what follows from it; *stop: a callback wants the run to stop. */
static lf_status run_batch(struct lf_trainer *t, const struct lf_data *validation, size_t batch,
                           int *stop)
{
    const struct lf_train_options *o = &t->options;
    lf_status status = t->run.row == 0 ? begin_batches(t) : LF_OK;
    if (status != LF_OK)
        return status;
    size_t taken = 0;
    do {
        if (t->is_online)
            status = lf_trainer_steps_online(t, t->source.data.rows - (size_t)t->run.row, &taken);
        t->run.row += taken;
    } while (status == LF_OK && taken > 0);
    if (status != LF_OK)
        return status;
    const size_t rows = lf_rows_left(&t->source.data, (size_t)t->run.row, batch);
    const size_t left = t->source.data.rows - (size_t)t->run.row - rows;
    const int last = left == 0 || (o->drop_last && left < batch);
    status = lf_trainer_step(t, rows, last);
    if (status != LF_OK)
        return status;
    t->run.row += rows;
    *stop = o->after_step && !o->after_step(o->context, &t->run.progress);
    if (!last)
        return LF_OK;
    status = end_epoch(t, validation);
    if (status == LF_OK && o->after_epoch && !o->after_epoch(o->context, &t->run.progress))
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
    while (status == LF_OK && !stop && !t->run.ended && !limit_is_reached(t))
        status = run_batch(t, validation, batch, &stop);
    lf_pool_stop(t->pool);
    t->pool = NULL;
    if (t->run.ended)
        *end = t->run.end;
    else if (stop)
        *end = LF_END_CALLBACK;
    return status;
}

struct lf_train_progress lf_trainer_progress(const struct lf_trainer *trainer)
{
    return trainer ? trainer->run.progress
                   : (struct lf_train_progress){0, 0, NAN, NAN, NAN, NAN, NAN};
}

const char *lf_trainer_message(const struct lf_trainer *trainer)
{
    return trainer ? trainer->message : "the trainer is NULL";
}
