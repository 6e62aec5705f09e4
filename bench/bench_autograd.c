/* SPDX-License-Identifier: MIT */
/* Steps on the tape, in f32:
 *   autograd/line|line_shared[_one_pass]/ISA   the post's step, beside its chain
 *   autograd/network/ISA                       a batch of 32 through a 1-16-16-1 tanh network,
 *                                              beside its kernel calls alone
 *   autograd/op/ISA                            forward and backward of the smallest operation
 * and, but for the last, libtorch where the build has it. */
#include "bench.h"

#include "contest.h"
#include "limit.h"
#ifdef LF_LIBTORCH
#include "peers/libtorch.h"
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_STEPS = 500, PEER_STEPS = 8, NETWORK_STEPS = 32, ROWS = 32, WIDTH = 16, CHAIN = 64 };

/* A model on a tape, and what its steps need. */
struct trained {
    const struct lf_kernels *kernels;
    struct lf_model *model;
    struct lf_tape *tape;
    struct lf_optimizer *optimizer;
    struct lf_layer linear;
    struct lf_module net[5];
    struct lf_rng rng;
    float x[ROWS], y[ROWS];
    int shared, one_pass;
};

enum what { LINE, NETWORK, OP };

struct subject {
    enum what what;
    const struct lf_kernels *kernels;
    int shared, one_pass;
    char name[48];
};

/* The post's step: draw, forward, loss, backward, update. */
static void line_steps(void *context)
{
    const struct lf_criterion mse = {.kind = LF_MSE_LOSS};
    struct trained *t = context;
    const struct lf_kernels_f32 *k = &t->kernels->f32;
    for (size_t i = 0; i < LINE_STEPS; i++) {
        k->uniform(&t->rng, 1, t->x);
        t->y[0] = t->x[0] * 1.233f + 0.988f;
        lf_tape_reset(t->tape);
        struct lf_tensor *x = lf_input(t->tape, 1, 1, t->x), *y = lf_input(t->tape, 1, 1, t->y);
        if (t->shared)
            x = lf_linear(x, &t->linear);
        struct lf_tensor *loss = t->one_pass ? lf_linear_loss(x, &t->linear, y, &mse)
                                             : lf_mse_loss(lf_linear(x, &t->linear), y);
        lf_model_zero_grad(t->model);
        lf_backward(t->tape, loss);
        lf_optimizer_step(t->optimizer);
    }
}

static void network_steps(void *context)
{
    struct trained *t = context;
    for (size_t i = 0; i < NETWORK_STEPS; i++) {
        lf_tape_reset(t->tape);
        struct lf_tensor *prediction = lf_sequential(lf_input(t->tape, ROWS, 1, t->x), 5, t->net);
        struct lf_tensor *loss = lf_mse_loss(prediction, lf_input(t->tape, ROWS, 1, t->y));
        lf_model_zero_grad(t->model);
        lf_backward(t->tape, loss);
        lf_optimizer_step(t->optimizer);
    }
}

/* A long record of the smallest operation: all but its one product each way is the tape's. */
static void chain_steps(void *context)
{
    struct trained *t = context;
    lf_tape_reset(t->tape);
    struct lf_tensor *x = lf_require_grad(lf_input(t->tape, 1, 1, t->x));
    for (size_t i = 0; i < CHAIN; i++)
        x = lf_negate(x);
    lf_backward(t->tape, x);
}

/* The kernel calls of a step of the network alone. */
static void network_kernels(void *context)
{
    enum { N = ROWS * WIDTH };
    static float h[4][N], g[3][N], part[WIDTH * WIDTH + WIDTH], loss[1], slope[N];
    struct trained *t = context;
    const struct lf_kernels_f32 *k = &t->kernels->f32;
    const struct lf_loss_f32 mse = {LF_MSE_LOSS, 0, 1.0f / ROWS, 1};
    const struct lf_sgd_f32 sgd = {.lr = 0};
    float *w = lf_parameter_value(&t->net[0].layer.weight), *w2 = w + 2 * WIDTH;
    float *w3 = w2 + WIDTH * WIDTH + WIDTH;
    for (size_t i = 0; i < NETWORK_STEPS; i++) {
        k->affine(ROWS, 1, WIDTH, t->x, 1, 1, w, w + WIDTH, h[0]);
        k->activation(LF_TANH, N, h[0], h[1]);
        k->affine(ROWS, WIDTH, WIDTH, h[1], WIDTH, 1, w2, w2 + WIDTH * WIDTH, h[2]);
        k->activation(LF_TANH, N, h[2], h[3]);
        k->affine(ROWS, WIDTH, 1, h[3], WIDTH, 1, w3, w3 + WIDTH, g[0]);
        k->loss_part(&mse, ROWS, 1, g[0], t->y, NULL, loss);
        k->loss_grad(&mse, ROWS, 1, g[0], t->y, NULL, g[1]);
        k->affine_grad_part(ROWS, WIDTH, 1, h[3], WIDTH, 1, g[1], part);
        k->affine_grad_input(ROWS, WIDTH, 1, g[1], w3, g[2]);
        k->activation_grad(LF_TANH, N, h[2], h[3], g[2], g[0]);
        k->affine_grad_part(ROWS, WIDTH, WIDTH, h[1], WIDTH, 1, g[0], part);
        k->affine_grad_input(ROWS, WIDTH, WIDTH, g[0], w2, g[1]);
        k->activation_grad(LF_TANH, N, h[0], h[1], g[1], g[2]);
        k->affine_grad_part(ROWS, 1, WIDTH, t->x, 1, 1, g[2], part);
        k->sgd(2 * WIDTH + WIDTH * WIDTH + 2 * WIDTH + 1, &sgd, slope, NULL, w);
        memset(g, 0, sizeof g); /* they would grow without end */
    }
}

