/* SPDX-License-Identifier: MIT */
/* The vocabulary of vec.h in AVX2 and FMA: two registers a vec. */
#include "vec.h"

#include <immintrin.h>
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

LF_INLINE float v_sum_f32(vec_f32 v)
{
    __m256 eight = _mm256_add_ps(v.lo, v.hi);
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
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

LF_INLINE double v_sum_f64(vec_f64 v)
{
    __m256d four = _mm256_add_pd(v.lo, v.hi);
    __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
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
