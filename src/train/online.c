/* SPDX-License-Identifier: MIT */
/* Batches of one row for a layer with one input and one output: the kernel that takes many of their
 * steps at once has the bits of the tape, which would take fifteen times as long. */
#include "trainer.h"

int lf_trainer_is_online(const struct lf_trainer *t)
{
    const struct lf_train_options *o = &t->options;
    const struct lf_module *m = &t->self.modules[0];
    return t->count == 1 && m->kind == LF_MODULE_LINEAR && m->layer.weight.rows == 1 &&
           m->layer.weight.cols == 1 && m->layer.bias.model && t->model->size == 2 &&
           o->loss == LF_MSE_LOSS && o->batch == 1 && o->optimizer.kind == LF_SGD &&
           o->optimizer.momentum == 0 && o->optimizer.weight_decay == 0 && o->schedule.lr == 0 &&
           o->clip_value == 0 && o->clip_norm == 0 && !o->after_step;
}

/* Steps whose losses are added up while the core is at the chain of the next ones. */
enum { AT_ONCE = 32 };

/* The kernel on a few rows from `first` on, and the sums of their losses. Returns the steps taken.
 */
static size_t run_kernel(struct lf_trainer *t, const struct lf_data *d, size_t first, size_t rows)
{
    const struct lf_layer *layer = &t->self.modules[0].layer;
    const double lr = lf_optimizer_lr(t->optimizer);
    void *weight = lf_parameter_value(&layer->weight), *bias = lf_parameter_value(&layer->bias);
    const struct lf_kernels *k = t->model->kernels;
    const struct lf_data part = lf_data_rows(d, first, rows);
    union {
        float f32[AT_ONCE];
        double f64[AT_ONCE];
    } losses;
    const size_t taken =
        d->dtype == LF_F32
            ? k->f32.online_rows(rows, part.x, d->x_row_stride, part.y, d->y_row_stride, (float)lr,
                                 weight, bias, losses.f32)
            : k->f64.online_rows(rows, part.x, d->x_row_stride, part.y, d->y_row_stride, lr, weight,
                                 bias, losses.f64);
    for (size_t r = 0; r < taken; r++) {
        const double loss = lf_element(d->dtype, &losses, r);
        t->run.progress.loss = loss;
        t->run.loss_sum += loss;
        t->run.window_loss += loss;
    }
    return taken;
}

/* How many of the next steps are of one window, and not the last of the epoch. */
static size_t steps_at_once(const struct lf_trainer *t, size_t left)
{
    const struct lf_run *run = &t->run;
    size_t steps = LF_WINDOW - (size_t)(run->progress.step % LF_WINDOW);
    if (t->options.steps > 0 && t->options.steps - run->progress.step - 1 < steps)
        steps = (size_t)(t->options.steps - run->progress.step - 1);
    return left - 1 < steps ? left - 1 : steps;
}

lf_status lf_trainer_steps_online(struct lf_trainer *t, size_t left, size_t *taken)
{
    struct lf_run *run = &t->run;
    const size_t rows = steps_at_once(t, left);
    struct lf_data piece;
    *taken = 0;
    if (rows < 2)
        return LF_OK;
    lf_status status = lf_source_take(&t->source, rows, &piece);
    if (status != LF_OK)
        return lf_trainer_fail(t, status, "the stream of rows has failed");
    if (run->window_mass == 0)
        lf_trainer_begin_window(t);
    size_t steps = 0;
    for (size_t done = 0, n; done < rows && steps == done; done += n) {
        n = rows - done < AT_ONCE ? rows - done : AT_ONCE;
        steps += run_kernel(t, &piece, done, n);
    }
    run->mass += (double)steps;
    run->window_mass += (double)steps;
    run->progress.step += steps;
    if (steps > 0)
        run->progress.lr = lf_optimizer_lr(t->optimizer);
    if (steps > 0 && run->progress.step % LF_WINDOW == 0)
        lf_trainer_end_window(t);
    t->optimizer->steps += steps;
    t->model->version++;
    *taken = steps;
    /* The step that diverges is left to be taken, and told of, as all others are. */
    return steps == rows ? LF_OK : lf_source_seek(&t->source, (size_t)run->row + steps);
}
