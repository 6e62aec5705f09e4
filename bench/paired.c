/* SPDX-License-Identifier: MIT */
#include "paired.h"

#include <stdlib.h>
#include <time.h>

enum { SAMPLES = 4096 };

static double now(void)
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

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, ascending);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

void paired_run(struct bench_state *state, const struct paired *paired, double *own, double *limit)
{
    static double own_times[SAMPLES], limit_times[SAMPLES];
    size_t n = 0;
    while (bench_keep_running(state, 1)) {
        double start = now();
        paired->own(paired->context);
        double middle = now();
        paired->limit(paired->context);
        double end = now();
        bench_set_time(state, middle - start);
        own_times[n % SAMPLES] = middle - start;
        limit_times[n++ % SAMPLES] = end - middle;
    }
    n = n < SAMPLES ? n : SAMPLES;
    *own = median(own_times, n);
    *limit = median(limit_times, n);
}
