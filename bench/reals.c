/* SPDX-License-Identifier: MIT */
#include "reals.h"

#include "../tests/bits.h"

#include <stdint.h>
#include <stdlib.h>

void *reals(enum lf_dtype dtype, size_t n)
{
    const size_t size = dtype == LF_F32 ? sizeof(float) : sizeof(double);
    if (n > (SIZE_MAX - 64) / size)
        return NULL;
    void *values = aligned_alloc(64, (n * size + 63) / 64 * 64 + 64);
    struct test_rng rng = {n};
    for (size_t i = 0; values && i < n; i++) {
        double v = test_uniform(&rng, -1, 1);
        if (dtype == LF_F32)
            ((float *)values)[i] = (float)v;
        else
            ((double *)values)[i] = v;
    }
    return values;
}
