/* SPDX-License-Identifier: MIT */
/* The post's runs of 5,000 steps:
 *   run/MODEL/TYPE/ISA     one, beside the chain of its steps, and libtorch where the build has it
 *   lanes/MODEL/TYPE/ISA   64 seeds, 16 side by side in lanes */
#include "bench.h"

#include "contest.h"
#include "limit.h"
#ifdef LF_LIBTORCH
#include "peers/libtorch.h"
#endif

#include <stdio.h>
#include <stdlib.h>

enum { STEPS = 5000, LIBTORCH_STEPS = 16, SEEDS = 4 * LF_LANES };

struct run {
    struct lf_line_options options;
    char name[48];
};

struct running {
    const struct run *run;
    struct lf_line *line;
};

/* Seeding, the start of the layer, draws and steps: all that `lanefit reproduce` does between
 * reading its options and printing. Creating the line (one allocation of the model) is left out. */
static void run_own(void *context)
{
    const struct running *running = context;
    lf_line_restart(running->line, running->run->options.seed);
    lf_line_run(running->line, STEPS, NULL);
}

#ifdef LF_LIBTORCH
static void run_libtorch(void *context)
{
    const struct running *running = context;
    volatile float kept =
        libtorch_line(running->run->options.model == LF_LINE_SHARED, LIBTORCH_STEPS);
    (void)kept;
}
#endif

/* The chain of so many steps, and at least the arithmetic of all. */
static struct limit_work work_of(const struct run *run, double runs)
{
    const int shared = run->options.model == LF_LINE_SHARED;
    return (struct limit_work){.dtype = run->options.dtype,
                               .flops = runs * STEPS * (shared ? 16 : 8),
                               .chain_linear = shared ? 0 : STEPS,
                               .chain_shared = shared ? STEPS : 0};
}

static void time_run(struct bench_state *state, const void *argument)
{
    struct running running = {.run = argument};
    const struct run *run = argument;
    struct contest contest = {.unit = "step", .steps = 1};
    struct limit limit = {0};
    const struct limit_work work = work_of(run, 1);
    if (lf_line_create(&running.line, &run->options) != LF_OK) {
        bench_fail(state, "the line can't be created");
        return;
    }
    contest_add(&contest, "lanefit", CONTEST_LANEFIT, run_own, &running)->units = STEPS;
#ifdef LF_LIBTORCH
    if (run->options.dtype == LF_F32)
        contest_add(&contest, "libtorch", CONTEST_PEER, run_libtorch, &running)->units =
            LIBTORCH_STEPS;
#endif
    limit_create(&limit, limits_of(run->options.kernels->name), &work, 1, STEPS, &contest);
    contest_run(state, &contest);
    limit_destroy(&limit);
    lf_line_destroy(running.line);
}

static void run_lanes(void *context)
{
    const struct run *run = context;
    uint64_t seeds[SEEDS];
    struct lf_line_fate fates[SEEDS];
    for (size_t i = 0; i < SEEDS; i++)
        seeds[i] = i;
    lf_line_fates(&run->options, STEPS, SEEDS, seeds, fates);
    bench_keep(fates);
}

static void time_lanes(struct bench_state *state, const void *argument)
{
    struct run run = *(const struct run *)argument;
    struct contest contest = {.unit = "step", .steps = 1};
    struct limit limit = {0};
    const struct limit_work work = work_of(&run, SEEDS);
    contest_add(&contest, "lanefit", CONTEST_LANEFIT, run_lanes, &run)->units = SEEDS * STEPS;
    limit_create(&limit, limits_of(run.options.kernels->name), &work, 1, SEEDS * STEPS, &contest);
    contest_run(state, &contest);
    limit_destroy(&limit);
}

static void add(const struct lf_kernels *kernels, int shared, int dtype, int lanes)
{
    struct run *run = malloc(sizeof *run); /* lives as long as the program */
    if (!run)
        return;
    run->options = (struct lf_line_options){.model = shared ? LF_LINE_SHARED : LF_LINE_LINEAR,
                                            .dtype = (enum lf_dtype)dtype,
                                            .seed = 1024,
                                            .lr = 0.01,
                                            .true_weight = 1.233,
                                            .true_bias = 0.988,
                                            .kernels = kernels};
    snprintf(run->name, sizeof run->name, "%s/%s/%s/%s", lanes ? "lanes" : "run",
             shared ? "shared" : "linear", dtype == LF_F32 ? "f32" : "f64", kernels->name);
    bench_register_manual(run->name, lanes ? time_lanes : time_run, run);
}

void register_runs(const struct lf_kernels *kernels)
{
    for (int i = 0; limits_of(kernels->name) && i < 8; i++)
        add(kernels, i / 2 % 2, i % 2, i / 4);
}
