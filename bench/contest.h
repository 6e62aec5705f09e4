/* SPDX-License-Identifier: MIT */
/* lanefit beside its peers and its limit: all are timed in every iteration of a benchmark, one
 * after the other, each of them first in turn, so that a noisy neighbour meets all of them. */
#ifndef LANEFIT_BENCH_CONTEST_H
#define LANEFIT_BENCH_CONTEST_H

#include "shim.h"

enum contest_role { CONTEST_LANEFIT, CONTEST_PEER, CONTEST_LIMIT };

struct contender {
    const char *name; /* "lanefit", "OpenBLAS", "memory", ... */
    enum contest_role role;
    void (*run)(void *context);
    void *context;
    double units; /* calls, steps, ... that a run of it does */
};

enum { CONTEST_MOST = 8 };

struct contest {
    const char *unit; /* "call", "step", "row", ... */
    size_t count;
    struct contender contender[CONTEST_MOST];
    double flops, bytes, rows, steps; /* of a unit, for the rates of lanefit; 0 for none */
};

/* The next contender, of one unit a run. */
struct contender *contest_add(struct contest *contest, const char *name, enum contest_role role,
                              void (*run)(void *context), void *context);

/* A clock that only goes forward, in seconds. */
double contest_now(void);

/* Runs the benchmark, registered by bench_register_manual, whose time is that of lanefit, or of the
 * first where lanefit does not take part. Counters, from medians over the iterations:
 *   NAME_ns     a unit's time, of every contender, limit_ns that of the limit
 *   best        that of the fastest peer as a multiple of lanefit's
 *   of_limit    that of the limit as a fraction of lanefit's
 *   spread      the distance of the quartiles of lanefit's times, as a fraction of their median
 *   GFLOP_s, GB_s, rows_s, steps_s   rates of lanefit, or of the first
 * The label names the unit, the fastest peer and the limit. */
void contest_run(struct bench_state *state, const struct contest *contest);

#endif
