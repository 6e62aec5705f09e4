/* SPDX-License-Identifier: MIT */
/* The vocabulary of vec.h in AVX2 and FMA: two registers a vec. */
#include "vec.h"

#include <immintrin.h>
#include <sleef.h>
#include <stddef.h>
#include <stdint.h>

typedef struct vec_f32 {
    __m256 lo, hi;
} vec_f32;

typedef struct vec_f64 {
    __m256d lo, hi;
} vec_f64;

typedef struct vec_u32 {
    __m256i lo, hi;
} vec_u32;

enum { LF_TILE_ROWS = 6, LF_TILE_VECS = 1 };

/* ---- f32 --------------------------------------------------------------------------------- */

/* All ones in the first n of 16 lanes: a window that slides over 16 ones and 16 zeros. */
LF_INLINE vec_u32 mask_f32(size_t n)
{
    static const int32_t window[32] = {-1, -1, -1, -1, -1, -1, -1, -1,
                                       -1, -1, -1, -1, -1, -1, -1, -1};
    const int32_t *p = window + 16 - n;
    return (vec_u32){_mm256_loadu_si256((const __m256i *)p),
                     _mm256_loadu_si256((const __m256i *)(p + 8))};
}

LF_INLINE vec_f32 v_set1_f32(float x)
{
    return (vec_f32){_mm256_set1_ps(x), _mm256_set1_ps(x)};
}

LF_INLINE vec_f32 v_load_f32(const float *p)
{
    return (vec_f32){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}

LF_INLINE void v_store_f32(float *p, vec_f32 v)
{
    _mm256_storeu_ps(p, v.lo);
    _mm256_storeu_ps(p + 8, v.hi);
}

LF_INLINE vec_f32 v_load_half_f32(const float *p)
{
    return (vec_f32){_mm256_loadu_ps(p), _mm256_setzero_ps()};
}

LF_INLINE void v_store_half_f32(float *p, vec_f32 v)
{
    _mm256_storeu_ps(p, v.lo);
}

LF_INLINE vec_f32 v_load_part_f32(const float *p, size_t n)
{
    vec_u32 mask = mask_f32(n);
    return (vec_f32){_mm256_maskload_ps(p, mask.lo), _mm256_maskload_ps(p + 8, mask.hi)};
}

LF_INLINE void v_store_part_f32(float *p, vec_f32 v, size_t n)
{
    vec_u32 mask = mask_f32(n);
    _mm256_maskstore_ps(p, mask.lo, v.lo);
    _mm256_maskstore_ps(p + 8, mask.hi, v.hi);
}

LF_INLINE vec_f32 v_first_f32(size_t n, vec_f32 a, vec_f32 b)
{
    vec_u32 mask = mask_f32(n);
    return (vec_f32){_mm256_blendv_ps(b.lo, a.lo, _mm256_castsi256_ps(mask.lo)),
                     _mm256_blendv_ps(b.hi, a.hi, _mm256_castsi256_ps(mask.hi))};
}

LF_INLINE vec_f32 v_add_f32(vec_f32 a, vec_f32 b)
{
    return (vec_f32){_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)};
}

LF_INLINE vec_f32 v_sub_f32(vec_f32 a, vec_f32 b)
{
    return (vec_f32){_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)};
}

LF_INLINE vec_f32 v_mul_f32(vec_f32 a, vec_f32 b)
{
    return (vec_f32){_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)};
}

LF_INLINE vec_f32 v_fma_f32(vec_f32 a, vec_f32 b, vec_f32 c)
{
    return (vec_f32){_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}

LF_INLINE vec_f32 v_div_f32(vec_f32 a, vec_f32 b)
{
    return (vec_f32){_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)};
}

LF_INLINE vec_f32 v_sqrt_f32(vec_f32 v)
{
    return (vec_f32){_mm256_sqrt_ps(v.lo), _mm256_sqrt_ps(v.hi)};
}

LF_INLINE vec_f32 v_abs_f32(vec_f32 v)
{
    __m256 sign = _mm256_set1_ps(-0.0f);
    return (vec_f32){_mm256_andnot_ps(sign, v.lo), _mm256_andnot_ps(sign, v.hi)};
}

