/* SPDX-License-Identifier: MIT */
/* The constants of the numerics contract (kernels.h states it) that every table shares. */
#ifndef LANEFIT_SRC_KERNELS_CONTRACT_H
#define LANEFIT_SRC_KERNELS_CONTRACT_H

#include <stddef.h>

/* V: lanes of one type in 64 bytes. */
#define LF_VECTOR(type) (64 / sizeof(type))

enum {
    LF_LANES_IN = 16,    /* with one output and so many inputs at most a row is a lane */
    LF_WIDE_OUTPUTS = 3, /* with more inputs than that and so few outputs they are cut over lanes */
    LF_FLAT_OUTPUTS = 256, /* up to so many outputs the elements of a loss are one sequence */
    LF_TILE = 4096         /* elements that the one pass keeps of x, of y and of its gradient */
};

#define LF_ROOT_HALF 0.70710678118654752440           /* sqrt(1/2) */
#define LF_NORMAL_DENSITY_AT_0 0.39894228040143267794 /* 1 / sqrt(2 pi) */

/* What is left of n from i on, at most V of it. */
#define LF_PIECE(type, n, i) ((n) - (i) < LF_VECTOR(type) ? (n) - (i) : LF_VECTOR(type))

/* L, the lanes over which the row sums of an in x out weight gradient are spread. */
static inline size_t lf_row_lanes(size_t in, size_t out, size_t vector)
{
    if (out == 1)
        return in <= LF_LANES_IN ? vector : 1;
    size_t lanes = 1;
    while (lanes < vector && lanes * in * out < 4 * vector)
        lanes *= 2;
    return lanes;
}

#endif
