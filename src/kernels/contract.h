/* SPDX-License-Identifier: MIT */
/* The constants of the numerics contract (kernels.h states it) that every table shares. */
#ifndef LANEFIT_SRC_KERNELS_CONTRACT_H
#define LANEFIT_SRC_KERNELS_CONTRACT_H

#include <stddef.h>

/* V: lanes of one type in 64 bytes. */
#define LF_VECTOR(type) (64 / sizeof(type))

/* No weight gradient needs more accumulators than this: V lanes of 16 inputs. */
#define LF_ACCUMULATORS(type) (16 * LF_VECTOR(type))

/* What is left of n from i on, at most V of it. */
#define LF_PIECE(type, n, i) ((n) - (i) < LF_VECTOR(type) ? (n) - (i) : LF_VECTOR(type))

/* L, the lanes over which the row sums of an in x out weight gradient are spread. */
static inline size_t lf_row_lanes(size_t in, size_t out, size_t vector)
{
    if (out == 1)
        return in <= 16 ? vector : 1;
    size_t lanes = 1;
    while (lanes < vector && lanes * in * out < 4 * vector)
        lanes *= 2;
    return lanes;
}

#endif
