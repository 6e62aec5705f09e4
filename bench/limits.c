/* SPDX-License-Identifier: MIT */
/* The limits of a core that the kernels are held against, built once with the flags of each
 * instruction set: reading memory, and fused multiply-adds. */
#include "limits.h"

#include <string.h>

enum { WIDTH = __BIGGEST_ALIGNMENT__ }; /* bytes of a register */

typedef float floats __attribute__((vector_size(WIDTH)));
typedef double doubles __attribute__((vector_size(WIDTH)));

enum { STREAMS = 8 };

/* Reads all of it, with loads alone and as many sums as hide the latency of an addition. */
static double read_bytes(const void *memory, size_t bytes)
{
    const char *p = memory;
    floats sum[STREAMS] = {{0}};
    for (size_t i = 0; i + sizeof sum <= bytes; i += sizeof sum)
        for (size_t k = 0; k < STREAMS; k++) {
            floats v;
            memcpy(&v, p + i + k * WIDTH, sizeof v);
            sum[k] += v;
        }
    for (size_t k = 1; k < STREAMS; k++)
        sum[0] += sum[k];
    return (double)sum[0][0];
}

/* `steps` multiply-adds in each of 12 independent registers. */
#define MULTIPLY_ADD(name, type, vector)                                                           \
    static double name(size_t steps)                                                               \
    {                                                                                              \
        volatile type given = (type)0.5;                                                           \
        vector factor = given - (vector){0}, sum[12];                                              \
        for (size_t k = 0; k < 12; k++)                                                            \
            sum[k] = factor + (type)k;                                                             \
        for (size_t i = 0; i < steps; i++)                                                         \
            for (size_t k = 0; k < 12; k++)                                                        \
                sum[k] = sum[k] * factor + factor;                                                 \
        for (size_t k = 1; k < 12; k++)                                                            \
            sum[0] += sum[k];                                                                      \
        return (double)sum[0][0];                                                                  \
    }
MULTIPLY_ADD(multiply_add_f32, float, floats)
MULTIPLY_ADD(multiply_add_f64, double, doubles)

extern const struct limits LIMITS;
const struct limits LIMITS = {
    .read = read_bytes,
    .multiply_add = {multiply_add_f32, multiply_add_f64},
    .flops = {2.0 * 12 * WIDTH / sizeof(float), 2.0 * 12 * WIDTH / sizeof(double)},
};
