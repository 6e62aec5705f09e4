/* SPDX-License-Identifier: MIT */
/* The registers of vec.h in 64-bit NEON: four a vec. */
#include "vec.h"

#include <arm_neon.h>
#include <sleef.h>
#include <stddef.h>
#include <stdint.h>

typedef float32x4_t reg_f32;
typedef float64x2_t reg_f64;
typedef uint32x4_t reg_u32;

#define LF_VEC_REGS 4

enum { REGISTERS = 32, LF_TILE_ROWS = 6, LF_TILE_VECS = 1 };

/* finite_: all ones where x is finite; x - x is 0 there, and NaN elsewhere. */
#define OPERATIONS(type, real, ones)                                                               \
    LF_INLINE reg_##type r_set1_##type(real x)                                                     \
    {                                                                                              \
        return vdupq_n_##type(x);                                                                  \
    }                                                                                              \
    LF_INLINE reg_##type r_load_##type(const real *p)                                              \
    {                                                                                              \
        return vld1q_##type(p);                                                                    \
    }                                                                                              \
    LF_INLINE void r_store_##type(real *p, reg_##type v)                                           \
    {                                                                                              \
        vst1q_##type(p, v);                                                                        \
    }                                                                                              \
    LF_INLINE reg_##type r_add_##type(reg_##type a, reg_##type b)                                  \
    {                                                                                              \
        return vaddq_##type(a, b);                                                                 \
    }                                                                                              \
    LF_INLINE reg_##type r_sub_##type(reg_##type a, reg_##type b)                                  \
    {                                                                                              \
        return vsubq_##type(a, b);                                                                 \
    }                                                                                              \
    LF_INLINE reg_##type r_mul_##type(reg_##type a, reg_##type b)                                  \
    {                                                                                              \
        return vmulq_##type(a, b);                                                                 \
    }                                                                                              \
    LF_INLINE reg_##type r_fma_##type(reg_##type a, reg_##type b, reg_##type c)                    \
    {                                                                                              \
        return vfmaq_##type(c, a, b);                                                              \
    }                                                                                              \
    LF_INLINE reg_##type r_div_##type(reg_##type a, reg_##type b)                                  \
    {                                                                                              \
        return vdivq_##type(a, b);                                                                 \
    }                                                                                              \
    LF_INLINE reg_##type r_sqrt_##type(reg_##type v)                                               \
    {                                                                                              \
        return vsqrtq_##type(v);                                                                   \
    }                                                                                              \
    LF_INLINE reg_##type r_abs_##type(reg_##type v)                                                \
    {                                                                                              \
        return vabsq_##type(v);                                                                    \
    }                                                                                              \
    LF_INLINE reg_##type r_if_greater_##type(reg_##type a, reg_##type b, reg_##type c,             \
                                             reg_##type d)                                         \
    {                                                                                              \
        return vbslq_##type(vcgtq_##type(a, b), c, d);                                             \
    }                                                                                              \
    LF_INLINE ones finite_##type(reg_##type x)                                                     \
    {                                                                                              \
        return vceqzq_##type(vsubq_##type(x, x));                                                  \
    }                                                                                              \
    LF_INLINE reg_##type r_if_finite_##type(reg_##type t, reg_##type a, reg_##type b)              \
    {                                                                                              \
        return vbslq_##type(finite_##type(t), a, b);                                               \
    }
OPERATIONS(f32, float, uint32x4_t)
OPERATIONS(f64, double, uint64x2_t)
#undef OPERATIONS

LF_FUNCTION(r_exp, Sleef_finz_expf4_u10advsimd, Sleef_finz_expd2_u10advsimd)
LF_FUNCTION(r_log, Sleef_finz_logf4_u10advsimd, Sleef_finz_logd2_u10advsimd)
LF_FUNCTION(r_log1p, Sleef_finz_log1pf4_u10advsimd, Sleef_finz_log1pd2_u10advsimd)
LF_FUNCTION(r_tanh, Sleef_finz_tanhf4_u10advsimd, Sleef_finz_tanhd2_u10advsimd)
LF_FUNCTION(r_erf, Sleef_finz_erff4_u10advsimd, Sleef_finz_erfd2_u10advsimd)
LF_FUNCTION(r_sinpi, Sleef_finz_sinpif4_u05advsimd, Sleef_finz_sinpid2_u05advsimd)
LF_FUNCTION(r_cospi, Sleef_finz_cospif4_u05advsimd, Sleef_finz_cospid2_u05advsimd)

LF_INLINE reg_f32 r_load_part_f32(const float *p, size_t n)
{
    if (n == 4)
        return vld1q_f32(p);
    float32x4_t v = n == 1 ? vdupq_n_f32(0) : vcombine_f32(vld1_f32(p), vdup_n_f32(0));
    return n == 1 ? vld1q_lane_f32(p, v, 0) : n == 2 ? v : vld1q_lane_f32(p + 2, v, 2);
}

LF_INLINE reg_f64 r_load_part_f64(const double *p, size_t n)
{
    return n == 2 ? vld1q_f64(p) : vcombine_f64(vld1_f64(p), vdup_n_f64(0));
}

LF_INLINE void load_doubles(const double *p, size_t stride, reg_f64 column[2])
{
    float64x2_t a = vld1q_f64(p), b = vld1q_f64(p + stride);
    column[0] = vzip1q_f64(a, b);
    column[1] = vzip2q_f64(a, b);
}