LF_INLINE vec_f32 v_if_greater_f32(vec_f32 a, vec_f32 b, vec_f32 c, vec_f32 d)
{
    return (vec_f32){_mm256_blendv_ps(d.lo, c.lo, _mm256_cmp_ps(a.lo, b.lo, _CMP_GT_OQ)),
                     _mm256_blendv_ps(d.hi, c.hi, _mm256_cmp_ps(a.hi, b.hi, _CMP_GT_OQ))};
}

LF_INLINE float v_sum_f32(vec_f32 v)
{
    __m256 eight = _mm256_add_ps(v.lo, v.hi);
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

LF_INLINE void v_sum4_f32(const vec_f32 v[4], float sum[4])
{
    __m256 eight[4], two[2];
    LF_UNROLL
    for (size_t j = 0; j < 4; j++)
        eight[j] = _mm256_add_ps(v[j].lo, v[j].hi);
    __m256 ab = _mm256_add_ps(_mm256_permute2f128_ps(eight[0], eight[1], 0x20),
                              _mm256_permute2f128_ps(eight[0], eight[1], 0x31));
    __m256 cd = _mm256_add_ps(_mm256_permute2f128_ps(eight[2], eight[3], 0x20),
                              _mm256_permute2f128_ps(eight[2], eight[3], 0x31));
    two[0] = _mm256_add_ps(_mm256_shuffle_ps(ab, cd, 0x44), _mm256_shuffle_ps(ab, cd, 0xee));
    two[1] = _mm256_add_ps(two[0], _mm256_movehdup_ps(two[0])); /* a . c . | b . d . */
    __m128 ac = _mm256_castps256_ps128(two[1]), bd = _mm256_extractf128_ps(two[1], 1);
    _mm_storeu_ps(sum, _mm_blend_ps(ac, _mm_moveldup_ps(bd), 0xa));
}

/* The 4 x 4 blocks in the halves of four registers, transposed. */
LF_INLINE void transpose4_f32(__m256 q[4])
{
    __m256 low01 = _mm256_unpacklo_ps(q[0], q[1]), high01 = _mm256_unpackhi_ps(q[0], q[1]);
    __m256 low23 = _mm256_unpacklo_ps(q[2], q[3]), high23 = _mm256_unpackhi_ps(q[2], q[3]);
    q[0] = _mm256_shuffle_ps(low01, low23, 0x44);
    q[1] = _mm256_shuffle_ps(low01, low23, 0xee);
    q[2] = _mm256_shuffle_ps(high01, high23, 0x44);
    q[3] = _mm256_shuffle_ps(high01, high23, 0xee);
}

/* Rows k and k + 4 of eight in the halves of q[k], the rows of p from `first` on. */
LF_INLINE void load_columns_f32(const float *p, size_t stride, size_t n, size_t first, __m256 q[4])
{
    LF_UNROLL
    for (size_t k = 0; k < 4; k++) {
        __m128 low = _mm_loadu_ps(p + LF_ROW(first + k, n) * stride);
        __m128 high = _mm_loadu_ps(p + LF_ROW(first + k + 4, n) * stride);
        q[k] = _mm256_insertf128_ps(_mm256_castps128_ps256(low), high, 1);
    }
    transpose4_f32(q);
}

LF_INLINE vec_f32 v_repeat_f32(const float *p, size_t lanes)
{
    if (lanes == 16)
        return v_load_f32(p);
    __m256 v = lanes == 8   ? _mm256_loadu_ps(p)
               : lanes == 4 ? _mm256_broadcast_ps((const __m128 *)p)
               : lanes == 2 ? _mm256_castpd_ps(_mm256_broadcast_sd((const double *)p))
                            : _mm256_broadcast_ss(p);
    return (vec_f32){v, v};
}

LF_INLINE __m128 load_pairs_f32(const float *p, size_t stride)
{
    __m128 v = _mm_castpd_ps(_mm_load_sd((const double *)p));
    return _mm_loadh_pi(v, (const __m64 *)(p + stride));
}

LF_INLINE vec_f32 v_pieces_f32(const float *p, size_t stride, size_t lanes)
{
    if (lanes == 16)
        return v_load_f32(p);
    if (lanes == 8)
        return (vec_f32){_mm256_loadu_ps(p), _mm256_loadu_ps(p + stride)};
    if (lanes == 4)
        return (vec_f32){_mm256_loadu2_m128(p + stride, p),
                         _mm256_loadu2_m128(p + 3 * stride, p + 2 * stride)};
    return (vec_f32){
        _mm256_set_m128(load_pairs_f32(p + 2 * stride, stride), load_pairs_f32(p, stride)),
        _mm256_set_m128(load_pairs_f32(p + 6 * stride, stride),
                        load_pairs_f32(p + 4 * stride, stride))};
}

LF_INLINE void v_load_columns_f32(const float *p, size_t stride, size_t n, vec_f32 v[4])
{
    __m256 lo[4], hi[4];
    load_columns_f32(p, stride, n, 0, lo);
    load_columns_f32(p, stride, n, 8, hi);
    LF_UNROLL
    for (size_t j = 0; j < 4; j++)
        v[j] = (vec_f32){lo[j], hi[j]};
}

/* All ones where x is finite: x - x is 0 there, and NaN elsewhere. */
LF_INLINE __m256 finite_f32(__m256 x)
{
    return _mm256_cmp_ps(_mm256_sub_ps(x, x), _mm256_setzero_ps(), _CMP_EQ_OQ);
}

LF_INLINE int v_all_finite_f32(vec_f32 v)
{
    return _mm256_movemask_ps(_mm256_and_ps(finite_f32(v.lo), finite_f32(v.hi))) == 0xff;
}

LF_INLINE vec_f32 v_if_finite_f32(vec_f32 t, vec_f32 a, vec_f32 b)
{
    return (vec_f32){_mm256_blendv_ps(b.lo, a.lo, finite_f32(t.lo)),
                     _mm256_blendv_ps(b.hi, a.hi, finite_f32(t.hi))};
}

/* ---- f64 --------------------------------------------------------------------------------- */

LF_INLINE vec_u32 mask_f64(size_t n)
{
    static const int64_t window[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    const int64_t *p = window + 8 - n;
    return (vec_u32){_mm256_loadu_si256((const __m256i *)p),
                     _mm256_loadu_si256((const __m256i *)(p + 4))};
}

LF_INLINE vec_f64 v_set1_f64(double x)
{
    return (vec_f64){_mm256_set1_pd(x), _mm256_set1_pd(x)};
}

LF_INLINE vec_f64 v_load_f64(const double *p)
{
    return (vec_f64){_mm256_loadu_pd(p), _mm256_loadu_pd(p + 4)};
}

LF_INLINE void v_store_f64(double *p, vec_f64 v)
{
    _mm256_storeu_pd(p, v.lo);
    _mm256_storeu_pd(p + 4, v.hi);
}

LF_INLINE vec_f64 v_load_half_f64(const double *p)
{
    return (vec_f64){_mm256_loadu_pd(p), _mm256_setzero_pd()};
}

LF_INLINE void v_store_half_f64(double *p, vec_f64 v)
{
    _mm256_storeu_pd(p, v.lo);
}

LF_INLINE vec_f64 v_load_part_f64(const double *p, size_t n)
{
    vec_u32 mask = mask_f64(n);
    return (vec_f64){_mm256_maskload_pd(p, mask.lo), _mm256_maskload_pd(p + 4, mask.hi)};
}

LF_INLINE void v_store_part_f64(double *p, vec_f64 v, size_t n)
{
    vec_u32 mask = mask_f64(n);
    _mm256_maskstore_pd(p, mask.lo, v.lo);
    _mm256_maskstore_pd(p + 4, mask.hi, v.hi);
}

LF_INLINE vec_f64 v_first_f64(size_t n, vec_f64 a, vec_f64 b)
{
    vec_u32 mask = mask_f64(n);
    return (vec_f64){_mm256_blendv_pd(b.lo, a.lo, _mm256_castsi256_pd(mask.lo)),
                     _mm256_blendv_pd(b.hi, a.hi, _mm256_castsi256_pd(mask.hi))};
}

LF_INLINE vec_f64 v_add_f64(vec_f64 a, vec_f64 b)
{
    return (vec_f64){_mm256_add_pd(a.lo, b.lo), _mm256_add_pd(a.hi, b.hi)};
}

LF_INLINE vec_f64 v_sub_f64(vec_f64 a, vec_f64 b)
{
    return (vec_f64){_mm256_sub_pd(a.lo, b.lo), _mm256_sub_pd(a.hi, b.hi)};
}

LF_INLINE vec_f64 v_mul_f64(vec_f64 a, vec_f64 b)
{
    return (vec_f64){_mm256_mul_pd(a.lo, b.lo), _mm256_mul_pd(a.hi, b.hi)};
}

LF_INLINE vec_f64 v_fma_f64(vec_f64 a, vec_f64 b, vec_f64 c)
{
    return (vec_f64){_mm256_fmadd_pd(a.lo, b.lo, c.lo), _mm256_fmadd_pd(a.hi, b.hi, c.hi)};
}

LF_INLINE vec_f64 v_div_f64(vec_f64 a, vec_f64 b)
{
    return (vec_f64){_mm256_div_pd(a.lo, b.lo), _mm256_div_pd(a.hi, b.hi)};
}

LF_INLINE vec_f64 v_sqrt_f64(vec_f64 v)
{
    return (vec_f64){_mm256_sqrt_pd(v.lo), _mm256_sqrt_pd(v.hi)};
}

LF_INLINE vec_f64 v_abs_f64(vec_f64 v)
{
    __m256d sign = _mm256_set1_pd(-0.0);
    return (vec_f64){_mm256_andnot_pd(sign, v.lo), _mm256_andnot_pd(sign, v.hi)};
}

LF_INLINE vec_f64 v_if_greater_f64(vec_f64 a, vec_f64 b, vec_f64 c, vec_f64 d)
{
    return (vec_f64){_mm256_blendv_pd(d.lo, c.lo, _mm256_cmp_pd(a.lo, b.lo, _CMP_GT_OQ)),
                     _mm256_blendv_pd(d.hi, c.hi, _mm256_cmp_pd(a.hi, b.hi, _CMP_GT_OQ))};
}

LF_INLINE double v_sum_f64(vec_f64 v)
{
    __m256d four = _mm256_add_pd(v.lo, v.hi);
    __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

LF_INLINE void v_sum4_f64(const vec_f64 v[4], double sum[4])
{
    __m256d four[4];
    LF_UNROLL
    for (size_t j = 0; j < 4; j++)
        four[j] = _mm256_add_pd(v[j].lo, v[j].hi);
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
    for (size_t k = 0; k < 2; k++) {
        __m128d low = _mm_loadu_pd(p + LF_ROW(first + k, n) * stride);
        __m128d high = _mm_loadu_pd(p + LF_ROW(first + k + 2, n) * stride);
        rows[k] = _mm256_insertf128_pd(_mm256_castpd128_pd256(low), high, 1);
    }
    q[0] = _mm256_unpacklo_pd(rows[0], rows[1]);
    q[1] = _mm256_unpackhi_pd(rows[0], rows[1]);
}

LF_INLINE vec_f64 v_repeat_f64(const double *p, size_t lanes)
{
    if (lanes == 8)
        return v_load_f64(p);
    __m256d v = lanes == 4   ? _mm256_loadu_pd(p)
                : lanes == 2 ? _mm256_broadcast_pd((const __m128d *)p)
                             : _mm256_broadcast_sd(p);
    return (vec_f64){v, v};
}

LF_INLINE vec_f64 v_pieces_f64(const double *p, size_t stride, size_t lanes)
{
    if (lanes == 8)
        return v_load_f64(p);
    if (lanes == 4)
        return (vec_f64){_mm256_loadu_pd(p), _mm256_loadu_pd(p + stride)};
    return (vec_f64){_mm256_loadu2_m128d(p + stride, p),
                     _mm256_loadu2_m128d(p + 3 * stride, p + 2 * stride)};
}

LF_INLINE void v_load_columns_f64(const double *p, size_t stride, size_t n, vec_f64 v[4])
{
    LF_UNROLL
    for (size_t j = 0; j < 4; j += 2) {
        __m256d lo[2], hi[2];
        load_columns_f64(p + j, stride, n, 0, lo);
        load_columns_f64(p + j, stride, n, 4, hi);
        v[j] = (vec_f64){lo[0], hi[0]};
        v[j + 1] = (vec_f64){lo[1], hi[1]};
    }
}

LF_INLINE __m256d finite_f64(__m256d x)
{
    return _mm256_cmp_pd(_mm256_sub_pd(x, x), _mm256_setzero_pd(), _CMP_EQ_OQ);
}

LF_INLINE int v_all_finite_f64(vec_f64 v)
{
    return _mm256_movemask_pd(_mm256_and_pd(finite_f64(v.lo), finite_f64(v.hi))) == 0xf;
}

LF_INLINE vec_f64 v_if_finite_f64(vec_f64 t, vec_f64 a, vec_f64 b)
{
    return (vec_f64){_mm256_blendv_pd(b.lo, a.lo, finite_f64(t.lo)),
                     _mm256_blendv_pd(b.hi, a.hi, finite_f64(t.hi))};
}

/* ---- registers --------------------------------------------------------------------------- */

typedef __m256 reg_f32;
typedef __m256d reg_f64;

enum { REGISTERS = 16 };

#define OPERATIONS(type, real, suffix)                                                             \
    LF_INLINE reg_##type r_set1_##type(real x)                                                     \
    {                                                                                              \
        return _mm256_set1_##suffix(x);                                                            \
    }                                                                                              \
    LF_INLINE reg_##type r_load_##type(const real *p)                                              \
    {                                                                                              \
        return _mm256_loadu_##suffix(p);                                                           \
    }                                                                                              \
    LF_INLINE void r_store_##type(real *p, reg_##type v)                                           \
    {                                                                                              \
        _mm256_storeu_##suffix(p, v);                                                              \
    }                                                                                              \
    LF_INLINE reg_##type r_add_##type(reg_##type a, reg_##type b)                                  \
    {                                                                                              \
        return _mm256_add_##suffix(a, b);                                                          \
    }                                                                                              \
    LF_INLINE reg_##type r_sub_##type(reg_##type a, reg_##type b)                                  \
    {                                                                                              \
        return _mm256_sub_##suffix(a, b);                                                          \
    }                                                                                              \
    LF_INLINE reg_##type r_mul_##type(reg_##type a, reg_##type b)                                  \
    {                                                                                              \
        return _mm256_mul_##suffix(a, b);                                                          \
    }                                                                                              \
    LF_INLINE reg_##type r_fma_##type(reg_##type a, reg_##type b, reg_##type c)                    \
    {                                                                                              \
        return _mm256_fmadd_##suffix(a, b, c);                                                     \
    }
OPERATIONS(f32, float, ps)
OPERATIONS(f64, double, pd)
#undef OPERATIONS

LF_INLINE reg_f32 r_load_part_f32(const float *p, size_t n)
{
    __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_maskload_ps(p, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane));
}

LF_INLINE reg_f64 r_load_part_f64(const double *p, size_t n)
{
    __m256i lane = _mm256_setr_epi64x(0, 1, 2, 3);
    return _mm256_maskload_pd(p, _mm256_cmpgt_epi64(_mm256_set1_epi64x((long long)n), lane));
}

/* Four elements from a and from b. */
LF_INLINE __m256 two_quads(const float *a, const float *b)
{
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(a)), _mm_loadu_ps(b), 1);
}

