/* SPDX-License-Identifier: MIT */
#include "vec_avx2.h"

#include "texts.inl.h"

const struct lf_kernels lf_kernels_avx2 = TABLE("avx2");
