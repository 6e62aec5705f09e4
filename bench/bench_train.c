/* SPDX-License-Identifier: MIT */
/* Epochs of the trainer over data in memory, SGD on the mean squared error, each beside something:
 *   epoch/TYPE/ISA/ROWSxIN/BATCH   in order or shuffled, beside a loop that reads the rows once:
 *                                  of_read = its bandwidth as a fraction of the loop's; single rows
 *                                  beside the chain of their steps: times_chain
 *   peer/libtorch/...              beside the same epoch by libtorch on one thread, the parameters
 *                                  being the same within rounding: times_faster
 *   threads/...                    a full batch by two threads beside one: times_faster */
#include "bench.h"

#include "../tests/bits.h"
#include "limits.h"
#include "paired.h"
#ifdef LF_LIBTORCH
#include "peers/libtorch.h"
#endif

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum beside { READ, CHAIN, LIBTORCH, ONE_THREAD };
enum { MOST_IN = 8, EPOCHS = 10 };
static const double rate = 0.01;

struct epoch {
    const struct lf_kernels *kernels;
    const struct limits *limits;
    enum beside beside;
    size_t rows, in, batch;
    int shuffle;
    char name[64];
};

/* An epoch, and what is timed beside it. */
struct training {
    const struct epoch *epoch;
    struct lf_data data;
    struct lf_module layer[2];
    struct lf_model *model[2];
    struct lf_trainer *trainer[2];
};

/* A call is an epoch, or ten where the making of threads would count. */
static int is_not_the_last(void *context, const struct lf_train_progress *progress)
{
    const struct training *t = context;
    return t->epoch->beside == ONE_THREAD && progress->epoch % EPOCHS != 0;
}

static void run(const struct training *t, int i)
{
    enum lf_train_end end;
    lf_trainer_run(t->trainer[i], &t->data, NULL, &end);
}

static void run_own(void *context)
{
    run(context, 0);
}

static void run_one_thread(void *context)
{
    run(context, 1);
}

static void run_read(void *context)
{
    const struct training *t = context;
    const struct lf_data *d = &t->data;
    volatile double kept = t->epoch->limits->read(d->x, d->rows * d->in * sizeof(float)) +
                           t->epoch->limits->read(d->y, d->rows * sizeof(float));
    (void)kept;
}

static void run_chain(void *context)
{
    volatile float kept = chain_linear(((const struct training *)context)->data.rows);
    (void)kept;
}

static void run_libtorch(void *context)
{
#ifdef LF_LIBTORCH
    const struct training *t = context;
    float parameters[MOST_IN + 1] = {0};
    libtorch_epoch(t->data.rows, t->data.in, t->data.x, t->data.y, t->epoch->batch, rate,
                   parameters);
#else
    (void)context;
#endif
}

/* Whether an epoch of both, from parameters of 0, ends alike. A thousand steps of a few roundings
 * each, of parameters below 1, at rates that make errors shrink. */
static int agrees_with_libtorch(struct training *t)
{
    run(t, 0);
#ifdef LF_LIBTORCH
    float other[MOST_IN + 1] = {0};
    const float *own = lf_parameter_value(&t->layer[0].layer.weight);
    libtorch_epoch(t->data.rows, t->data.in, t->data.x, t->data.y, t->epoch->batch, rate, other);
    for (size_t i = 0; i <= t->data.in; i++)
        if (!(fabsf(own[i] - other[i]) < 1e-4f))
            return 0;
#endif
    return 1;
}

/* n floats in [-1, 1). NULL when memory is out. */
static float *random_floats(size_t n)
{
    float *values = malloc(n * sizeof *values);
    struct test_rng rng = {n};
    for (size_t i = 0; values && i < n; i++)
        values[i] = (float)test_uniform(&rng, -1, 1);
    return values;
}

