/* SPDX-License-Identifier: MIT */
/* Regressions that users ask for, many in one call, with the sizes they have; bench/README.md says
 * who asks. */
#ifndef LANEFIT_BENCH_WORKLOADS_H
#define LANEFIT_BENCH_WORKLOADS_H

#include "peers/peers.h"

struct workload {
    const char *name;
    size_t problems; /* of the user */
    size_t rows;     /* of a problem at most */
    size_t fewest;   /* and at least, where they differ */
    size_t shared, own;
    int f32, images; /* y[rows,problems] instead of y[problems,rows] */
    double missing;  /* the share of y, or of x, that is NaN */
    int errors;      /* whether standard errors and R2 are asked for */
};

extern const struct workload workloads[];
extern const size_t workload_count;

/* As many of its problems as take a 20th of this machine's memory, or all. */
size_t workload_problems(const struct workload *workload);

/* Its data, the same in every run, with memory for the outputs. 0 where memory is out; the fleet is
 * the caller's, to be given to workload_destroy in any case. */
int workload_create(const struct workload *workload, size_t problems, struct peer_fleet *fleet);
void workload_destroy(struct peer_fleet *fleet);

/* The bytes that its data take, and its outputs. */
double workload_read(const struct peer_fleet *fleet);
double workload_written(const struct peer_fleet *fleet);

/* Whether the outputs of problem i are right: within what rounding to f64 explains of the solution
 * in long double. */
int workload_holds(const struct peer_fleet *fleet, size_t i);

#endif
