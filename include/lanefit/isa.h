/* SPDX-License-Identifier: MIT */
/* Which kernel tables this machine can run.
 *
 * Tables, best first: "avx512" (F, BW, DQ and VL), "avx2" (AVX2 and FMA), "neon" (64-bit Arm),
 * "scalar" (plain C; on x86-64 it too needs FMA). All give the same bits. A table is usable when
 * both the CPU and the operating system support it. The tables are constants: choose one, keep the
 * pointer. */
#ifndef LANEFIT_ISA_H
#define LANEFIT_ISA_H

#include <lanefit/status.h>

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct lf_kernels;

enum { LF_TABLES = 4 }; /* at most this many tables exist */

/* The best usable table, or NULL where the CPU has no fused multiply-add. */
LF_API const struct lf_kernels *lf_kernels_best(void);

/* The usable table of that name, or NULL: the name is unknown, or this machine cannot run it. */
LF_API const struct lf_kernels *lf_kernels_find(const char *name);

/* Fills tables[] with the usable tables, best first, and returns how many there are. */
LF_API size_t lf_kernels_usable(const struct lf_kernels *tables[LF_TABLES]);

/* The name of the i-th table lanefit knows, best first, usable here or not; NULL past the last. */
LF_API const char *lf_kernels_name(size_t i);

#ifdef __cplusplus
}
#endif

#endif
