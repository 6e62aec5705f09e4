/* SPDX-License-Identifier: MIT */
/* The loss of a batch and its gradient: at once, or block by block where it has several. */
#include "trainer.h"

#include <stdlib.h>
#include <string.h>

/* ---- Workers ------------------------------------------------------------------------------ */

static void move_to(struct lf_parameter *parameter, struct lf_model *model)
{
    if (parameter->model)
        parameter->model = model;
}

lf_status lf_worker_open(struct lf_worker *w, struct lf_model *model, size_t count,
                         const struct lf_module modules[])
{
    lf_status status = lf_tape_create(&w->tape, model);
    w->modules = calloc(count, sizeof *w->modules);
    if (status != LF_OK || !w->modules) {
        lf_worker_close(w);
        return LF_NO_MEMORY;
    }
    memcpy(w->modules, modules, count * sizeof *modules);
    for (size_t i = 0; i < count; i++) {
        move_to(&w->modules[i].layer.weight, model);
        move_to(&w->modules[i].layer.bias, model);
    }
    return LF_OK;
}

void lf_worker_close(struct lf_worker *w)
{
    lf_tape_destroy(w->tape);
    free(w->modules);
    *w = (struct lf_worker){.tape = NULL};
}

static struct lf_tensor *tensor_of(struct lf_tape *tape, enum lf_dtype dtype, size_t rows,
                                   size_t cols, const void *data, size_t row_stride,
                                   size_t col_stride)
{
    return dtype == LF_F32 ? lf_view_f32(tape, rows, cols, data, row_stride, col_stride)
                           : lf_view_f64(tape, rows, cols, data, row_stride, col_stride);
}

struct lf_tensor *lf_worker_predict(struct lf_worker *w, size_t count, const struct lf_data *d,
                                    int with_grad)
{
    lf_tape_reset(w->tape);
    lf_tape_set_grad(w->tape, with_grad);
    struct lf_tensor *x =
        tensor_of(w->tape, d->dtype, d->rows, d->in, d->x, d->x_row_stride, d->x_col_stride);
    return lf_sequential(x, count, w->modules);
}

struct lf_tensor *lf_worker_loss(struct lf_worker *w, size_t count,
                                 const struct lf_train_options *options, const struct lf_data *d,
                                 enum lf_reduction reduction, double mean_of, int with_grad)
{
    const struct lf_module *last = &w->modules[count - 1];
    /* A linear layer at the end and its loss take one pass. */
    const int in_one = with_grad && last->kind == LF_MODULE_LINEAR;
    struct lf_tensor *x = lf_worker_predict(w, in_one ? count - 1 : count, d, with_grad);
    struct lf_tensor *y =
        tensor_of(w->tape, d->dtype, d->rows, d->out, d->y, d->y_row_stride, d->y_col_stride);
    w->tape->mean_of = mean_of;
    struct lf_criterion criterion = {
        options->loss, reduction, options->delta,
        d->weight ? tensor_of(w->tape, d->dtype, d->rows, 1, d->weight, 1, 1) : NULL};
    return in_one ? lf_linear_loss(x, &last->layer, y, &criterion) : lf_loss(x, y, &criterion);
}

/* ---- Room --------------------------------------------------------------------------------- */

/* Blocks at once: enough to keep threads busy, and not more than 8 MiB where they are copied. */
static size_t wave_of(size_t blocks, const struct lf_data *data, int copies)
{
    enum { MOST = 256, BYTES = 1 << 23 };
    const size_t wave = blocks < MOST ? blocks : MOST;
    const size_t elements = BYTES / lf_dtype_size(data->dtype) / LF_BLOCK_ROWS;
    const size_t fit = elements / (data->in + data->out);
    return !copies || wave <= fit ? wave : fit > 1 ? fit : 1;
}

void lf_blocks_sum_close(struct lf_blocks_sum *sum)
{
    for (size_t i = 0; i < sum->worker_count; i++)
        lf_worker_close(&sum->workers[i]);
    free(sum->workers);
    free(sum->grads);
    free(sum->loss);
    free(sum->stack);
    *sum = (struct lf_blocks_sum){0};
}

static lf_status open_workers(struct lf_trainer *t, size_t wave)
{
    struct lf_blocks_sum *sum = &t->sum;
    const size_t threads = t->options.threads > 1 ? t->options.threads : 1;
    const size_t count = threads < wave ? threads : wave;
    sum->workers = calloc(count, sizeof *sum->workers);
    for (size_t i = 0; sum->workers && i < count; i++) {
        struct lf_worker *w = &sum->workers[i];
        w->block_model = *t->model;
        if (lf_worker_open(w, &w->block_model, t->count, t->self.modules) != LF_OK)
            return LF_NO_MEMORY;
        sum->worker_count++;
    }
    return sum->workers ? LF_OK : LF_NO_MEMORY;
}

lf_status lf_blocks_sum_open(struct lf_trainer *t, size_t batch, const struct lf_data *data)
{
    struct lf_blocks_sum *sum = &t->sum;
    const size_t blocks = lf_blocks(batch), slots = lf_part_slots(blocks);
    const size_t wave = wave_of(blocks, data, data->stream || t->options.shuffle);
    if (blocks < 2 || (sum->most == batch && sum->wave == wave))
        return LF_OK;
    lf_blocks_sum_close(sum);
    size_t grads, stack;
    lf_status status = open_workers(t, wave);
    if (status == LF_OK && !__builtin_mul_overflow(wave, t->model->size, &grads) &&
        !__builtin_mul_overflow(slots, t->model->size, &stack)) {
        sum->grads = lf_flat_vector(t->model->dtype, grads);
        sum->stack = lf_flat_vector(t->model->dtype, stack);
        sum->loss = calloc(wave, sizeof *sum->loss);
    }
    if (!sum->grads || !sum->stack || !sum->loss) {
        lf_blocks_sum_close(sum);
        return LF_NO_MEMORY;
    }
    sum->most = batch;
    sum->wave = wave;
    return LF_OK;
}

