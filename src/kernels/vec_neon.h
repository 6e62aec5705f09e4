/* SPDX-License-Identifier: MIT */
/* The vocabulary of vec.h in 64-bit NEON: four registers a vec. */
#include "vec.h"

#include <arm_neon.h>
#include <sleef.h>
#include <stddef.h>
#include <stdint.h>

typedef struct vec_f32 {
    float32x4_t q[4];
} vec_f32;

typedef struct vec_f64 {
    float64x2_t q[4];
} vec_f64;

typedef struct vec_u32 {
    uint32x4_t q[4];
} vec_u32;

/* expr, an expression in i, for each of the four registers. */
#define FOR_EACH_Q(type, expr)                                                                     \
    type v_;                                                                                       \
    for (size_t i = 0; i < 4; i++)                                                                 \
        v_.q[i] = (expr);                                                                          \
    return v_

enum { LF_TILE_ROWS = 6, LF_TILE_VECS = 1 };

/* ---- f32 --------------------------------------------------------------------------------- */

LF_INLINE vec_f32 v_set1_f32(float x)
{
    FOR_EACH_Q(vec_f32, vdupq_n_f32(x));
}

LF_INLINE vec_f32 v_load_f32(const float *p)
{
    FOR_EACH_Q(vec_f32, vld1q_f32(p + 4 * i));
}

LF_INLINE void v_store_f32(float *p, vec_f32 v)
{
    for (size_t i = 0; i < 4; i++)
        vst1q_f32(p + 4 * i, v.q[i]);
}

LF_INLINE vec_f32 v_load_half_f32(const float *p)
{
    FOR_EACH_Q(vec_f32, i < 2 ? vld1q_f32(p + 4 * i) : vdupq_n_f32(0));
}

LF_INLINE void v_store_half_f32(float *p, vec_f32 v)
{
    LF_UNROLL
    for (size_t i = 0; i < 2; i++)
        vst1q_f32(p + 4 * i, v.q[i]);
}

LF_INLINE vec_f32 v_load_part_f32(const float *p, size_t n)
{
    float lanes[16] = {0};
    for (size_t i = 0; i < n; i++)
        lanes[i] = p[i];
    return v_load_f32(lanes);
}

LF_INLINE void v_store_part_f32(float *p, vec_f32 v, size_t n)
{
    float lanes[16];
    v_store_f32(lanes, v);
    for (size_t i = 0; i < n; i++)
        p[i] = lanes[i];
}

LF_INLINE vec_f32 v_first_f32(size_t n, vec_f32 a, vec_f32 b)
{
    static const uint32_t window[32] = {~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u,
                                        ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u};
    FOR_EACH_Q(vec_f32, vbslq_f32(vld1q_u32(window + 16 - n + 4 * i), a.q[i], b.q[i]));
}

LF_INLINE vec_f32 v_add_f32(vec_f32 a, vec_f32 b)
{
    FOR_EACH_Q(vec_f32, vaddq_f32(a.q[i], b.q[i]));
}

LF_INLINE vec_f32 v_sub_f32(vec_f32 a, vec_f32 b)
{
    FOR_EACH_Q(vec_f32, vsubq_f32(a.q[i], b.q[i]));
}

LF_INLINE vec_f32 v_mul_f32(vec_f32 a, vec_f32 b)
{
    FOR_EACH_Q(vec_f32, vmulq_f32(a.q[i], b.q[i]));
}

LF_INLINE vec_f32 v_fma_f32(vec_f32 a, vec_f32 b, vec_f32 c)
{
    FOR_EACH_Q(vec_f32, vfmaq_f32(c.q[i], a.q[i], b.q[i]));
}

LF_INLINE vec_f32 v_div_f32(vec_f32 a, vec_f32 b)
{
    FOR_EACH_Q(vec_f32, vdivq_f32(a.q[i], b.q[i]));
}

LF_INLINE vec_f32 v_sqrt_f32(vec_f32 v)
{
    FOR_EACH_Q(vec_f32, vsqrtq_f32(v.q[i]));
}

