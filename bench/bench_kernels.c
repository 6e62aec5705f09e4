/* SPDX-License-Identifier: MIT */
/* Every case of tests/cases on every table, over the shapes below. */
#include "bench.h"

#include "../tests/cases.h"

#include <stdio.h>
#include <stdlib.h>

static const struct lf_shape flat_shapes[] = {{.rows = 2, .in = 1, .out = 1},
                                              {.rows = 1000, .in = 1, .out = 1},
                                              {.rows = 100000, .in = 1, .out = 1}};

static const struct lf_shape shapes[] = {
    {.rows = 1, .in = 1, .out = 1},
    {.rows = 32, .in = 1, .out = 1},
    {.rows = 1000, .in = 1, .out = 1},
    {.rows = 1000, .in = 4, .out = 1},
    {.rows = 1000, .in = 8, .out = 1},
    {.rows = 1000, .in = 16, .out = 1},
    {.rows = 1000, .in = 8, .out = 1, .column_major = 1},
    {.rows = 64, .in = 4, .out = 4},
    {.rows = 256, .in = 13, .out = 7},
    {.rows = 32, .in = 32, .out = 32},
};

struct timed {
    const struct lf_case *c;
    const struct lf_kernels *kernels;
    struct lf_shape shape;
    char name[96];
};

static void time_case(struct bench_state *state, const void *argument)
{
    const struct timed *timed = argument;
    const struct lf_case *c = timed->c;
    size_t size = c->dtype == LF_F32 ? sizeof(float) : sizeof(double);
    struct lf_operand operand[LF_OPERANDS] = {{LF_UNUSED, 0}};
    void *data[LF_OPERANDS];
    int missing = 0;
    c->operands(&timed->shape, operand);
    for (size_t i = 0; i < LF_OPERANDS; i++) {
        data[i] = aligned_alloc(64, (operand[i].count * size + 64) / 64 * 64);
        missing |= !data[i];
        for (size_t j = 0; data[i] && j < operand[i].count; j++) {
            double x = (double)(j * 37 % 64) / 32 - 1; /* moderate numbers stay moderate */
            if (c->dtype == LF_F32)
                ((float *)data[i])[j] = (float)x;
            else
                ((double *)data[i])[j] = x;
        }
    }
    if (missing)
        bench_fail(state, "out of memory");
    while (!missing && bench_keep_running(state, 16))
        for (int i = 0; i < 16; i++) {
            c->run(timed->kernels, &timed->shape, data);
            bench_keep(data[LF_OPERANDS - 1]);
        }
    bench_rate(state, "FLOP", c->flops(&timed->shape));
    bench_rate(state, "B", lf_case_bytes(c, &timed->shape));
    for (size_t i = 0; i < LF_OPERANDS; i++)
        free(data[i]);
}

void register_kernels(void)
{
    const struct lf_kernels *tables[LF_TABLES];
    size_t table_count = lf_kernels_usable(tables);
    for (size_t k = 0; k < lf_case_count; k++) {
        const struct lf_case *c = &lf_cases[k];
        const struct lf_shape *list = c->flat ? flat_shapes : shapes;
        size_t n = c->flat ? sizeof flat_shapes / sizeof *list : sizeof shapes / sizeof *list;
        for (size_t i = 0; i < n; i++)
            for (size_t t = 0; t < table_count; t++) {
                struct timed *timed = malloc(sizeof *timed); /* lives as long as the program */
                if (!timed)
                    return;
                *timed = (struct timed){.c = c, .kernels = tables[t], .shape = list[i]};
                int head =
                    snprintf(timed->name, sizeof timed->name, "%s/%s/%s/%zu", c->name,
                             c->dtype == LF_F32 ? "f32" : "f64", tables[t]->name, list[i].rows);
                if (!c->flat)
                    snprintf(timed->name + head, sizeof timed->name - (size_t)head, "x%zu->%zu%s",
                             list[i].in, list[i].out, list[i].column_major ? "/columns" : "");
                bench_register(timed->name, time_case, timed);
            }
    }
}
