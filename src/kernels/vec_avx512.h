/* SPDX-License-Identifier: MIT */
/* The vocabulary of vec.h in AVX-512 (F, BW, DQ, VL): one register a vec. */
#include "vec.h"

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

typedef __m512 vec_f32;
typedef __m512d vec_f64;
typedef __m512i vec_u32;

/* ---- f32 --------------------------------------------------------------------------------- */

LF_INLINE __mmask16 mask_f32(size_t n)
{
    return (__mmask16)((1u << n) - 1);
}

LF_INLINE vec_f32 v_set1_f32(float x)
{
    return _mm512_set1_ps(x);
}

LF_INLINE vec_f32 v_load_f32(const float *p)
{
    return _mm512_loadu_ps(p);
}

LF_INLINE void v_store_f32(float *p, vec_f32 v)
{
    _mm512_storeu_ps(p, v);
}

LF_INLINE vec_f32 v_load_part_f32(const float *p, size_t n)
{
    return _mm512_maskz_loadu_ps(mask_f32(n), p);
}

LF_INLINE void v_store_part_f32(float *p, vec_f32 v, size_t n)
{
    _mm512_mask_storeu_ps(p, mask_f32(n), v);
}

LF_INLINE vec_f32 v_first_f32(size_t n, vec_f32 a, vec_f32 b)
{
    return _mm512_mask_blend_ps(mask_f32(n), b, a);
}

LF_INLINE vec_f32 v_add_f32(vec_f32 a, vec_f32 b)
{
    return _mm512_add_ps(a, b);
}

LF_INLINE vec_f32 v_sub_f32(vec_f32 a, vec_f32 b)
{
    return _mm512_sub_ps(a, b);
}

LF_INLINE vec_f32 v_mul_f32(vec_f32 a, vec_f32 b)
{
    return _mm512_mul_ps(a, b);
}

LF_INLINE vec_f32 v_fma_f32(vec_f32 a, vec_f32 b, vec_f32 c)
{
    return _mm512_fmadd_ps(a, b, c);
}

LF_INLINE float v_sum_f32(vec_f32 v)
{
    __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

/* 0x99: quiet NaN, both infinities, signalling NaN. */
LF_INLINE int v_all_finite_f32(vec_f32 v)
{
    return _mm512_fpclass_ps_mask(v, 0x99) == 0;
}

LF_INLINE vec_f32 v_if_finite_f32(vec_f32 t, vec_f32 a, vec_f32 b)
{
    return _mm512_mask_blend_ps(_mm512_fpclass_ps_mask(t, 0x99), a, b);
}

/* ---- f64 --------------------------------------------------------------------------------- */

LF_INLINE __mmask8 mask_f64(size_t n)
{
    return (__mmask8)((1u << n) - 1);
}

LF_INLINE vec_f64 v_set1_f64(double x)
{
    return _mm512_set1_pd(x);
}

LF_INLINE vec_f64 v_load_f64(const double *p)
{
    return _mm512_loadu_pd(p);
}

LF_INLINE void v_store_f64(double *p, vec_f64 v)
{
    _mm512_storeu_pd(p, v);
}

LF_INLINE vec_f64 v_load_part_f64(const double *p, size_t n)
{
    return _mm512_maskz_loadu_pd(mask_f64(n), p);
}

LF_INLINE void v_store_part_f64(double *p, vec_f64 v, size_t n)
{
    _mm512_mask_storeu_pd(p, mask_f64(n), v);
}

LF_INLINE vec_f64 v_first_f64(size_t n, vec_f64 a, vec_f64 b)
{
    return _mm512_mask_blend_pd(mask_f64(n), b, a);
}

LF_INLINE vec_f64 v_add_f64(vec_f64 a, vec_f64 b)
{
    return _mm512_add_pd(a, b);
}

LF_INLINE vec_f64 v_sub_f64(vec_f64 a, vec_f64 b)
{
    return _mm512_sub_pd(a, b);
}

LF_INLINE vec_f64 v_mul_f64(vec_f64 a, vec_f64 b)
{
    return _mm512_mul_pd(a, b);
}

LF_INLINE vec_f64 v_fma_f64(vec_f64 a, vec_f64 b, vec_f64 c)
{
    return _mm512_fmadd_pd(a, b, c);
}

LF_INLINE double v_sum_f64(vec_f64 v)
{
    __m256d four = _mm256_add_pd(_mm512_castpd512_pd256(v), _mm512_extractf64x4_pd(v, 1));
    __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

LF_INLINE int v_all_finite_f64(vec_f64 v)
{
    return _mm512_fpclass_pd_mask(v, 0x99) == 0;
}

LF_INLINE vec_f64 v_if_finite_f64(vec_f64 t, vec_f64 a, vec_f64 b)
{
    return _mm512_mask_blend_pd(_mm512_fpclass_pd_mask(t, 0x99), a, b);
}

/* ---- words ------------------------------------------------------------------------------- */

LF_INLINE vec_u32 u_set1(uint32_t x)
{
    return _mm512_set1_epi32((int)x);
}

LF_INLINE vec_u32 u_load(const uint32_t *p)
{
    return _mm512_loadu_si512(p);
}

LF_INLINE void u_store(uint32_t *p, vec_u32 v)
{
    _mm512_storeu_si512(p, v);
}

LF_INLINE vec_u32 u_and(vec_u32 a, vec_u32 b)
{
    return _mm512_and_si512(a, b);
}

LF_INLINE vec_u32 u_xor(vec_u32 a, vec_u32 b)
{
    return _mm512_xor_si512(a, b);
}

LF_INLINE vec_u32 u_add(vec_u32 a, vec_u32 b)
{
    return _mm512_add_epi32(a, b);
}

LF_INLINE vec_u32 u_mul(vec_u32 a, vec_u32 b)
{
    return _mm512_mullo_epi32(a, b);
}

LF_INLINE vec_u32 u_shl(vec_u32 v, unsigned n)
{
    return _mm512_slli_epi32(v, n);
}

LF_INLINE vec_u32 u_shr(vec_u32 v, unsigned n)
{
    return _mm512_srli_epi32(v, n);
}

LF_INLINE vec_u32 u_odd(vec_u32 v, vec_u32 x)
{
    return _mm512_maskz_mov_epi32(_mm512_test_epi32_mask(v, _mm512_set1_epi32(1)), x);
}

LF_INLINE vec_f32 u_to_f32(vec_u32 v)
{
    return _mm512_cvtepi32_ps(v);
}

LF_INLINE vec_f64 u_to_f64(vec_u32 v, int half)
{
    return _mm512_cvtepu32_pd(half ? _mm512_extracti32x8_epi32(v, 1) : _mm512_castsi512_si256(v));
}

LF_INLINE vec_f64 u_pairs_to_f64(vec_u32 v)
{
    __m512i joined = _mm512_rol_epi64(v, 32);
    return _mm512_cvtepu64_pd(_mm512_and_si512(joined, _mm512_set1_epi64(0x1fffffffffffff)));
}
