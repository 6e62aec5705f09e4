/* SPDX-License-Identifier: MIT */
/* The tables, each defined by the file of its name; dispatch.c knows which of them are built. */
#ifndef LANEFIT_SRC_KERNELS_TABLES_H
#define LANEFIT_SRC_KERNELS_TABLES_H

#include <lanefit/kernels.h>

extern const struct lf_kernels lf_kernels_scalar;
extern const struct lf_kernels lf_kernels_avx2;
extern const struct lf_kernels lf_kernels_avx512;
extern const struct lf_kernels lf_kernels_neon;

#endif
