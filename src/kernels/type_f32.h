/* SPDX-License-Identifier: MIT */
/* The texts that follow serve f32. */
#undef REAL
#undef REAL_BITS
#undef REAL_EXPONENT
#undef TYPED
#undef KERNELS
#undef FMA
#define REAL float
#define REAL_BITS uint32_t
#define REAL_EXPONENT 0x7f800000u
#define TYPED(name) name##_f32
#define KERNELS(table) (&(table)->f32)
#define FMA __builtin_fmaf
