/* SPDX-License-Identifier: MIT */
/* The words of vec.h in AVX2. */

LF_INLINE reg_u32 r_set1_u32(uint32_t x)
{
    return _mm256_set1_epi32((int)x);
}

LF_INLINE reg_u32 r_load_u32(const uint32_t *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

LF_INLINE void r_store_u32(uint32_t *p, reg_u32 v)
{
    _mm256_storeu_si256((__m256i *)p, v);
}

LF_INLINE reg_u32 r_and_u32(reg_u32 a, reg_u32 b)
{
    return _mm256_and_si256(a, b);
}

LF_INLINE reg_u32 r_xor_u32(reg_u32 a, reg_u32 b)
{
    return _mm256_xor_si256(a, b);
}

LF_INLINE reg_u32 r_add_u32(reg_u32 a, reg_u32 b)
{
    return _mm256_add_epi32(a, b);
}

LF_INLINE reg_u32 r_mul_u32(reg_u32 a, reg_u32 b)
{
    return _mm256_mullo_epi32(a, b);
}

LF_INLINE reg_u32 r_shl_u32(reg_u32 v, unsigned n)
{
    return _mm256_slli_epi32(v, (int)n);
}

LF_INLINE reg_u32 r_shr_u32(reg_u32 v, unsigned n)
{
    return _mm256_srli_epi32(v, (int)n);
}

LF_INLINE reg_u32 r_odd_u32(reg_u32 v, reg_u32 x)
{
    __m256i one = _mm256_and_si256(v, _mm256_set1_epi32(1));
    return _mm256_and_si256(x, _mm256_sub_epi32(_mm256_setzero_si256(), one));
}

LF_INLINE reg_f32 r_u32_to_f32(reg_u32 v)
{
    return _mm256_cvtepi32_ps(v);
}

/* The low part of a pair in the low bits of 2^52, the 21 bits of its high part in those of 2^84:
 * the sum, less both powers, is exact. */
LF_INLINE reg_f64 r_pairs_to_f64(reg_u32 v)
{
    __m256i low = _mm256_srli_epi64(v, 32);
    __m256i high = _mm256_and_si256(v, _mm256_set1_epi64x(0x1fffff));
    low = _mm256_or_si256(low, _mm256_castpd_si256(_mm256_set1_pd(0x1p52)));
    high = _mm256_or_si256(high, _mm256_castpd_si256(_mm256_set1_pd(0x1p84)));
    return _mm256_add_pd(_mm256_sub_pd(_mm256_castsi256_pd(high), _mm256_set1_pd(0x1p84 + 0x1p52)),
                         _mm256_castsi256_pd(low));
}

#include "words_of_regs.inl.h"

/* A word in the low bits of the double 2^52 is 2^52 + word, exactly. */
LF_INLINE __m256d widen_words(__m128i v)
{
    __m256d shift = _mm256_set1_pd(0x1p52);
    __m256i bits = _mm256_or_si256(_mm256_cvtepu32_epi64(v), _mm256_castpd_si256(shift));
    return _mm256_sub_pd(_mm256_castsi256_pd(bits), shift);
}

LF_INLINE vec_f64 u_to_f64(vec_u32 v, int half)
{
    return (vec_f64){{widen_words(_mm256_castsi256_si128(v.r[half])),
                      widen_words(_mm256_extracti128_si256(v.r[half], 1))}};
}
