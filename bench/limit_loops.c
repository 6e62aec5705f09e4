/* SPDX-License-Identifier: MIT */
/* The loops of limit.h, built once with the flags of each instruction set. Without VECTORS a
 * register holds one number, as those of the scalar table do. */
#include "limit.h"

#include <string.h>

enum {
    F32_WIDTH = VECTORS ? __BIGGEST_ALIGNMENT__ : sizeof(float), /* bytes of a register */
    F64_WIDTH = VECTORS ? __BIGGEST_ALIGNMENT__ : sizeof(double),
    STREAMS = 8
};

typedef float floats __attribute__((vector_size(F32_WIDTH)));
typedef double doubles __attribute__((vector_size(F64_WIDTH)));

/* With loads alone, and as many sums as hide the latency of an addition. */
static double read_bytes(const void *memory, size_t bytes)
{
    const char *p = memory;
    doubles sum[STREAMS] = {{0}};
    for (size_t i = 0; i + sizeof sum <= bytes; i += sizeof sum)
        for (size_t k = 0; k < STREAMS; k++) {
            doubles v;
            memcpy(&v, p + i + k * F64_WIDTH, sizeof v);
            sum[k] += v;
        }
    for (size_t k = 1; k < STREAMS; k++)
        sum[0] += sum[k];
    return sum[0][0];
}

/* With ordinary stores, which keep what is written in the cache. */
static double write_bytes(void *memory, size_t bytes)
{
    volatile double given = 0.5;
    const doubles v = given - (doubles){0};
    char *p = memory;
    for (size_t i = 0; i + STREAMS * sizeof v <= bytes; i += STREAMS * sizeof v) {
        for (size_t k = 0; k < STREAMS; k++)
            memcpy(p + i + k * F64_WIDTH, &v, sizeof v);
        __asm__ volatile("" : : "r"(p) : "memory"); /* no call of memset instead */
    }
    return v[0];
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
    .write = write_bytes,
    .multiply_add = {multiply_add_f32, multiply_add_f64},
    .flops = {2.0 * 12 * F32_WIDTH / sizeof(float), 2.0 * 12 * F64_WIDTH / sizeof(double)},
};
