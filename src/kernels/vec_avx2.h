/* SPDX-License-Identifier: MIT */
/* The vocabulary of vec.h in AVX2: its registers, what goes beyond one register, its words. */
#include "regs_avx2.h"

#include "type_f32.h"
#include "vec_of_regs.inl.h"

#include "type_f64.h"
#include "vec_of_regs.inl.h"

/* Masks of the registers of a vec. */
typedef struct masks {
    __m256i r[LF_VEC_REGS];
} masks;

#define LF_PICKS 0

/* ---- f32 --------------------------------------------------------------------------------- */

/* All ones in the first n of 16 lanes: a window that slides over 16 ones and 16 zeros. */
LF_INLINE masks mask_f32(size_t n)
{
    static const int32_t window[32] = {-1, -1, -1, -1, -1, -1, -1, -1,
                                       -1, -1, -1, -1, -1, -1, -1, -1};
    const int32_t *p = window + 16 - n;
    LF_EACH_REG(masks, _mm256_loadu_si256((const __m256i *)(p + 8 * i)));
}

LF_INLINE vec_f32 v_load_half_f32(const float *p)
{
    return (vec_f32){{_mm256_loadu_ps(p), _mm256_setzero_ps()}};
}

LF_INLINE void v_store_half_f32(float *p, vec_f32 v)
{
    _mm256_storeu_ps(p, v.r[0]);
}

LF_INLINE vec_f32 v_load_part_f32(const float *p, size_t n)
{
    masks mask = mask_f32(n);
    LF_EACH_REG(vec_f32, _mm256_maskload_ps(p + 8 * i, mask.r[i]));
}

LF_INLINE void v_store_part_f32(float *p, vec_f32 v, size_t n)
{
    masks mask = mask_f32(n);
    LF_FOR_EACH_REG(_mm256_maskstore_ps(p + 8 * i, mask.r[i], v.r[i]))
}

LF_INLINE vec_f32 v_first_f32(size_t n, vec_f32 a, vec_f32 b)
{
    masks mask = mask_f32(n);
    LF_EACH_REG(vec_f32, _mm256_blendv_ps(b.r[i], a.r[i], _mm256_castsi256_ps(mask.r[i])));
}

