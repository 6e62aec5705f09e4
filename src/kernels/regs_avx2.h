/* SPDX-License-Identifier: MIT */
/* The registers of vec.h in AVX2 and FMA: two a vec. */
#include "vec.h"

#include <immintrin.h>
#include <sleef.h>
#include <stddef.h>
#include <stdint.h>

typedef __m256 reg_f32;
typedef __m256d reg_f64;
typedef __m256i reg_u32;

#define LF_VEC_REGS 2

enum { REGISTERS = 16, LF_TILE_ROWS = 6, LF_TILE_VECS = 1 };

/* finite_: all ones where x is finite; x - x is 0 there, and NaN elsewhere. */
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
    }                                                                                              \
    LF_INLINE reg_##type r_div_##type(reg_##type a, reg_##type b)                                  \
    {                                                                                              \
        return _mm256_div_##suffix(a, b);                                                          \
    }                                                                                              \
    LF_INLINE reg_##type r_sqrt_##type(reg_##type v)                                               \
    {                                                                                              \
        return _mm256_sqrt_##suffix(v);                                                            \
    }                                                                                              \
    LF_INLINE reg_##type r_abs_##type(reg_##type v)                                                \
    {                                                                                              \
        return _mm256_andnot_##suffix(_mm256_set1_##suffix((real)-0.0), v);                        \
    }                                                                                              \
    LF_INLINE reg_##type r_if_greater_##type(reg_##type a, reg_##type b, reg_##type c,             \
                                             reg_##type d)                                         \
    {                                                                                              \
        return _mm256_blendv_##suffix(d, c, _mm256_cmp_##suffix(a, b, _CMP_GT_OQ));                \
    }                                                                                              \
    LF_INLINE reg_##type finite_##type(reg_##type x)                                               \
    {                                                                                              \
        return _mm256_cmp_##suffix(_mm256_sub_##suffix(x, x), _mm256_setzero_##suffix(),           \
                                   _CMP_EQ_OQ);                                                    \
    }                                                                                              \
    LF_INLINE reg_##type r_if_finite_##type(reg_##type t, reg_##type a, reg_##type b)              \
    {                                                                                              \
        return _mm256_blendv_##suffix(b, a, finite_##type(t));                                     \
    }
OPERATIONS(f32, float, ps)
OPERATIONS(f64, double, pd)
#undef OPERATIONS

LF_FUNCTION(r_exp, Sleef_finz_expf8_u10avx2, Sleef_finz_expd4_u10avx2)
LF_FUNCTION(r_log, Sleef_finz_logf8_u10avx2, Sleef_finz_logd4_u10avx2)
LF_FUNCTION(r_log1p, Sleef_finz_log1pf8_u10avx2, Sleef_finz_log1pd4_u10avx2)
LF_FUNCTION(r_tanh, Sleef_finz_tanhf8_u10avx2, Sleef_finz_tanhd4_u10avx2)
LF_FUNCTION(r_erf, Sleef_finz_erff8_u10avx2, Sleef_finz_erfd4_u10avx2)
LF_FUNCTION(r_sinpi, Sleef_finz_sinpif8_u05avx2, Sleef_finz_sinpid4_u05avx2)
LF_FUNCTION(r_cospi, Sleef_finz_cospif8_u05avx2, Sleef_finz_cospid4_u05avx2)

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

/* The 4 x 4 blocks in the halves of four registers, transposed. */
LF_INLINE void transpose_quads(reg_f32 q[4])
{
    __m256 low01 = _mm256_unpacklo_ps(q[0], q[1]), high01 = _mm256_unpackhi_ps(q[0], q[1]);
    __m256 low23 = _mm256_unpacklo_ps(q[2], q[3]), high23 = _mm256_unpackhi_ps(q[2], q[3]);
    q[0] = _mm256_shuffle_ps(low01, low23, 0x44);
    q[1] = _mm256_shuffle_ps(low01, low23, 0xee);
    q[2] = _mm256_shuffle_ps(high01, high23, 0x44);
    q[3] = _mm256_shuffle_ps(high01, high23, 0xee);
}

/* Four columns of eight rows, the last four rows from q on. */
LF_INLINE void load_quads(const float *p, const float *q, size_t stride, reg_f32 column[4])
{
    LF_UNROLL
    for (size_t k = 0; k < 4; k++)
        column[k] = two_quads(p + k * stride, q + k * stride);
    transpose_quads(column);
}

