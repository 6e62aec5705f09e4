/* SPDX-License-Identifier: MIT */
/* The words of vec.h in AVX-512. */

LF_INLINE reg_u32 r_set1_u32(uint32_t x)
{
    return _mm512_set1_epi32((int)x);
}

LF_INLINE reg_u32 r_load_u32(const uint32_t *p)
{
    return _mm512_loadu_si512(p);
}

LF_INLINE void r_store_u32(uint32_t *p, reg_u32 v)
{
    _mm512_storeu_si512(p, v);
}

LF_INLINE reg_u32 r_and_u32(reg_u32 a, reg_u32 b)
{
    return _mm512_and_si512(a, b);
}

LF_INLINE reg_u32 r_xor_u32(reg_u32 a, reg_u32 b)
{
    return _mm512_xor_si512(a, b);
}

LF_INLINE reg_u32 r_add_u32(reg_u32 a, reg_u32 b)
{
    return _mm512_add_epi32(a, b);
}

LF_INLINE reg_u32 r_mul_u32(reg_u32 a, reg_u32 b)
{
    return _mm512_mullo_epi32(a, b);
}

LF_INLINE reg_u32 r_shl_u32(reg_u32 v, unsigned n)
{
    return _mm512_slli_epi32(v, n);
}

LF_INLINE reg_u32 r_shr_u32(reg_u32 v, unsigned n)
{
    return _mm512_srli_epi32(v, n);
}

LF_INLINE reg_u32 r_odd_u32(reg_u32 v, reg_u32 x)
{
    return _mm512_maskz_mov_epi32(_mm512_test_epi32_mask(v, _mm512_set1_epi32(1)), x);
}

LF_INLINE reg_f32 r_u32_to_f32(reg_u32 v)
{
    return _mm512_cvtepi32_ps(v);
}

LF_INLINE reg_f64 r_pairs_to_f64(reg_u32 v)
{
    __m512i joined = _mm512_rol_epi64(v, 32);
    return _mm512_cvtepu64_pd(_mm512_and_si512(joined, _mm512_set1_epi64(0x1fffffffffffff)));
}

#include "words_of_regs.inl.h"

LF_INLINE vec_f64 u_to_f64(vec_u32 v, int half)
{
    return (vec_f64){{_mm512_cvtepu32_pd(half ? _mm512_extracti32x8_epi32(v.r[0], 1)
                                              : _mm512_castsi512_si256(v.r[0]))}};
}
