/* SPDX-License-Identifier: MIT */
/* The vocabulary of vec.h in 64-bit NEON: four registers a vec. */
#include "vec.h"

#include <arm_neon.h>
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

LF_INLINE float v_sum_f32(vec_f32 v)
{
    float32x4_t four = vaddq_f32(vaddq_f32(v.q[0], v.q[2]), vaddq_f32(v.q[1], v.q[3]));
    float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
    return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
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

LF_INLINE double v_sum_f64(vec_f64 v)
{
    float64x2_t two = vaddq_f64(vaddq_f64(v.q[0], v.q[2]), vaddq_f64(v.q[1], v.q[3]));
    return vgetq_lane_f64(two, 0) + vgetq_lane_f64(two, 1);
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
