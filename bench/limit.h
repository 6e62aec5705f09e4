/* SPDX-License-Identifier: MIT */
/* What a core allows at most, measured in the run that is held against it: multiply-adds, memory
 * read and written, and the chain of dependent operations of a step. */
#ifndef LANEFIT_BENCH_LIMIT_H
#define LANEFIT_BENCH_LIMIT_H

#include "contest.h"

#include <lanefit/lanefit.h>

#include <stddef.h>

/* The loops of one instruction set. They return a number that depends on all they did. */
struct limits {
    double (*read)(const void *memory, size_t bytes);
    double (*write)(void *memory, size_t bytes);
    double (*multiply_add[2])(size_t steps); /* by lf_dtype */
    double flops[2];                         /* of a step */
};

/* Those of the table of that name; NULL where there are none. */
const struct limits *limits_of(const char *isa);

/* The caches and memory: so many bytes lie well within each, and the next takes what is more than
 * `most`. */
enum { LIMIT_LEVELS = 4 };
struct limit_level {
    const char *name; /* L1, L2, L3, memory */
    size_t bytes, most;
};
const struct limit_level *limit_levels(void);

/* What a call does at least. */
struct limit_work {
    enum lf_dtype dtype;
    double flops, read, written;       /* the latter in bytes */
    size_t chain_linear, chain_shared; /* steps, one after the other */
};

/* The limit that binds such a call. Of the times that each resource needs alone, which are measured
 * once for every instruction set, it is the longest; reading and writing share the way to what is
 * beyond the first-level cache, so their times are added there. */
struct limit {
    const char *name; /* "arithmetic", "L1" .. "memory", "chain" */
    const struct limits *limits;
    struct limit_work work;
    size_t calls;
    int level;
    void *memory[2]; /* to read, to write */
};

/* Enters it into the contest, doing what `calls` calls need, which count as so many units. 0 when
 * memory is out. limit stays until limit_destroy. */
int limit_create(struct limit *limit, const struct limits *limits, const struct limit_work *work,
                 size_t calls, double units, struct contest *contest);
void limit_destroy(struct limit *limit);

/* The chain of dependent operations of one run's steps, and nothing else: chain.c says which.
 * Returns a number that depends on all of them. */
float chain_linear(size_t steps);
float chain_shared(size_t steps);
double chain_linear_f64(size_t steps);
double chain_shared_f64(size_t steps);

#endif
