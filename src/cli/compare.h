/* SPDX-License-Identifier: MIT */
/* One line of `lanefit compare`: a case, a table, a shape. */
#ifndef LANEFIT_SRC_CLI_COMPARE_H
#define LANEFIT_SRC_CLI_COMPARE_H

#include "../../tests/cases.h"

struct comparison {
    const struct lf_case *c;
    const struct lf_kernels *kernels;
    struct lf_shape shape;

    /* What comparison_run finds. */
    size_t cases, differing_bits;
    double error;                          /* the largest, as a fraction of its bound */
    double ns_scalar, ns_autovec, ns_simd; /* medians, a call */
};

/* What they come to. */
struct comparison_sum {
    size_t lines, cases, differing_bits, failed;
    size_t timed, slower; /* lines of vector tables, and those slower than autovec */
    double error;
    const struct lf_case *last_case; /* of the line before */
    const struct lf_kernels *last_kernels;
};

/* Runs it, briefly where it is to be quick. 0 without memory. */
int comparison_run(struct comparison *comparison, int quick);

/* A table for people, or JSON: before the lines, a line (0 without memory), behind them. */
void comparison_head(int json);
int comparison_print(const struct comparison *comparison, int json, struct comparison_sum *sum);
void comparison_foot(int json, const struct comparison_sum *sum);

#endif