LF_INLINE vec_f32 v_abs_f32(vec_f32 v)
{
    FOR_EACH_Q(vec_f32, vabsq_f32(v.q[i]));
}

LF_INLINE vec_f32 v_if_greater_f32(vec_f32 a, vec_f32 b, vec_f32 c, vec_f32 d)
{
    FOR_EACH_Q(vec_f32, vbslq_f32(vcgtq_f32(a.q[i], b.q[i]), c.q[i], d.q[i]));
}

LF_INLINE float v_sum_f32(vec_f32 v)
{
    float32x4_t four = vaddq_f32(vaddq_f32(v.q[0], v.q[2]), vaddq_f32(v.q[1], v.q[3]));
    float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
    return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}

/* (q[0] q[1] | q[2] q[3]) by pairs of lanes: the first pairs of both, the last pairs of both. */
LF_INLINE float32x4_t first_pairs(float32x4_t a, float32x4_t b)
{
    return vcombine_f32(vget_low_f32(a), vget_low_f32(b));
}

LF_INLINE float32x4_t last_pairs(float32x4_t a, float32x4_t b)
{
    return vcombine_f32(vget_high_f32(a), vget_high_f32(b));
}

LF_INLINE void v_sum4_f32(const vec_f32 v[4], float sum[4])
{
    float32x4_t four[4];
    for (size_t j = 0; j < 4; j++)
        four[j] = vaddq_f32(vaddq_f32(v[j].q[0], v[j].q[2]), vaddq_f32(v[j].q[1], v[j].q[3]));
    float32x4_t ab = vaddq_f32(first_pairs(four[0], four[1]), last_pairs(four[0], four[1]));
    float32x4_t cd = vaddq_f32(first_pairs(four[2], four[3]), last_pairs(four[2], four[3]));
    vst1q_f32(sum, vpaddq_f32(ab, cd));
}

LF_INLINE void transpose4_f32(float32x4_t q[4])
{
    float32x4_t even01 = vtrn1q_f32(q[0], q[1]), odd01 = vtrn2q_f32(q[0], q[1]);
    float32x4_t even23 = vtrn1q_f32(q[2], q[3]), odd23 = vtrn2q_f32(q[2], q[3]);
    q[0] = first_pairs(even01, even23);
    q[1] = first_pairs(odd01, odd23);
    q[2] = last_pairs(even01, even23);
    q[3] = last_pairs(odd01, odd23);
}

LF_INLINE vec_f32 v_repeat_f32(const float *p, size_t lanes)
{
    if (lanes == 2) {
        float32x2_t pair = vld1_f32(p);
        FOR_EACH_Q(vec_f32, vcombine_f32(pair, pair));
    }
    FOR_EACH_Q(vec_f32, lanes == 1 ? vdupq_n_f32(*p) : vld1q_f32(p + 4 * i % lanes));
}

LF_INLINE vec_f32 v_pieces_f32(const float *p, size_t stride, size_t lanes)
{
    if (lanes == 2) {
        FOR_EACH_Q(vec_f32,
                   vcombine_f32(vld1_f32(p + 2 * i * stride), vld1_f32(p + (2 * i + 1) * stride)));
    }
    FOR_EACH_Q(vec_f32, vld1q_f32(p + 4 * i / lanes * stride + 4 * i % lanes));
}

LF_INLINE void v_load_columns_f32(const float *p, size_t stride, size_t n, vec_f32 v[4])
{
    LF_UNROLL
    for (size_t i = 0; i < 4; i++) {
        float32x4_t q[4];
        LF_UNROLL
        for (size_t k = 0; k < 4; k++)
            q[k] = vld1q_f32(p + LF_ROW(4 * i + k, n) * stride);
        transpose4_f32(q);
        LF_UNROLL
        for (size_t j = 0; j < 4; j++)
            v[j].q[i] = q[j];
    }
}

/* All ones where x is finite: x - x is 0 there, and NaN elsewhere. */
LF_INLINE uint32x4_t finite_f32(float32x4_t x)
{
    return vceqzq_f32(vsubq_f32(x, x));
}