#ifdef LF_LIBTORCH
static void libtorch_line_steps(void *context)
{
    volatile float kept = libtorch_line(((struct trained *)context)->shared, PEER_STEPS);
    (void)kept;
}

static void libtorch_network_steps(void *context)
{
    (void)context;
    volatile float kept = libtorch_network(PEER_STEPS);
    (void)kept;
}
#endif

static int begin(struct trained *t, const struct subject *subject)
{
    const struct lf_optimizer_options sgd = lf_sgd(0.01);
    *t = (struct trained){.kernels = subject->kernels,
                          .net = {lf_module_linear(1, WIDTH), lf_module_activation(LF_TANH),
                                  lf_module_linear(WIDTH, WIDTH), lf_module_activation(LF_TANH),
                                  lf_module_linear(WIDTH, 1)},
                          .shared = subject->shared,
                          .one_pass = subject->one_pass};
    for (int i = 0; i < ROWS; i++) {
        t->x[i] = -1 + 2 * (float)i / (ROWS - 1);
        t->y[i] = t->x[i] * t->x[i];
    }
    lf_rng_seed(&t->rng, 1024);
    if (lf_model_create(&t->model, t->kernels, LF_F32) || lf_tape_create(&t->tape, t->model) ||
        (subject->what == NETWORK ? lf_model_add_sequential(t->model, "", 5, t->net)
                                  : lf_model_add_linear(t->model, "linear", 1, 1, &t->linear)) ||
        lf_optimizer_create(&t->optimizer, t->model, &sgd))
        return 0;
    lf_model_init(t->model, &t->rng);
    return 1;
}

/* Enters lanefit and what is timed beside it. */
static void enter(struct contest *contest, struct trained *t, const struct subject *s,
                  struct limit *limit)
{
    static void (*const own[])(void *) = {
        [LINE] = line_steps, [NETWORK] = network_steps, [OP] = chain_steps};
    static const double units[] = {[LINE] = LINE_STEPS, [NETWORK] = NETWORK_STEPS, [OP] = CHAIN};
    const struct limit_work work = {.chain_linear = s->shared ? 0 : LINE_STEPS,
                                    .chain_shared = s->shared ? LINE_STEPS : 0};
    contest->steps = s->what == OP ? 0 : 1;
    contest_add(contest, "lanefit", CONTEST_LANEFIT, own[s->what], t)->units = units[s->what];
#ifdef LF_LIBTORCH
    if (s->what != OP)
        contest_add(contest, "libtorch", CONTEST_PEER,
                    s->what == LINE ? libtorch_line_steps : libtorch_network_steps, t)
            ->units = PEER_STEPS;
#endif
    if (s->what == NETWORK)
        contest_add(contest, "kernels", CONTEST_LIMIT, network_kernels, t)->units = NETWORK_STEPS;
    if (s->what == LINE)
        limit_create(limit, limits_of(t->kernels->name), &work, 1, LINE_STEPS, contest);
}

static void time_subject(struct bench_state *state, const void *argument)
{
    const struct subject *s = argument;
    struct trained t;
    struct contest contest = {.unit = s->what == OP ? "operation" : "step"};
    struct limit limit = {0};
    if (begin(&t, s)) {
        enter(&contest, &t, s, &limit);
        contest_run(state, &contest);
        if (lf_tape_status(t.tape) != LF_OK)
            bench_fail(state, lf_tape_message(t.tape));
    } else {
        bench_fail(state, "out of memory");
    }
    limit_destroy(&limit);
    lf_optimizer_destroy(t.optimizer);
    lf_tape_destroy(t.tape);
    lf_model_destroy(t.model);
}

void register_autograd(const struct lf_kernels *kernels)
{
    static const struct subject subjects[] = {
        {.what = LINE, .name = "line"},
        {.what = LINE, .one_pass = 1, .name = "line_one_pass"},
        {.what = LINE, .shared = 1, .name = "line_shared"},
        {.what = LINE, .shared = 1, .one_pass = 1, .name = "line_shared_one_pass"},
        {.what = NETWORK, .name = "network"},
        {.what = OP, .name = "op"}};
    const size_t count = sizeof subjects / sizeof subjects[0];
    for (size_t i = 0; limits_of(kernels->name) && i < count; i++) {
        struct subject *s = malloc(sizeof *s); /* lives as long as the program */
        if (!s)
            return;
        *s = subjects[i];
        s->kernels = kernels;
        snprintf(s->name, sizeof s->name, "autograd/%s/%s", subjects[i].name, kernels->name);
        bench_register_manual(s->name, time_subject, s);
    }
}
