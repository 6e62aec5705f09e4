/* SPDX-License-Identifier: MIT */
#ifndef LANEFIT_BENCH_LIMITS_H
#define LANEFIT_BENCH_LIMITS_H

#include <stddef.h>

/* What one instruction set allows. The functions return a number that depends on all they did. */
struct limits {
    double (*read)(const void *memory, size_t bytes);
    double (*multiply_add[2])(size_t steps); /* by lf_dtype */
    double flops[2];                         /* of a step */
};

/* Those of the table of that name; NULL where there are none. */
const struct limits *limits_of(const char *isa);

#endif
