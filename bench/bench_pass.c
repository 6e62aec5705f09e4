/* SPDX-License-Identifier: MIT */
/* pass/TYPE/ISA/rows|columns/WIDTH/LEVEL: one pass (affine, mean squared error, gradients) in
 * blocks over data that fits into LEVEL, beside a loop that reads it once. */
#include "bench.h"

#include "contest.h"
#include "limit.h"
#include "reals.h"

#include <stdio.h>
#include <stdlib.h>

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

static void time_pass(struct bench_state *state, const void *argument)
{
    struct pass p = *(const struct pass *)argument;
    const size_t width = (p.in + 1) * size_of(p.dtype);
    p.rows = p.level->bytes / width;
    p.passes = p.level->bytes < ((size_t)4 << 20) ? 16 : 1;
    p.x = reals(p.dtype, p.rows * p.in);
    p.target = reals(p.dtype, p.rows);
    struct contest contest = {
        .unit = "pass", .bytes = (double)(p.rows * width), .rows = (double)p.rows};
    contest_add(&contest, "lanefit", CONTEST_LANEFIT, pass_own, &p)->units = (double)p.passes;
    contest_add(&contest, "read", CONTEST_LIMIT, pass_limit, &p)->units = (double)p.passes;
    if (p.x && p.target)
        contest_run(state, &contest);
    else
        bench_fail(state, "out of memory");
    free(p.x);
    free(p.target);
}

void register_passes(const struct lf_kernels *kernels)
{
    static const size_t widths[] = {1, 2, 3, 4, 8, 13, 16};
    const struct limits *limits = limits_of(kernels->name);
    for (size_t i = 0; limits && i < 2 * 2 * 7 * 3; i++) {
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
