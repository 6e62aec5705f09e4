/* SPDX-License-Identifier: MIT */
/* The trainer over data in memory, beside a loop that reads them once:
 *   epoch/TYPE/ISA/ROWSxIN/BATCH   an epoch of SGD on the mean squared error, rows in order or
 *                                  shuffled; of_read = its bandwidth as a fraction of the loop's;
 *                                  of single rows beside the chain of their steps: times_chain */
#include "bench.h"

#include "../tests/bits.h"
#include "limits.h"
#include "paired.h"

#include <stdio.h>
#include <stdlib.h>

struct epoch {
    const struct lf_kernels *kernels;
    const struct limits *limits;
    size_t rows, in, batch;
    int shuffle;
    char name[64];
};

struct training {
    const struct epoch *epoch;
    struct lf_data data;
    struct lf_trainer *trainer;
};

static int stop(void *context, const struct lf_train_progress *progress)
{
    (void)context;
    (void)progress;
    return 0;
}

static void run_own(void *context)
{
    const struct training *t = context;
    enum lf_train_end end;
    lf_trainer_run(t->trainer, &t->data, NULL, &end);
}

static void run_limit(void *context)
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

/* n floats in [-1, 1). NULL when memory is out. */
static float *random_floats(size_t n)
{
    float *values = malloc(n * sizeof *values);
    struct test_rng rng = {n};
    for (size_t i = 0; values && i < n; i++)
        values[i] = (float)test_uniform(&rng, -1, 1);
    return values;
}

static void time_epoch(struct bench_state *state, const void *argument)
{
    const struct epoch *e = argument;
    struct lf_module layer = lf_module_linear(e->in, 1);
    const struct lf_train_options options = {.optimizer = lf_sgd(0.01),
                                             .batch = e->batch,
                                             .shuffle = e->shuffle,
                                             .epochs = UINT64_MAX,
                                             .after_epoch = stop};
    struct lf_model *model = NULL;
    struct training t = {.epoch = e};
    float *x = random_floats(e->rows * e->in), *y = random_floats(e->rows);
    double own, limit;
    t.data = lf_data_f32(e->rows, e->in, x, 1, y);
    if (x && y && lf_model_create(&model, e->kernels, LF_F32) == LF_OK &&
        lf_model_add_sequential(model, "", 1, &layer) == LF_OK &&
        lf_trainer_create(&t.trainer, model, 1, &layer, &options, NULL) == LF_OK) {
        const int is_chain = e->batch == 1;
        paired_run(state, &(struct paired){run_own, is_chain ? run_chain : run_limit, &t}, &own,
                   &limit);
        bench_counter(state, "GB_s", 1e-9 * (double)(e->rows * (e->in + 1) * sizeof(float)) / own);
        bench_counter(state, "ns_a_step",
                      1e9 * own / (double)((e->rows + e->batch - 1) / e->batch));
        if (is_chain)
            bench_counter(state, "times_chain", own / limit);
        else
            bench_counter(state, "of_read", limit / own);
    } else {
        bench_fail(state, "out of memory");
    }
    lf_trainer_destroy(t.trainer);
    lf_model_destroy(model);
    free(x);
    free(y);
}

void register_train(void)
{
    static const struct {
        size_t in, batch;
        int shuffle;
    } shapes[] = {{8, 1024, 0}, {8, 1024, 1}, {1, 1, 0}};
    enum { SHAPES = sizeof shapes / sizeof shapes[0] };
    static struct epoch epochs[LF_TABLES][SHAPES];
    const struct lf_kernels *tables[LF_TABLES];
    size_t n = lf_kernels_usable(tables);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < SHAPES && limits_of(tables[i]->name); k++) {
            struct epoch *e = &epochs[i][k];
            *e = (struct epoch){.kernels = tables[i],
                                .limits = limits_of(tables[i]->name),
                                .rows = 1000000,
                                .in = shapes[k].in,
                                .batch = shapes[k].batch,
                                .shuffle = shapes[k].shuffle};
            snprintf(e->name, sizeof e->name, "epoch/f32/%s/1000000x%zu/%zu%s", tables[i]->name,
                     e->in, e->batch, e->shuffle ? "/shuffled" : "");
            bench_register_manual(e->name, time_epoch, e);
        }
}
