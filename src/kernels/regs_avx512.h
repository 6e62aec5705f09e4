/* SPDX-License-Identifier: MIT */
/* The registers of vec.h in AVX-512 (F, BW, DQ, VL): one a vec. */
#include "vec.h"

#include <immintrin.h>
#include <sleef.h>
#include <stddef.h>
#include <stdint.h>

typedef __m512 reg_f32;
typedef __m512d reg_f64;
typedef __m512i reg_u32;

#define LF_VEC_REGS 1

enum { REGISTERS = 32, LF_TILE_ROWS = 12, LF_TILE_VECS = 2 };

/* Of numbers 0x99 finds those that are not finite: quiet NaN, both infinities, signalling NaN. */
#define OPERATIONS(type, real, suffix)                                                             \
    LF_INLINE reg_##type r_set1_##type(real x)                                                     \
    {                                                                                              \
        return _mm512_set1_##suffix(x);                                                            \
    }                                                                                              \
    LF_INLINE reg_##type r_load_##type(const real *p)                                              \
    {                                                                                              \
        return _mm512_loadu_##suffix(p);                                                           \
    }                                                                                              \
    LF_INLINE void r_store_##type(real *p, reg_##type v)                                           \
    {                                                                                              \
        _mm512_storeu_##suffix(p, v);                                                              \
    }                                                                                              \
    LF_INLINE reg_##type r_add_##type(reg_##type a, reg_##type b)                                  \
    {                                                                                              \
        return _mm512_add_##suffix(a, b);                                                          \
    }                                                                                              \
    LF_INLINE reg_##type r_sub_##type(reg_##type a, reg_##type b)                                  \
    {                                                                                              \
        return _mm512_sub_##suffix(a, b);                                                          \
    }                                                                                              \
    LF_INLINE reg_##type r_mul_##type(reg_##type a, reg_##type b)                                  \
    {                                                                                              \
        return _mm512_mul_##suffix(a, b);                                                          \
    }                                                                                              \
    LF_INLINE reg_##type r_fma_##type(reg_##type a, reg_##type b, reg_##type c)                    \
    {                                                                                              \
        return _mm512_fmadd_##suffix(a, b, c);                                                     \
    }                                                                                              \
    LF_INLINE reg_##type r_div_##type(reg_##type a, reg_##type b)                                  \
    {                                                                                              \
        return _mm512_div_##suffix(a, b);                                                          \
    }                                                                                              \
    LF_INLINE reg_##type r_sqrt_##type(reg_##type v)                                               \
    {                                                                                              \
        return _mm512_sqrt_##suffix(v);                                                            \
    }                                                                                              \
    LF_INLINE reg_##type r_abs_##type(reg_##type v)                                                \
    {                                                                                              \
        return _mm512_abs_##suffix(v);                                                             \
    }                                                                                              \
    LF_INLINE reg_##type r_if_greater_##type(reg_##type a, reg_##type b, reg_##type c,             \
                                             reg_##type d)                                         \
    {                                                                                              \
        return _mm512_mask_blend_##suffix(_mm512_cmp_##suffix##_mask(a, b, _CMP_GT_OQ), d, c);     \
    }                                                                                              \
    LF_INLINE reg_##type r_if_finite_##type(reg_##type t, reg_##type a, reg_##type b)              \
    {                                                                                              \
        return _mm512_mask_blend_##suffix(_mm512_fpclass_##suffix##_mask(t, 0x99), a, b);          \
    }
OPERATIONS(f32, float, ps)
OPERATIONS(f64, double, pd)
#undef OPERATIONS

LF_FUNCTION(r_exp, Sleef_finz_expf16_u10avx512f, Sleef_finz_expd8_u10avx512f)
LF_FUNCTION(r_log, Sleef_finz_logf16_u10avx512f, Sleef_finz_logd8_u10avx512f)
LF_FUNCTION(r_log1p, Sleef_finz_log1pf16_u10avx512f, Sleef_finz_log1pd8_u10avx512f)
LF_FUNCTION(r_tanh, Sleef_finz_tanhf16_u10avx512f, Sleef_finz_tanhd8_u10avx512f)
LF_FUNCTION(r_erf, Sleef_finz_erff16_u10avx512f, Sleef_finz_erfd8_u10avx512f)
LF_FUNCTION(r_sinpi, Sleef_finz_sinpif16_u05avx512f, Sleef_finz_sinpid8_u05avx512f)
LF_FUNCTION(r_cospi, Sleef_finz_cospif16_u05avx512f, Sleef_finz_cospid8_u05avx512f)

LF_INLINE __mmask16 mask_f32(size_t n)
{
    return (__mmask16)((1u << n) - 1);
}

