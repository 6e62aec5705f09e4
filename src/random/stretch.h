/* SPDX-License-Identifier: MIT */
/* A draw u from U[0,1) stretched to [-bound, bound): fma(u, 2 bound, -bound), the bound rounded to
 * the type first, as PyTorch does. */
#ifndef LANEFIT_SRC_RANDOM_STRETCH_H
#define LANEFIT_SRC_RANDOM_STRETCH_H

static inline float lf_stretch_f32(float u, double bound)
{
    return __builtin_fmaf(u, 2 * (float)bound, -(float)bound);
}

static inline double lf_stretch_f64(double u, double bound)
{
    return __builtin_fma(u, 2 * bound, -bound);
}

#endif
