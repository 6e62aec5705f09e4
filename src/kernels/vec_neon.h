/* SPDX-License-Identifier: MIT */
/* The vocabulary of vec.h in 64-bit NEON: its registers, what goes beyond one register, its words.
 */
#include "regs_neon.h"

#include "type_f32.h"
#include "vec_of_regs.inl.h"

#include "type_f64.h"
#include "vec_of_regs.inl.h"

#define LF_PICKS 0

/* ---- f32 --------------------------------------------------------------------------------- */

LF_INLINE vec_f32 v_load_half_f32(const float *p)
{
    LF_EACH_REG(vec_f32, i < 2 ? vld1q_f32(p + 4 * i) : vdupq_n_f32(0));
}

LF_INLINE void v_store_half_f32(float *p, vec_f32 v)
{
    LF_UNROLL
    for (size_t i = 0; i < 2; i++)
        vst1q_f32(p + 4 * i, v.r[i]);
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
    LF_EACH_REG(vec_f32, vbslq_f32(vld1q_u32(window + 16 - n + 4 * i), a.r[i], b.r[i]));
}

LF_INLINE float v_sum_f32(vec_f32 v)
{
    float32x4_t four = vaddq_f32(vaddq_f32(v.r[0], v.r[2]), vaddq_f32(v.r[1], v.r[3]));
    float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
    return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}

/* Two registers by pairs of lanes: the first pairs of both, the last pairs of both. */
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
        four[j] = vaddq_f32(vaddq_f32(v[j].r[0], v[j].r[2]), vaddq_f32(v[j].r[1], v[j].r[3]));
    float32x4_t ab = vaddq_f32(first_pairs(four[0], four[1]), last_pairs(four[0], four[1]));
    float32x4_t cd = vaddq_f32(first_pairs(four[2], four[3]), last_pairs(four[2], four[3]));
    vst1q_f32(sum, vpaddq_f32(ab, cd));
}

LF_INLINE void transpose_quads(float32x4_t q[4])
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
    LF_EACH_REG(vec_f32, vld1q_f32(p + 4 * i % lanes));
}

LF_INLINE vec_f32 v_pieces_f32(const float *p, size_t stride, size_t lanes)
{
    LF_EACH_REG(vec_f32, vld1q_f32(p + 4 * i / lanes * stride + 4 * i % lanes));
}

LF_INLINE void v_load_columns_f32(const float *p, size_t stride, size_t n, vec_f32 v[4])
{
    LF_UNROLL
    for (size_t i = 0; i < 4; i++) {
        float32x4_t q[4];
        LF_UNROLL
        for (size_t k = 0; k < 4; k++)
            q[k] = vld1q_f32(p + LF_ROW(4 * i + k, n) * stride);
        transpose_quads(q);
        LF_UNROLL
        for (size_t j = 0; j < 4; j++)
            v[j].r[i] = q[j];
    }
}

LF_INLINE int v_all_finite_f32(vec_f32 v)
{
    uint32x4_t all = vandq_u32(vandq_u32(finite_f32(v.r[0]), finite_f32(v.r[1])),
                               vandq_u32(finite_f32(v.r[2]), finite_f32(v.r[3])));
    return vminvq_u32(all) != 0;
}

/* ---- f64 --------------------------------------------------------------------------------- */

LF_INLINE vec_f64 v_load_half_f64(const double *p)
{
    LF_EACH_REG(vec_f64, i < 2 ? vld1q_f64(p + 2 * i) : vdupq_n_f64(0));
}

LF_INLINE void v_store_half_f64(double *p, vec_f64 v)
{
    LF_UNROLL
    for (size_t i = 0; i < 2; i++)
        vst1q_f64(p + 2 * i, v.r[i]);
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
    LF_EACH_REG(vec_f64, vbslq_f64(vld1q_u64(window + 8 - n + 2 * i), a.r[i], b.r[i]));
}

LF_INLINE double v_sum_f64(vec_f64 v)
{
    float64x2_t two = vaddq_f64(vaddq_f64(v.r[0], v.r[2]), vaddq_f64(v.r[1], v.r[3]));
    return vgetq_lane_f64(two, 0) + vgetq_lane_f64(two, 1);
}

LF_INLINE void v_sum4_f64(const vec_f64 v[4], double sum[4])
{
    float64x2_t two[4];
    for (size_t j = 0; j < 4; j++)
        two[j] = vaddq_f64(vaddq_f64(v[j].r[0], v[j].r[2]), vaddq_f64(v[j].r[1], v[j].r[3]));
    vst1q_f64(sum, vpaddq_f64(two[0], two[1]));
    vst1q_f64(sum + 2, vpaddq_f64(two[2], two[3]));
}

LF_INLINE vec_f64 v_repeat_f64(const double *p, size_t lanes)
{
    LF_EACH_REG(vec_f64, vld1q_f64(p + 2 * i % lanes));
}

LF_INLINE vec_f64 v_pieces_f64(const double *p, size_t stride, size_t lanes)
{
    LF_EACH_REG(vec_f64, vld1q_f64(p + 2 * i / lanes * stride + 2 * i % lanes));
}

LF_INLINE void v_load_columns_f64(const double *p, size_t stride, size_t n, vec_f64 v[4])
{
    LF_UNROLL
    for (size_t i = 0; i < 4; i++) {
        LF_UNROLL
        for (size_t j = 0; j < 4; j += 2) {
            float64x2_t even = vld1q_f64(p + LF_ROW(2 * i, n) * stride + j);
            float64x2_t odd = vld1q_f64(p + LF_ROW(2 * i + 1, n) * stride + j);
            v[j].r[i] = vzip1q_f64(even, odd);
            v[j + 1].r[i] = vzip2q_f64(even, odd);
        }
    }
}

LF_INLINE int v_all_finite_f64(vec_f64 v)
{
    uint64x2_t all = vandq_u64(vandq_u64(finite_f64(v.r[0]), finite_f64(v.r[1])),
                               vandq_u64(finite_f64(v.r[2]), finite_f64(v.r[3])));
    return vgetq_lane_u64(all, 0) != 0 && vgetq_lane_u64(all, 1) != 0;
}

#define LOAD_LANES(type, real)                                                                     \
    LF_INLINE void v_load_lanes_##type(const real *const p[8], size_t at, vec_f64 v[4])            \
    {                                                                                              \
        LF_UNROLL                                                                                  \
        for (size_t h = 0; h < 4; h++) {                                                           \
            LF_UNROLL                                                                              \
            for (size_t j = 0; j < 4; j += 2) {                                                    \
                const float64x2_t a = r_widen_##type(p[2 * h] + at + j);                           \
                const float64x2_t b = r_widen_##type(p[2 * h + 1] + at + j);                       \
                v[j].r[h] = vzip1q_f64(a, b);                                                      \
                v[j + 1].r[h] = vzip2q_f64(a, b);                                                  \
            }                                                                                      \
        }                                                                                          \
    }
LOAD_LANES(f32, float)
LOAD_LANES(f64, double)
#undef LOAD_LANES

#include "words_neon.h"
