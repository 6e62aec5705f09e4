/* SPDX-License-Identifier: MIT */
/* The parts of lanefit-bench; each registers its benchmarks, of one table where it takes one. */
#ifndef LANEFIT_BENCH_BENCH_H
#define LANEFIT_BENCH_BENCH_H

#include "shim.h"

#include <lanefit/lanefit.h>

void register_chains(void);
void register_autograd(const struct lf_kernels *kernels);
void register_kernels(const struct lf_kernels *kernels);
void register_limits(const struct lf_kernels *kernels);
void register_passes(const struct lf_kernels *kernels);
void register_peers(const struct lf_kernels *kernels);
void register_runs(const struct lf_kernels *kernels);
void register_train(const struct lf_kernels *kernels);
void register_workloads(const struct lf_kernels *kernels);

#endif
