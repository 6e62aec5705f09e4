/* SPDX-License-Identifier: MIT */
/* Random numbers and hashes of the tests' own, so that none depends on what it tests: splitmix64,
 * FNV-1a.
 * G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014. */
#ifndef LANEFIT_TESTS_BITS_H
#define LANEFIT_TESTS_BITS_H

#include <stddef.h>
#include <stdint.h>

struct test_rng {
    uint64_t state;
};

static inline uint64_t test_bits(struct test_rng *rng)
{
    uint64_t z = rng->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static inline double test_uniform(struct test_rng *rng, double low, double high)
{
    return low + (high - low) * ((double)(test_bits(rng) >> 11) * 0x1p-53);
}

static inline size_t test_below(struct test_rng *rng, size_t limit)
{
    return (size_t)(test_bits(rng) % limit);
}

/* FNV-1a, 64 bits, over data, going on from hash. */
#define FNV1A_START 0xcbf29ce484222325u
static inline uint64_t fnv1a(uint64_t hash, const void *data, size_t bytes)
{
    const unsigned char *p = (const unsigned char *)data;
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ p[i]) * 0x100000001b3u;
    return hash;
}

#endif
