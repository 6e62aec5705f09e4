/* SPDX-License-Identifier: MIT */
/* The words of vec.h in 64-bit NEON. */

LF_INLINE reg_u32 r_set1_u32(uint32_t x)
{
    return vdupq_n_u32(x);
}

LF_INLINE reg_u32 r_load_u32(const uint32_t *p)
{
    return vld1q_u32(p);
}

LF_INLINE void r_store_u32(uint32_t *p, reg_u32 v)
{
    vst1q_u32(p, v);
}

LF_INLINE reg_u32 r_and_u32(reg_u32 a, reg_u32 b)
{
    return vandq_u32(a, b);
}

LF_INLINE reg_u32 r_xor_u32(reg_u32 a, reg_u32 b)
{
    return veorq_u32(a, b);
}

LF_INLINE reg_u32 r_add_u32(reg_u32 a, reg_u32 b)
{
    return vaddq_u32(a, b);
}

LF_INLINE reg_u32 r_mul_u32(reg_u32 a, reg_u32 b)
{
    return vmulq_u32(a, b);
}

LF_INLINE reg_u32 r_shl_u32(reg_u32 v, unsigned n)
{
    return vshlq_u32(v, vdupq_n_s32((int32_t)n));
}

/* NEON shifts right by shifting left by a negative count. */
LF_INLINE reg_u32 r_shr_u32(reg_u32 v, unsigned n)
{
    return vshlq_u32(v, vdupq_n_s32(-(int32_t)n));
}

LF_INLINE reg_u32 r_odd_u32(reg_u32 v, reg_u32 x)
{
    return vandq_u32(vtstq_u32(v, vdupq_n_u32(1)), x);
}

LF_INLINE reg_f32 r_u32_to_f32(reg_u32 v)
{
    return vcvtq_f32_u32(v);
}

LF_INLINE reg_f64 r_pairs_to_f64(reg_u32 v)
{
    uint64x2_t joined = vreinterpretq_u64_u32(vrev64q_u32(v));
    return vcvtq_f64_u64(vandq_u64(joined, vdupq_n_u64(0x1fffffffffffff)));
}

#include "words_of_regs.inl.h"

LF_INLINE vec_f64 u_to_f64(vec_u32 v, int half)
{
    uint32x4_t first = v.r[2 * half], second = v.r[2 * half + 1];
    return (vec_f64){{vcvtq_f64_u64(vmovl_u32(vget_low_u32(first))),
                      vcvtq_f64_u64(vmovl_u32(vget_high_u32(first))),
                      vcvtq_f64_u64(vmovl_u32(vget_low_u32(second))),
                      vcvtq_f64_u64(vmovl_u32(vget_high_u32(second)))}};
}
