/* SPDX-License-Identifier: MIT */
/* A trial of a case: its operands, filled, run on a table, and held against another table or the
 * oracle. Operands lie between guard bytes, `offset` elements off a 64-byte boundary. */
#ifndef LANEFIT_TESTS_TRIAL_H
#define LANEFIT_TESTS_TRIAL_H

#include "cases.h"
#include "bits.h"

enum { TRIAL_SPECIALS = 10 };
extern const double trial_specials[TRIAL_SPECIALS];

struct trial {
    const struct lf_case *c;
    struct lf_shape shape;
    struct lf_operand operand[LF_OPERANDS];
    void *data[LF_OPERANDS];
    unsigned char *memory[LF_OPERANDS];
    size_t bytes[LF_OPERANDS];
};

/* All bytes 0xff: NaN, so that reading an output that is to be written shows. 0 without memory. */
int trial_create(const struct lf_case *c, const struct lf_shape *shape, size_t offset,
                 struct trial *trial);
void trial_destroy(struct trial *trial);

/* Random operands within +-2, or from 0 to 2; with `special` some NaN, infinities, zeros of both
 * signs, subnormal and huge numbers among them. */
void trial_fill(struct trial *trial, struct test_rng *rng, int special);

/* Makes `to`, of the same case and shape, equal to `from`. */
void trial_copy(const struct trial *from, struct trial *to);

void trial_run(struct trial *trial, const struct lf_kernels *kernels);
int trial_is_output(const struct trial *trial, size_t operand);
double trial_element(const struct trial *trial, size_t operand, size_t i);
void trial_set(struct trial *trial, size_t operand, size_t i, double x);

/* Where something differs, or is furthest off. */
struct trial_place {
    size_t operand, element;
    long double exact, bound;
};

/* How many bits of the outputs differ; any NaN equals any NaN. place, unless NULL: the first. */
size_t trial_differing_bits(const struct trial *a, const struct trial *b,
                            struct trial_place *place);

/* The operand where a byte that is not of an output changed, or LF_OPERANDS. */
size_t trial_touched(const struct trial *before, const struct trial *after);

/* The largest error of an output as a fraction of its bound: infinite where the bound is 0 and the
 * value is another, and where it is NaN but should not be. Negative without memory. */
double trial_error(const struct trial *before, const struct trial *after,
                   struct trial_place *place);

/* FNV-1a, going on from hash, over the outputs' elements, one NaN for all. */
uint64_t trial_hash(const struct trial *trial, uint64_t hash);

#endif
