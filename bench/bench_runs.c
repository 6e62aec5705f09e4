/* SPDX-License-Identifier: MIT */
/* The post's runs beside their chains. */
#include "bench.h"

#include "paired.h"

#include <stdio.h>
#include <time.h>

enum { STEPS = 5000 };

struct run {
    struct lf_line_options options;
    double (*chain)(void);
    char name[64];
};

static double linear_f32(void)
{
    return (double)chain_linear(STEPS);
}

static double shared_f32(void)
{
    return (double)chain_shared(STEPS);
}

static double linear_f64(void)
{
    return chain_linear_f64(STEPS);
}

static double shared_f64(void)
{
    return chain_shared_f64(STEPS);
}

/* Seeding, the start of the layer, draws and steps: all that `lanefit reproduce` does between
 * reading its options and printing. Creating the line (one allocation of the model) is left out. */
struct running {
    const struct run *run;
    struct lf_line *line;
};

static void run_own(void *context)
{
    const struct running *running = context;
    lf_line_restart(running->line, running->run->options.seed);
    lf_line_run(running->line, STEPS, NULL);
}

static void run_limit(void *context)
{
    volatile double kept = ((const struct running *)context)->run->chain();
    (void)kept;
}

static void time_run(struct bench_state *state, const void *argument)
{
    struct running running = {.run = argument};
    double own, chain;
    if (lf_line_create(&running.line, &running.run->options) != LF_OK) {
        bench_fail(state, "the line can't be created");
        return;
    }
    paired_run(state, &(struct paired){run_own, run_limit, &running}, &own, &chain);
    bench_label(state, running.run->options.model == LF_LINE_SHARED
                           ? "chain: mul add mul add sub mul mul add fma"
                           : "chain: mul add sub mul fma");
    bench_counter(state, "ns_a_step", 1e9 * own / STEPS);
    bench_counter(state, "chain_ns", 1e9 * chain / STEPS);
    bench_counter(state, "times_chain", own / chain);
    lf_line_destroy(running.line);
}

/* The clock of the rates that Google Benchmark prints. */
static double cpu_seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* 16 lanes a pass over 64 seeds, seeding and start included. */
static void time_lanes(struct bench_state *state, const void *argument)
{
    const struct run *run = argument;
    enum { SEEDS = 4 * LF_LANES };
    uint64_t seeds[SEEDS];
    struct lf_line_fate fates[SEEDS];
    for (size_t i = 0; i < SEEDS; i++)
        seeds[i] = i;
    double passes = 0, start = cpu_seconds();
    while (bench_keep_running(state, 1)) {
        lf_line_fates(&run->options, STEPS, SEEDS, seeds, fates);
        bench_keep(fates);
        passes++;
    }
    bench_rate(state, "steps", (double)SEEDS * STEPS);
    bench_counter(state, "ns_a_step", 1e9 * (cpu_seconds() - start) / (passes * SEEDS * STEPS));
}

void register_runs(void)
{
    static struct run runs[LF_TABLES][2][2], lanes[LF_TABLES][2][2];
    static double (*const chains[2][2])(void) = {{linear_f32, linear_f64},
                                                 {shared_f32, shared_f64}};
    const struct lf_kernels *tables[LF_TABLES];
    size_t n = lf_kernels_usable(tables);
    for (size_t i = 0; i < n; i++)
        for (int model = 0; model < 2; model++)
            for (int dtype = 0; dtype < 2; dtype++) {
                struct run *run = &runs[i][model][dtype];
                run->options = (struct lf_line_options){.model = (enum lf_line_model)model,
                                                        .dtype = (enum lf_dtype)dtype,
                                                        .seed = 1024,
                                                        .lr = 0.01,
                                                        .true_weight = 1.233,
                                                        .true_bias = 0.988,
                                                        .kernels = tables[i]};
                run->chain = chains[model][dtype];
                struct run *lane = &lanes[i][model][dtype];
                *lane = *run;
                const char *what = model ? "shared" : "linear", *type = dtype ? "f64" : "f32";
                snprintf(run->name, sizeof run->name, "run/%s/%s/%s", what, type, tables[i]->name);
                snprintf(lane->name, sizeof lane->name, "lanes/%s/%s/%s", what, type,
                         tables[i]->name);
                bench_register_manual(run->name, time_run, run);
                bench_register(lane->name, time_lanes, lane);
            }
}
