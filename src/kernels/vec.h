/* SPDX-License-Identifier: MIT */
/* The names of the vocabulary, as the kernel texts use them: v_add is v_add_f32 or v_add_f64,
 * whichever type the text is being compiled for.
 *
 * A vec is 64 bytes of one type, however many registers that takes: 16 floats (vec_f32), 8 doubles
 * (vec_f64) or 16 words (vec_u32, whose operations are named u_). V lanes a vec, numbered in memory
 * order. The first n lanes, n from 0 to V, may stand for the whole: the *_part operations touch no
 * other element. What is done to the lanes one by one is done to whole registers, in
 * vec_of_regs.inl.h and words_of_regs.inl.h; each ISA defines those, in its regs_<isa>.h and
 * words_<isa>.h, and the rest in its vec_<isa>.h. For both types
 *   v_set1(x)                 x in every lane
 *   v_load(p), v_store(p, v)  V elements from p, any alignment
 *   v_load_half(p), v_store_half(p, v)
 *                             the first V/2 lanes; the others have any value
 *   v_load_part(p, n)         the first n lanes from p, 0 in the others
 *   v_store_part(p, v, n)     the first n lanes to p
 *   v_first(n, a, b)          the first n lanes of a, the others of b
 *   v_add, v_sub, v_mul       lane by lane, rounded once
 *   v_fma(a, b, c)            a*b + c, rounded once
 *   v_div, v_sqrt, v_abs      lane by lane, rounded once
 *   v_if_greater(a, b, c, d)  c in the lanes where a > b, d in the others, where either is NaN too
 *   v_exp, v_log, v_log1p,    SLEEF's deterministic ones, within 1 ulp
 *   v_tanh, v_erf
 *   v_sinpi, v_cospi          of pi v; within 0.506 ulp
 *   v_sum(v)                  the lanes added by halving: lane i and lane i + V/2, and so on
 *   v_sum4(v, sum)            sum[j] = v_sum(v[j]) for the four of them
 *   v_load_columns(p, stride, n, v)
 *                             lane i of v[j] = p[i*stride + j]: n rows of four columns, the last
 *                             row in the other lanes
 *   v_repeat(p, lanes)        the `lanes` elements from p over and over; 4, 8 .. V of them
 *   v_pieces(p, stride, lanes)
 *                             as many from p, from p + stride, and so on
 *   v_all_finite(v)           no lane is infinite or NaN
 *   v_if_finite(t, a, b)      a in the lanes where t is finite, b in the others
 * Where LF_PICKS is 1, a part of a vec is loaded and stored as fast as the whole, and lanes are
 * picked by index:
 *   v_grid(first, cols, r, c) picks: lane i = (k / cols) r + (k mod cols) c, k = first + i; k
 *                             and cols below 4 V
 *   v_grid_next(picks, step)  step more in every lane
 *   v_grid_sum(a, b)          lane by lane
 *   v_pick(n, from, picks)    lane i = element picks[i] of the vecs from[n]; n is 1, 2 or 4
 * For loops that keep many sums, a reg is one register of R = sizeof(reg) / sizeof(type) lanes, and
 * a vec is V / R of them; there are REGISTERS.
 *   r_set1, r_load, r_store, r_add, r_sub, r_mul, r_fma, r_div, r_sqrt, r_abs, r_if_greater,
 *   r_if_finite, r_exp, r_log, r_log1p, r_tanh, r_erf, r_sinpi, r_cospi
 *                             as those of a vec
 *   r_load_part(p, n)         the first n lanes from p, n from 1 to R, 0 in the others
 *   r_load_rows(n, p, s, c)   n > 1 columns of R rows: lane j of c[i] = p[j s + i]; n is constant,
 *                             and equal to s if n elements have less than 16 bytes
 *   r_spread(p, c)            c[i] = p[i] in every lane, for four elements
 *   r_widen(p)                as many elements as a reg_f64 has lanes, as doubles
 *   r_any_nan_f64(v)          a lane is NaN
 *   r_nan_f64(v)              which lanes are, as a lanes_f64
 *   r_sub_unless_f64(l, a, b) a - b, 0 in the lanes l
 *   r_add_if_f64(l, a, b)     a + b in the lanes l, else a, which is not -0
 *   r_fma_if_f64(l, a, b, c)  a*b + c in the lanes l, else c, which is not -0; a and b are finite
 *   r_turn(p, s, v)           lane l of v[j] = p[l s + j], as doubles, for four j
 *   r_gather(p, s)            lane l = p[l s], as a double
 *   r_store_pairs_f64(p, a, b)
 *                             lane l of a to p[2 l], of b to p[2 l + 1]
 * and for eight problems a vec_f64 (fleet.h)
 *   v_load_lanes(p, at, v)    lane l of v[j] = p[l][at + j], as doubles, for four j
 *
 * The tile of a matrix product that suits the registers has at most LF_TILE_ROWS rows, and with
 * more than three rows at most LF_TILE_VECS vectors. And for words
 *
 *   u_set1, u_load, u_store   any alignment
 *   u_and, u_xor, u_add       lane by lane
 *   u_mul                     the low 32 bits of the product
 *   u_shl(v, n), u_shr(v, n)  shifts by a constant
 *   u_odd(v, x)               x in the lanes where v is odd, 0 in the others
 *   u_to_f32(v)               words below 2^24 as floats
 *   u_to_f64(v, half)         the words of the first (0) or last (1) 8 lanes as doubles
 *   u_pairs_to_f64(v)         the low 53 bits of each pair of words as a double, the first word
 *                             of a pair being its high part. */
