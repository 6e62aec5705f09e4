/* SPDX-License-Identifier: MIT */
/* The vocabulary of vec.h in AVX-512: its registers, what goes beyond one register, its words. */
#include "regs_avx512.h"

#include "type_f32.h"
#include "vec_of_regs.inl.h"

#include "type_f64.h"
#include "vec_of_regs.inl.h"

#define LF_PICKS 1

typedef __m512i picks_f32, picks_f64;

/* i * over >> 16 is i / cols for i and cols below 64: 65536 / cols, rounded up. A division takes
 * longer where cols is small. */
LF_INLINE int over_65536(size_t cols)
{
    static const int over[9] = {0, 65536, 32768, 21846, 16384, 13108, 10923, 9363, 8192};
    return cols <= 8 ? over[cols] : (int)(65535u / (unsigned)cols) + 1;
}

/* ---- f32 --------------------------------------------------------------------------------- */

LF_INLINE vec_f32 v_load_half_f32(const float *p)
{
    return (vec_f32){{_mm512_castps256_ps512(_mm256_loadu_ps(p))}};
}

LF_INLINE void v_store_half_f32(float *p, vec_f32 v)
{
    _mm256_storeu_ps(p, _mm512_castps512_ps256(v.r[0]));
}

LF_INLINE vec_f32 v_load_part_f32(const float *p, size_t n)
{
    return (vec_f32){{r_load_part_f32(p, n)}};
}

LF_INLINE void v_store_part_f32(float *p, vec_f32 v, size_t n)
{
    _mm512_mask_storeu_ps(p, mask_f32(n), v.r[0]);
}

LF_INLINE vec_f32 v_first_f32(size_t n, vec_f32 a, vec_f32 b)
{
    return (vec_f32){{_mm512_mask_blend_ps(mask_f32(n), b.r[0], a.r[0])}};
}

LF_INLINE float v_sum_f32(vec_f32 v)
{
    __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(v.r[0]), _mm512_extractf32x8_ps(v.r[0], 1));
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

/* By quarters of a register, until each holds the four partial sums of one vector. */
LF_INLINE void v_sum4_f32(const vec_f32 v[4], float sum[4])
{
    __m512 ab = _mm512_add_ps(_mm512_shuffle_f32x4(v[0].r[0], v[1].r[0], 0x44),
                              _mm512_shuffle_f32x4(v[0].r[0], v[1].r[0], 0xee));
    __m512 cd = _mm512_add_ps(_mm512_shuffle_f32x4(v[2].r[0], v[3].r[0], 0x44),
                              _mm512_shuffle_f32x4(v[2].r[0], v[3].r[0], 0xee));
    __m512 four =
        _mm512_add_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd));
    __m512 two = _mm512_add_ps(four, _mm512_permute_ps(four, 0xee));
    __m512 one = _mm512_add_ps(two, _mm512_movehdup_ps(two));
    _mm_storeu_ps(sum, _mm512_castps512_ps128(_mm512_maskz_compress_ps(0x1111, one)));
}

LF_INLINE vec_f32 v_repeat_f32(const float *p, size_t lanes)
{
    __m512 v = lanes == 16  ? _mm512_loadu_ps(p)
               : lanes == 8 ? _mm512_broadcast_f32x8(_mm256_loadu_ps(p))
                            : _mm512_broadcast_f32x4(_mm_loadu_ps(p));
    return (vec_f32){{v}};
}

LF_INLINE __m512 join_quarters_f32(__m128 a, __m128 b, __m128 c, __m128 d)
{
    return _mm512_insertf32x8(_mm512_castps256_ps512(_mm256_set_m128(b, a)), _mm256_set_m128(d, c),
                              1);
}

LF_INLINE vec_f32 v_pieces_f32(const float *p, size_t stride, size_t lanes)
{
    if (lanes == 16)
        return (vec_f32){{_mm512_loadu_ps(p)}};
    if (lanes == 8)
        return (vec_f32){{two_octets(p, p + stride)}};
    return (vec_f32){
        {join_quarters_f32(_mm_loadu_ps(p), _mm_loadu_ps(p + stride), _mm_loadu_ps(p + 2 * stride),
                           _mm_loadu_ps(p + 3 * stride))}};
}