LF_INLINE __mmask8 mask_f64(size_t n)
{
    return (__mmask8)((1u << n) - 1);
}

LF_INLINE reg_f32 r_load_part_f32(const float *p, size_t n)
{
    return _mm512_maskz_loadu_ps(mask_f32(n), p);
}

LF_INLINE reg_f64 r_load_part_f64(const double *p, size_t n)
{
    return _mm512_maskz_loadu_pd(mask_f64(n), p);
}

/* Pointers to every step-th row, four of them: rows that are constants apart from these need no
 * register of their own. */
LF_INLINE void four_rows_f32(const float *p, size_t step, const float *row[4])
{
    LF_UNROLL
    for (size_t k = 0; k < 4; k++) {
        row[k] = p + k * step;
        LF_OPAQUE(row[k]);
    }
}

LF_INLINE void four_rows_f64(const double *p, size_t step, const double *row[4])
{
    LF_UNROLL
    for (size_t k = 0; k < 4; k++) {
        row[k] = p + k * step;
        LF_OPAQUE(row[k]);
    }
}

LF_INLINE __m512 four_quads(const float *const row[4], size_t at)
{
    __m512 v = _mm512_castps128_ps512(_mm_loadu_ps(row[0] + at));
    v = _mm512_insertf32x4(v, _mm_loadu_ps(row[1] + at), 1);
    v = _mm512_insertf32x4(v, _mm_loadu_ps(row[2] + at), 2);
    return _mm512_insertf32x4(v, _mm_loadu_ps(row[3] + at), 3);
}

LF_INLINE __m512d four_pairs(const double *const row[4], size_t at)
{
    __m512d v = _mm512_castpd128_pd512(_mm_loadu_pd(row[0] + at));
    v = _mm512_insertf64x2(v, _mm_loadu_pd(row[1] + at), 1);
    v = _mm512_insertf64x2(v, _mm_loadu_pd(row[2] + at), 2);
    return _mm512_insertf64x2(v, _mm_loadu_pd(row[3] + at), 3);
}

LF_INLINE __m512 two_octets(const float *a, const float *b)
{
    return _mm512_insertf32x8(_mm512_castps256_ps512(_mm256_loadu_ps(a)), _mm256_loadu_ps(b), 1);
}

/* The 4 x 4 blocks in the quarters of four registers. */
LF_INLINE void transpose_quads(reg_f32 v[4])
{
    __m512 ab_low = _mm512_unpacklo_ps(v[0], v[1]), ab_high = _mm512_unpackhi_ps(v[0], v[1]);
    __m512 cd_low = _mm512_unpacklo_ps(v[2], v[3]), cd_high = _mm512_unpackhi_ps(v[2], v[3]);
    v[0] = _mm512_shuffle_ps(ab_low, cd_low, 0x44);
    v[1] = _mm512_shuffle_ps(ab_low, cd_low, 0xee);
    v[2] = _mm512_shuffle_ps(ab_high, cd_high, 0x44);
    v[3] = _mm512_shuffle_ps(ab_high, cd_high, 0xee);
}

LF_INLINE void load_quads(const float *const row[4], size_t at, size_t stride, reg_f32 column[4])
{
    LF_UNROLL
    for (size_t k = 0; k < 4; k++)
        column[k] = four_quads(row, at + k * stride);
    transpose_quads(column);
}

/* Eight columns: of the rows in row[k] and the three that follow each, those of two k at once. */
LF_INLINE void load_octets(const float *const row[4], size_t at, size_t stride, reg_f32 column[8])
{
    __m512 first[4], last[4];
    LF_UNROLL
    for (size_t k = 0; k < 4; k++) {
        first[k] = two_octets(row[0] + at + k * stride, row[1] + at + k * stride);
        last[k] = two_octets(row[2] + at + k * stride, row[3] + at + k * stride);
    }
    transpose_quads(first);
    transpose_quads(last);
    LF_UNROLL
    for (size_t k = 0; k < 4; k++) {
        column[k] = _mm512_shuffle_f32x4(first[k], last[k], 0x88);
        column[k + 4] = _mm512_shuffle_f32x4(first[k], last[k], 0xdd);
    }
}

LF_INLINE void load_doubles(const double *const row[4], size_t at, size_t stride, reg_f64 column[2])
{
    __m512d a = four_pairs(row, at), b = four_pairs(row, at + stride);
    column[0] = _mm512_unpacklo_pd(a, b);
    column[1] = _mm512_unpackhi_pd(a, b);
}

LF_INLINE __m512d two_rows(const double *a, const double *b)
{
    return _mm512_insertf64x4(_mm512_castpd256_pd512(_mm256_loadu_pd(a)), _mm256_loadu_pd(b), 1);
}

