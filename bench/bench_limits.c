/* SPDX-License-Identifier: MIT */
/* The limits of a core by themselves:
 *   limit/peak/TYPE/ISA           multiply-adds
 *   limit/read|write/ISA/LEVEL    memory
 *   limit/chain/MODEL/TYPE        the steps of the post, one after the other */
#include "bench.h"

#include "contest.h"
#include "limit.h"
#include "reals.h"

#include <stdio.h>
#include <stdlib.h>

enum what { PEAK, READ, WRITE, LINEAR, SHARED };

struct subject {
    enum what what;
    enum lf_dtype dtype;
    const struct limits *limits;
    const struct limit_level *level;
    size_t times; /* steps, or passes over the memory */
    void *memory;
    char name[48];
};

static void run(void *subject)
{
    const struct subject *s = subject;
    const size_t passes = s->what == READ || s->what == WRITE ? s->times : 0;
    const int single = s->dtype == LF_F32;
    volatile double kept = 0;
    for (size_t i = 0; i < passes; i++)
        kept = s->what == READ ? s->limits->read(s->memory, s->level->bytes)
                               : s->limits->write(s->memory, s->level->bytes);
    if (s->what == PEAK)
        kept = s->limits->multiply_add[s->dtype](s->times);
    else if (s->what == LINEAR)
        kept = single ? (double)chain_linear(s->times) : chain_linear_f64(s->times);
    else if (s->what == SHARED)
        kept = single ? (double)chain_shared(s->times) : chain_shared_f64(s->times);
    (void)kept;
}

static void time_subject(struct bench_state *state, const void *argument)
{
    struct subject s = *(const struct subject *)argument;
    struct contest contest = {.unit = s.level ? "pass" : "step"};
    if (s.what == PEAK)
        contest.flops = s.limits->flops[s.dtype];
    else if (s.level)
        contest.bytes = (double)s.level->bytes;
    else
        contest.steps = 1;
    if (s.level && !(s.memory = reals(LF_F64, s.level->bytes / sizeof(double)))) {
        bench_fail(state, "out of memory");
        return;
    }
    contest_add(&contest, "limit", CONTEST_LIMIT, run, &s)->units = (double)s.times;
    contest_run(state, &contest);
    free(s.memory);
}

static void add(struct subject subject)
{
    struct subject *s = malloc(sizeof *s); /* lives as long as the program */
    if (!s)
        return;
    *s = subject;
    bench_register_manual(s->name, time_subject, s);
}

void register_limits(const struct lf_kernels *kernels)
{
    const struct limits *limits = limits_of(kernels->name);
    struct subject s = {.limits = limits};
    for (int type = 0; limits && type < 2; type++) {
        s = (struct subject){PEAK, (enum lf_dtype)type, limits, .times = 10000};
        snprintf(s.name, sizeof s.name, "limit/peak/%s/%s", type ? "f64" : "f32", kernels->name);
        add(s);
    }
    for (int i = 0; limits && i < 2 * LIMIT_LEVELS; i++) {
        const struct limit_level *level = &limit_levels()[i % LIMIT_LEVELS];
        s = (struct subject){i < LIMIT_LEVELS ? READ : WRITE, .limits = limits, .level = level};
        s.times = ((size_t)2 << 20) / level->bytes + 1;
        snprintf(s.name, sizeof s.name, "limit/%s/%s/%s", s.what == READ ? "read" : "write",
                 kernels->name, level->name);
        add(s);
    }
}

void register_chains(void)
{
    for (int i = 0; i < 4; i++) {
        struct subject s = {i < 2 ? LINEAR : SHARED, (enum lf_dtype)(i % 2), .times = 5000};
        snprintf(s.name, sizeof s.name, "limit/chain/%s/%s", i < 2 ? "linear" : "shared",
                 i % 2 ? "f64" : "f32");
        add(s);
    }
}
