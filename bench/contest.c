/* SPDX-License-Identifier: MIT */
#include "contest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SAMPLES = 4096 };

struct result {
    double seconds, spread; /* of a unit; see contest_run */
};

struct contender *contest_add(struct contest *contest, const char *name, enum contest_role role,
                              void (*run)(void *context), void *context)
{
    struct contender *contender = &contest->contender[contest->count++];
    *contender = (struct contender){name, role, run, context, 1};
    return contender;
}

double contest_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of sorted values: the one that a fraction of them are below, between neighbours in proportion. */
static double quantile(const double *values, size_t n, double fraction)
{
    double at = fraction * (double)(n - 1);
    size_t below = (size_t)at;
    if (below + 1 >= n)
        return values[n - 1];
    return values[below] + (at - (double)below) * (values[below + 1] - values[below]);
}

static struct result result_of(double *times, size_t n, double units)
{
    qsort(times, n, sizeof *times, ascending);
    double median = quantile(times, n, 0.5);
    double spread = (quantile(times, n, 0.75) - quantile(times, n, 0.25)) / median;
    return (struct result){median / units, spread};
}

static void report_rates(struct bench_state *state, const struct contest *contest, double seconds)
{
    const struct {
        const char *name;
        double value;
    } rates[] = {{"GFLOP_s", 1e-9 * contest->flops},
                 {"GB_s", 1e-9 * contest->bytes},
                 {"rows_s", contest->rows},
                 {"steps_s", contest->steps}};
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++)
        if (rates[i].value > 0)
            bench_counter(state, rates[i].name, rates[i].value / seconds);
}

static void report(struct bench_state *state, const struct contest *contest,
                   const struct result result[])
{
    const struct contender *contender = contest->contender;
    size_t own = CONTEST_MOST, best = CONTEST_MOST, limit = CONTEST_MOST;
    for (size_t i = 0; i < contest->count; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s_ns",
                 contender[i].role == CONTEST_LIMIT ? "limit" : contender[i].name);
        bench_counter(state, name, 1e9 * result[i].seconds);
        if (contender[i].role == CONTEST_LANEFIT)
            own = i;
        else if (contender[i].role == CONTEST_LIMIT)
            limit = i;
        else if (best == CONTEST_MOST || result[i].seconds < result[best].seconds)
            best = i;
    }
    char label[128];
    snprintf(label, sizeof label, "ns a %s%s%s%s%s", contest->unit,
             best < CONTEST_MOST ? ", best: " : "", best < CONTEST_MOST ? contender[best].name : "",
             limit < CONTEST_MOST && contest->count > 1 ? ", limit: " : "",
             limit < CONTEST_MOST && contest->count > 1 ? contender[limit].name : "");
    bench_label(state, label);
    report_rates(state, contest, result[own < CONTEST_MOST ? own : 0].seconds);
    if (own == CONTEST_MOST)
        return;
    if (best < CONTEST_MOST)
        bench_counter(state, "best", result[best].seconds / result[own].seconds);
    if (limit < CONTEST_MOST)
        bench_counter(state, "of_limit", result[limit].seconds / result[own].seconds);
    bench_counter(state, "spread", result[own].spread);
}

void contest_run(struct bench_state *state, const struct contest *contest)
{
    static double times[CONTEST_MOST][SAMPLES];
    struct result result[CONTEST_MOST];
    size_t count = contest->count, n = 0;
    for (; bench_keep_running(state, 1); n++)
        for (size_t k = 0; k < count; k++) {
            size_t i = (k + n) % count;
            double start = contest_now();
            contest->contender[i].run(contest->contender[i].context);
            double seconds = contest_now() - start;
            times[i][n % SAMPLES] = seconds;
            if (i == 0)
                bench_set_time(state, seconds);
        }
    for (size_t i = 0; i < count; i++)
        result[i] = result_of(times[i], n < SAMPLES ? n : SAMPLES, contest->contender[i].units);
    report(state, contest, result);
}
