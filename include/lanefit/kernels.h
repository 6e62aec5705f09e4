/* SPDX-License-Identifier: MIT */
/* The kernel tables: plain functions on arrays, one table per instruction set, the same bits from
 * each.
 *
 * All matrices are row-major and dense, but for X, which has a stride between rows and a stride
 * between columns, one of them 1. Sizes and strides count elements. Arrays are aligned as their
 * type, no more; kernels take any size from 0 up, read and write only the elements stated, allocate
 * nothing and cannot fail. An output may not overlap an input unless its comment says so.
 *
 * Sums over rows (loss, weight and bias gradients) are cut into blocks of LF_BLOCK_ROWS rows. A
 * *_part kernel sums one block: row r of the block goes to lane r mod L, each lane is a chain of
 * fused multiply-adds that starts with a plain product, and the lanes are added by halving
 * (lane i plus lane i + L/2, and so on). With V = 64 bytes / size of the type, the lanes are
 *   weight gradient   L = V            for out = 1 and in <= 16
 *                     L = 1            for out = 1 and in > 16
 *                     else the smallest power of two with L in out >= 4 V, at most V
 *   bias gradient     as a weight gradient with in = 1
 *   loss              L = V over the elements of the block in row-major order.
 * parts_push and parts_finish add the parts pairwise in a tree that depends on their number alone.
 * An empty sum is -0.0, which added to anything changes nothing.
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

struct lf_kernels {
    const char *name;

    /* out[i] = the next n words of the generator. Overwrites out. */
    void (*words)(struct lf_rng *rng, size_t n, uint32_t *out);

    struct lf_kernels_f32 f32;
    struct lf_kernels_f64 f64;
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
