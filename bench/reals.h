/* SPDX-License-Identifier: MIT */
#ifndef LANEFIT_BENCH_REALS_H
#define LANEFIT_BENCH_REALS_H

#include <lanefit/lanefit.h>

#include <stddef.h>

/* n random numbers in [-1, 1), the same in every run; the caller's, to be freed. NULL where memory
 * is out. */
void *reals(enum lf_dtype dtype, size_t n);

#endif
