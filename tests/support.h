/* SPDX-License-Identifier: MIT */
/* What the suites share: a main that knows the table under test, random numbers, bits. */
#ifndef LANEFIT_TESTS_SUPPORT_H
#define LANEFIT_TESTS_SUPPORT_H

#include "bits.h"

#include <lanefit/lanefit.h>

#include <check.h>
#include <stdio.h>

/* The table under test: --isa NAME. */
extern const struct lf_kernels *tested;

/* The oracle of bits. */
const struct lf_kernels *scalar_table(void);

/* Runs a suite with `--isa NAME` (default: the best table) and `--seed N`. Returns the exit code:
 * 77, which Meson counts as skipped, where this machine can't run the table. */
int run_suite(Suite *suite, int argc, char **argv);

extern uint64_t test_seed;
struct test_rng test_rng(uint64_t stream); /* a stream of the run's seed */

/* Whether n elements are the same bits; any NaN equals any NaN. Sets *first to the first that is
 * not. */
int same_bits(enum lf_dtype dtype, size_t n, const void *a, const void *b, size_t *first);
double element(enum lf_dtype dtype, const void *values, size_t i);
size_t element_size(enum lf_dtype dtype);
const char *dtype_name(enum lf_dtype dtype);

/* Opens a file of tests/data; ends the test where it is missing. */
FILE *open_data(const char *name);

#endif