/* Four columns, of pairs of rows. */
LF_INLINE void load_four(const double *const row[4], size_t at, size_t stride, reg_f64 column[4])
{
    __m512d a = two_rows(row[0] + at, row[1] + at);
    __m512d b = two_rows(row[0] + at + stride, row[1] + at + stride);
    __m512d c = two_rows(row[2] + at, row[3] + at);
    __m512d d = two_rows(row[2] + at + stride, row[3] + at + stride);
    __m512d ab_low = _mm512_unpacklo_pd(a, b), ab_high = _mm512_unpackhi_pd(a, b);
    __m512d cd_low = _mm512_unpacklo_pd(c, d), cd_high = _mm512_unpackhi_pd(c, d);
    column[0] = _mm512_shuffle_f64x2(ab_low, cd_low, 0x88);
    column[1] = _mm512_shuffle_f64x2(ab_high, cd_high, 0x88);
    column[2] = _mm512_shuffle_f64x2(ab_low, cd_low, 0xdd);
    column[3] = _mm512_shuffle_f64x2(ab_high, cd_high, 0xdd);
}

LF_INLINE void load_pairs(const float *p, reg_f32 column[2])
{
    __m512i even = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
    __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
    __m512 a = _mm512_loadu_ps(p), b = _mm512_loadu_ps(p + 16);
    column[0] = _mm512_permutex2var_ps(a, even, b);
    column[1] = _mm512_permutex2var_ps(a, odd, b);
}

/* Elements 0, 3, .. 45 from i of 48, two registers at a time: those of the first are in place when
 * those of the third come. */
