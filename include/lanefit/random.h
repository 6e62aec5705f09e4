/* SPDX-License-Identifier: MIT */
/* Random numbers as PyTorch draws them on the CPU: MT19937, the same words for the same seed.
 *
 * M. Matsumoto, T. Nishimura, "Mersenne Twister", ACM TOMACS 8(1), 1998. The draws themselves are
 * kernels (kernels.h: words, uniform, normal, uniform_lanes); here are the generators' states. */
#ifndef LANEFIT_RANDOM_H
#define LANEFIT_RANDOM_H

#include <lanefit/status.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LF_RNG_WORDS = 624, /* words of one generator's state */
    LF_LANES = 16,      /* generators (and models) that run side by side */
    LF_LANES_INPUTS = 8 /* inputs of such a model at most */
};

/* One generator: plain data, copied by assignment. Words are twisted in groups of 16 when the first
 * word of a group is drawn. The words after the 624th repeat the first 16, so that a group that
 * runs over the end is read in one piece. Seeding fills the state at least as far as the words
 * drawn so far need it: `seeded` counts the words that are filled. */
struct lf_rng {
    uint32_t state[LF_RNG_WORDS + LF_LANES];
    uint32_t next; /* index of the next word to draw, 0 to 623 */
    uint32_t seeded;
    uint32_t has_normal; /* whether a normal draw was left over, and which: see kernels.h */
    double normal;
};

/* 16 generators, one a lane: word k of lane j is state[k][j]. */
struct lf_rng_lanes {
    uint32_t state[LF_RNG_WORDS][LF_LANES];
    uint32_t next;
    uint32_t seeded;
};

/* Starts the stream that torch.manual_seed(seed) starts. As in PyTorch only the low 32 bits of the
 * seed count; a negative seed is its two's complement. */
LF_API void lf_rng_seed(struct lf_rng *rng, uint64_t seed);

/* The same for 16 generators: lane j starts the stream of seeds[j]. */
LF_API void lf_rng_seed_lanes(struct lf_rng_lanes *rng, const uint64_t seeds[LF_LANES]);

struct lf_kernels;

/* order = the numbers 0 .. n-1 as torch.randperm(n) of PyTorch 1.13 shuffles them: word k of the
 * generator modulo n - k says how far behind position k its partner stands. Overwrites order[n]; n
 * < 2^32. NULL for kernels: the best table. */
LF_API void lf_randperm(const struct lf_kernels *kernels, struct lf_rng *rng, uint32_t n,
                        uint32_t *order);

/* The bounds between which torch.nn.Linear(in, out) draws weight and bias, uniformly:
 * weight: sqrt(3) * (sqrt(2 / (1 + sqrt(5)^2)) / sqrt(in)), in doubles and in this order
 * (kaiming_uniform_ with a = sqrt(5)); bias: 1 / sqrt(in). Both 0 for in = 0. */
LF_API double lf_linear_weight_bound(size_t in);
LF_API double lf_linear_bias_bound(size_t in);

#ifdef __cplusplus
}
#endif

#endif