LF_INLINE __m256d two_pairs(const double *a, const double *b)
{
    return _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(a)), _mm_loadu_pd(b), 1);
}

/* Of eight rows, the last four from q on. */
LF_INLINE void load_quads(const float *p, const float *q, size_t stride, reg_f32 column[4])
{
    __m256 a = two_quads(p, q), b = two_quads(p + stride, q + stride);
    __m256 c = two_quads(p + 2 * stride, q + 2 * stride);
    __m256 d = two_quads(p + 3 * stride, q + 3 * stride);
    __m256 ab_low = _mm256_unpacklo_ps(a, b), ab_high = _mm256_unpackhi_ps(a, b);
    __m256 cd_low = _mm256_unpacklo_ps(c, d), cd_high = _mm256_unpackhi_ps(c, d);
    column[0] = _mm256_shuffle_ps(ab_low, cd_low, 0x44);
    column[1] = _mm256_shuffle_ps(ab_low, cd_low, 0xee);
    column[2] = _mm256_shuffle_ps(ab_high, cd_high, 0x44);
    column[3] = _mm256_shuffle_ps(ab_high, cd_high, 0xee);
}

LF_INLINE void load_doubles(const double *p, size_t stride, reg_f64 column[2])
{
    __m256d a = two_pairs(p, p + 2 * stride), b = two_pairs(p + stride, p + 3 * stride);
    column[0] = _mm256_unpacklo_pd(a, b);
    column[1] = _mm256_unpackhi_pd(a, b);
}

