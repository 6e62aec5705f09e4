/* SPDX-License-Identifier: MIT */
/* Steps on the tape, beside libtorch where the build has it, and what the tape itself takes. */
#include "bench.h"

#include "paired.h"
#ifdef LF_LIBTORCH
#include "peers/libtorch.h"
#endif

#include <stdio.h>
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

/* What is timed, and what beside it: own_steps of the one, beside_steps of the other. */
struct subject {
    const struct lf_kernels *kernels;
    void (*own)(void *trained), (*beside)(void *trained);
    size_t own_steps, beside_steps;
    const char *own_unit, *beside_unit, *ratio;
    int network, shared, one_pass;
    char name[64];
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

static void nothing(void *context)
{
    (void)context;
}

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
        (subject->network ? lf_model_add_sequential(t->model, "", 5, t->net)
                          : lf_model_add_linear(t->model, "linear", 1, 1, &t->linear)) ||
        lf_optimizer_create(&t->optimizer, t->model, &sgd))
        return 0;
    lf_model_init(t->model, &t->rng);
    return 1;
}

static void time_subject(struct bench_state *state, const void *argument)
{
    const struct subject *subject = argument;
    struct trained t;
    double own, beside;
    if (begin(&t, subject)) {
        paired_run(state, &(struct paired){subject->own, subject->beside, &t}, &own, &beside);
        own *= 1e9 / (double)subject->own_steps;
        beside *= 1e9 / (double)subject->beside_steps;
        bench_counter(state, subject->own_unit, own);
        if (subject->beside != nothing) {
            bench_counter(state, subject->beside_unit, beside);
            bench_counter(state, subject->ratio, beside / own);
        }
        if (lf_tape_status(t.tape) != LF_OK)
            bench_fail(state, lf_tape_message(t.tape));
    } else
        bench_fail(state, "out of memory");
    lf_optimizer_destroy(t.optimizer);
    lf_tape_destroy(t.tape);
    lf_model_destroy(t.model);
}

void register_autograd(void)
{
#ifdef LF_LIBTORCH
    void (*const line)(void *) = libtorch_line_steps,
                            (*const network)(void *) = libtorch_network_steps;
#else
    void (*const line)(void *) = nothing, (*const network)(void *) = nothing;
#endif
#define LINE .own = line_steps, .own_steps = LINE_STEPS, .beside = line, LIBTORCH
#define LIBTORCH                                                                                   \
    .beside_steps = PEER_STEPS, .own_unit = "ns_a_step", .beside_unit = "libtorch_ns",             \
    .ratio = "times_faster"
    const struct subject kinds[] = {
        {LINE, .name = "line"},
        {LINE, .one_pass = 1, .name = "line_one_pass"},
        {LINE, .shared = 1, .name = "line_shared"},
        {LINE, .shared = 1, .one_pass = 1, .name = "line_shared_one_pass"},
        {.own = network_steps,
         .own_steps = NETWORK_STEPS,
         .beside = network,
         LIBTORCH,
         .network = 1,
         .name = "network"},
        {.own = network_steps,
         .own_steps = NETWORK_STEPS,
         .beside = network_kernels,
         .beside_steps = NETWORK_STEPS,
         .own_unit = "ns_a_step",
         .beside_unit = "kernels_ns",
         .ratio = "share_of_kernels",
         .network = 1,
         .name = "network_kernels"},
        {.own = chain_steps,
         .own_steps = CHAIN,
         .beside = nothing,
         .beside_steps = 1,
         .own_unit = "ns_an_op",
         .name = "op"}};
#undef LINE
#undef LIBTORCH
    enum { KINDS = sizeof kinds / sizeof kinds[0] };
    static struct subject subjects[LF_TABLES][KINDS];
    const struct lf_kernels *tables[LF_TABLES];
    size_t n = lf_kernels_usable(tables);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < KINDS; k++) {
            struct subject *subject = &subjects[i][k];
            *subject = kinds[k];
            subject->kernels = tables[i];
            snprintf(subject->name, sizeof subject->name, "autograd/%s/f32/%s", kinds[k].name,
                     tables[i]->name);
            bench_register_manual(subject->name, time_subject, subject);
        }
}
