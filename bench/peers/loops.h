/* SPDX-License-Identifier: MIT */
/* What stands around a library's product: loops that the compiler vectorizes, with -O3
 * -march=native -ffast-math. */
#ifndef LANEFIT_BENCH_PEERS_LOOPS_H
#define LANEFIT_BENCH_PEERS_LOOPS_H

#include <stddef.h>

/* y[rows,out] = b in every row. */
static inline void fill_rows(size_t rows, size_t out, const float *restrict b, float *restrict y)
{
    if (out == 1)
        for (size_t r = 0; r < rows; r++)
            y[r] = b[0];
    else
        for (size_t r = 0; r < rows; r++)
            for (size_t o = 0; o < out; o++)
                y[r * out + o] = b[o];
}

/* sums[out] += the rows of g[rows,out]. */
static inline void add_rows(size_t rows, size_t out, const float *restrict g, float *restrict sums)
{
    if (out == 1) {
        float sum = 0;
        for (size_t r = 0; r < rows; r++)
            sum += g[r];
        sums[0] += sum;
        return;
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t o = 0; o < out; o++)
            sums[o] += g[r * out + o];
}

/* d[n] = d - t; returns the sum of d. */
static inline float subtract(size_t n, const float *restrict t, float *restrict d)
{
    float sum = 0;
    for (size_t i = 0; i < n; i++) {
        d[i] -= t[i];
        sum += d[i];
    }
    return sum;
}

#endif