/* The trainer that is timed, and one that may be timed beside it. */
static int open_trainers(struct training *t)
{
    const struct epoch *e = t->epoch;
    struct lf_train_options options = {.optimizer = lf_sgd(rate),
                                       .batch = e->batch,
                                       .shuffle = e->shuffle,
                                       .threads = e->beside == ONE_THREAD ? 2 : 1,
                                       .epochs = UINT64_MAX,
                                       .after_epoch = is_not_the_last,
                                       .context = t};
    for (int i = 0; i < 2; i++) {
        t->layer[i] = lf_module_linear(e->in, 1);
        if (lf_model_create(&t->model[i], e->kernels, LF_F32) != LF_OK ||
            lf_model_add_sequential(t->model[i], "", 1, &t->layer[i]) != LF_OK ||
            lf_trainer_create(&t->trainer[i], t->model[i], 1, &t->layer[i], &options, NULL) !=
                LF_OK)
            return 0;
        options.threads = 1;
    }
    return 1;
}

static void time_training(struct bench_state *state, struct training *t)
{
    static void (*const besides[])(void *) = {[READ] = run_read,
                                              [CHAIN] = run_chain,
                                              [LIBTORCH] = run_libtorch,
                                              [ONE_THREAD] = run_one_thread};
    static const char *const ratios[] = {[READ] = "of_read",
                                         [CHAIN] = "times_chain",
                                         [LIBTORCH] = "times_faster",
                                         [ONE_THREAD] = "times_faster"};
    const struct epoch *e = t->epoch;
    const size_t batch = e->batch > 0 ? e->batch : e->rows;
    double own, other;
    paired_run(state, &(struct paired){run_own, besides[e->beside], t}, &own, &other);
    own /= e->beside == ONE_THREAD ? EPOCHS : 1;
    other /= e->beside == ONE_THREAD ? EPOCHS : 1;
    bench_counter(state, "GB_s", 1e-9 * (double)(e->rows * (e->in + 1) * sizeof(float)) / own);
    bench_counter(state, "ns_a_step", 1e9 * own / (double)((e->rows + batch - 1) / batch));
    bench_counter(state, ratios[e->beside], e->beside == CHAIN ? own / other : other / own);
}

static void time_epoch(struct bench_state *state, const void *argument)
{
    const struct epoch *e = argument;
    struct training t = {.epoch = e};
    float *x = random_floats(e->rows * e->in), *y = random_floats(e->rows);
    t.data = lf_data_f32(e->rows, e->in, x, 1, y);
    if (!x || !y || !open_trainers(&t))
        bench_fail(state, "out of memory");
    else if (e->beside == LIBTORCH && !agrees_with_libtorch(&t))
        bench_fail(state, "libtorch arrives at other parameters");
    else
        time_training(state, &t);
    for (int i = 0; i < 2; i++) {
        lf_trainer_destroy(t.trainer[i]);
        lf_model_destroy(t.model[i]);
    }
    free(x);
    free(y);
}

void register_train(void)
{
    static const struct {
        const char *family;
        size_t rows, in, batch;
        int shuffle;
        enum beside beside;
    } shapes[] = {{"epoch", 1000000, 8, 1024, 0, READ},
                  {"epoch", 1000000, 8, 1024, 1, READ},
                  {"epoch", 1000000, 1, 1, 0, CHAIN},
#ifdef LF_LIBTORCH
                  {"peer/libtorch", 1000000, 8, 1024, 0, LIBTORCH},
#endif
                  {"threads", 8000000, 8, 0, 0, ONE_THREAD},
                  {"threads", 100000, 8, 0, 0, ONE_THREAD}};
    enum { SHAPES = sizeof shapes / sizeof shapes[0] };
    static struct epoch epochs[LF_TABLES][SHAPES];
    const struct lf_kernels *tables[LF_TABLES];
    size_t n = lf_kernels_usable(tables);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < SHAPES && limits_of(tables[i]->name); k++) {
            struct epoch *e = &epochs[i][k];
            *e = (struct epoch){.kernels = tables[i],
                                .limits = limits_of(tables[i]->name),
                                .beside = shapes[k].beside,
                                .rows = shapes[k].rows,
                                .in = shapes[k].in,
                                .batch = shapes[k].batch,
                                .shuffle = shapes[k].shuffle};
            snprintf(e->name, sizeof e->name, "%s/f32/%s/%zux%zu/%zu%s", shapes[k].family,
                     tables[i]->name, e->rows, e->in, e->batch, e->shuffle ? "/shuffled" : "");
            bench_register_manual(e->name, time_epoch, e);
        }
}
