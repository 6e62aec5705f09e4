/* SPDX-License-Identifier: MIT */
/* The registry of kernels: what the tests check, the benchmarks time and `lanefit compare` shows. A
 * kernel is added by its run and oracle in one of the cases_*.inl.h and its entry in cases.c. */
#ifndef LANEFIT_TESTS_CASES_H
#define LANEFIT_TESTS_CASES_H

#include <lanefit/autograd.h>

#include <stddef.h>

/* What of a shape a case looks at, besides its rows. */
enum {
    LF_HAS_IN = 1,
    LF_HAS_OUT = 2,
    LF_HAS_LAYOUT =
        4, /* X row-major or column-major, with `pad` elements between its rows or columns */
    LF_HAS_BIAS = 8,
    LF_HAS_WEIGHTS = 16,   /* of rows */
    LF_FEW_IN = 32,        /* from 1 to LF_LANES_INPUTS */
    LF_ANY_ROWS = 64,      /* not only those of one block */
    LF_CHAIN_LINEAR = 128, /* a row is a step of the post's linear run, and waits for the last */
    LF_CHAIN_SHARED = 256
};

struct lf_shape {
    size_t rows, in, out;
    int column_major, no_bias, row_weights;
    size_t pad;
};

enum lf_role { LF_UNUSED, LF_READ, LF_WRITTEN, LF_UPDATED, LF_SCRATCH };

struct lf_operand {
    enum lf_role role;
    size_t count;
    int positive; /* the kernel is meant for numbers from 0 up */
};

enum { LF_OPERANDS = 6 };

/* What an output should be, and how far off a correct kernel may be; NULL for other operands. */
struct lf_truth {
    long double *exact, *bound;
};

struct lf_case {
    const char *name; /* the kernel's, then /variant */
    enum lf_dtype dtype;
    int uses;
    int variant; /* a loss, an activation, ... */

    /* The role and size of each operand. */
    void (*operands)(const struct lf_shape *shape, struct lf_operand operand[LF_OPERANDS]);

    void (*run)(const struct lf_case *c, const struct lf_kernels *kernels,
                const struct lf_shape *shape, void *const operand[LF_OPERANDS]);

    /* From the operands as they were before: in long double, or in the type where the kernel's bits
     * are laid down operation by operation, by code of its own. */
    void (*oracle)(const struct lf_case *c, const struct lf_shape *shape,
                   void *const operand[LF_OPERANDS], struct lf_truth truth[LF_OPERANDS]);

    double (*flops)(const struct lf_shape *shape);
};

/* The shape as far as the case looks at it, so that shapes which differ in nothing are the same. */
struct lf_shape lf_case_shape(const struct lf_case *c, const struct lf_shape *shape);

/* Bytes read plus bytes written, each operand once. */
double lf_case_bytes(const struct lf_case *c, const struct lf_shape *shape);

/* The shapes worth timing; only a few of them where it is to be quick. Returns how many. */
enum { LF_MOST_SHAPES = 32 };
size_t lf_case_shapes(const struct lf_case *c, int quick, struct lf_shape shapes[LF_MOST_SHAPES]);

/* "1000x8->1", with ":columns" where X is column-major and ":weights" where rows have weights. */
void lf_shape_name(const struct lf_case *c, const struct lf_shape *shape, size_t size, char *name);

extern const struct lf_case lf_cases[];
extern const size_t lf_case_count;

#endif