LF_INLINE void v_load_columns_f32(const float *p, size_t stride, size_t n, vec_f32 v[4])
{
    __m512 q[4];
    LF_UNROLL
    for (size_t k = 0; k < 4; k++) {
        const float *row[4];
        LF_UNROLL
        for (size_t i = 0; i < 4; i++)
            row[i] = p + LF_ROW(k + 4 * i, n) * stride;
        q[k] = four_quads(row, 0);
    }
    transpose_quads(q);
    LF_UNROLL
    for (size_t j = 0; j < 4; j++)
        v[j].r[0] = q[j];
}

LF_INLINE picks_f32 v_grid_f32(size_t first, size_t cols, size_t row_step, size_t col_step)
{
    const __m512i lane =
        _mm512_add_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                         _mm512_set1_epi32((int)first));
    const int over = over_65536(cols), back = (int)row_step - (int)(cols * col_step);
    __m512i row = _mm512_srli_epi32(_mm512_mullo_epi32(lane, _mm512_set1_epi32(over)), 16);
    return _mm512_add_epi32(_mm512_mullo_epi32(lane, _mm512_set1_epi32((int)col_step)),
                            _mm512_mullo_epi32(row, _mm512_set1_epi32(back)));
}

LF_INLINE picks_f32 v_grid_next_f32(picks_f32 at, size_t step)
{
    return _mm512_add_epi32(at, _mm512_set1_epi32((int)step));
}

LF_INLINE picks_f32 v_grid_sum_f32(picks_f32 a, picks_f32 b)
{
    return _mm512_add_epi32(a, b);
}

LF_INLINE vec_f32 v_pick_f32(size_t n, const vec_f32 *from, picks_f32 at)
{
    if (n == 1)
        return (vec_f32){{_mm512_permutexvar_ps(at, from[0].r[0])}};
    __m512 first = _mm512_permutex2var_ps(from[0].r[0], at, from[1].r[0]);
    if (n == 2)
        return (vec_f32){{first}};
    __m512 last = _mm512_permutex2var_ps(from[2].r[0], at, from[3].r[0]);
    __mmask16 is_last = _mm512_test_epi32_mask(at, _mm512_set1_epi32(32));
    return (vec_f32){{_mm512_mask_blend_ps(is_last, first, last)}};
}

LF_INLINE int v_all_finite_f32(vec_f32 v)
{
    return _mm512_fpclass_ps_mask(v.r[0], 0x99) == 0;
}

/* ---- f64 --------------------------------------------------------------------------------- */

LF_INLINE vec_f64 v_load_half_f64(const double *p)
{
    return (vec_f64){{_mm512_castpd256_pd512(_mm256_loadu_pd(p))}};
}

LF_INLINE void v_store_half_f64(double *p, vec_f64 v)
{
    _mm256_storeu_pd(p, _mm512_castpd512_pd256(v.r[0]));
}

LF_INLINE vec_f64 v_load_part_f64(const double *p, size_t n)
{
    return (vec_f64){{r_load_part_f64(p, n)}};
}

LF_INLINE void v_store_part_f64(double *p, vec_f64 v, size_t n)
{
    _mm512_mask_storeu_pd(p, mask_f64(n), v.r[0]);
}

LF_INLINE vec_f64 v_first_f64(size_t n, vec_f64 a, vec_f64 b)
{
    return (vec_f64){{_mm512_mask_blend_pd(mask_f64(n), b.r[0], a.r[0])}};
}