LF_INLINE void load_quads(const float *p, size_t stride, reg_f32 column[4])
{
    float32x4_t a = vld1q_f32(p), b = vld1q_f32(p + stride);
    float32x4_t c = vld1q_f32(p + 2 * stride), d = vld1q_f32(p + 3 * stride);
    float32x4x2_t ab = vtrnq_f32(a, b), cd = vtrnq_f32(c, d);
    column[0] = vcombine_f32(vget_low_f32(ab.val[0]), vget_low_f32(cd.val[0]));
    column[1] = vcombine_f32(vget_low_f32(ab.val[1]), vget_low_f32(cd.val[1]));
    column[2] = vcombine_f32(vget_high_f32(ab.val[0]), vget_high_f32(cd.val[0]));
    column[3] = vcombine_f32(vget_high_f32(ab.val[1]), vget_high_f32(cd.val[1]));
}

LF_INLINE void load_pairs(const float *p, reg_f32 column[2])
{
    float32x4x2_t v = vld2q_f32(p);
    column[0] = v.val[0];
    column[1] = v.val[1];
}

LF_INLINE void load_triples(const float *p, reg_f32 column[3])
{
    float32x4x3_t v = vld3q_f32(p);
    for (size_t i = 0; i < 3; i++)
        column[i] = v.val[i];
}

LF_INLINE void r_spread_f32(const float *p, reg_f32 v[4])
{
    for (size_t i = 0; i < 4; i++)
        v[i] = vld1q_dup_f32(p + i);
}

LF_INLINE void r_spread_f64(const double *p, reg_f64 v[4])
{
    for (size_t i = 0; i < 4; i++)
        v[i] = vld1q_dup_f64(p + i);
}

/* Wider rows go by quads, the last of which may overlap the one before. */
LF_INLINE void r_load_rows_f32(size_t n, const float *p, size_t stride, reg_f32 *column)
{
    if (n == 2) {
        load_pairs(p, column);
    } else if (n == 3) {
        load_triples(p, column);
    } else {
        LF_UNROLL
        for (size_t i = 0; i < n; i += 4) {
            size_t at = i + 4 <= n ? i : n - 4;
            load_quads(p + at, stride, column + at);
        }
    }
}

LF_INLINE void r_load_rows_f64(size_t n, const double *p, size_t stride, reg_f64 *column)
{
    LF_UNROLL
    for (size_t i = 0; i < n; i += 2) {
        size_t at = i + 2 <= n ? i : n - 2;
        load_doubles(p + at, stride, column + at);
    }
}

/* ---- Lanes of fleets ----------------------------------------------------------------------- */

LF_INLINE reg_f64 r_widen_f32(const float *p)
{
    return vcvt_f64_f32(vld1_f32(p));
}

LF_INLINE reg_f64 r_widen_f64(const double *p)
{
    return vld1q_f64(p);
}

LF_INLINE int r_any_nan_f64(reg_f64 v)
{
    return vminvq_u32(vreinterpretq_u32_u64(vceqq_f64(v, v))) == 0;
}

/* Here the lanes that are numbers, all ones: there is no comparison for NaN. */
typedef uint64x2_t lanes_f64;

LF_INLINE lanes_f64 r_nan_f64(reg_f64 v)
{
    return vceqq_f64(v, v);
}

LF_INLINE reg_f64 r_sub_unless_f64(lanes_f64 number, reg_f64 a, reg_f64 b)
{
    return vreinterpretq_f64_u64(vandq_u64(number, vreinterpretq_u64_f64(vsubq_f64(a, b))));
}

LF_INLINE reg_f64 r_add_if_f64(lanes_f64 number, reg_f64 a, reg_f64 b)
{
    return vaddq_f64(a, vreinterpretq_f64_u64(vbicq_u64(vreinterpretq_u64_f64(b), number)));
}

LF_INLINE reg_f64 r_fma_if_f64(lanes_f64 number, reg_f64 a, reg_f64 b, reg_f64 c)
{
    const uint64x2_t only = vbicq_u64(vreinterpretq_u64_f64(a), number);
    return vfmaq_f64(c, vreinterpretq_f64_u64(only), b);
}

#define TURN(type, real)                                                                           \
    LF_INLINE void r_turn_##type(const real *p, ptrdiff_t stride, reg_f64 v[4])                    \
    {                                                                                              \
        LF_UNROLL                                                                                  \
        for (size_t j = 0; j < 4; j += 2) {                                                        \
            const float64x2_t a = r_widen_##type(p + j);                                           \
            const float64x2_t b = r_widen_##type(p + stride + j);                                  \
            v[j] = vzip1q_f64(a, b);                                                               \
            v[j + 1] = vzip2q_f64(a, b);                                                           \
        }                                                                                          \
    }                                                                                              \
    LF_INLINE reg_f64 r_gather_##type(const real *p, ptrdiff_t stride)                             \
    {                                                                                              \
        return vsetq_lane_f64((double)p[stride], vdupq_n_f64((double)p[0]), 1);                    \
    }
TURN(f32, float)
TURN(f64, double)
#undef TURN

LF_INLINE void r_store_pairs_f64(double *p, reg_f64 a, reg_f64 b)
{
    vst1q_f64(p, vzip1q_f64(a, b));
    vst1q_f64(p + 2, vzip2q_f64(a, b));
}
