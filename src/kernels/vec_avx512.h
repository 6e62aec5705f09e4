/* SPDX-License-Identifier: MIT */
/* The vocabulary of vec.h in AVX-512 (F, BW, DQ, VL): one register a vec. */
#include "vec.h"

#include <immintrin.h>
#include <sleef.h>
#include <stddef.h>
#include <stdint.h>

typedef __m512 vec_f32;
typedef __m512d vec_f64;
typedef __m512i vec_u32;

enum { LF_TILE_ROWS = 12, LF_TILE_VECS = 2 };

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

LF_INLINE vec_f32 v_load_half_f32(const float *p)
{
    return _mm512_castps256_ps512(_mm256_loadu_ps(p));
}

LF_INLINE void v_store_half_f32(float *p, vec_f32 v)
{
    _mm256_storeu_ps(p, _mm512_castps512_ps256(v));
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

LF_INLINE vec_f32 v_div_f32(vec_f32 a, vec_f32 b)
{
    return _mm512_div_ps(a, b);
}

LF_INLINE vec_f32 v_sqrt_f32(vec_f32 v)
{
    return _mm512_sqrt_ps(v);
}

LF_INLINE vec_f32 v_abs_f32(vec_f32 v)
{
    return _mm512_abs_ps(v);
}

LF_INLINE vec_f32 v_if_greater_f32(vec_f32 a, vec_f32 b, vec_f32 c, vec_f32 d)
{
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_GT_OQ), d, c);
}

LF_INLINE float v_sum_f32(vec_f32 v)
{
    __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

/* By quarters of a register, until each holds the four partial sums of one vector. */
LF_INLINE void v_sum4_f32(const vec_f32 v[4], float sum[4])
{
    __m512 ab = _mm512_add_ps(_mm512_shuffle_f32x4(v[0], v[1], 0x44),
                              _mm512_shuffle_f32x4(v[0], v[1], 0xee));
    __m512 cd = _mm512_add_ps(_mm512_shuffle_f32x4(v[2], v[3], 0x44),
                              _mm512_shuffle_f32x4(v[2], v[3], 0xee));
    __m512 four =
        _mm512_add_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd));
    __m512 two = _mm512_add_ps(four, _mm512_permute_ps(four, 0xee));
    __m512 one = _mm512_add_ps(two, _mm512_movehdup_ps(two));
    _mm_storeu_ps(sum, _mm512_castps512_ps128(_mm512_maskz_compress_ps(0x1111, one)));
}

/* The 4 x 4 blocks in the quarters of four registers, transposed. */
LF_INLINE void transpose4_f32(const __m512 q[4], __m512 t[4])
{
    __m512 low01 = _mm512_unpacklo_ps(q[0], q[1]), high01 = _mm512_unpackhi_ps(q[0], q[1]);
    __m512 low23 = _mm512_unpacklo_ps(q[2], q[3]), high23 = _mm512_unpackhi_ps(q[2], q[3]);
    t[0] = _mm512_shuffle_ps(low01, low23, 0x44);
    t[1] = _mm512_shuffle_ps(low01, low23, 0xee);
    t[2] = _mm512_shuffle_ps(high01, high23, 0x44);
    t[3] = _mm512_shuffle_ps(high01, high23, 0xee);
}

LF_INLINE vec_f32 v_repeat_f32(const float *p, size_t lanes)
{
    return lanes == 16  ? _mm512_loadu_ps(p)
           : lanes == 8 ? _mm512_broadcast_f32x8(_mm256_loadu_ps(p))
           : lanes == 4 ? _mm512_broadcast_f32x4(_mm_loadu_ps(p))
           : lanes == 2 ? _mm512_castpd_ps(_mm512_set1_pd(*(const double *)p))
                        : _mm512_set1_ps(*p);
}

LF_INLINE __m128 load_pairs_f32(const float *p, size_t stride)
{
    __m128 v = _mm_castpd_ps(_mm_load_sd((const double *)p));
    return _mm_loadh_pi(v, (const __m64 *)(p + stride));
}

LF_INLINE __m512 join_quarters_f32(__m128 a, __m128 b, __m128 c, __m128 d)
{
    return _mm512_insertf32x8(_mm512_castps256_ps512(_mm256_set_m128(b, a)), _mm256_set_m128(d, c),
                              1);
}

