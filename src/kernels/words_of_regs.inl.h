/* SPDX-License-Identifier: MIT */
/* Words, register by register, as vec_of_regs.inl.h has numbers. */

typedef struct vec_u32 {
    reg_u32 r[LF_VEC_REGS];
} vec_u32;

LF_INLINE vec_u32 u_set1(uint32_t x)
{
    LF_EACH_REG(vec_u32, r_set1_u32(x));
}

LF_INLINE vec_u32 u_load(const uint32_t *p)
{
    LF_EACH_REG(vec_u32, r_load_u32(p + i * (sizeof(reg_u32) / sizeof *p)));
}

LF_INLINE void u_store(uint32_t *p, vec_u32 v)
{
    LF_FOR_EACH_REG(r_store_u32(p + i * (sizeof(reg_u32) / sizeof *p), v.r[i]));
}

#define TWO_OPERANDS(name)                                                                         \
    LF_INLINE vec_u32 u_##name(vec_u32 a, vec_u32 b)                                               \
    {                                                                                              \
        LF_EACH_REG(vec_u32, r_##name##_u32(a.r[i], b.r[i]));                                      \
    }
#define SHIFT(name)                                                                                \
    LF_INLINE vec_u32 u_##name(vec_u32 v, unsigned n)                                              \
    {                                                                                              \
        LF_EACH_REG(vec_u32, r_##name##_u32(v.r[i], n));                                           \
    }
TWO_OPERANDS(and)
TWO_OPERANDS(xor)
TWO_OPERANDS(add)
TWO_OPERANDS(mul)
TWO_OPERANDS(odd)
SHIFT(shl)
SHIFT(shr)
#undef TWO_OPERANDS
#undef SHIFT

LF_INLINE vec_f32 u_to_f32(vec_u32 v)
{
    LF_EACH_REG(vec_f32, r_u32_to_f32(v.r[i]));
}

LF_INLINE vec_f64 u_pairs_to_f64(vec_u32 v)
{
    LF_EACH_REG(vec_f64, r_pairs_to_f64(v.r[i]));
}
