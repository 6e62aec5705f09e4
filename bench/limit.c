/* SPDX-License-Identifier: MIT */
#include "limit.h"

#include "reals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* TABLES(X) is X(isa) for every instruction set of this build. */
#define DECLARE(isa) extern const struct limits limits_##isa;
TABLES(DECLARE)

const struct limits *limits_of(const char *name)
{
#define CHECK(isa)                                                                                 \
    if (strcmp(name, #isa) == 0)                                                                   \
        return &limits_##isa;
    TABLES(CHECK)
    return NULL;
}

/* ---- Levels -------------------------------------------------------------------------------- */

/* The size of a data cache of the first core. From the kernel: a virtual machine may tell sysconf
 * what several of its host's caches hold together. */
static size_t cache_size(int level, size_t otherwise)
{
    size_t size = 0;
    for (int i = 0; i < 8 && size == 0; i++) {
        static const char *const files[] = {"level", "type", "size"};
        char text[3][32] = {"", "", ""};
        for (int k = 0; k < 3; k++) {
            char path[96];
            snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", i,
                     files[k]);
            FILE *file = fopen(path, "r");
            if (file && !fgets(text[k], sizeof text[k], file))
                text[k][0] = 0;
            if (file)
                fclose(file);
        }
        if (text[0][0] == '0' + level && text[1][0] != 'I') /* not instructions */
            size = (size_t)strtoul(text[2], NULL, 10) << 10;
    }
    return size > 0 ? size : otherwise;
}

const struct limit_level *limit_levels(void)
{
    static struct limit_level levels[LIMIT_LEVELS];
    if (!levels[0].name) {
        const size_t size[] = {cache_size(1, (size_t)32 << 10), cache_size(2, (size_t)512 << 10),
                               cache_size(3, (size_t)8 << 20)};
        levels[0] = (struct limit_level){"L1", size[0] / 2, size[0]};
        levels[1] = (struct limit_level){"L2", size[1] / 2, size[1]};
        levels[2] = (struct limit_level){"L3", size[2] / 4, size[2]}; /* it is shared */
        levels[3] = (struct limit_level){"memory", 8 * size[2], SIZE_MAX};
    }
    return levels;
}

static int level_of(double bytes)
{
    int level = 0;
    while (bytes > (double)limit_levels()[level].most)
        level++;
    return level;
}

/* ---- Rates, measured once ------------------------------------------------------------------ */

struct rates {
    const struct limits *limits;
    double flop[2], chain[2][2];                      /* seconds each */
    double read[LIMIT_LEVELS], written[LIMIT_LEVELS]; /* a byte */
};

/* The fastest of a few runs: which limit binds shall not depend on a neighbour. */
#define FASTEST(seconds, statement)                                                                \
    for (int try_ = 0; try_ < 5; try_++) {                                                         \
        const double start_ = contest_now();                                                       \
        statement;                                                                                 \
        const double took_ = contest_now() - start_;                                               \
        seconds = try_ == 0 || took_ < seconds ? took_ : seconds;                                  \
    }

static void measure_level(const struct limits *limits, int level, struct rates *rates)
{
    const size_t bytes = limit_levels()[level].bytes, passes = ((size_t)4 << 20) / bytes + 1;
    void *memory = reals(LF_F64, bytes / sizeof(double));
    volatile double kept = 0;
    if (!memory)
        return;
    FASTEST(rates->read[level],
            for (size_t i = 0; i < passes; i++) kept = limits->read(memory, bytes));
    FASTEST(rates->written[level],
            for (size_t i = 0; i < passes; i++) kept = limits->write(memory, bytes));
    (void)kept;
    rates->read[level] /= (double)(passes * bytes);
    rates->written[level] /= (double)(passes * bytes);
    free(memory);
}

static const struct rates *rates_of(const struct limits *limits)
{
    enum { STEPS = 100000 };
    static struct rates known[LF_TABLES];
    struct rates *rates = known;
    while (rates->limits && rates->limits != limits)
        rates++;
    if (rates->limits)
        return rates;
    volatile double kept = 0;
    rates->limits = limits;
    for (int type = 0; type < 2; type++) {
        FASTEST(rates->flop[type], kept = limits->multiply_add[type](STEPS));
        rates->flop[type] /= STEPS * limits->flops[type];
    }
    FASTEST(rates->chain[0][0], kept = (double)chain_linear(STEPS));
    FASTEST(rates->chain[0][1], kept = chain_linear_f64(STEPS));
    FASTEST(rates->chain[1][0], kept = (double)chain_shared(STEPS));
    FASTEST(rates->chain[1][1], kept = chain_shared_f64(STEPS));
    for (int i = 0; i < 4; i++)
        rates->chain[i / 2][i % 2] /= STEPS;
    for (int level = 0; level < LIMIT_LEVELS; level++)
        measure_level(limits, level, rates);
    (void)kept;
    return rates;
}

/* ---- The limit of a call -------------------------------------------------------------------- */

static void run_arithmetic(void *context)
{
    const struct limit *l = context;
    const double flops = l->work.flops * (double)l->calls;
    volatile double kept =
        l->limits->multiply_add[l->work.dtype]((size_t)(flops / l->limits->flops[l->work.dtype]));
    (void)kept;
}

static void run_memory(void *context)
{
    const struct limit *l = context;
    volatile double kept = 0;
    for (size_t i = 0; i < l->calls; i++) {
        kept = l->memory[0] ? l->limits->read(l->memory[0], (size_t)l->work.read) : 0;
        kept = l->memory[1] ? l->limits->write(l->memory[1], (size_t)l->work.written) : 0;
    }
    (void)kept;
}

static void run_chain(void *context)
{
    const struct limit *l = context;
    const size_t linear = l->calls * l->work.chain_linear, shared = l->calls * l->work.chain_shared;
    volatile double kept = l->work.dtype == LF_F32
                               ? (double)(chain_linear(linear) + chain_shared(shared))
                               : chain_linear_f64(linear) + chain_shared_f64(shared);
    (void)kept;
}

static double max(double a, double b)
{
    return a > b ? a : b;
}

/* Memory to read or write as a call does; what the other takes is left out where it hides. */
static int get_memory(struct limit *limit, double read_time, double write_time)
{
    const int both = limit->level > 0;
    if (both || read_time >= write_time)
        limit->memory[0] = reals(LF_F64, (size_t)limit->work.read / sizeof(double) + 1);
    if (limit->work.written > 0 && (both || write_time > read_time))
        limit->memory[1] = reals(LF_F64, (size_t)limit->work.written / sizeof(double) + 1);
    return limit->memory[0] || limit->memory[1];
}

int limit_create(struct limit *limit, const struct limits *limits, const struct limit_work *work,
                 size_t calls, double units, struct contest *contest)
{
    const struct rates *rates = rates_of(limits);
    const int level = level_of(work->read + work->written);
    const double read = work->read * rates->read[level];
    const double written = work->written * rates->written[level];
    const double memory = level > 0 ? read + written : max(read, written);
    const double arithmetic = work->flops * rates->flop[work->dtype];
    const double chain = (double)work->chain_linear * rates->chain[0][work->dtype] +
                         (double)work->chain_shared * rates->chain[1][work->dtype];
    void (*run)(void *) = run_memory;
    *limit = (struct limit){.limits = limits, .work = *work, .calls = calls, .level = level};
    limit->name = limit_levels()[level].name;
    if (chain > max(arithmetic, memory)) {
        limit->name = "chain";
        run = run_chain;
    } else if (arithmetic > memory) {
        limit->name = "arithmetic";
        run = run_arithmetic;
    } else if (!get_memory(limit, read, written)) {
        return 0;
    }
    contest_add(contest, limit->name, CONTEST_LIMIT, run, limit)->units = units;
    return 1;
}

void limit_destroy(struct limit *limit)
{
    free(limit->memory[0]);
    free(limit->memory[1]);
}
