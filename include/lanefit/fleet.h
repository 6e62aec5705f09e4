/* SPDX-License-Identifier: MIT */
/* Least squares in closed form, many regressions in one call.
 *
 * Every problem q of a fleet is a regression of its own, as lf_lsq_fit (lsq.h) defines it: minimise
 * sum of w (y - X b)^2 + ridge (sum of b^2 but for the intercept). Its parameters are the intercept
 * unless there is none, the common columns, the columns of x. Operands lie where they are, in any
 * strides: images stacked over time, one line of pixels after the other, rows side by side, windows
 * that slide over a series. A stride of 0 shares an operand among problems; the same x for all, or
 * one own column beside common ones and the same y, need one pass over what is not shared.
 *
 * A problem has a status of its own, and what it gives does not depend on its neighbours, on the
 * threads or the instruction set: its bits are those of a fleet of one that shares what it shares.
 * f32 data are computed with in f64.
 *
 * Error: what comes out is the exact solution of normal equations, of columns and y taken about
 * their means where there is an intercept, whose every entry is off by at most 64 (sqrt(n) + p) u
 * times the sum of the magnitudes of its n terms, u = 2^-53. Columns that are shared are made
 * orthogonal first, once for all problems (unless there is a ridge), so that what they have in
 * common costs no digits. Problems where three digits or more would be lost all the same are solved
 * as lf_lsq_fit does, with its bits. */
#ifndef LANEFIT_FLEET_H
#define LANEFIT_FLEET_H

#include <lanefit/isa.h>
#include <lanefit/lsq.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LF_FLEET_MOST_PARAMS = 64 };

/* Where an operand lies: its element for row r, column j and problem q is data[r row + j column +
 * (q mod width) problem + (q / width) line]. Strides count elements and may be 0 or negative. */
struct lf_fleet_array {
    const void *data;
    ptrdiff_t row, column, problem, line;
};

/* The same of bits, as Apache Arrow has them: bit i is bit i mod 8, the least significant first, of
 * byte i / 8; where it is 0 the row is missing. Strides count bits, and none is negative. */
struct lf_fleet_bits {
    const unsigned char *data;
    size_t first, row, problem, line;
};

/* A row of a problem is missing, and takes part in nothing, if its bit is 0 or if its y, weight or
 * any of its columns is NaN; what else it holds does not matter. All data are borrowed. */
struct lf_fleet {
    enum lf_dtype dtype; /* of all arrays */
    size_t problems;
    size_t width; /* problems a line; 0: all of them */
    size_t rows;
    size_t in, common_in;               /* columns of x, and of what is common to all problems */
    struct lf_fleet_array x, common, y; /* of common only row and column count */
    struct lf_fleet_array weight;       /* 1 / variance, 0 or more; NULL data: 1 */
    struct lf_fleet_bits valid;         /* NULL data: all */
    /* Ragged: offsets[problems + 1], never decreasing; problem q has rows offsets[q] to offsets[q +
     * 1] - 1 of all arrays, whose problem and line strides don't count. NULL: each has `rows`. */
    const size_t *offsets;
    int no_intercept;
    double ridge; /* 0 or more, in the units of the columns. With an intercept and a ridge above 0
                     every problem has a solution, where lf_lsq_fit may find its columns too close
                     to dependent. */
    const double *ridges; /* [problems], instead of `ridge`; or NULL. A ridge of 0 among them gives
                             the bits of other ridges' way, without orthogonal columns. */
};

struct lf_fleet_options {
    const struct lf_kernels *kernels; /* NULL: the best */
    size_t threads;                   /* made for the call and joined; 0: 1 */
    void *workspace; /* lf_fleet_workspace bytes, aligned as malloc does, for a call that allocates
                        nothing but what threads take; NULL: allocated for the call */
};

/* The caller's arrays, each may be NULL, and is then not computed. Parameter j of problem q is at
 * [j param_stride + q problem_stride]; both 0: at [q params + j]. All doubles are NaN for a problem
 * whose status is not LF_FIT_OK, and those that lf_lsq_result calls so. */
struct lf_fleet_result {
    double *coefficients, *standard_errors, *t, *p;
    size_t param_stride, problem_stride;
    double *r_squared, *residual_sd; /* [problems] */
    size_t *rows_used;               /* [problems]: neither missing nor of weight 0 */
    unsigned char *status;           /* [problems]: an enum lf_fit_status */
};

/* Parameters of a problem; 0 where there are none or more than LF_FLEET_MOST_PARAMS. */
LF_API size_t lf_fleet_params(const struct lf_fleet *fleet);

/* Bytes of workspace; 0 for a fleet that lf_fleet_fit refuses for its sizes. options NULL: all
 * zero. */
LF_API size_t lf_fleet_workspace(const struct lf_fleet *fleet,
                                 const struct lf_fleet_options *options);

/* Fits all problems. result->status tells of each.
 *   LF_OK
 *   LF_INVALID      NULL where data are needed; no parameters or too many; a ridge that is negative
 *                   or not finite; a negative weight; offsets that decrease; sizes or strides
 *                   beyond the address space; outputs that overlap each other, the workspace or an
 *                   input, which lies from its first element to its last
 *   LF_UNSUPPORTED, LF_NO_MEMORY
 * If it is not LF_OK nothing has been written. */
LF_API lf_status lf_fleet_fit(const struct lf_fleet *fleet, const struct lf_fleet_options *options,
                              const struct lf_fleet_result *result);

#ifdef __cplusplus
}
#endif

#endif
