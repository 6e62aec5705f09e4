/* SPDX-License-Identifier: MIT */
/* A call of lf_fleet_fit whose operands lie in one block of memory, to be spoiled in one way at a
 * time; a program includes this once. */
#include "support.h"

#include <lanefit/fleet.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PROBLEMS = 5, ROWS = 6, IN = 2, PARAMS = 4, SPARE = 600 };

/* All that a call may touch but for the workspace. */
static struct memory {
    double spare_front[SPARE];
    double x[PROBLEMS][ROWS][IN], common[ROWS], y[PROBLEMS][ROWS], weight[PROBLEMS][ROWS];
    double ridges[PROBLEMS];
    size_t offsets[PROBLEMS + 1];
    unsigned char valid[8];
    double between[SPARE];
    double coefficients[PROBLEMS * PARAMS], standard_errors[PROBLEMS * PARAMS];
    double t[PROBLEMS * PARAMS], p[PROBLEMS * PARAMS], r_squared[PROBLEMS], residual_sd[PROBLEMS];
    size_t rows_used[PROBLEMS];
    unsigned char status[8];
    double spare[SPARE];
} memory, before;

struct call {
    struct lf_fleet f;
    struct lf_fleet_options options;
    struct lf_fleet_result r;
    const struct lf_fleet *fleet;
    const struct lf_fleet_result *result;
};

/* Nothing is wrong with it. */
static void make_call(struct call *c)
{
    struct test_rng rng = test_rng(1);
    memset(&memory, 0x5a, sizeof memory);
    for (size_t q = 0; q < PROBLEMS; q++) {
        for (size_t r = 0; r < ROWS; r++) {
            memory.common[r] = test_uniform(&rng, -1, 1);
            memory.x[q][r][0] = test_uniform(&rng, -1, 1);
            memory.x[q][r][1] = test_uniform(&rng, -1, 1);
            memory.y[q][r] = test_uniform(&rng, -1, 1);
            memory.weight[q][r] = test_uniform(&rng, 1, 2);
        }
        memory.ridges[q] = 0.5;
        memory.offsets[q] = q;
    }
    memory.offsets[PROBLEMS] = ROWS;
    memset(memory.valid, 0xff, sizeof memory.valid);
    *c = (struct call){.f = {.dtype = LF_F64,
                             .problems = PROBLEMS,
                             .rows = ROWS,
                             .in = IN,
                             .common_in = 1,
                             .x = {memory.x, IN, 1, ROWS * IN, 0},
                             .common = {memory.common, 1, 0, 0, 0},
                             .y = {memory.y, 1, 0, ROWS, 0},
                             .weight = {memory.weight, 1, 0, ROWS, 0},
                             .valid = {memory.valid, 0, 1, ROWS, 0}},
                       .options = {.kernels = tested},
                       .r = {.coefficients = memory.coefficients,
                             .standard_errors = memory.standard_errors,
                             .t = memory.t,
                             .p = memory.p,
                             .r_squared = memory.r_squared,
                             .residual_sd = memory.residual_sd,
                             .rows_used = memory.rows_used,
                             .status = memory.status},
                       .fleet = &c->f,
                       .result = &c->r};
}

static lf_status run(const struct call *c)
{
    return lf_fleet_fit(c->fleet, &c->options, c->result);
}

static void expect_refusal(const struct call *c, const char *name)
{
    memcpy(&before, &memory, sizeof memory);
    const lf_status status = run(c);
    ck_assert_msg(status == LF_INVALID, "%s: %s", name, lf_status_string(status));
    ck_assert_msg(memcmp(&before, &memory, sizeof memory) == 0, "%s: something is written", name);
}

/* A way to change it, by name. */
struct change {
    const char *name;
    void (*make)(struct call *call);
};

#define CHANGE(name, ...)                                                                          \
    static void name(struct call *c)                                                               \
    {                                                                                              \
        (void)c;                                                                                   \
        __VA_ARGS__;                                                                               \
    }
#define NAMED(name)                                                                                \
    {                                                                                              \
#name, name                                                                                \
    }
#define COUNT(list) (int)(sizeof(list) / sizeof(list)[0])