LF_INLINE void load_triples(const float *p, reg_f32 column[3])
{
    __m512i first[3] = {_mm512_set_epi32(0, 0, 0, 0, 0, 30, 27, 24, 21, 18, 15, 12, 9, 6, 3, 0),
                        _mm512_set_epi32(0, 0, 0, 0, 0, 31, 28, 25, 22, 19, 16, 13, 10, 7, 4, 1),
                        _mm512_set_epi32(0, 0, 0, 0, 0, 0, 29, 26, 23, 20, 17, 14, 11, 8, 5, 2)};
    __m512i second[3] = {_mm512_set_epi32(29, 26, 23, 20, 17, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
                         _mm512_set_epi32(30, 27, 24, 21, 18, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
                         _mm512_set_epi32(31, 28, 25, 22, 19, 16, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)};
    __m512 a = _mm512_loadu_ps(p), b = _mm512_loadu_ps(p + 16), c = _mm512_loadu_ps(p + 32);
    LF_UNROLL
    for (size_t i = 0; i < 3; i++)
        column[i] = _mm512_permutex2var_ps(_mm512_permutex2var_ps(a, first[i], b), second[i], c);
}

LF_INLINE void r_spread_f32(const float *p, reg_f32 v[4])
{
    __m512 quad = _mm512_broadcast_f32x4(_mm_loadu_ps(p));
    v[0] = _mm512_permute_ps(quad, 0x00);
    v[1] = _mm512_permute_ps(quad, 0x55);
    v[2] = _mm512_permute_ps(quad, 0xaa);
    v[3] = _mm512_permute_ps(quad, 0xff);
}

LF_INLINE void r_spread_f64(const double *p, reg_f64 v[4])
{
    __m512d first = _mm512_broadcast_f64x2(_mm_loadu_pd(p));
    __m512d second = _mm512_broadcast_f64x2(_mm_loadu_pd(p + 2));
    v[0] = _mm512_permute_pd(first, 0x00);
    v[1] = _mm512_permute_pd(first, 0xff);
    v[2] = _mm512_permute_pd(second, 0x00);
    v[3] = _mm512_permute_pd(second, 0xff);
}

/* Wider rows go by octets or by quads, the last of which may overlap the one before. */
LF_INLINE void r_load_rows_f32(size_t n, const float *p, size_t stride, reg_f32 *column)
{
    const float *row[4];
    if (n == 2) {
        load_pairs(p, column);
        return;
    }
    if (n == 3) {
        load_triples(p, column);
        return;
    }
    four_rows_f32(p, 4 * stride, row);
    const size_t step = n >= 8 ? 8 : 4;
    LF_UNROLL
    for (size_t i = 0; i < n; i += step) {
        size_t at = i + step <= n ? i : n - step;
        if (step == 8)
            load_octets(row, at, stride, column + at);
        else
            load_quads(row, at, stride, column + at);
    }
}

LF_INLINE void r_load_rows_f64(size_t n, const double *p, size_t stride, reg_f64 *column)
{
    const double *row[4];
    four_rows_f64(p, 2 * stride, row);
    const size_t step = n >= 4 ? 4 : 2;
    LF_UNROLL
    for (size_t i = 0; i < n; i += step) {
        size_t at = i + step <= n ? i : n - step;
        if (step == 4)
            load_four(row, at, stride, column + at);
        else
            load_doubles(row, at, stride, column + at);
    }
}

/* ---- Lanes of fleets ----------------------------------------------------------------------- */

LF_INLINE reg_f64 r_widen_f32(const float *p)
{
    return _mm512_cvtps_pd(_mm256_loadu_ps(p));
}

LF_INLINE reg_f64 r_widen_f64(const double *p)
{
    return _mm512_loadu_pd(p);
}

LF_INLINE int r_any_nan_f64(reg_f64 v)
{
    return _mm512_cmp_pd_mask(v, v, _CMP_UNORD_Q) != 0;
}

typedef __mmask8 lanes_f64;

LF_INLINE lanes_f64 r_nan_f64(reg_f64 v)
{
    return _mm512_cmp_pd_mask(v, v, _CMP_UNORD_Q);
}

LF_INLINE reg_f64 r_sub_unless_f64(lanes_f64 lanes, reg_f64 a, reg_f64 b)
{
    return _mm512_maskz_sub_pd(_knot_mask8(lanes), a, b);
}

LF_INLINE reg_f64 r_add_if_f64(lanes_f64 lanes, reg_f64 a, reg_f64 b)
{
    return _mm512_mask_add_pd(a, lanes, a, b);
}

LF_INLINE reg_f64 r_fma_if_f64(lanes_f64 lanes, reg_f64 a, reg_f64 b, reg_f64 c)
{
    return _mm512_mask3_fmadd_pd(a, b, c, lanes);
}

LF_INLINE __m512d widened_rows(const float *a, const float *b)
{
    const __m128 low = _mm_loadu_ps(a);
    return _mm512_cvtps_pd(_mm256_insertf128_ps(_mm256_castps128_ps256(low), _mm_loadu_ps(b), 1));
}

/* Register k holds four columns of rows k and k + 4 on its way in, and column k of all on its way
 * out. */
LF_INLINE void turn_lanes(reg_f64 v[4])
{
    const __m512d even_low = _mm512_unpacklo_pd(v[0], v[1]),
                  odd_low = _mm512_unpackhi_pd(v[0], v[1]);
    const __m512d even_high = _mm512_unpacklo_pd(v[2], v[3]);
    const __m512d odd_high = _mm512_unpackhi_pd(v[2], v[3]);
    /* pairs of lanes 01 and 45 of columns 0 2, then of 1 3; lanes 23 and 67 likewise */
    const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
    const __m512i last = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
    v[0] = _mm512_permutex2var_pd(even_low, first, even_high);
    v[1] = _mm512_permutex2var_pd(odd_low, first, odd_high);
    v[2] = _mm512_permutex2var_pd(even_low, last, even_high);
    v[3] = _mm512_permutex2var_pd(odd_low, last, odd_high);
}

#define TURN(type, real, rows)                                                                     \
    LF_INLINE void r_turn_##type(const real *p, ptrdiff_t stride, reg_f64 v[4])                    \
    {                                                                                              \
        LF_UNROLL                                                                                  \
        for (ptrdiff_t k = 0; k < 4; k++)                                                          \
            v[k] = rows(p + k * stride, p + (k + 4) * stride);                                     \
        turn_lanes(v);                                                                             \
    }
TURN(f32, float, widened_rows)
TURN(f64, double, two_rows)
#undef TURN

/* A load into one lane more is no shuffle, which but one port can do. */
LF_INLINE reg_f64 r_gather_f64(const double *p, ptrdiff_t stride)
{
    __m512d v = _mm512_set1_pd(p[0]);
    LF_UNROLL
    for (ptrdiff_t l = 1; l < 8; l++)
        v = _mm512_mask_broadcastsd_pd(v, (__mmask8)(1 << l), _mm_load_sd(p + l * stride));
    return v;
}

LF_INLINE reg_f64 r_gather_f32(const float *p, ptrdiff_t stride)
{
    __m256 v = _mm256_set1_ps(p[0]);
    LF_UNROLL
    for (ptrdiff_t l = 1; l < 8; l++)
        v = _mm256_mask_broadcastss_ps(v, (__mmask8)(1 << l), _mm_load_ss(p + l * stride));
    return _mm512_cvtps_pd(v);
}

LF_INLINE void r_store_pairs_f64(double *p, reg_f64 a, reg_f64 b)
{
    const __m512i first = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
    const __m512i last = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
    _mm512_storeu_pd(p, _mm512_permutex2var_pd(a, first, b));
    _mm512_storeu_pd(p + 8, _mm512_permutex2var_pd(a, last, b));
}
