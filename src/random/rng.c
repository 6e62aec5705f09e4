/* SPDX-License-Identifier: MIT */
#include <lanefit/random.h>

#include <math.h>

/* The kernels fill the rest of the state as the draws need it. */
void lf_rng_seed(struct lf_rng *rng, uint64_t seed)
{
    rng->state[0] = (uint32_t)seed;
    rng->seeded = 1;
    rng->next = 0;
    rng->has_normal = 0;
    rng->normal = 0;
}

void lf_rng_seed_lanes(struct lf_rng_lanes *rng, const uint64_t seeds[LF_LANES])
{
    for (size_t j = 0; j < LF_LANES; j++)
        rng->state[0][j] = (uint32_t)seeds[j];
    rng->seeded = 1;
    rng->next = 0;
}

double lf_linear_weight_bound(size_t in)
{
    if (in == 0)
        return 0;
    double slope = sqrt(5.0);
    double gain = sqrt(2.0 / (1.0 + slope * slope));
    return sqrt(3.0) * (gain / sqrt((double)in));
}

double lf_linear_bias_bound(size_t in)
{
    return in == 0 ? 0 : 1 / sqrt((double)in);
}
