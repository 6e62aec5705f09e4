/* SPDX-License-Identifier: MIT */
/* The parts of lanefit-bench; each registers its benchmarks. */
#ifndef LANEFIT_BENCH_BENCH_H
#define LANEFIT_BENCH_BENCH_H

#include "shim.h"

#include <lanefit/lanefit.h>

void register_autograd(void);
void register_kernels(void);
void register_limits(void);
void register_runs(void);
void register_train(void);

/* The chain of dependent operations of one run's steps, and nothing else: chain.c says which.
 * Returns a number that depends on all of them. */
float chain_linear(size_t steps);
float chain_shared(size_t steps);
double chain_linear_f64(size_t steps);
double chain_shared_f64(size_t steps);

#endif