LF_INLINE void load_pairs(const float *p, reg_f32 column[2])
{
    __m256 a = two_quads(p, p + 8), b = two_quads(p + 4, p + 12);
    column[0] = _mm256_shuffle_ps(a, b, 0x88);
    column[1] = _mm256_shuffle_ps(a, b, 0xdd);
}

/* In each half: a = x0 y0 z0 x1, b = y1 z1 x2 y2, c = z2 x3 y3 z3. */
LF_INLINE void load_triples(const float *p, reg_f32 column[3])
{
    __m256 a = two_quads(p, p + 12), b = two_quads(p + 4, p + 16), c = two_quads(p + 8, p + 20);
    __m256 x = _mm256_blend_ps(_mm256_blend_ps(a, b, 0x44), c, 0x22);
    __m256 y = _mm256_blend_ps(_mm256_blend_ps(b, a, 0x22), c, 0x44);
    __m256 z = _mm256_blend_ps(_mm256_blend_ps(c, b, 0x22), a, 0x44);
    column[0] = _mm256_permute_ps(x, _MM_SHUFFLE(1, 2, 3, 0));
    column[1] = _mm256_permute_ps(y, _MM_SHUFFLE(2, 3, 0, 1));
    column[2] = _mm256_permute_ps(z, _MM_SHUFFLE(3, 0, 1, 2));
}