LF_INLINE double v_sum_f64(vec_f64 v)
{
    __m256d four = _mm256_add_pd(_mm512_castpd512_pd256(v.r[0]), _mm512_extractf64x4_pd(v.r[0], 1));
    __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

LF_INLINE void v_sum4_f64(const vec_f64 v[4], double sum[4])
{
    __m512d ab = _mm512_add_pd(_mm512_shuffle_f64x2(v[0].r[0], v[1].r[0], 0x44),
                               _mm512_shuffle_f64x2(v[0].r[0], v[1].r[0], 0xee));
    __m512d cd = _mm512_add_pd(_mm512_shuffle_f64x2(v[2].r[0], v[3].r[0], 0x44),
                               _mm512_shuffle_f64x2(v[2].r[0], v[3].r[0], 0xee));
    __m512d two =
        _mm512_add_pd(_mm512_shuffle_f64x2(ab, cd, 0x88), _mm512_shuffle_f64x2(ab, cd, 0xdd));
    __m512d one = _mm512_add_pd(two, _mm512_permute_pd(two, 0xff));
    _mm256_storeu_pd(sum, _mm512_castpd512_pd256(_mm512_maskz_compress_pd(0x55, one)));
}

LF_INLINE vec_f64 v_repeat_f64(const double *p, size_t lanes)
{
    return (vec_f64){
        {lanes == 8 ? _mm512_loadu_pd(p) : _mm512_broadcast_f64x4(_mm256_loadu_pd(p))}};
}

LF_INLINE vec_f64 v_pieces_f64(const double *p, size_t stride, size_t lanes)
{
    if (lanes == 8)
        return (vec_f64){{_mm512_loadu_pd(p)}};
    __m512d first = _mm512_castpd256_pd512(_mm256_loadu_pd(p));
    return (vec_f64){{_mm512_insertf64x4(first, _mm256_loadu_pd(p + stride), 1)}};
}

/* Two elements of every second row of p, from row `first` on. */
LF_INLINE __m512d load_pairs_f64(const double *p, size_t stride, size_t n, size_t first)
{
    const double *row[4];
    LF_UNROLL
    for (size_t i = 0; i < 4; i++)
        row[i] = p + LF_ROW(first + 2 * i, n) * stride;
    return four_pairs(row, 0);
}

LF_INLINE void v_load_columns_f64(const double *p, size_t stride, size_t n, vec_f64 v[4])
{
    LF_UNROLL
    for (size_t j = 0; j < 4; j += 2) {
        __m512d even = load_pairs_f64(p + j, stride, n, 0);
        __m512d odd = load_pairs_f64(p + j, stride, n, 1);
        v[j].r[0] = _mm512_unpacklo_pd(even, odd);
        v[j + 1].r[0] = _mm512_unpackhi_pd(even, odd);
    }
}

LF_INLINE picks_f64 v_grid_f64(size_t first, size_t cols, size_t row_step, size_t col_step)
{
    const __m512i lane =
        _mm512_add_epi64(_mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7), _mm512_set1_epi64((int)first));
    const int over = over_65536(cols), back = (int)row_step - (int)(cols * col_step);
    __m512i row = _mm512_srli_epi64(_mm512_mullo_epi64(lane, _mm512_set1_epi64(over)), 16);
    return _mm512_add_epi64(_mm512_mullo_epi64(lane, _mm512_set1_epi64((int)col_step)),
                            _mm512_mullo_epi64(row, _mm512_set1_epi64(back)));
}

LF_INLINE picks_f64 v_grid_next_f64(picks_f64 at, size_t step)
{
    return _mm512_add_epi64(at, _mm512_set1_epi64((int)step));
}

LF_INLINE picks_f64 v_grid_sum_f64(picks_f64 a, picks_f64 b)
{
    return _mm512_add_epi64(a, b);
}

LF_INLINE vec_f64 v_pick_f64(size_t n, const vec_f64 *from, picks_f64 at)
{
    if (n == 1)
        return (vec_f64){{_mm512_permutexvar_pd(at, from[0].r[0])}};
    __m512d first = _mm512_permutex2var_pd(from[0].r[0], at, from[1].r[0]);
    if (n == 2)
        return (vec_f64){{first}};
    __m512d last = _mm512_permutex2var_pd(from[2].r[0], at, from[3].r[0]);
    __mmask8 is_last = _mm512_test_epi64_mask(at, _mm512_set1_epi64(16));
    return (vec_f64){{_mm512_mask_blend_pd(is_last, first, last)}};
}

LF_INLINE int v_all_finite_f64(vec_f64 v)
{
    return _mm512_fpclass_pd_mask(v.r[0], 0x99) == 0;
}

#define LOAD_LANES(type, real, rows)                                                               \
    LF_INLINE void v_load_lanes_##type(const real *const p[8], size_t at, vec_f64 v[4])            \
    {                                                                                              \
        reg_f64 r[4];                                                                              \
        LF_UNROLL                                                                                  \
        for (size_t k = 0; k < 4; k++)                                                             \
            r[k] = rows(p[k] + at, p[k + 4] + at);                                                 \
        turn_lanes(r);                                                                             \
        LF_UNROLL                                                                                  \
        for (size_t k = 0; k < 4; k++)                                                             \
            v[k].r[0] = r[k];                                                                      \
    }
LOAD_LANES(f32, float, widened_rows)
LOAD_LANES(f64, double, two_rows)
#undef LOAD_LANES

#include "words_avx512.h"