#ifndef LANEFIT_SRC_KERNELS_VEC_H
#define LANEFIT_SRC_KERNELS_VEC_H

#define vec TYPED(vec)
#define v_set1 TYPED(v_set1)
#define v_load TYPED(v_load)
#define v_store TYPED(v_store)
#define v_load_half TYPED(v_load_half)
#define v_store_half TYPED(v_store_half)
#define v_load_part TYPED(v_load_part)
#define v_store_part TYPED(v_store_part)
#define v_first TYPED(v_first)
#define v_add TYPED(v_add)
#define v_sub TYPED(v_sub)
#define v_mul TYPED(v_mul)
#define v_fma TYPED(v_fma)
#define v_div TYPED(v_div)
#define v_sqrt TYPED(v_sqrt)
#define v_abs TYPED(v_abs)
#define v_if_greater TYPED(v_if_greater)
#define v_exp TYPED(v_exp)
#define v_log TYPED(v_log)
#define v_log1p TYPED(v_log1p)
#define v_tanh TYPED(v_tanh)
#define v_erf TYPED(v_erf)
#define v_sinpi TYPED(v_sinpi)
#define v_cospi TYPED(v_cospi)
#define v_sum TYPED(v_sum)
#define v_sum4 TYPED(v_sum4)
#define v_load_columns TYPED(v_load_columns)
#define v_repeat TYPED(v_repeat)
#define v_pieces TYPED(v_pieces)
#define picks TYPED(picks)
#define v_grid TYPED(v_grid)
#define v_grid_next TYPED(v_grid_next)
#define v_grid_sum TYPED(v_grid_sum)
#define v_pick TYPED(v_pick)
#define v_all_finite TYPED(v_all_finite)
#define v_if_finite TYPED(v_if_finite)

#define reg TYPED(reg)
#define r_set1 TYPED(r_set1)
#define r_load TYPED(r_load)
#define r_load_part TYPED(r_load_part)
#define r_store TYPED(r_store)
#define r_add TYPED(r_add)
#define r_sub TYPED(r_sub)
#define r_mul TYPED(r_mul)
#define r_fma TYPED(r_fma)
#define r_div TYPED(r_div)
#define r_sqrt TYPED(r_sqrt)
#define r_abs TYPED(r_abs)
#define r_if_greater TYPED(r_if_greater)
#define r_if_finite TYPED(r_if_finite)
#define r_exp TYPED(r_exp)
#define r_log TYPED(r_log)
#define r_log1p TYPED(r_log1p)
#define r_tanh TYPED(r_tanh)
#define r_erf TYPED(r_erf)
#define r_sinpi TYPED(r_sinpi)
#define r_cospi TYPED(r_cospi)
#define r_spread TYPED(r_spread)
#define r_load_rows TYPED(r_load_rows)

/* Before a loop of constant length over registers: they stay registers only if it is unrolled. */
#ifdef __clang__
#define LF_UNROLL _Pragma("clang loop unroll(full)")
#else
#define LF_UNROLL _Pragma("GCC unroll 32")
#endif

/* A statement in i for each register of a vec, whose number LF_VEC_REGS the regs_<isa>.h defines.
 * No loop: gcc makes longer code of one, though it unrolls it. */
#define LF_REG(index, statement)                                                                   \
    {                                                                                              \
        const size_t i = index;                                                                    \
        statement;                                                                                 \
    }
#define LF_REGS_1(statement) LF_REG(0, statement)
#define LF_REGS_2(statement) LF_REGS_1(statement) LF_REG(1, statement)
#define LF_REGS_4(statement) LF_REGS_2(statement) LF_REG(2, statement) LF_REG(3, statement)
#define LF_REGS_OF(n, statement) LF_REGS_##n(statement)
#define LF_REGS(n, statement) LF_REGS_OF(n, statement)
#define LF_FOR_EACH_REG(statement) LF_REGS(LF_VEC_REGS, statement)

/* The body of a function: a vec whose register i is the expression in i. */
#define LF_EACH_REG(type, expression)                                                              \
    type v_;                                                                                       \
    LF_FOR_EACH_REG(v_.r[i] = (expression))                                                        \
    return v_

/* The function `name` of a register of either type, by its names elsewhere. */
#define LF_FUNCTION(name, f32, f64)                                                                \
    LF_INLINE reg_f32 name##_f32(reg_f32 v)                                                        \
    {                                                                                              \
        return f32(v);                                                                             \
    }                                                                                              \
    LF_INLINE reg_f64 name##_f64(reg_f64 v)                                                        \
    {                                                                                              \
        return f64(v);                                                                             \
    }

/* A pointer that the compiler may not derive from others: it would spare registers and add up its
 * address in a chain as long as the loop itself. */
#define LF_OPAQUE(pointer) __asm__("" : "+r"(pointer))

/* Row i, or the last one where there are but n. */
#define LF_ROW(i, n) ((i) < (n) ? (i) : (n)-1)

/* For what several kernels call: one copy of much code does. */
#define LF_APART static __attribute__((noinline))

#define LF_INLINE static inline __attribute__((always_inline, unused))

#endif