LF_INLINE int v_all_finite_f32(vec_f32 v)
{
    uint32x4_t all = vandq_u32(vandq_u32(finite_f32(v.q[0]), finite_f32(v.q[1])),
                               vandq_u32(finite_f32(v.q[2]), finite_f32(v.q[3])));
    return vminvq_u32(all) != 0;
}

LF_INLINE vec_f32 v_if_finite_f32(vec_f32 t, vec_f32 a, vec_f32 b)
{
    FOR_EACH_Q(vec_f32, vbslq_f32(finite_f32(t.q[i]), a.q[i], b.q[i]));
}

/* ---- f64 --------------------------------------------------------------------------------- */

LF_INLINE vec_f64 v_set1_f64(double x)
{
    FOR_EACH_Q(vec_f64, vdupq_n_f64(x));
}

LF_INLINE vec_f64 v_load_f64(const double *p)
{
    FOR_EACH_Q(vec_f64, vld1q_f64(p + 2 * i));
}

LF_INLINE void v_store_f64(double *p, vec_f64 v)
{
    for (size_t i = 0; i < 4; i++)
        vst1q_f64(p + 2 * i, v.q[i]);
}

LF_INLINE vec_f64 v_load_half_f64(const double *p)
{
    FOR_EACH_Q(vec_f64, i < 2 ? vld1q_f64(p + 2 * i) : vdupq_n_f64(0));
}

LF_INLINE void v_store_half_f64(double *p, vec_f64 v)
{
    LF_UNROLL
    for (size_t i = 0; i < 2; i++)
        vst1q_f64(p + 2 * i, v.q[i]);
}

LF_INLINE vec_f64 v_load_part_f64(const double *p, size_t n)
{
    double lanes[8] = {0};
    for (size_t i = 0; i < n; i++)
        lanes[i] = p[i];
    return v_load_f64(lanes);
}

LF_INLINE void v_store_part_f64(double *p, vec_f64 v, size_t n)
{
    double lanes[8];
    v_store_f64(lanes, v);
    for (size_t i = 0; i < n; i++)
        p[i] = lanes[i];
}

LF_INLINE vec_f64 v_first_f64(size_t n, vec_f64 a, vec_f64 b)
{
    static const uint64_t window[16] = {~0ull, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull};
    FOR_EACH_Q(vec_f64, vbslq_f64(vld1q_u64(window + 8 - n + 2 * i), a.q[i], b.q[i]));
}

LF_INLINE vec_f64 v_add_f64(vec_f64 a, vec_f64 b)
{
    FOR_EACH_Q(vec_f64, vaddq_f64(a.q[i], b.q[i]));
}

LF_INLINE vec_f64 v_sub_f64(vec_f64 a, vec_f64 b)
{
    FOR_EACH_Q(vec_f64, vsubq_f64(a.q[i], b.q[i]));
}

LF_INLINE vec_f64 v_mul_f64(vec_f64 a, vec_f64 b)
{
    FOR_EACH_Q(vec_f64, vmulq_f64(a.q[i], b.q[i]));
}

LF_INLINE vec_f64 v_fma_f64(vec_f64 a, vec_f64 b, vec_f64 c)
{
    FOR_EACH_Q(vec_f64, vfmaq_f64(c.q[i], a.q[i], b.q[i]));
}

LF_INLINE vec_f64 v_div_f64(vec_f64 a, vec_f64 b)
{
    FOR_EACH_Q(vec_f64, vdivq_f64(a.q[i], b.q[i]));
}

LF_INLINE vec_f64 v_sqrt_f64(vec_f64 v)
{
    FOR_EACH_Q(vec_f64, vsqrtq_f64(v.q[i]));
}

LF_INLINE vec_f64 v_abs_f64(vec_f64 v)
{
    FOR_EACH_Q(vec_f64, vabsq_f64(v.q[i]));
}

LF_INLINE vec_f64 v_if_greater_f64(vec_f64 a, vec_f64 b, vec_f64 c, vec_f64 d)
{
    FOR_EACH_Q(vec_f64, vbslq_f64(vcgtq_f64(a.q[i], b.q[i]), c.q[i], d.q[i]));
}

