/* SPDX-License-Identifier: MIT */
/* Least squares of rows that come in pieces: accumulate, merge, solve.
 *
 * An object holds the sums of products of one regression (lsq.h) in double-double, block by block
 * of the rows: a size that depends on the columns and not on the rows. Blocks carry their number
 * and come in any order; objects of several threads, files or days are merged. The bits of a
 * solution depend on the blocks by number alone, not on their order, nor on which object they came
 * into. Multiplying a column by a power of two changes no bit but the exponent.
 *
 * Every sum is off by at most 2^-92 of the sum of its terms' magnitudes, those of removed rows
 * included. There is no second pass over the rows to refine the solution, so a regression loses its
 * condition twice: with s_j = the root of the sum of w x_j^2 over the rows added and removed, v_j =
 * the root of the j-th diagonal element of (X'WX + ridge)^-1, and c = sum of s_k v_k (params times
 * the condition, at most), a coefficient is off by 2^-91 c v_j (sum of s_k |b_k| + s_y) before it
 * is rounded; `digits` tells what that leaves. The residual sum of squares is off by 2^-91 (sum of
 * s_k |b_k| + s_y)^2. Up to a condition of about 1e5 that is what lf_lsq_fit gives; from 1e13 on it
 * is nothing, and `digits` 0. Columns far from 0, such as times, should be taken `about` one of
 * their values, which costs nothing and lets the condition be that of columns around it.
 *
 * Values may be as large as 2^400 and a column as small as 2^-400, powers of a feature likewise. */
#ifndef LANEFIT_STATISTICS_H
#define LANEFIT_STATISTICS_H

#include <lanefit/lsq.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Rows of a block, at most. */
enum { LF_STATISTICS_ROWS = 512 };

struct lf_statistics;

/* Statistics without rows. Of the options (NULL: all zero) no_intercept and degree count, and
 * weight_is_last has to be 0. `about`, of the features and then y, is subtracted from the rows,
 * exactly, and is made up for in what is told; it is copied; NULL: zeros, which it has to be
 * without an intercept. Memory: 8 KiB a column, and 8 params^2 bytes a block or a run of 2^k
 * blocks, from a multiple of 2^k on, that is complete.
 *   LF_INVALID      lf_lsq_params is 0, or a number of `about` is not finite
 *   LF_NO_MEMORY, LF_UNSUPPORTED
 * If it is not LF_OK *statistics is NULL. */
LF_API lf_status lf_statistics_create(struct lf_statistics **statistics, size_t in,
                                      const struct lf_lsq_options *options, const double *about);
LF_API void lf_statistics_destroy(struct lf_statistics *statistics);

/* Adds a block: rows in memory of one output, as for lf_lsq_fit. Rows that lack a value are
 * dropped, those of weight 0 don't count.
 *   LF_INVALID      NULL, a negative weight, more rows than LF_STATISTICS_ROWS, a stream, or a
 *                   block of that number is there already
 *   LF_SHAPE        another `in`, or more than one output
 *   LF_NO_MEMORY
 * If it is not LF_OK nothing has changed. */
LF_API lf_status lf_statistics_add(struct lf_statistics *statistics, uint64_t block,
                                   const struct lf_data *rows);

/* Takes rows out that were added, in any blocks: what is removed is a sum of its own, with blocks
 * numbered on their own, which is subtracted when solving. A value that was not finite can't be
 * removed. Statuses as above. */
LF_API lf_status lf_statistics_remove(struct lf_statistics *statistics, uint64_t block,
                                      const struct lf_data *rows);

/* Adds all blocks of `from`, added and removed, which stays as it is. LF_INVALID where the columns
 * or `about` differ, or a block is in both; LF_NO_MEMORY. If it is not LF_OK nothing has changed.
 */
LF_API lf_status lf_statistics_merge(struct lf_statistics *into, const struct lf_statistics *from);

/* The regression of the rows so far, with any ridge, as often as wanted. The status is that of
 * lf_lsq_fit, but that LF_FIT_CONSTANT_COLUMN is to 2^-45 of a column's length, and
 * LF_FIT_NON_FINITE also sums too large for a double.
 *   LF_INVALID     NULL, a ridge below 0, residuals or leverages that are asked for, or a ridge
 *                  with powers about something else than 0
 *   LF_NO_MEMORY
 * If it is not LF_OK the arrays are as they were. */
LF_API lf_status lf_statistics_solve(const struct lf_statistics *statistics, double ridge,
                                     struct lf_lsq_result *result);

#ifdef __cplusplus
}
#endif

#endif
