/* SPDX-License-Identifier: MIT */
/* The registry of kernels on arrays: what the tests check and the benchmarks time. A kernel is
 * added by its run and oracle in cases.inl.h and its entry in cases.c. */
#ifndef LANEFIT_TESTS_CASES_H
#define LANEFIT_TESTS_CASES_H

#include <lanefit/autograd.h>

#include <stddef.h>

/* rows x in -> out; kernels on flat vectors use rows alone. X lies row-major or column-major, with
 * `pad` elements between its rows or columns. */
struct lf_shape {
    size_t rows, in, out;
    int column_major, no_bias;
    size_t pad;
};

enum lf_role { LF_UNUSED, LF_READ, LF_WRITTEN, LF_UPDATED };

struct lf_operand {
    enum lf_role role;
    size_t count;
};

enum { LF_OPERANDS = 6 }; /* the last of them is the output */

struct lf_case {
    const char *name;
    enum lf_dtype dtype;
    int flat; /* uses rows alone, any number of them; others at most LF_BLOCK_ROWS */

    /* The role and size of each operand. */
    void (*operands)(const struct lf_shape *shape, struct lf_operand operand[LF_OPERANDS]);

    void (*run)(const struct lf_kernels *kernels, const struct lf_shape *shape,
                void *const operand[LF_OPERANDS]);

    /* What the output should be, from the operands as they were before, and how far off a correct
     * kernel may be: both in long double, by code of its own. */
    void (*oracle)(const struct lf_shape *shape, void *const operand[LF_OPERANDS],
                   long double *exact, long double *bound);

    double (*flops)(const struct lf_shape *shape);
};

/* Bytes read plus bytes written, each operand once. */
double lf_case_bytes(const struct lf_case *c, const struct lf_shape *shape);

extern const struct lf_case lf_cases[];
extern const size_t lf_case_count;

#endif
