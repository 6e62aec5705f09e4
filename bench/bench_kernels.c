/* SPDX-License-Identifier: MIT */
/* kernel/CASE/TYPE/ISA/SHAPE: every case of tests/cases on every table, over the shapes that are
 * worth timing, beside plain C as the compiler vectorizes it for the same instruction set (autovec)
 * and the limit that binds. */
#include "bench.h"

#include "../src/kernels/autovec.h"
#include "../tests/trial.h"
#include "contest.h"
#include "limit.h"

#include <stdio.h>
#include <stdlib.h>

struct timed {
    const struct lf_case *c;
    const struct lf_kernels *kernels;
    struct lf_shape shape;
    char name[96];
};

/* A table at work on operands of its own. */
struct worker {
    const struct lf_kernels *kernels;
    struct trial trial;
    size_t calls;
};

static void work(void *worker)
{
    struct worker *w = worker;
    for (size_t i = 0; i < w->calls; i++) {
        trial_run(&w->trial, w->kernels);
        bench_keep(w->trial.data[LF_OPERANDS - 1]);
    }
}

static struct limit_work work_of(const struct timed *timed)
{
    const double size = timed->c->dtype == LF_F32 ? sizeof(float) : sizeof(double);
    struct lf_operand operand[LF_OPERANDS] = {{LF_UNUSED, 0, 0}};
    struct limit_work work = {.dtype = timed->c->dtype, .flops = timed->c->flops(&timed->shape)};
    timed->c->operands(&timed->shape, operand);
    for (size_t i = 0; i < LF_OPERANDS; i++) {
        const double bytes = size * (double)operand[i].count;
        work.read += operand[i].role == LF_READ || operand[i].role == LF_UPDATED ? bytes : 0;
        work.written += operand[i].role == LF_WRITTEN || operand[i].role == LF_UPDATED ? bytes : 0;
    }
    if (timed->c->uses & LF_CHAIN_LINEAR)
        work.chain_linear = timed->shape.rows;
    if (timed->c->uses & LF_CHAIN_SHARED)
        work.chain_shared = timed->shape.rows;
    return work;
}

/* So many calls take some ten microseconds, which a clock can tell. */
static size_t calls_of(const struct limit_work *work)
{
    const double chain = 100 * (double)(work->chain_linear + work->chain_shared);
    return (size_t)(2e5 / (work->flops + work->read + work->written + chain + 1)) + 1;
}

static void time_case(struct bench_state *state, const void *argument)
{
    const struct timed *timed = argument;
    const struct limits *limits = limits_of(timed->kernels->name);
    const struct limit_work needs = work_of(timed);
    const size_t calls = calls_of(&needs);
    struct worker worker[] = {{.kernels = timed->kernels, .calls = calls},
                              {.kernels = autovec_find(timed->kernels->name), .calls = calls}};
    struct contest contest = {
        .unit = "call", .flops = needs.flops, .bytes = lf_case_bytes(timed->c, &timed->shape)};
    struct limit limit = {0};
    int ready = 1;
    for (int i = 0; i < 2 && ready; i++) {
        struct test_rng rng = {1};
        ready = trial_create(timed->c, &timed->shape, 0, &worker[i].trial);
        if (!ready || !worker[i].kernels)
            continue;
        trial_fill(&worker[i].trial, &rng, 0);
        contest_add(&contest, i == 0 ? "lanefit" : "autovec",
                    i == 0 ? CONTEST_LANEFIT : CONTEST_PEER, work, &worker[i])
            ->units = (double)calls;
    }
    if (ready && (!limits || limit_create(&limit, limits, &needs, calls, (double)calls, &contest)))
        contest_run(state, &contest);
    else
        bench_fail(state, "out of memory");
    limit_destroy(&limit);
    trial_destroy(&worker[0].trial);
    trial_destroy(&worker[1].trial);
}

static void register_case(const struct lf_case *c, const struct lf_kernels *kernels,
                          const struct lf_shape *shape)
{
    struct timed *timed = malloc(sizeof *timed); /* lives as long as the program */
    if (!timed)
        return;
    char label[32];
    *timed = (struct timed){.c = c, .kernels = kernels, .shape = *shape};
    lf_shape_name(c, shape, sizeof label, label);
    snprintf(timed->name, sizeof timed->name, "kernel/%s/%s/%s/%s", c->name,
             c->dtype == LF_F32 ? "f32" : "f64", kernels->name, label);
    bench_register_manual(timed->name, time_case, timed);
}

void register_kernels(const struct lf_kernels *kernels)
{
    struct lf_shape shapes[LF_MOST_SHAPES];
    for (size_t k = 0; k < lf_case_count; k++) {
        size_t n = lf_case_shapes(&lf_cases[k], 0, shapes);
        for (size_t i = 0; i < n; i++)
            register_case(&lf_cases[k], kernels, &shapes[i]);
    }
}
