/* SPDX-License-Identifier: MIT */
/* scalar.c as the compiler vectorizes it, with -O3 and the flags of each instruction set: what the
 * hand-written tables have to beat. Not part of the library. */
#ifndef LANEFIT_SRC_KERNELS_AUTOVEC_H
#define LANEFIT_SRC_KERNELS_AUTOVEC_H

#include <lanefit/kernels.h>

/* The twin of the table of that name; NULL where this build has none. */
const struct lf_kernels *autovec_find(const char *name);

#endif
