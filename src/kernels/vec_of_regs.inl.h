/* SPDX-License-Identifier: MIT */
/* A vec as its registers, and what is done to them one by one: the same for every instruction set,
 * over the registers that the including file has defined. */

typedef struct vec {
    reg r[LF_VEC_REGS];
} vec;

LF_INLINE vec v_set1(REAL x)
{
    LF_EACH_REG(vec, r_set1(x));
}

LF_INLINE vec v_load(const REAL *p)
{
    LF_EACH_REG(vec, r_load(p + i * (sizeof(reg) / sizeof(REAL))));
}

LF_INLINE void v_store(REAL *p, vec v)
{
    LF_FOR_EACH_REG(r_store(p + i * (sizeof(reg) / sizeof(REAL)), v.r[i]));
}

#define ONE_OPERAND(name)                                                                          \
    LF_INLINE vec v_##name(vec v)                                                                  \
    {                                                                                              \
        LF_EACH_REG(vec, r_##name(v.r[i]));                                                        \
    }
#define TWO_OPERANDS(name)                                                                         \
    LF_INLINE vec v_##name(vec a, vec b)                                                           \
    {                                                                                              \
        LF_EACH_REG(vec, r_##name(a.r[i], b.r[i]));                                                \
    }
TWO_OPERANDS(add)
TWO_OPERANDS(sub)
TWO_OPERANDS(mul)
TWO_OPERANDS(div)
ONE_OPERAND(sqrt)
ONE_OPERAND(abs)
ONE_OPERAND(exp)
ONE_OPERAND(log)
ONE_OPERAND(log1p)
ONE_OPERAND(tanh)
ONE_OPERAND(erf)
ONE_OPERAND(sinpi)
ONE_OPERAND(cospi)
#undef ONE_OPERAND
#undef TWO_OPERANDS

LF_INLINE vec v_fma(vec a, vec b, vec c)
{
    LF_EACH_REG(vec, r_fma(a.r[i], b.r[i], c.r[i]));
}

LF_INLINE vec v_if_greater(vec a, vec b, vec c, vec d)
{
    LF_EACH_REG(vec, r_if_greater(a.r[i], b.r[i], c.r[i], d.r[i]));
}

LF_INLINE vec v_if_finite(vec t, vec a, vec b)
{
    LF_EACH_REG(vec, r_if_finite(t.r[i], a.r[i], b.r[i]));
}