LF_INLINE float v_sum_f32(vec_f32 v)
{
    __m256 eight = _mm256_add_ps(v.r[0], v.r[1]);
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

LF_INLINE void v_sum4_f32(const vec_f32 v[4], float sum[4])
{
    __m256 eight[4], two[2];
    LF_UNROLL
    for (size_t j = 0; j < 4; j++)
        eight[j] = _mm256_add_ps(v[j].r[0], v[j].r[1]);
    __m256 ab = _mm256_add_ps(_mm256_permute2f128_ps(eight[0], eight[1], 0x20),
                              _mm256_permute2f128_ps(eight[0], eight[1], 0x31));
    __m256 cd = _mm256_add_ps(_mm256_permute2f128_ps(eight[2], eight[3], 0x20),
                              _mm256_permute2f128_ps(eight[2], eight[3], 0x31));
    two[0] = _mm256_add_ps(_mm256_shuffle_ps(ab, cd, 0x44), _mm256_shuffle_ps(ab, cd, 0xee));
    two[1] = _mm256_add_ps(two[0], _mm256_movehdup_ps(two[0])); /* a . c . | b . d . */
    __m128 ac = _mm256_castps256_ps128(two[1]), bd = _mm256_extractf128_ps(two[1], 1);
    _mm_storeu_ps(sum, _mm_blend_ps(ac, _mm_moveldup_ps(bd), 0xa));
}

/* Rows k and k + 4 of eight in the halves of q[k], the rows of p from `first` on. */
LF_INLINE void load_columns_f32(const float *p, size_t stride, size_t n, size_t first, __m256 q[4])
{
    LF_UNROLL
    for (size_t k = 0; k < 4; k++)
        q[k] = two_quads(p + LF_ROW(first + k, n) * stride, p + LF_ROW(first + k + 4, n) * stride);
    transpose_quads(q);
}

LF_INLINE vec_f32 v_repeat_f32(const float *p, size_t lanes)
{
    if (lanes == 16)
        return v_load_f32(p);
    __m256 v = lanes == 8 ? _mm256_loadu_ps(p) : _mm256_broadcast_ps((const __m128 *)p);
    return (vec_f32){{v, v}};
}

LF_INLINE vec_f32 v_pieces_f32(const float *p, size_t stride, size_t lanes)
{
    if (lanes == 16)
        return v_load_f32(p);
    if (lanes == 8)
        return (vec_f32){{_mm256_loadu_ps(p), _mm256_loadu_ps(p + stride)}};
    return (vec_f32){
        {_mm256_loadu2_m128(p + stride, p), _mm256_loadu2_m128(p + 3 * stride, p + 2 * stride)}};
}

LF_INLINE void v_load_columns_f32(const float *p, size_t stride, size_t n, vec_f32 v[4])
{
    __m256 lo[4], hi[4];
    load_columns_f32(p, stride, n, 0, lo);
    load_columns_f32(p, stride, n, 8, hi);
    LF_UNROLL
    for (size_t j = 0; j < 4; j++)
        v[j] = (vec_f32){{lo[j], hi[j]}};
}

LF_INLINE int v_all_finite_f32(vec_f32 v)
{
    return _mm256_movemask_ps(_mm256_and_ps(finite_f32(v.r[0]), finite_f32(v.r[1]))) == 0xff;
}

/* ---- f64 --------------------------------------------------------------------------------- */

LF_INLINE masks mask_f64(size_t n)
{
    static const int64_t window[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    const int64_t *p = window + 8 - n;
    LF_EACH_REG(masks, _mm256_loadu_si256((const __m256i *)(p + 4 * i)));
}

LF_INLINE vec_f64 v_load_half_f64(const double *p)
{
    return (vec_f64){{_mm256_loadu_pd(p), _mm256_setzero_pd()}};
}

LF_INLINE void v_store_half_f64(double *p, vec_f64 v)
{
    _mm256_storeu_pd(p, v.r[0]);
}

LF_INLINE vec_f64 v_load_part_f64(const double *p, size_t n)
{
    masks mask = mask_f64(n);
    LF_EACH_REG(vec_f64, _mm256_maskload_pd(p + 4 * i, mask.r[i]));
}

LF_INLINE void v_store_part_f64(double *p, vec_f64 v, size_t n)
{
    masks mask = mask_f64(n);
    LF_FOR_EACH_REG(_mm256_maskstore_pd(p + 4 * i, mask.r[i], v.r[i]))
}

LF_INLINE vec_f64 v_first_f64(size_t n, vec_f64 a, vec_f64 b)
{
    masks mask = mask_f64(n);
    LF_EACH_REG(vec_f64, _mm256_blendv_pd(b.r[i], a.r[i], _mm256_castsi256_pd(mask.r[i])));
}

LF_INLINE double v_sum_f64(vec_f64 v)
{
    __m256d four = _mm256_add_pd(v.r[0], v.r[1]);
    __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

LF_INLINE void v_sum4_f64(const vec_f64 v[4], double sum[4])
{
    __m256d four[4];
    LF_UNROLL
    for (size_t j = 0; j < 4; j++)
        four[j] = _mm256_add_pd(v[j].r[0], v[j].r[1]);
    __m256d ab = _mm256_add_pd(_mm256_permute2f128_pd(four[0], four[1], 0x20),
                               _mm256_permute2f128_pd(four[0], four[1], 0x31));
    __m256d cd = _mm256_add_pd(_mm256_permute2f128_pd(four[2], four[3], 0x20),
                               _mm256_permute2f128_pd(four[2], four[3], 0x31));
    _mm256_storeu_pd(sum, _mm256_permute4x64_pd(_mm256_hadd_pd(ab, cd), 0xd8));
}

/* Two columns of the four rows of p from `first` on: rows 0 and 2, 1 and 3 in the halves of a
 * register, then interleaved. */
LF_INLINE void load_columns_f64(const double *p, size_t stride, size_t n, size_t first,
                                __m256d q[2])
{
    __m256d rows[2];
    LF_UNROLL
    for (size_t k = 0; k < 2; k++)
        rows[k] =
            two_pairs(p + LF_ROW(first + k, n) * stride, p + LF_ROW(first + k + 2, n) * stride);
    q[0] = _mm256_unpacklo_pd(rows[0], rows[1]);
    q[1] = _mm256_unpackhi_pd(rows[0], rows[1]);
}

LF_INLINE vec_f64 v_repeat_f64(const double *p, size_t lanes)
{
    if (lanes == 8)
        return v_load_f64(p);
    __m256d v = _mm256_loadu_pd(p);
    return (vec_f64){{v, v}};
}

LF_INLINE vec_f64 v_pieces_f64(const double *p, size_t stride, size_t lanes)
{
    if (lanes == 8)
        return v_load_f64(p);
    return (vec_f64){{_mm256_loadu_pd(p), _mm256_loadu_pd(p + stride)}};
}

LF_INLINE void v_load_columns_f64(const double *p, size_t stride, size_t n, vec_f64 v[4])
{
    LF_UNROLL
    for (size_t j = 0; j < 4; j += 2) {
        __m256d lo[2], hi[2];
        load_columns_f64(p + j, stride, n, 0, lo);
        load_columns_f64(p + j, stride, n, 4, hi);
        v[j] = (vec_f64){{lo[0], hi[0]}};
        v[j + 1] = (vec_f64){{lo[1], hi[1]}};
    }
}

LF_INLINE int v_all_finite_f64(vec_f64 v)
{
    return _mm256_movemask_pd(_mm256_and_pd(finite_f64(v.r[0]), finite_f64(v.r[1]))) == 0xf;
}

#define LOAD_LANES(type, real)                                                                     \
    LF_INLINE void v_load_lanes_##type(const real *const p[8], size_t at, vec_f64 v[4])            \
    {                                                                                              \
        LF_UNROLL                                                                                  \
        for (size_t h = 0; h < 2; h++) {                                                           \
            reg_f64 r[4];                                                                          \
            LF_UNROLL                                                                              \
            for (size_t k = 0; k < 4; k++)                                                         \
                r[k] = r_widen_##type(p[4 * h + k] + at);                                          \
            turn_lanes(r);                                                                         \
            LF_UNROLL                                                                              \
            for (size_t k = 0; k < 4; k++)                                                         \
                v[k].r[h] = r[k];                                                                  \
        }                                                                                          \
    }
LOAD_LANES(f32, float)
LOAD_LANES(f64, double)
#undef LOAD_LANES

#include "words_avx2.h"
