/* SPDX-License-Identifier: MIT */
#include "trial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD = 64 };

const double trial_specials[TRIAL_SPECIALS] = {0.0,      -0.0,      INFINITY, -INFINITY,  NAN,
                                               0x1p-149, -0x1p-130, 0x1p127,  -0x1.8p127, 1.0};

static size_t element_size(const struct trial *t)
{
    return t->c->dtype == LF_F32 ? sizeof(float) : sizeof(double);
}

int trial_create(const struct lf_case *c, const struct lf_shape *shape, size_t offset,
                 struct trial *t)
{
    *t = (struct trial){.c = c, .shape = *shape};
    c->operands(shape, t->operand);
    for (size_t i = 0; i < LF_OPERANDS; i++) {
        t->bytes[i] = (2 * GUARD + (t->operand[i].count + offset) * element_size(t) + 63) / 64 * 64;
        t->memory[i] = aligned_alloc(64, t->bytes[i]);
        if (!t->memory[i]) {
            trial_destroy(t);
            return 0;
        }
        memset(t->memory[i], 0xff, t->bytes[i]);
        t->data[i] = t->memory[i] + GUARD + offset * element_size(t);
    }
    return 1;
}

void trial_destroy(struct trial *t)
{
    for (size_t i = 0; i < LF_OPERANDS; i++) {
        free(t->memory[i]);
        t->memory[i] = NULL;
    }
}

void trial_set(struct trial *t, size_t operand, size_t i, double x)
{
    if (t->c->dtype == LF_F32)
        ((float *)t->data[operand])[i] = (float)x;
    else
        ((double *)t->data[operand])[i] = x;
}

double trial_element(const struct trial *t, size_t operand, size_t i)
{
    return t->c->dtype == LF_F32 ? (double)((const float *)t->data[operand])[i]
                                 : ((const double *)t->data[operand])[i];
}

void trial_fill(struct trial *t, struct test_rng *rng, int special)
{
    for (size_t i = 0; i < LF_OPERANDS; i++) {
        const struct lf_operand *o = &t->operand[i];
        if (o->role != LF_READ && o->role != LF_UPDATED)
            continue;
        for (size_t j = 0; j < o->count; j++)
            trial_set(t, i, j, test_uniform(rng, o->positive ? 0 : -2, 2));
        for (size_t j = 0; special && o->count > 0 && j < 1 + o->count / 7; j++) {
            size_t at = test_below(rng, o->count);
            trial_set(t, i, at, trial_specials[test_below(rng, TRIAL_SPECIALS)]);
        }
    }
}

void trial_copy(const struct trial *from, struct trial *to)
{
    for (size_t i = 0; i < LF_OPERANDS; i++)
        memcpy(to->memory[i], from->memory[i], from->bytes[i]);
}

void trial_run(struct trial *t, const struct lf_kernels *kernels)
{
    t->c->run(t->c, kernels, &t->shape, t->data);
}

int trial_is_output(const struct trial *t, size_t operand)
{
    return t->operand[operand].role == LF_WRITTEN || t->operand[operand].role == LF_UPDATED;
}

static uint64_t element_bits(const struct trial *t, size_t operand, size_t i)
{
    double x = trial_element(t, operand, i);
    if (t->c->dtype == LF_F64) {
        uint64_t bits;
        memcpy(&bits, &x, sizeof bits);
        return isnan(x) ? 0x7ff8000000000000u : bits;
    }
    float single = (float)x;
    uint32_t word;
    memcpy(&word, &single, sizeof word);
    return isnan(x) ? 0x7fc00000u : word;
}

size_t trial_differing_bits(const struct trial *a, const struct trial *b, struct trial_place *place)
{
    size_t differing = 0;
    for (size_t k = 0; k < LF_OPERANDS; k++)
        for (size_t i = 0; trial_is_output(a, k) && i < a->operand[k].count; i++) {
            uint64_t differ = element_bits(a, k, i) ^ element_bits(b, k, i);
            if (differ && differing == 0 && place)
                *place = (struct trial_place){.operand = k, .element = i};
            for (; differ; differ &= differ - 1)
                differing++;
        }
    return differing;
}

size_t trial_touched(const struct trial *before, const struct trial *after)
{
    for (size_t i = 0; i < LF_OPERANDS; i++) {
        size_t from = (size_t)((unsigned char *)after->data[i] - after->memory[i]), until = from;
        if (trial_is_output(after, i) || after->operand[i].role == LF_SCRATCH)
            until += after->operand[i].count * element_size(after);
        if (memcmp(before->memory[i], after->memory[i], from) != 0 ||
            memcmp(before->memory[i] + until, after->memory[i] + until, after->bytes[i] - until) !=
                0)
            return i;
    }
    return LF_OPERANDS;
}

/* The largest error of one output. */
static double operand_error(const struct trial *after, size_t k, const struct lf_truth *truth,
                            struct trial_place *place, double worst)
{
    for (size_t i = 0; i < after->operand[k].count; i++) {
        long double exact = truth->exact[i], bound = truth->bound[i];
        long double error = fabsl((long double)trial_element(after, k, i) - exact);
        /* The oracle's own rounding: far less than a unit of the type. */
        double fraction = (double)(error / (bound + 1e-17L * fabsl(exact)));
        if (error == 0)
            fraction = 0;
        else if (isnan(fraction))
            fraction = INFINITY;
        if (fraction > worst) {
            worst = fraction;
            *place = (struct trial_place){k, i, exact, bound};
        }
    }
    return worst;
}

double trial_error(const struct trial *before, const struct trial *after, struct trial_place *place)
{
    struct lf_truth truth[LF_OPERANDS] = {{NULL, NULL}};
    double worst = 0;
    for (size_t k = 0; k < LF_OPERANDS; k++)
        if (trial_is_output(after, k)) {
            truth[k].exact = malloc((2 * after->operand[k].count + 1) * sizeof *truth[k].exact);
            truth[k].bound = truth[k].exact + after->operand[k].count;
            worst = truth[k].exact ? worst : -1;
        }
    if (worst >= 0)
        before->c->oracle(before->c, &before->shape, before->data, truth);
    for (size_t k = 0; k < LF_OPERANDS; k++) {
        if (worst >= 0 && truth[k].exact)
            worst = operand_error(after, k, &truth[k], place, worst);
        free(truth[k].exact);
    }
    return worst;
}

uint64_t trial_hash(const struct trial *t, uint64_t hash)
{
    for (size_t k = 0; k < LF_OPERANDS; k++)
        for (size_t i = 0; trial_is_output(t, k) && i < t->operand[k].count; i++) {
            uint64_t bits = element_bits(t, k, i);
            hash = fnv1a(hash, &bits, sizeof bits);
        }
    return hash;
}
