/* SPDX-License-Identifier: MIT */
/* The reference: the contract of kernels.h in plain C, one operation at a time. It shares no text
 * with the vector tables and is built without vectors, with fused multiply-add in hardware. */
#include "fleet.h"
#include "tables.h"

/* sleef.h declares the functions that need fused multiply-add only where it is said to be there. */
#ifndef FP_FAST_FMA
#define FP_FAST_FMA
#endif
#ifndef FP_FAST_FMAF
#define FP_FAST_FMAF
#endif
#include <sleef.h>

/* ---- The contract's lanes ------------------------------------------------------------------ */

#define LANES(type) (64 / sizeof(type)) /* V */

enum { MOST_SUMS = 16 * 16 }; /* V lanes of 16 inputs */

static size_t row_lanes(size_t in, size_t out, size_t v)
{
    size_t lanes = 1;
    if (out == 1)
        return in > 16 ? 1 : v;
    while (lanes < v && lanes * in * out < 4 * v)
        lanes *= 2;
    return lanes;
}

/* ---- Elementary functions ------------------------------------------------------------------ */

#define FUNCTION(name, f32, f64)                                                                   \
    static float name##_f32(float x)                                                               \
    {                                                                                              \
        return f32(x);                                                                             \
    }                                                                                              \
    static double name##_f64(double x)                                                             \
    {                                                                                              \
        return f64(x);                                                                             \
    }
FUNCTION(s_abs, __builtin_fabsf, __builtin_fabs)
FUNCTION(s_sqrt, __builtin_sqrtf, __builtin_sqrt)
FUNCTION(s_exp, Sleef_finz_expf1_u10purecfma, Sleef_finz_expd1_u10purecfma)
FUNCTION(s_log, Sleef_finz_logf1_u10purecfma, Sleef_finz_logd1_u10purecfma)
FUNCTION(s_log1p, Sleef_finz_log1pf1_u10purecfma, Sleef_finz_log1pd1_u10purecfma)
FUNCTION(s_tanh, Sleef_finz_tanhf1_u10purecfma, Sleef_finz_tanhd1_u10purecfma)
FUNCTION(s_erf, Sleef_finz_erff1_u10purecfma, Sleef_finz_erfd1_u10purecfma)
FUNCTION(s_sinpi, Sleef_finz_sinpif1_u05purecfma, Sleef_finz_sinpid1_u05purecfma)
FUNCTION(s_cospi, Sleef_finz_cospif1_u05purecfma, Sleef_finz_cospid1_u05purecfma)

/* ---- MT19937, word by word --------------------------------------------------------------- */

/* The initialisation of MT19937: word i follows from word i - 1. */
static uint32_t seed_word(uint32_t before, uint32_t i)
{
    return 1812433253u * (before ^ before >> 30) + i;
}

static uint32_t twist_word(uint32_t first, uint32_t second, uint32_t middle)
{
    uint32_t joined = (first & 0x80000000u) | (second & 0x7fffffffu);
    return middle ^ joined >> 1 ^ (joined & 1 ? 0x9908b0dfu : 0);
}

static uint32_t temper_word(uint32_t y)
{
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

/* Twists the group of 16 words whose first is next. */
static void twist_group(struct lf_rng *rng)
{
    uint32_t *s = rng->state;
    for (; rng->seeded < LF_RNG_WORDS; rng->seeded++)
        s[rng->seeded] = seed_word(s[rng->seeded - 1], rng->seeded);
    for (uint32_t k = rng->next; k < rng->next + LF_LANES; k++)
        s[k] = twist_word(s[k], s[(k + 1) % LF_RNG_WORDS], s[(k + 397) % LF_RNG_WORDS]);
    if (rng->next == 0)
        for (uint32_t k = 0; k < LF_LANES; k++)
            s[LF_RNG_WORDS + k] = s[k];
}

static uint32_t next_word(struct lf_rng *rng)
{
    if (rng->next % LF_LANES == 0)
        twist_group(rng);
    uint32_t word = temper_word(rng->state[rng->next]);
    rng->next = (rng->next + 1) % LF_RNG_WORDS;
    return word;
}

static void words(struct lf_rng *rng, size_t n, uint32_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = next_word(rng);
}

static void next_word_lanes(struct lf_rng_lanes *rng, uint32_t out[LF_LANES])
{
    uint32_t k = rng->next;
    for (uint32_t i = rng->seeded; i < LF_RNG_WORDS; i++)
        for (size_t j = 0; j < LF_LANES; j++)
            rng->state[i][j] = seed_word(rng->state[i - 1][j], i);
    rng->seeded = LF_RNG_WORDS;
    for (size_t j = 0; j < LF_LANES; j++) {
        rng->state[k][j] = twist_word(rng->state[k][j], rng->state[(k + 1) % LF_RNG_WORDS][j],
                                      rng->state[(k + 397) % LF_RNG_WORDS][j]);
        out[j] = temper_word(rng->state[k][j]);
    }
    rng->next = (k + 1) % LF_RNG_WORDS;
}

/* ---- Draws of each type ------------------------------------------------------------------ */

static float draw_f32(struct lf_rng *rng)
{
    return (float)(next_word(rng) & 0xffffffu) * 0x1p-24f;
}

static double real_of_words(uint32_t high, uint32_t low)
{
    uint64_t word = (uint64_t)high << 32 | low;
    return (double)(word & 0x1fffffffffffffu) * 0x1p-53;
}

static double draw_f64(struct lf_rng *rng)
{
    uint32_t high = next_word(rng);
    return real_of_words(high, next_word(rng));
}

static void uniform_lanes_f32(struct lf_rng_lanes *rng, float out[LF_LANES])
{
    uint32_t word[LF_LANES];
    next_word_lanes(rng, word);
    for (size_t j = 0; j < LF_LANES; j++)
        out[j] = (float)(word[j] & 0xffffffu) * 0x1p-24f;
}

static void uniform_lanes_f64(struct lf_rng_lanes *rng, double out[LF_LANES])
{
    uint32_t high[LF_LANES], low[LF_LANES];
    next_word_lanes(rng, high);
    next_word_lanes(rng, low);
    for (size_t j = 0; j < LF_LANES; j++)
        out[j] = real_of_words(high[j], low[j]);
}

#include "type_f32.h"
#include "scalar_online.inl.h"
#include "scalar_rows.inl.h"
#include "scalar_losses.inl.h"
#include "scalar_activations.inl.h"
#include "scalar_optimizers.inl.h"
#include "scalar_vectors.inl.h"
#include "scalar_sums.inl.h"
#include "scalar_normal.inl.h"
#include "scalar_fleet_shared.inl.h"
#include "scalar_fleet_lines.inl.h"

#include "type_f64.h"
#include "scalar_online.inl.h"
#include "scalar_rows.inl.h"
#include "scalar_losses.inl.h"
#include "scalar_activations.inl.h"
#include "scalar_optimizers.inl.h"
#include "scalar_vectors.inl.h"
#include "scalar_sums.inl.h"
#include "scalar_normal.inl.h"
#include "scalar_fleet_shared.inl.h"
#include "scalar_fleet_lines.inl.h"
#include "scalar_fleet.inl.h"

#include "table.inl.h"

/* Comparisons build this file a second time, under other names and with vectors (autovec.h). */
#ifdef AUTOVEC_TABLE
extern const struct lf_kernels AUTOVEC_TABLE;
const struct lf_kernels AUTOVEC_TABLE = TABLE(AUTOVEC_NAME);
#else
const struct lf_kernels lf_kernels_scalar = TABLE("scalar");
#endif
