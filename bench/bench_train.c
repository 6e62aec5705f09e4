/* SPDX-License-Identifier: MIT */
/* Epochs of the trainer over data in memory, SGD on the mean squared error:
 *   epoch/ISA/ROWSxIN/BATCH[/shuffled]   beside the limit that binds, and libtorch on one thread
 *                                        where the build has it and rows are in order
 *   threads/ISA/ROWSxIN                  a full batch by two threads beside one
 * libtorch's parameters are held against lanefit's before it is timed. */
#include "bench.h"

#include "contest.h"
#include "limit.h"
#include "reals.h"
#ifdef LF_LIBTORCH
#include "peers/libtorch.h"
#endif

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_IN = 8, EPOCHS = 10 };
static const double rate = 0.01;

struct epoch {
    const struct lf_kernels *kernels;
    size_t rows, in, batch;
    int shuffle, threads;
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
    return t->epoch->threads > 1 && progress->epoch % EPOCHS != 0;
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

#ifdef LF_LIBTORCH
static void run_libtorch(void *context)
{
    const struct training *t = context;
    float parameters[MOST_IN + 1] = {0};
    libtorch_epoch(t->data.rows, t->data.in, t->data.x, t->data.y, t->epoch->batch, rate,
                   parameters);
}

/* Whether an epoch of both, from parameters of 0, ends alike: NULL, or what differs. A thousand
 * steps of a few roundings each, of parameters below 1, at rates that make errors shrink. */
static const char *differs_from_libtorch(struct training *t)
{
    static char message[96];
    float other[MOST_IN + 1] = {0};
    const float *own = lf_parameter_value(&t->layer[0].layer.weight);
    run(t, 0);
    libtorch_epoch(t->data.rows, t->data.in, t->data.x, t->data.y, t->epoch->batch, rate, other);
    for (size_t i = 0; i <= t->data.in; i++)
        if (!(fabsf(own[i] - other[i]) < 1e-4f)) {
            snprintf(message, sizeof message, "parameter %zu is %.9g, that of libtorch %.9g", i,
                     (double)own[i], (double)other[i]);
            return message;
        }
    return NULL;
}
#endif

/* The trainer that is timed, and one that may be timed beside it. */
static int open_trainers(struct training *t)
{
    const struct epoch *e = t->epoch;
    struct lf_train_options options = {.optimizer = lf_sgd(rate),
                                       .batch = e->batch,
                                       .shuffle = e->shuffle,
                                       .threads = (size_t)e->threads,
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

/* Enters what is timed beside the epoch. NULL, or what is wrong. */
static const char *enter(struct contest *contest, struct training *t, struct limit *limit)
{
    const struct epoch *e = t->epoch;
    const double epochs = e->threads > 1 ? EPOCHS : 1;
    const double values = (double)e->rows * (double)(e->in + 1);
    const struct limit_work work = {.dtype = LF_F32,
                                    .flops = 4 * values,
                                    .read = sizeof(float) * values,
                                    .chain_linear = e->batch == 1 ? e->rows : 0};
    contest->bytes = work.read;
    contest->rows = (double)e->rows;
    contest_add(contest, "lanefit", CONTEST_LANEFIT, run_own, t)->units = epochs;
    if (e->threads > 1)
        contest_add(contest, "one_thread", CONTEST_PEER, run_one_thread, t)->units = epochs;
#ifdef LF_LIBTORCH
    else if (!e->shuffle && e->batch > 1) {
        const char *wrong = differs_from_libtorch(t);
        if (wrong)
            return wrong;
        contest_add(contest, "libtorch", CONTEST_PEER, run_libtorch, t);
    }
#endif
    return limit_create(limit, limits_of(e->kernels->name), &work, 1, 1, contest) ? NULL
                                                                                  : "out of memory";
}

static void time_epoch(struct bench_state *state, const void *argument)
{
    const struct epoch *e = argument;
    struct training t = {.epoch = e};
    struct contest contest = {.unit = "epoch"};
    struct limit limit = {0};
    float *x = reals(LF_F32, e->rows * e->in), *y = reals(LF_F32, e->rows);
    t.data = lf_data_f32(e->rows, e->in, x, 1, y);
    const char *wrong = x && y && open_trainers(&t) ? NULL : "out of memory";
    wrong = wrong ? wrong : enter(&contest, &t, &limit);
    if (wrong)
        bench_fail(state, wrong);
    else
        contest_run(state, &contest);
    limit_destroy(&limit);
    for (int i = 0; i < 2; i++) {
        lf_trainer_destroy(t.trainer[i]);
        lf_model_destroy(t.model[i]);
    }
    free(x);
    free(y);
}

static void add(struct epoch epoch)
{
    struct epoch *e = malloc(sizeof *e); /* lives as long as the program */
    if (!e)
        return;
    *e = epoch;
    if (e->threads > 1)
        snprintf(e->name, sizeof e->name, "threads/%s/%zux%zu", e->kernels->name, e->rows, e->in);
    else
        snprintf(e->name, sizeof e->name, "epoch/%s/%zux%zu/%zu%s", e->kernels->name, e->rows,
                 e->in, e->batch, e->shuffle ? "/shuffled" : "");
    bench_register_manual(e->name, time_epoch, e);
}

void register_train(const struct lf_kernels *kernels)
{
    static const struct epoch epochs[] = {
        {.rows = 1000000, .in = 8, .batch = 1024, .threads = 1},
        {.rows = 1000000, .in = 8, .batch = 1024, .threads = 1, .shuffle = 1},
        {.rows = 1000000, .in = 1, .batch = 1, .threads = 1},
        {.rows = 8000000, .in = 8, .threads = 2},
        {.rows = 100000, .in = 8, .threads = 2}};
    for (size_t i = 0; limits_of(kernels->name) && i < sizeof epochs / sizeof epochs[0]; i++) {
        struct epoch epoch = epochs[i];
        epoch.kernels = kernels;
        add(epoch);
    }
}
