/* SPDX-License-Identifier: MIT */
/* Something and its limit, both timed in every iteration, one after the other, so that a noisy
 * neighbour meets both; their medians are compared. */
#ifndef LANEFIT_BENCH_PAIRED_H
#define LANEFIT_BENCH_PAIRED_H

#include "shim.h"

struct paired {
    void (*own)(void *context);
    void (*limit)(void *context);
    void *context;
};

/* Runs the benchmark; its time is the own one. The medians, in seconds. */
void paired_run(struct bench_state *state, const struct paired *paired, double *own, double *limit);

#endif
