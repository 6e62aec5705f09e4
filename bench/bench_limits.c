/* SPDX-License-Identifier: MIT */
/* The kernels whose limit is known, beside it:
 *   pass/TYPE/ISA/rows|columns/WIDTH/LEVEL   one pass (affine, mse_loss, gradients) over data that
 *                                            fits into LEVEL, in blocks; of_read = its bandwidth as
 *                                            a fraction of that of a read loop over as many bytes
 *   product/KERNEL/TYPE/ISA/SHAPE            of_peak = its multiply-adds as a fraction of the peak
 */
#include "bench.h"

#include "../tests/trial.h"
#include "limits.h"
#include "paired.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- One pass ------------------------------------------------------------------------------ */

static const struct level {
    const char *name;
    size_t bytes;
} levels[] = {{"L2", (size_t)680 << 10}, {"L3", (size_t)10 << 20}, {"memory", (size_t)256 << 20}};

struct pass {
    const struct lf_kernels *kernels;
    const struct limits *limits;
    enum lf_dtype dtype;
    size_t in, rows, passes; /* passes: so many that clocks can tell */
    int by_columns;
    const struct level *level;
    void *x, *target;
    char name[64];
};

static size_t size_of(enum lf_dtype dtype)
{
    return dtype == LF_F32 ? sizeof(float) : sizeof(double);
}

/* Column-major data is stored block by block, so that the columns of a block lie together. */
static void pass_once(const struct pass *p)
{
    const float w[16] = {0.5f, 0.25f}, b = 0.125f;
    const double w64[16] = {0.5, 0.25}, b64 = 0.125;
    const struct lf_loss_f32 loss = {.kind = LF_MSE_LOSS, .scale = 1e-3f, .upstream = 1};
    const struct lf_loss_f64 loss64 = {.kind = LF_MSE_LOSS, .scale = 1e-3, .upstream = 1};
    union {
        float f32[18];
        double f64[18];
    } part;
    for (size_t r = 0; r < p->rows; r += LF_BLOCK_ROWS) {
        size_t n = p->rows - r < LF_BLOCK_ROWS ? p->rows - r : LF_BLOCK_ROWS;
        size_t row_stride = p->by_columns ? 1 : p->in, col_stride = p->by_columns ? n : 1;
        if (p->dtype == LF_F32)
            p->kernels->f32.affine_loss_part(&loss, n, p->in, 1, (const float *)p->x + r * p->in,
                                             row_stride, col_stride, w, &b,
                                             (const float *)p->target + r, NULL, part.f32);
        else
            p->kernels->f64.affine_loss_part(&loss64, n, p->in, 1, (const double *)p->x + r * p->in,
                                             row_stride, col_stride, w64, &b64,
                                             (const double *)p->target + r, NULL, part.f64);
        bench_keep(&part);
    }
}

static void pass_own(void *context)
{
    const struct pass *p = context;
    for (size_t i = 0; i < p->passes; i++)
        pass_once(p);
}

static void pass_limit(void *context)
{
    const struct pass *p = context;
    volatile double kept = 0;
    for (size_t i = 0; i < p->passes; i++)
        kept = p->limits->read(p->x, p->rows * p->in * size_of(p->dtype)) +
               p->limits->read(p->target, p->rows * size_of(p->dtype));
    (void)kept;
}

static void *random_reals(enum lf_dtype dtype, size_t n)
{
    void *values = aligned_alloc(64, (n * size_of(dtype) + 63) / 64 * 64);
    struct test_rng rng = {n};
    for (size_t i = 0; values && i < n; i++) {
        double v = test_uniform(&rng, -1, 1);
        if (dtype == LF_F32)
            ((float *)values)[i] = (float)v;
        else
            ((double *)values)[i] = v;
    }
    return values;
}

static void time_pass(struct bench_state *state, const void *argument)
{
    struct pass p = *(const struct pass *)argument;
    double own, limit;
    p.rows = p.level->bytes / ((p.in + 1) * size_of(p.dtype));
    p.passes = p.level->bytes < ((size_t)4 << 20) ? 16 : 1;
    p.x = random_reals(p.dtype, p.rows * p.in);
    p.target = random_reals(p.dtype, p.rows);
    if (p.x && p.target) {
        paired_run(state, &(struct paired){pass_own, pass_limit, &p}, &own, &limit);
        double bytes = (double)p.passes * (double)p.rows * (double)(p.in + 1);
        bench_counter(state, "GB_s", 1e-9 * bytes * (double)size_of(p.dtype) / own);
        bench_counter(state, "of_read", limit / own);
    } else {
        bench_fail(state, "out of memory");
    }
    free(p.x);
    free(p.target);
}

