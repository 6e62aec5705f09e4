/* SPDX-License-Identifier: MIT */
/* The texts that follow serve f64. */
#undef REAL
#undef REAL_BITS
#undef REAL_EXPONENT
#undef TYPED
#undef KERNELS
#undef FMA
#define REAL double
#define REAL_BITS uint64_t
#define REAL_EXPONENT 0x7ff0000000000000u
#define TYPED(name) name##_f64
#define KERNELS(table) (&(table)->f64)
#define FMA __builtin_fma
