/* SPDX-License-Identifier: MIT */
/* Which tables this machine can run. The compiler's own detection looks at the operating system's
 * support as well as the CPU's. */
#include "tables.h"

#include <string.h>

#if defined __x86_64__
static int has_fma(void)
{
    return __builtin_cpu_supports("fma");
}

static int has_avx2(void)
{
    return has_fma() && __builtin_cpu_supports("avx2");
}

static int has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#else
static int has_neon(void)
{
    return 1; /* every 64-bit Arm has it, with fused multiply-add */
}
#endif

/* Best first. A table of another architecture has no address here. */
static const struct row {
    const char *name;
    const struct lf_kernels *table;
    int (*supported)(void);
} rows[] = {
#if defined __x86_64__
    {"avx512", &lf_kernels_avx512, has_avx512},
    {"avx2", &lf_kernels_avx2, has_avx2},
    {"neon", NULL, NULL},
    {"scalar", &lf_kernels_scalar, has_fma},
#elif defined __aarch64__
    {"avx512", NULL, NULL},
    {"avx2", NULL, NULL},
    {"neon", &lf_kernels_neon, has_neon},
    {"scalar", &lf_kernels_scalar, has_neon},
#else
#error "lanefit needs x86-64 or 64-bit Arm"
#endif
};

_Static_assert(sizeof rows / sizeof rows[0] == LF_TABLES, "LF_TABLES counts the rows");

size_t lf_kernels_usable(const struct lf_kernels *tables[LF_TABLES])
{
    size_t n = 0;
    for (size_t i = 0; i < LF_TABLES; i++)
        if (rows[i].table && rows[i].supported())
            tables[n++] = rows[i].table;
    return n;
}

const struct lf_kernels *lf_kernels_best(void)
{
    const struct lf_kernels *tables[LF_TABLES];
    return lf_kernels_usable(tables) > 0 ? tables[0] : NULL;
}

const struct lf_kernels *lf_kernels_find(const char *name)
{
    for (size_t i = 0; name && i < LF_TABLES; i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].table && rows[i].supported() ? rows[i].table : NULL;
    return NULL;
}

const char *lf_kernels_name(size_t i)
{
    return i < LF_TABLES ? rows[i].name : NULL;
}