LF_INLINE double v_sum_f64(vec_f64 v)
{
    float64x2_t two = vaddq_f64(vaddq_f64(v.q[0], v.q[2]), vaddq_f64(v.q[1], v.q[3]));
    return vgetq_lane_f64(two, 0) + vgetq_lane_f64(two, 1);
}

LF_INLINE void v_sum4_f64(const vec_f64 v[4], double sum[4])
{
    float64x2_t two[4];
    for (size_t j = 0; j < 4; j++)
        two[j] = vaddq_f64(vaddq_f64(v[j].q[0], v[j].q[2]), vaddq_f64(v[j].q[1], v[j].q[3]));
    vst1q_f64(sum, vpaddq_f64(two[0], two[1]));
    vst1q_f64(sum + 2, vpaddq_f64(two[2], two[3]));
}

LF_INLINE vec_f64 v_repeat_f64(const double *p, size_t lanes)
{
    FOR_EACH_Q(vec_f64, lanes == 1 ? vdupq_n_f64(*p) : vld1q_f64(p + 2 * i % lanes));
}

LF_INLINE vec_f64 v_pieces_f64(const double *p, size_t stride, size_t lanes)
{
    FOR_EACH_Q(vec_f64, vld1q_f64(p + 2 * i / lanes * stride + 2 * i % lanes));
}

LF_INLINE void v_load_columns_f64(const double *p, size_t stride, size_t n, vec_f64 v[4])
{
    LF_UNROLL
    for (size_t i = 0; i < 4; i++) {
        LF_UNROLL
        for (size_t j = 0; j < 4; j += 2) {
            float64x2_t even = vld1q_f64(p + LF_ROW(2 * i, n) * stride + j);
            float64x2_t odd = vld1q_f64(p + LF_ROW(2 * i + 1, n) * stride + j);
            v[j].q[i] = vzip1q_f64(even, odd);
            v[j + 1].q[i] = vzip2q_f64(even, odd);
        }
    }
}

LF_INLINE uint64x2_t finite_f64(float64x2_t x)
{
    return vceqzq_f64(vsubq_f64(x, x));
}

LF_INLINE int v_all_finite_f64(vec_f64 v)
{
    uint64x2_t all = vandq_u64(vandq_u64(finite_f64(v.q[0]), finite_f64(v.q[1])),
                               vandq_u64(finite_f64(v.q[2]), finite_f64(v.q[3])));
    return vgetq_lane_u64(all, 0) != 0 && vgetq_lane_u64(all, 1) != 0;
}

LF_INLINE vec_f64 v_if_finite_f64(vec_f64 t, vec_f64 a, vec_f64 b)
{
    FOR_EACH_Q(vec_f64, vbslq_f64(finite_f64(t.q[i]), a.q[i], b.q[i]));
}

/* ---- registers --------------------------------------------------------------------------- */

typedef float32x4_t reg_f32;
typedef float64x2_t reg_f64;

enum { REGISTERS = 32 };

#define OPERATIONS(type, real)                                                                     \
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
    }