static void register_passes(const struct lf_kernels *kernels, const struct limits *limits)
{
    static const size_t widths[] = {1, 2, 3, 4, 8, 13, 16};
    for (size_t i = 0; i < 2 * 2 * 7 * 3; i++) {
        struct pass *p = malloc(sizeof *p); /* lives as long as the program */
        if (!p)
            return;
        *p = (struct pass){.kernels = kernels, .limits = limits, .dtype = (enum lf_dtype)(i / 42)};
        p->by_columns = i / 21 % 2;
        p->in = widths[i / 3 % 7];
        p->level = &levels[i % 3];
        snprintf(p->name, sizeof p->name, "pass/%s/%s/%s/%zu/%s",
                 p->dtype == LF_F32 ? "f32" : "f64", kernels->name,
                 p->by_columns ? "columns" : "rows", p->in, p->level->name);
        bench_register_manual(p->name, time_pass, p);
    }
}

/* ---- Products of matrices ------------------------------------------------------------------ */

struct product {
    const struct lf_case *c;
    const struct lf_kernels *kernels;
    const struct limits *limits;
    struct lf_shape shape;
    struct trial trial;
    size_t calls, steps;
    char name[80];
};

static void product_own(void *context)
{
    struct product *p = context;
    for (size_t i = 0; i < p->calls; i++) {
        trial_run(&p->trial, p->kernels);
        bench_keep(p->trial.data[LF_OPERANDS - 1]);
    }
}

static void product_limit(void *context)
{
    const struct product *p = context;
    volatile double kept = p->limits->multiply_add[p->c->dtype](p->steps);
    (void)kept;
}

static void time_product(struct bench_state *state, const void *argument)
{
    struct product p = *(const struct product *)argument;
    struct test_rng rng = {1};
    double own, limit, flops = p.c->flops(&p.shape), step = p.limits->flops[p.c->dtype];
    if (!trial_create(p.c, &p.shape, 0, &p.trial)) {
        bench_fail(state, "out of memory");
        return;
    }
    trial_fill(&p.trial, &rng, 0);
    p.calls = (size_t)(2e6 / flops) + 1;
    p.steps = (size_t)((double)p.calls * flops / step) + 1;
    paired_run(state, &(struct paired){product_own, product_limit, &p}, &own, &limit);
    bench_counter(state, "ns_a_call", 1e9 * own / (double)p.calls);
    bench_counter(state, "of_peak",
                  limit / own * ((double)p.calls * flops / ((double)p.steps * step)));
    trial_destroy(&p.trial);
}

static void register_products(const struct lf_kernels *kernels, const struct limits *limits)
{
    static const struct lf_shape shapes[] = {{.rows = 64, .in = 16, .out = 16},
                                             {.rows = 32, .in = 32, .out = 32},
                                             {.rows = 128, .in = 64, .out = 64},
                                             {.rows = 256, .in = 256, .out = 256}};
    for (size_t k = 0; k < lf_case_count; k++)
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
            const char *name = lf_cases[k].name;
            if (strcmp(name, "affine") != 0 && strcmp(name, "affine_grad_input") != 0 &&
                strcmp(name, "affine_grad_part") != 0)
                continue;
            struct product *p = malloc(sizeof *p); /* lives as long as the program */
            if (!p)
                return;
            *p = (struct product){
                .c = &lf_cases[k], .kernels = kernels, .limits = limits, .shape = shapes[i]};
            snprintf(p->name, sizeof p->name, "product/%s/%s/%s/%zux%zu->%zu", name,
                     p->c->dtype == LF_F32 ? "f32" : "f64", kernels->name, p->shape.rows,
                     p->shape.in, p->shape.out);
            bench_register_manual(p->name, time_product, p);
        }
}

void register_limits(void)
{
    const struct lf_kernels *tables[LF_TABLES];
    size_t n = lf_kernels_usable(tables);
    for (size_t i = 0; i < n; i++) {
        const struct limits *limits = limits_of(tables[i]->name);
        if (!limits)
            continue;
        register_passes(tables[i], limits);
        register_products(tables[i], limits);
    }
}
