/* SPDX-License-Identifier: MIT */
/* The kernel tables: plain functions on arrays, one table per instruction set, the same bits from
 * each.
 *
 * All matrices are row-major and dense, but for X, which has a stride between rows and a stride
 * between columns, one of them 1 (with one column only that between rows matters, with one row only
 * that between columns; one of the two is 1 there as well). Sizes and strides count elements.
 * Arrays are aligned as their type, no more; kernels take any size from 0 up, read and write only
 * the elements stated, allocate nothing (but need up to 160 KB of stack) and cannot fail. An output
 * may not overlap an input unless its comment says so.
 *
 * Sums over rows (loss, weight and bias gradients) are cut into blocks of LF_BLOCK_ROWS rows. A
 * *_part kernel sums one block, so it takes LF_BLOCK_ROWS rows at most: row r of the block goes to
 * lane r mod L, each lane is a chain of fused multiply-adds that starts with a plain product, and
 * the lanes are added by halving (lane i plus lane i + L/2, and so on). With V = 64 bytes / size of
 * the type, the lanes are
 *
 *   weight gradient   L = V            for out = 1 and in <= 16
 *                     L = 1            for out = 1 and in > 16
 *                     else the smallest power of two with L in out >= 4 V, at most V
 *   bias gradient     as a weight gradient with in = 1
 *   loss              L = V over the elements of the block in row-major order; with more than 256
 *                     outputs over those of a row, each row beginning at lane 0.
 *   column moments    L = V
 *   sum, dot          L = 4 V over the elements of the block
 *
 * An affine map with in > 16 and out <= 3 cuts the sum over its inputs likewise: input i goes to
 * lane i mod V.
 *
 * parts_push and parts_finish add the parts pairwise in a tree that depends on their number alone.
 * An empty sum is -0.0, which added to anything changes nothing.
 *
 * Special values: an output that depends on a NaN is NaN, but for the derivatives of l1_loss (0)
 * and relu (1) there; no other output is. Infinities follow IEEE 754, so infinity times 0 is NaN,
 * as a row weight of 0 too. Subnormal numbers are computed with, never flushed to 0, but softplus
 * may be the smallest of them off: in float that of -103 is 0, though e^-103 rounds to 2^-149. -0.0
 * is kept where IEEE 754 keeps it: -0.0 times 1 with no bias is -0.0. Activations have
 *
 *   x         NaN  -inf  -0.0  0.0    inf
 *   relu      NaN   0    -0.0  0.0    inf
 *   tanh      NaN  -1    -0.0  0.0    1
 *   sigmoid   NaN   0    0.5   0.5    1
 *   softplus  NaN   0    ln 2  ln 2   inf
 *   gelu      NaN  NaN   -0.0  0.0    inf
 *   exp       NaN   0    1     1      inf
 *   log       NaN  NaN   -inf  -inf   inf
 *
 * A table may be used from several threads at once.
 *
 * u is the unit roundoff, 2^-24 or 2^-53; a bound n u is short for n u / (1 - n u). Bounds hold
 * while nothing overflows, or underflows. */
#ifndef LANEFIT_KERNELS_H
#define LANEFIT_KERNELS_H

#include <lanefit/isa.h>
#include <lanefit/random.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LF_BLOCK_ROWS = 4096 };

/* Losses l(p, t) of a prediction p and a target t, d = p - t, as torch.nn.functional defines them:
 *   mse_loss                          d^2                                   l' = 2 d
 *   l1_loss                           |d|                                   l' = sign(d), 0 at 0
 *   huber_loss                        d^2 / 2 where |d| <= delta,           l' = d
 *                                     else delta (|d| - delta / 2)          l' = delta sign(d)
 *   binary_cross_entropy_with_logits  max(p, 0) - p t + log(1 + e^-|p|)     l' = sigmoid(p) - t
 *   poisson_nll_loss                  e^p - t p                             l' = e^p - t
 * (the last with log_input and without full). */
enum lf_loss_kind {
    LF_MSE_LOSS,
    LF_L1_LOSS,
    LF_HUBER_LOSS,
    LF_BCE_WITH_LOGITS_LOSS,
    LF_POISSON_NLL_LOSS
};

/* Activations y = f(x), with the derivatives that torch.autograd takes (PyTorch's softplus is x
 * itself beyond 20, so off by up to 2.1e-9):
 *   relu      max(x, 0)                       f' = 0 where y <= 0, else 1
 *   tanh      tanh(x)                         f' = 1 - y^2
 *   sigmoid   1 / (1 + e^-x)                  f' = y (1 - y)
 *   softplus  log(1 + e^x)                    f' = sigmoid(x)
 *   gelu      x c, c = (1 + erf(x/sqrt 2))/2  f' = c + x e^(-x^2/2) / sqrt(2 pi)
 *   exp       e^x                             f' = y
 *   log       log(x)                          f' = 1 / x */
enum lf_activation { LF_RELU, LF_TANH, LF_SIGMOID, LF_SOFTPLUS, LF_GELU, LF_EXP, LF_LOG };

/* Whether the derivative is taken from x; that of the others comes from y. */
static inline int lf_activation_needs_x(enum lf_activation kind)
{
    return kind == LF_SOFTPLUS || kind == LF_GELU || kind == LF_LOG;
}

#define LF_REAL float
#define LF_TYPED(name) name##_f32
#include <lanefit/kernels.inl.h>
#undef LF_REAL
#undef LF_TYPED

#define LF_REAL double
#define LF_TYPED(name) name##_f64
#include <lanefit/kernels.inl.h>
#undef LF_REAL
#undef LF_TYPED

struct lf_fleet_kernels;

struct lf_kernels {
    const char *name;

    /* out[i] = the next n words of the generator. Overwrites out. */
    void (*words)(struct lf_rng *rng, size_t n, uint32_t *out);

    struct lf_kernels_f32 f32;
    struct lf_kernels_f64 f64;

    const struct lf_fleet_kernels *fleets; /* what fleet.h calls: the library's own */
};

/* How many blocks a sum over that many rows has. */
static inline size_t lf_blocks(size_t rows)
{
    return rows / LF_BLOCK_ROWS + (rows % LF_BLOCK_ROWS != 0);
}

/* A stack of partial sums has a slot for each; the part of block k is written to slot
 * lf_part_slot(k), and parts_push then adds what is complete. So many slots do for a sum: */
static inline size_t lf_part_slots(size_t blocks)
{
    size_t slots = 0;
    for (; blocks > 0; blocks /= 2)
        slots++;
    return slots;
}

static inline size_t lf_part_slot(size_t block)
{
    size_t slot = 0;
    for (; block > 0; block /= 2)
        slot += block % 2;
    return slot;
}

#ifdef __cplusplus
}
#endif

#endif