LF_INLINE void r_spread_f32(const float *p, reg_f32 v[4])
{
    __m256 quad = _mm256_broadcast_ps((const __m128 *)p);
    v[0] = _mm256_permute_ps(quad, 0x00);
    v[1] = _mm256_permute_ps(quad, 0x55);
    v[2] = _mm256_permute_ps(quad, 0xaa);
    v[3] = _mm256_permute_ps(quad, 0xff);
}

LF_INLINE void r_spread_f64(const double *p, reg_f64 v[4])
{
    __m256d first = _mm256_broadcast_pd((const __m128d *)p);
    __m256d second = _mm256_broadcast_pd((const __m128d *)(p + 2));
    v[0] = _mm256_permute_pd(first, 0x0);
    v[1] = _mm256_permute_pd(first, 0xf);
    v[2] = _mm256_permute_pd(second, 0x0);
    v[3] = _mm256_permute_pd(second, 0xf);
}

/* Wider rows go by quads, the last of which may overlap the one before. */
LF_INLINE void r_load_rows_f32(size_t n, const float *p, size_t stride, reg_f32 *column)
{
    const float *q = p + 4 * stride;
    if (n == 2) {
        load_pairs(p, column);
        return;
    }
    if (n == 3) {
        load_triples(p, column);
        return;
    }
    LF_OPAQUE(q);
    LF_UNROLL
    for (size_t i = 0; i < n; i += 4) {
        size_t at = i + 4 <= n ? i : n - 4;
        load_quads(p + at, q + at, stride, column + at);
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
        return (vec_f32){f32(v.lo), f32(v.hi)};                                                    \
    }                                                                                              \
    LF_INLINE vec_f64 name##_f64(vec_f64 v)                                                        \
    {                                                                                              \
        return (vec_f64){f64(v.lo), f64(v.hi)};                                                    \
    }
FUNCTION(v_exp, Sleef_finz_expf8_u10avx2, Sleef_finz_expd4_u10avx2)
FUNCTION(v_log, Sleef_finz_logf8_u10avx2, Sleef_finz_logd4_u10avx2)
FUNCTION(v_log1p, Sleef_finz_log1pf8_u10avx2, Sleef_finz_log1pd4_u10avx2)
FUNCTION(v_tanh, Sleef_finz_tanhf8_u10avx2, Sleef_finz_tanhd4_u10avx2)
FUNCTION(v_erf, Sleef_finz_erff8_u10avx2, Sleef_finz_erfd4_u10avx2)
FUNCTION(v_sinpi, Sleef_finz_sinpif8_u05avx2, Sleef_finz_sinpid4_u05avx2)
FUNCTION(v_cospi, Sleef_finz_cospif8_u05avx2, Sleef_finz_cospid4_u05avx2)
#undef FUNCTION

/* ---- words ------------------------------------------------------------------------------- */

LF_INLINE vec_u32 u_set1(uint32_t x)
{
    return (vec_u32){_mm256_set1_epi32((int)x), _mm256_set1_epi32((int)x)};
}

LF_INLINE vec_u32 u_load(const uint32_t *p)
{
    return (vec_u32){_mm256_loadu_si256((const __m256i *)p),
                     _mm256_loadu_si256((const __m256i *)(p + 8))};
}

LF_INLINE void u_store(uint32_t *p, vec_u32 v)
{
    _mm256_storeu_si256((__m256i *)p, v.lo);
    _mm256_storeu_si256((__m256i *)(p + 8), v.hi);
}

LF_INLINE vec_u32 u_and(vec_u32 a, vec_u32 b)
{
    return (vec_u32){_mm256_and_si256(a.lo, b.lo), _mm256_and_si256(a.hi, b.hi)};
}

LF_INLINE vec_u32 u_xor(vec_u32 a, vec_u32 b)
{
    return (vec_u32){_mm256_xor_si256(a.lo, b.lo), _mm256_xor_si256(a.hi, b.hi)};
}

LF_INLINE vec_u32 u_add(vec_u32 a, vec_u32 b)
{
    return (vec_u32){_mm256_add_epi32(a.lo, b.lo), _mm256_add_epi32(a.hi, b.hi)};
}

LF_INLINE vec_u32 u_mul(vec_u32 a, vec_u32 b)
{
    return (vec_u32){_mm256_mullo_epi32(a.lo, b.lo), _mm256_mullo_epi32(a.hi, b.hi)};
}

LF_INLINE vec_u32 u_shl(vec_u32 v, unsigned n)
{
    return (vec_u32){_mm256_slli_epi32(v.lo, (int)n), _mm256_slli_epi32(v.hi, (int)n)};
}

LF_INLINE vec_u32 u_shr(vec_u32 v, unsigned n)
{
    return (vec_u32){_mm256_srli_epi32(v.lo, (int)n), _mm256_srli_epi32(v.hi, (int)n)};
}

LF_INLINE vec_u32 u_odd(vec_u32 v, vec_u32 x)
{
    vec_u32 one = u_and(v, u_set1(1));
    __m256i zero = _mm256_setzero_si256();
    return u_and(x, (vec_u32){_mm256_sub_epi32(zero, one.lo), _mm256_sub_epi32(zero, one.hi)});
}

LF_INLINE vec_f32 u_to_f32(vec_u32 v)
{
    return (vec_f32){_mm256_cvtepi32_ps(v.lo), _mm256_cvtepi32_ps(v.hi)};
}

/* A word in the low bits of the double 2^52 is 2^52 + word, exactly. */
LF_INLINE __m256d widen_words(__m128i v)
{
    __m256d shift = _mm256_set1_pd(0x1p52);
    __m256i bits = _mm256_or_si256(_mm256_cvtepu32_epi64(v), _mm256_castpd_si256(shift));
    return _mm256_sub_pd(_mm256_castsi256_pd(bits), shift);
}

LF_INLINE vec_f64 u_to_f64(vec_u32 v, int half)
{
    __m256i words = half ? v.hi : v.lo;
    return (vec_f64){widen_words(_mm256_castsi256_si128(words)),
                     widen_words(_mm256_extracti128_si256(words, 1))};
}

/* The low part of a pair in the low bits of 2^52, the 21 bits of its high part in those of 2^84:
 * the sum, less both powers, is exact. */
LF_INLINE __m256d pairs_to_reals(__m256i v)
{
    __m256i low = _mm256_srli_epi64(v, 32);
    __m256i high = _mm256_and_si256(v, _mm256_set1_epi64x(0x1fffff));
    low = _mm256_or_si256(low, _mm256_castpd_si256(_mm256_set1_pd(0x1p52)));
    high = _mm256_or_si256(high, _mm256_castpd_si256(_mm256_set1_pd(0x1p84)));
    return _mm256_add_pd(_mm256_sub_pd(_mm256_castsi256_pd(high), _mm256_set1_pd(0x1p84 + 0x1p52)),
                         _mm256_castsi256_pd(low));
}

LF_INLINE vec_f64 u_pairs_to_f64(vec_u32 v)
{
    return (vec_f64){pairs_to_reals(v.lo), pairs_to_reals(v.hi)};
}