OPERATIONS(f32, float)
OPERATIONS(f64, double)
#undef OPERATIONS

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
    if (n == 2)
        load_pairs(p, column);
    else if (n == 3)
        load_triples(p, column);
    else
        LF_UNROLL
    for (size_t i = 0; i < n; i += 4) {
        size_t at = i + 4 <= n ? i : n - 4;
        load_quads(p + at, stride, column + at);
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

/* ---- elementary functions ------------------------------------------------------------------ */

#define FUNCTION(name, f32, f64)                                                                   \
    LF_INLINE vec_f32 name##_f32(vec_f32 v)                                                        \
    {                                                                                              \
        FOR_EACH_Q(vec_f32, f32(v.q[i]));                                                          \
    }                                                                                              \
    LF_INLINE vec_f64 name##_f64(vec_f64 v)                                                        \
    {                                                                                              \
        FOR_EACH_Q(vec_f64, f64(v.q[i]));                                                          \
    }
FUNCTION(v_exp, Sleef_finz_expf4_u10advsimd, Sleef_finz_expd2_u10advsimd)
FUNCTION(v_log, Sleef_finz_logf4_u10advsimd, Sleef_finz_logd2_u10advsimd)
FUNCTION(v_log1p, Sleef_finz_log1pf4_u10advsimd, Sleef_finz_log1pd2_u10advsimd)
FUNCTION(v_tanh, Sleef_finz_tanhf4_u10advsimd, Sleef_finz_tanhd2_u10advsimd)
FUNCTION(v_erf, Sleef_finz_erff4_u10advsimd, Sleef_finz_erfd2_u10advsimd)
FUNCTION(v_sinpi, Sleef_finz_sinpif4_u05advsimd, Sleef_finz_sinpid2_u05advsimd)
FUNCTION(v_cospi, Sleef_finz_cospif4_u05advsimd, Sleef_finz_cospid2_u05advsimd)
#undef FUNCTION

/* ---- words ------------------------------------------------------------------------------- */

LF_INLINE vec_u32 u_set1(uint32_t x)
{
    FOR_EACH_Q(vec_u32, vdupq_n_u32(x));
}

LF_INLINE vec_u32 u_load(const uint32_t *p)
{
    FOR_EACH_Q(vec_u32, vld1q_u32(p + 4 * i));
}

LF_INLINE void u_store(uint32_t *p, vec_u32 v)
{
    for (size_t i = 0; i < 4; i++)
        vst1q_u32(p + 4 * i, v.q[i]);
}

LF_INLINE vec_u32 u_and(vec_u32 a, vec_u32 b)
{
    FOR_EACH_Q(vec_u32, vandq_u32(a.q[i], b.q[i]));
}

LF_INLINE vec_u32 u_xor(vec_u32 a, vec_u32 b)
{
    FOR_EACH_Q(vec_u32, veorq_u32(a.q[i], b.q[i]));
}

LF_INLINE vec_u32 u_add(vec_u32 a, vec_u32 b)
{
    FOR_EACH_Q(vec_u32, vaddq_u32(a.q[i], b.q[i]));
}

LF_INLINE vec_u32 u_mul(vec_u32 a, vec_u32 b)
{
    FOR_EACH_Q(vec_u32, vmulq_u32(a.q[i], b.q[i]));
}

LF_INLINE vec_u32 u_shl(vec_u32 v, unsigned n)
{
    FOR_EACH_Q(vec_u32, vshlq_u32(v.q[i], vdupq_n_s32((int32_t)n)));
}

/* NEON shifts right by shifting left by a negative count. */
LF_INLINE vec_u32 u_shr(vec_u32 v, unsigned n)
{
    FOR_EACH_Q(vec_u32, vshlq_u32(v.q[i], vdupq_n_s32(-(int32_t)n)));
}

LF_INLINE vec_u32 u_odd(vec_u32 v, vec_u32 x)
{
    FOR_EACH_Q(vec_u32, vandq_u32(vtstq_u32(v.q[i], vdupq_n_u32(1)), x.q[i]));
}

LF_INLINE vec_f32 u_to_f32(vec_u32 v)
{
    FOR_EACH_Q(vec_f32, vcvtq_f32_u32(v.q[i]));
}

LF_INLINE vec_f64 u_to_f64(vec_u32 v, int half)
{
    uint32x4_t first = v.q[2 * half], second = v.q[2 * half + 1];
    return (vec_f64){{vcvtq_f64_u64(vmovl_u32(vget_low_u32(first))),
                      vcvtq_f64_u64(vmovl_u32(vget_high_u32(first))),
                      vcvtq_f64_u64(vmovl_u32(vget_low_u32(second))),
                      vcvtq_f64_u64(vmovl_u32(vget_high_u32(second)))}};
}

LF_INLINE vec_f64 u_pairs_to_f64(vec_u32 v)
{
    uint64x2_t mask = vdupq_n_u64(0x1fffffffffffff);
    FOR_EACH_Q(vec_f64, vcvtq_f64_u64(vandq_u64(vreinterpretq_u64_u32(vrev64q_u32(v.q[i])), mask)));
}

#undef FOR_EACH_Q