size_t lf_rows_at_once(const struct lf_trainer *t, size_t batch)
{
    const size_t most = t->sum.wave * LF_BLOCK_ROWS;
    return batch <= LF_BLOCK_ROWS || batch < most ? batch : most;
}

/* ---- Blocks ------------------------------------------------------------------------------- */

/* Blocks of a batch that are computed before they are added up. */
struct wave {
    struct lf_trainer *trainer;
    struct lf_data rows;
    double mass; /* of the batch */
};

static char *element(const struct lf_trainer *t, void *vector, size_t i)
{
    return (char *)vector + i * lf_dtype_size(t->model->dtype);
}

/* Block i of the wave: its share of the loss, and the gradient of that. After an error, which stays
 * on its tape, a worker does no more. */
static void run_block(void *context, size_t worker, size_t i)
{
    const struct wave *wave = context;
    struct lf_trainer *t = wave->trainer;
    struct lf_worker *w = &t->sum.workers[worker];
    if (lf_tape_status(w->tape) != LF_OK)
        return;
    const size_t row = i * LF_BLOCK_ROWS;
    const struct lf_data block =
        lf_data_rows(&wave->rows, row, lf_rows_left(&wave->rows, row, LF_BLOCK_ROWS));
    w->block_model.grad = element(t, t->sum.grads, i * t->model->size);
    lf_model_zero_grad(&w->block_model);
    struct lf_tensor *loss =
        lf_worker_loss(w, t->count, &t->options, &block, LF_MEAN, wave->mass, 1);
    lf_backward(w->tape, loss);
    t->sum.loss[i] = lf_item(loss);
}

/* What the workers' tapes say, and whether they can go on. */
static lf_status status_of_workers(struct lf_trainer *t)
{
    for (size_t i = 0; i < t->sum.worker_count; i++)
        if (lf_tape_status(t->sum.workers[i].tape) != LF_OK)
            return lf_trainer_fail_of_tape(t, t->sum.workers[i].tape);
    return LF_OK;
}

static void push_block(const struct lf_trainer *t, size_t block, size_t i)
{
    const size_t n = t->model->size;
    const struct lf_kernels *k = t->model->kernels;
    memcpy(element(t, t->sum.stack, lf_part_slot(block) * n), element(t, t->sum.grads, i * n),
           n * lf_dtype_size(t->model->dtype));
    if (t->model->dtype == LF_F32)
        k->f32.parts_push(block, n, t->sum.stack);
    else
        k->f64.parts_push(block, n, t->sum.stack);
}

/* The model's gradient, which is 0, += the sum of what has been pushed. */
static void finish_blocks(const struct lf_trainer *t, size_t blocks)
{
    const struct lf_kernels *k = t->model->kernels;
    if (t->model->dtype == LF_F32)
        k->f32.parts_finish(blocks, t->model->size, t->sum.stack, t->model->grad);
    else
        k->f64.parts_finish(blocks, t->model->size, t->sum.stack, t->model->grad);
}

static lf_status gradient_of_blocks(struct lf_trainer *t, size_t rows, double mass, double *loss)
{
    struct wave wave = {.trainer = t, .mass = mass};
    const size_t most = t->sum.wave * LF_BLOCK_ROWS;
    *loss = 0;
    for (size_t i = 0; i < t->sum.worker_count; i++)
        lf_tape_reset(t->sum.workers[i].tape);
    for (size_t done = 0; done < rows; done += wave.rows.rows) {
        lf_status status =
            lf_source_take(&t->source, rows - done < most ? rows - done : most, &wave.rows);
        if (status != LF_OK)
            return lf_trainer_fail(t, status, "the stream of rows has failed");
        const size_t blocks = lf_blocks(wave.rows.rows);
        lf_pool_run(t->pool, run_block, &wave, blocks);
        if ((status = status_of_workers(t)) != LF_OK)
            return status;
        for (size_t i = 0; i < blocks; i++) {
            *loss += t->sum.loss[i];
            push_block(t, done / LF_BLOCK_ROWS + i, i);
        }
    }
    finish_blocks(t, lf_blocks(rows));
    return LF_OK;
}

lf_status lf_batch_gradient(struct lf_trainer *t, size_t rows, double mass, double *loss)
{
    lf_model_zero_grad(t->model);
    if (rows > LF_BLOCK_ROWS)
        return gradient_of_blocks(t, rows, mass, loss);
    struct lf_data batch;
    lf_status status = lf_source_take(&t->source, rows, &batch);
    if (status != LF_OK)
        return lf_trainer_fail(t, status, "the stream of rows has failed");
    struct lf_tensor *value =
        lf_worker_loss(&t->self, t->count, &t->options, &batch, LF_MEAN, 0, 1);
    if (lf_backward(t->self.tape, value) != LF_OK)
        return lf_trainer_fail_of_tape(t, t->self.tape);
    *loss = lf_item(value);
    return LF_OK;
}