LF_INLINE vec_f32 v_pieces_f32(const float *p, size_t stride, size_t lanes)
{
    if (lanes == 16)
        return _mm512_loadu_ps(p);
    if (lanes == 8)
        return _mm512_insertf32x8(_mm512_castps256_ps512(_mm256_loadu_ps(p)),
                                  _mm256_loadu_ps(p + stride), 1);
    if (lanes == 4)
        return join_quarters_f32(_mm_loadu_ps(p), _mm_loadu_ps(p + stride),
                                 _mm_loadu_ps(p + 2 * stride), _mm_loadu_ps(p + 3 * stride));
    return join_quarters_f32(load_pairs_f32(p, stride), load_pairs_f32(p + 2 * stride, stride),
                             load_pairs_f32(p + 4 * stride, stride),
                             load_pairs_f32(p + 6 * stride, stride));
}

LF_INLINE void v_load_columns_f32(const float *p, size_t stride, size_t n, vec_f32 v[4])
{
    __m512 q[4];
    LF_UNROLL
    for (size_t k = 0; k < 4; k++) {
        q[k] = _mm512_castps128_ps512(_mm_loadu_ps(p + LF_ROW(k, n) * stride));
        q[k] = _mm512_insertf32x4(q[k], _mm_loadu_ps(p + LF_ROW(k + 4, n) * stride), 1);
        q[k] = _mm512_insertf32x4(q[k], _mm_loadu_ps(p + LF_ROW(k + 8, n) * stride), 2);
        q[k] = _mm512_insertf32x4(q[k], _mm_loadu_ps(p + LF_ROW(k + 12, n) * stride), 3);
    }
    transpose4_f32(q, v);
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

LF_INLINE vec_f64 v_load_half_f64(const double *p)
{
    return _mm512_castpd256_pd512(_mm256_loadu_pd(p));
}

LF_INLINE void v_store_half_f64(double *p, vec_f64 v)
{
    _mm256_storeu_pd(p, _mm512_castpd512_pd256(v));
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

LF_INLINE vec_f64 v_div_f64(vec_f64 a, vec_f64 b)
{
    return _mm512_div_pd(a, b);
}

LF_INLINE vec_f64 v_sqrt_f64(vec_f64 v)
{
    return _mm512_sqrt_pd(v);
}

LF_INLINE vec_f64 v_abs_f64(vec_f64 v)
{
    return _mm512_abs_pd(v);
}

LF_INLINE vec_f64 v_if_greater_f64(vec_f64 a, vec_f64 b, vec_f64 c, vec_f64 d)
{
    return _mm512_mask_blend_pd(_mm512_cmp_pd_mask(a, b, _CMP_GT_OQ), d, c);
}

LF_INLINE double v_sum_f64(vec_f64 v)
{
    __m256d four = _mm256_add_pd(_mm512_castpd512_pd256(v), _mm512_extractf64x4_pd(v, 1));
    __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

LF_INLINE void v_sum4_f64(const vec_f64 v[4], double sum[4])
{
    __m512d ab = _mm512_add_pd(_mm512_shuffle_f64x2(v[0], v[1], 0x44),
                               _mm512_shuffle_f64x2(v[0], v[1], 0xee));
    __m512d cd = _mm512_add_pd(_mm512_shuffle_f64x2(v[2], v[3], 0x44),
                               _mm512_shuffle_f64x2(v[2], v[3], 0xee));
    __m512d two =
        _mm512_add_pd(_mm512_shuffle_f64x2(ab, cd, 0x88), _mm512_shuffle_f64x2(ab, cd, 0xdd));
    __m512d one = _mm512_add_pd(two, _mm512_permute_pd(two, 0xff));
    _mm256_storeu_pd(sum, _mm512_castpd512_pd256(_mm512_maskz_compress_pd(0x55, one)));
}

LF_INLINE vec_f64 v_repeat_f64(const double *p, size_t lanes)
{
    return lanes == 8   ? _mm512_loadu_pd(p)
           : lanes == 4 ? _mm512_broadcast_f64x4(_mm256_loadu_pd(p))
           : lanes == 2 ? _mm512_broadcast_f64x2(_mm_loadu_pd(p))
                        : _mm512_set1_pd(*p);
}

LF_INLINE vec_f64 v_pieces_f64(const double *p, size_t stride, size_t lanes)
{
    if (lanes == 8)
        return _mm512_loadu_pd(p);
    __m256d first = lanes == 4 ? _mm256_loadu_pd(p) : _mm256_loadu2_m128d(p + stride, p);
    __m256d last = lanes == 4 ? _mm256_loadu_pd(p + stride)
                              : _mm256_loadu2_m128d(p + 3 * stride, p + 2 * stride);
    return _mm512_insertf64x4(_mm512_castpd256_pd512(first), last, 1);
}

/* Two elements of every second row of p, from row `first` on. */
LF_INLINE __m512d load_pairs_f64(const double *p, size_t stride, size_t n, size_t first)
{
    __m512d v = _mm512_castpd128_pd512(_mm_loadu_pd(p + LF_ROW(first, n) * stride));
    v = _mm512_insertf64x2(v, _mm_loadu_pd(p + LF_ROW(first + 2, n) * stride), 1);
    v = _mm512_insertf64x2(v, _mm_loadu_pd(p + LF_ROW(first + 4, n) * stride), 2);
    return _mm512_insertf64x2(v, _mm_loadu_pd(p + LF_ROW(first + 6, n) * stride), 3);
}

LF_INLINE void v_load_columns_f64(const double *p, size_t stride, size_t n, vec_f64 v[4])
{
    LF_UNROLL
    for (size_t j = 0; j < 4; j += 2) {
        __m512d even = load_pairs_f64(p + j, stride, n, 0);
        __m512d odd = load_pairs_f64(p + j, stride, n, 1);
        v[j] = _mm512_unpacklo_pd(even, odd);
        v[j + 1] = _mm512_unpackhi_pd(even, odd);
    }
}

LF_INLINE int v_all_finite_f64(vec_f64 v)
{
    return _mm512_fpclass_pd_mask(v, 0x99) == 0;
}

LF_INLINE vec_f64 v_if_finite_f64(vec_f64 t, vec_f64 a, vec_f64 b)
{
    return _mm512_mask_blend_pd(_mm512_fpclass_pd_mask(t, 0x99), a, b);
}

/* ---- registers --------------------------------------------------------------------------- */

typedef __m512 reg_f32;
typedef __m512d reg_f64;

enum { REGISTERS = 32 };

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
    }
OPERATIONS(f32, float, ps)
OPERATIONS(f64, double, pd)
#undef OPERATIONS

LF_INLINE reg_f32 r_load_part_f32(const float *p, size_t n)
{
    return v_load_part_f32(p, n);
}

LF_INLINE reg_f64 r_load_part_f64(const double *p, size_t n)
{
    return v_load_part_f64(p, n);
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

/* ---- elementary functions ------------------------------------------------------------------ */

#define FUNCTION(name, f32, f64)                                                                   \
    LF_INLINE vec_f32 name##_f32(vec_f32 v)                                                        \
    {                                                                                              \
        return f32(v);                                                                             \
    }                                                                                              \
    LF_INLINE vec_f64 name##_f64(vec_f64 v)                                                        \
    {                                                                                              \
        return f64(v);                                                                             \
    }
FUNCTION(v_exp, Sleef_finz_expf16_u10avx512f, Sleef_finz_expd8_u10avx512f)
FUNCTION(v_log, Sleef_finz_logf16_u10avx512f, Sleef_finz_logd8_u10avx512f)
FUNCTION(v_log1p, Sleef_finz_log1pf16_u10avx512f, Sleef_finz_log1pd8_u10avx512f)
FUNCTION(v_tanh, Sleef_finz_tanhf16_u10avx512f, Sleef_finz_tanhd8_u10avx512f)
FUNCTION(v_erf, Sleef_finz_erff16_u10avx512f, Sleef_finz_erfd8_u10avx512f)
FUNCTION(v_sinpi, Sleef_finz_sinpif16_u05avx512f, Sleef_finz_sinpid8_u05avx512f)
FUNCTION(v_cospi, Sleef_finz_cospif16_u05avx512f, Sleef_finz_cospid8_u05avx512f)
#undef FUNCTION

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
