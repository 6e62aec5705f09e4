/* SPDX-License-Identifier: MIT */
#include <lanefit/isa.h>
#include <lanefit/kernels.h>

enum { WORDS = 64 }; /* drawn at once */

void lf_randperm(const struct lf_kernels *kernels, struct lf_rng *rng, uint32_t n, uint32_t *order)
{
    uint32_t word[WORDS];
    if (!kernels && !(kernels = lf_kernels_best()))
        return;
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    for (uint32_t i = 0; n > 0 && i < n - 1; i++) {
        if (i % WORDS == 0)
            kernels->words(rng, n - 1 - i < WORDS ? n - 1 - i : WORDS, word);
        uint32_t partner = i + word[i % WORDS] % (n - i), kept = order[i];
        order[i] = order[partner];
        order[partner] = kept;
    }
}
