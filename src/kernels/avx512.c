/* SPDX-License-Identifier: MIT */
#include "vec_avx512.h"

#include "texts.inl.h"

const struct lf_kernels lf_kernels_avx512 = TABLE("avx512");
