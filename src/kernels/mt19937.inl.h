/* SPDX-License-Identifier: MIT */
/* MT19937 in groups of 16 words. Word n of the stream follows from the words n-624, n-623 and
 * n-227, so 16 neighbours never depend on each other.
 *
 * Seeding is a chain of 624 dependent multiplications, but the first group needs only its first
 * 413 words: the rest are filled group by group, in the shadow of whatever the draws feed. */

LF_INLINE uint32_t seed_word(uint32_t before, uint32_t i)
{
    return 1812433253u * (before ^ before >> 30) + i;
}

LF_INLINE vec_u32 twist(vec_u32 first, vec_u32 second, vec_u32 middle)
{
    vec_u32 joined = u_xor(u_and(first, u_set1(0x80000000u)), u_and(second, u_set1(0x7fffffffu)));
    return u_xor(u_xor(middle, u_shr(joined, 1)), u_odd(joined, u_set1(0x9908b0dfu)));
}

LF_INLINE vec_u32 temper(vec_u32 y)
{
    y = u_xor(y, u_shr(y, 11));
    y = u_xor(y, u_and(u_shl(y, 7), u_set1(0x9d2c5680u)));
    y = u_xor(y, u_and(u_shl(y, 15), u_set1(0xefc60000u)));
    return u_xor(y, u_shr(y, 18));
}

/* Fills the state up to, not including, word `end`.
 *
 * The chain from word to word is shift, xor, multiply, add: 6 cycles. Taking the shifted bits from
 * the product before i is added saves one. They differ from those of the sum only when i carries
 * into bit 30, for one seed in some 5,000: then the words are made again in the plain way. */
LF_INLINE void seed_to(struct lf_rng *rng, uint32_t end)
{
    uint32_t start = rng->seeded, carries = 0;
    uint32_t word = rng->state[start - 1], mixed = word ^ word >> 30;
    end = end < LF_RNG_WORDS ? end : LF_RNG_WORDS;
    for (uint32_t i = start; i < end; i++) {
        uint32_t product = 1812433253u * mixed;
        rng->state[i] = product + i;
        carries |= (product + i) ^ product;
        mixed = (product + i) ^ product >> 30;
    }
    if (carries >> 30)
        for (uint32_t i = start; i < end; i++)
            rng->state[i] = word = seed_word(word, i);
    if (start < end)
        rng->seeded = end;
}

/* The words that the twist makes of state[k..k+15], k a multiple of 16; those stay as they are. */
LF_INLINE vec_u32 twisted_group(struct lf_rng *rng, uint32_t k)
{
    uint32_t middle = k < LF_RNG_WORDS - 397 ? k + 397 : k + 397 - LF_RNG_WORDS;
    if (rng->seeded < LF_RNG_WORDS)
        seed_to(rng, k + 397 + LF_LANES);
    return twist(u_load(rng->state + k), u_load(rng->state + k + 1), u_load(rng->state + middle));
}

LF_INLINE void store_group(struct lf_rng *rng, uint32_t k, vec_u32 group)
{
    u_store(rng->state + k, group);
    if (k == 0)
        u_store(rng->state + LF_RNG_WORDS, group);
}

/* Where the group after that of word k starts. */
LF_INLINE uint32_t group_after(uint32_t k)
{
    return k + LF_LANES < LF_RNG_WORDS ? k + LF_LANES : 0;
}

/* The next 16 words; rng->next must be a multiple of 16. */
LF_INLINE vec_u32 next_group(struct lf_rng *rng)
{
    vec_u32 group = twisted_group(rng, rng->next);
    store_group(rng, rng->next, group);
    rng->next = group_after(rng->next);
    return temper(group);
}

/* The next word; one alone is tempered faster without vectors. */
LF_INLINE uint32_t next_word(struct lf_rng *rng)
{
    const uint32_t k = rng->next;
    if (k % LF_LANES == 0)
        store_group(rng, k, twisted_group(rng, k));
    rng->next = k + 1 < LF_RNG_WORDS ? k + 1 : 0;
    uint32_t y = rng->state[k];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

static void words(struct lf_rng *rng, size_t n, uint32_t *out)
{
    size_t i = 0;
    while (i < n) {
        if (n - i < LF_LANES || rng->next % LF_LANES != 0) {
            out[i++] = next_word(rng);
        } else {
            u_store(out + i, next_group(rng));
            i += LF_LANES;
        }
    }
}

/* The next word of each of 16 generators. */
LF_INLINE vec_u32 next_word_lanes(struct lf_rng_lanes *rng)
{
    uint32_t k = rng->next;
    uint32_t second = k + 1 < LF_RNG_WORDS ? k + 1 : 0;
    uint32_t middle = k < LF_RNG_WORDS - 397 ? k + 397 : k + 397 - LF_RNG_WORDS;
    for (; rng->seeded < LF_RNG_WORDS && rng->seeded <= k + 397; rng->seeded++) {
        vec_u32 before = u_load(rng->state[rng->seeded - 1]);
        vec_u32 mixed = u_xor(before, u_shr(before, 30));
        u_store(rng->state[rng->seeded],
                u_add(u_mul(mixed, u_set1(1812433253u)), u_set1(rng->seeded)));
    }
    vec_u32 word =
        twist(u_load(rng->state[k]), u_load(rng->state[second]), u_load(rng->state[middle]));
    u_store(rng->state[k], word);
    rng->next = second;
    return temper(word);
}

/* ---- Draws: a vec of them, and one at a time ---------------------------------------------- */

/* The draws that 16 words give, in memory order. */
LF_INLINE vec_f32 draws_f32(vec_u32 word)
{
    return v_mul_f32(u_to_f32(u_and(word, u_set1(0xffffffu))), v_set1_f32(0x1p-24f));
}

LF_INLINE vec_f64 draws_f64(vec_u32 word)
{
    return v_mul_f64(u_pairs_to_f64(word), v_set1_f64(0x1p-53));
}

LF_INLINE double real_of_words(uint32_t high, uint32_t low)
{
    return (double)(int64_t)(((uint64_t)high << 32 | low) & 0x1fffffffffffffu) * 0x1p-53;
}

/* 16 draws, one a lane. */
struct lanes_f32 {
    vec_f32 v[1];
};

struct lanes_f64 {
    vec_f64 v[2];
};

LF_INLINE struct lanes_f32 draw_lanes_f32(struct lf_rng_lanes *rng)
{
    return (struct lanes_f32){{draws_f32(next_word_lanes(rng))}};
}

LF_INLINE struct lanes_f64 draw_lanes_f64(struct lf_rng_lanes *rng)
{
    struct lanes_f64 draws;
    vec_u32 high = u_and(next_word_lanes(rng), u_set1(0x1fffffu));
    vec_u32 low = next_word_lanes(rng);
    for (int half = 0; half < 2; half++)
        draws.v[half] =
            v_mul_f64(v_fma_f64(u_to_f64(high, half), v_set1_f64(0x1p32), u_to_f64(low, half)),
                      v_set1_f64(0x1p-53));
    return draws;
}

static float draw_f32(struct lf_rng *rng)
{
    return (float)(int32_t)(next_word(rng) & 0xffffffu) * 0x1p-24f;
}

static double draw_f64(struct lf_rng *rng)
{
    const uint32_t high = next_word(rng);
    return real_of_words(high, next_word(rng));
}