/* Eight columns of eight rows, which are read whole. */
LF_INLINE void load_octets(const float *p, const float *q, size_t stride, reg_f32 column[8])
{
    reg_f32 first[4], last[4];
    LF_UNROLL
    for (size_t k = 0; k < 4; k++) {
        first[k] = _mm256_loadu_ps(p + k * stride);
        last[k] = _mm256_loadu_ps(q + k * stride);
    }
    transpose_quads(first);
    transpose_quads(last);
    LF_UNROLL
    for (size_t k = 0; k < 4; k++) {
        column[k] = _mm256_permute2f128_ps(first[k], last[k], 0x20);
        column[k + 4] = _mm256_permute2f128_ps(first[k], last[k], 0x31);
    }
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
    if (n == 8) {
        load_octets(p, q, stride, column);
        return;
    }
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

/* ---- Lanes of fleets ----------------------------------------------------------------------- */

LF_INLINE reg_f64 r_widen_f32(const float *p)
{
    return _mm256_cvtps_pd(_mm_loadu_ps(p));
}

LF_INLINE reg_f64 r_widen_f64(const double *p)
{
    return _mm256_loadu_pd(p);
}

LF_INLINE int r_any_nan_f64(reg_f64 v)
{
    return _mm256_movemask_pd(_mm256_cmp_pd(v, v, _CMP_UNORD_Q)) != 0;
}

typedef __m256d lanes_f64;

LF_INLINE lanes_f64 r_nan_f64(reg_f64 v)
{
    return _mm256_cmp_pd(v, v, _CMP_UNORD_Q);
}

LF_INLINE reg_f64 r_sub_unless_f64(lanes_f64 lanes, reg_f64 a, reg_f64 b)
{
    return _mm256_andnot_pd(lanes, _mm256_sub_pd(a, b));
}

LF_INLINE reg_f64 r_add_if_f64(lanes_f64 lanes, reg_f64 a, reg_f64 b)
{
    return _mm256_add_pd(a, _mm256_and_pd(lanes, b));
}

LF_INLINE reg_f64 r_fma_if_f64(lanes_f64 lanes, reg_f64 a, reg_f64 b, reg_f64 c)
{
    return _mm256_fmadd_pd(_mm256_and_pd(lanes, a), b, c);
}

LF_INLINE void turn_lanes(reg_f64 v[4])
{
    const __m256d even_low = _mm256_unpacklo_pd(v[0], v[1]),
                  odd_low = _mm256_unpackhi_pd(v[0], v[1]);
    const __m256d even_high = _mm256_unpacklo_pd(v[2], v[3]);
    const __m256d odd_high = _mm256_unpackhi_pd(v[2], v[3]);
    v[0] = _mm256_permute2f128_pd(even_low, even_high, 0x20);
    v[1] = _mm256_permute2f128_pd(odd_low, odd_high, 0x20);
    v[2] = _mm256_permute2f128_pd(even_low, even_high, 0x31);
    v[3] = _mm256_permute2f128_pd(odd_low, odd_high, 0x31);
}

#define TURN(type, real)                                                                           \
    LF_INLINE void r_turn_##type(const real *p, ptrdiff_t stride, reg_f64 v[4])                    \
    {                                                                                              \
        LF_UNROLL                                                                                  \
        for (ptrdiff_t k = 0; k < 4; k++)                                                          \
            v[k] = r_widen_##type(p + k * stride);                                                 \
        turn_lanes(v);                                                                             \
    }                                                                                              \
    LF_INLINE reg_f64 r_gather_##type(const real *p, ptrdiff_t stride)                             \
    {                                                                                              \
        return _mm256_setr_pd((double)p[0], (double)p[stride], (double)p[2 * stride],              \
                              (double)p[3 * stride]);                                              \
    }
TURN(f32, float)
TURN(f64, double)
#undef TURN

LF_INLINE void r_store_pairs_f64(double *p, reg_f64 a, reg_f64 b)
{
    const __m256d even = _mm256_unpacklo_pd(a, b), odd = _mm256_unpackhi_pd(a, b);
    _mm256_storeu_pd(p, _mm256_permute2f128_pd(even, odd, 0x20));
    _mm256_storeu_pd(p + 4, _mm256_permute2f128_pd(even, odd, 0x31));
}
