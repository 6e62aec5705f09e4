/* SPDX-License-Identifier: MIT */
/* The limit of a run of one-sample SGD: each step needs the weight of the step before, through a
 * chain of operations that no core can shorten without changing a rounding.
 *
 *   linear   x w, + b, - y, * 2x, fma                        mul add sub mul fma
 *   shared   x w, + b, * w, + b, - y, * 2w, * x, + g h, fma  mul add mul add sub mul mul add fma
 *
 * The factor 2 of the gradient is exact and stands off the chain. In the shared layer g h is ready
 * before g1 x. On Zen 4 (add, multiply 3 cycles, fma 4) that is 16 and 28 cycles a step; on Zen 5,
 * whose additions forward to each other after 2, it is 15 and 27. */
#include "limit.h"

#define CHAIN(name, type, fma)                                                                     \
    type chain_linear##name(size_t steps)                                                          \
    {                                                                                              \
        volatile const type given[] = {(type)0.3, (type)1.3579, (type)0.988, (type)0.01};          \
        type x = given[0], y = given[1], b = given[2], lr = given[3], w = 0, x2 = x + x;           \
        for (size_t i = 0; i < steps; i++) {                                                       \
            type d = x * w + b - y;                                                                \
            w = fma(-lr, d * x2, w);                                                               \
        }                                                                                          \
        return w;                                                                                  \
    }                                                                                              \
    type chain_shared##name(size_t steps)                                                          \
    {                                                                                              \
        volatile const type given[] = {(type)0.3, (type)1.3579, (type)0.468, (type)0.01};          \
        type x = given[0], y = given[1], b = given[2], lr = given[3], w = 1;                       \
        for (size_t i = 0; i < steps; i++) {                                                       \
            type h = x * w + b;                                                                    \
            type d = h * w + b - y;                                                                \
            w = fma(-lr, (d + d) * h + d * (w + w) * x, w);                                        \
        }                                                                                          \
        return w;                                                                                  \
    }

CHAIN(, float, __builtin_fmaf)
CHAIN(_f64, double, __builtin_fma)
