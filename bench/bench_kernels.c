/* SPDX-License-Identifier: MIT */
/* Every case of tests/cases on every table, over the shapes that are worth timing. */
#include "bench.h"

#include "../tests/trial.h"

#include <stdio.h>
#include <stdlib.h>

struct timed {
    const struct lf_case *c;
    const struct lf_kernels *kernels;
    struct lf_shape shape;
    char name[96];
};

static void time_case(struct bench_state *state, const void *argument)
{
    const struct timed *timed = argument;
    struct test_rng rng = {1};
    struct trial trial;
    if (!trial_create(timed->c, &timed->shape, 0, &trial)) {
        bench_fail(state, "out of memory");
        return;
    }
    trial_fill(&trial, &rng, 0);
    while (bench_keep_running(state, 16))
        for (int i = 0; i < 16; i++) {
            trial_run(&trial, timed->kernels);
            bench_keep(trial.data[LF_OPERANDS - 1]);
        }
    bench_rate(state, "FLOP", timed->c->flops(&timed->shape));
    bench_rate(state, "B", lf_case_bytes(timed->c, &timed->shape));
    trial_destroy(&trial);
}

static void register_case(const struct lf_case *c, const struct lf_kernels *kernels,
                          const struct lf_shape *shape)
{
    struct timed *timed = malloc(sizeof *timed); /* lives as long as the program */
    if (!timed)
        return;
    char label[32];
    *timed = (struct timed){.c = c, .kernels = kernels, .shape = *shape};
    lf_shape_name(c, shape, sizeof label, label);
    snprintf(timed->name, sizeof timed->name, "%s/%s/%s/%s", c->name,
             c->dtype == LF_F32 ? "f32" : "f64", kernels->name, label);
    bench_register(timed->name, time_case, timed);
}

void register_kernels(void)
{
    const struct lf_kernels *tables[LF_TABLES];
    size_t table_count = lf_kernels_usable(tables);
    struct lf_shape shapes[LF_MOST_SHAPES];
    for (size_t k = 0; k < lf_case_count; k++) {
        size_t n = lf_case_shapes(&lf_cases[k], 0, shapes);
        for (size_t i = 0; i < n; i++)
            for (size_t t = 0; t < table_count; t++)
                register_case(&lf_cases[k], tables[t], &shapes[i]);
    }
}
