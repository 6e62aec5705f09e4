/* SPDX-License-Identifier: MIT */
#include "vec_neon.h"

#include "texts.inl.h"

const struct lf_kernels lf_kernels_neon = TABLE("neon");
