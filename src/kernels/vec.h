/* SPDX-License-Identifier: MIT */
/* The names of the vocabulary, as the kernel texts use them: v_add is v_add_f32 or v_add_f64,
 * whichever type the text is being compiled for.
 *
 * A vec is 64 bytes of one type, however many registers that takes: 16 floats (vec_f32), 8 doubles
 * (vec_f64) or 16 words (vec_u32, whose operations are named u_). V lanes a vec, numbered in memory
 * order. The first n lanes, n from 0 to V, may stand for the whole: the *_part operations touch no
 * other element. Each ISA defines in its vec_<isa>.h, for both types
 *   v_set1(x)                 x in every lane
 *   v_load(p), v_store(p, v)  V elements from p, any alignment
 *   v_load_part(p, n)         the first n lanes from p, 0 in the others
 *   v_store_part(p, v, n)     the first n lanes to p
 *   v_first(n, a, b)          the first n lanes of a, the others of b
 *   v_add, v_sub, v_mul       lane by lane, rounded once
 *   v_fma(a, b, c)            a*b + c, rounded once
 *   v_sum(v)                  the lanes added by halving: lane i and lane i + V/2, and so on
 *   v_all_finite(v)           no lane is infinite or NaN
 *   v_if_finite(t, a, b)      a in the lanes where t is finite, b in the others
 * and for words
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
#define v_load_part TYPED(v_load_part)
#define v_store_part TYPED(v_store_part)
#define v_first TYPED(v_first)
#define v_add TYPED(v_add)
#define v_sub TYPED(v_sub)
#define v_mul TYPED(v_mul)
#define v_fma TYPED(v_fma)
#define v_sum TYPED(v_sum)
#define v_all_finite TYPED(v_all_finite)
#define v_if_finite TYPED(v_if_finite)

#define LF_INLINE static inline __attribute__((always_inline, unused))

#endif
