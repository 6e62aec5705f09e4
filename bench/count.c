/* SPDX-License-Identifier: MIT */
/* lanefit-count --isa NAME CASE: does the case once, inside the function `counted`, for a tool that
 * counts instructions; `lanefit-count` lists the cases, `lanefit-count --compiler` names what made
 * the library. Numbers that no neighbour can disturb. */
#include "../tests/trial.h"

#include <lanefit/lanefit.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct work {
    void (*run)(void *context);
    void *context;
};

/* What is counted: the name is that of --toggle-collect in tests/instructions.sh. */
extern void counted(const struct work *work);
__attribute__((noinline)) void counted(const struct work *work)
{
    work->run(work->context);
}

/* Once to warm what is made on the first call, then once to count. */
static void count(void (*run)(void *context), void *context)
{
    const struct work work = {run, context};
    run(context);
    counted(&work);
}

/* ---- kernels ------------------------------------------------------------------------------- */

struct call {
    struct trial trial;
    const struct lf_kernels *kernels;
};

static void run_call(void *context)
{
    struct call *call = context;
    trial_run(&call->trial, call->kernels);
}

static int count_kernel(const char *name, enum lf_dtype dtype, struct lf_shape shape,
                        const struct lf_kernels *kernels)
{
    struct call call = {.kernels = kernels};
    struct test_rng rng = {1};
    const struct lf_case *c = lf_cases;
    while (strcmp(c->name, name) != 0 || c->dtype != dtype)
        c++;
    shape = lf_case_shape(c, &shape);
    if (!trial_create(c, &shape, 0, &call.trial))
        return 0;
    trial_fill(&call.trial, &rng, 0);
    count(run_call, &call);
    trial_destroy(&call.trial);
    return 1;
}

/* ---- a network on the tape, and an epoch of the trainer ------------------------------------- */

enum { ROWS = 1000, BATCH = 32 };

struct network {
    struct lf_module net[3];
    struct lf_model *model;
    struct lf_tape *tape;
    struct lf_optimizer *optimizer;
    struct lf_trainer *trainer;
    float x[ROWS], y[ROWS];
};

static void run_step(void *context)
{
    struct network *n = context;
    lf_tape_reset(n->tape);
    struct lf_tensor *prediction = lf_sequential(lf_input(n->tape, BATCH, 1, n->x), 3, n->net);
    struct lf_tensor *loss = lf_mse_loss(prediction, lf_input(n->tape, BATCH, 1, n->y));
    lf_model_zero_grad(n->model);
    lf_backward(n->tape, loss);
    lf_optimizer_step(n->optimizer);
}

static int is_not_the_last(void *context, const struct lf_train_progress *progress)
{
    (void)context;
    (void)progress;
    return 0;
}

static void run_epoch(void *context)
{
    struct network *n = context;
    const struct lf_data data = lf_data_f32(ROWS, 1, n->x, 1, n->y);
    enum lf_train_end end;
    lf_trainer_run(n->trainer, &data, NULL, &end);
}

static int count_network(void (*run)(void *context), const struct lf_kernels *kernels)
{
    const struct lf_optimizer_options sgd = lf_sgd(0.01);
    const struct lf_train_options options = {
        .optimizer = sgd, .batch = BATCH, .epochs = UINT64_MAX, .after_epoch = is_not_the_last};
    struct network n = {
        .net = {lf_module_linear(1, 16), lf_module_activation(LF_TANH), lf_module_linear(16, 1)}};
    struct lf_rng rng;
    for (int i = 0; i < ROWS; i++) {
        n.x[i] = -1 + 2 * (float)i / (ROWS - 1);
        n.y[i] = n.x[i] * n.x[i];
    }
    lf_rng_seed(&rng, 1024);
    const int ready = !lf_model_create(&n.model, kernels, LF_F32) &&
                      !lf_model_add_sequential(n.model, "", 3, n.net) &&
                      !lf_tape_create(&n.tape, n.model) &&
                      !lf_optimizer_create(&n.optimizer, n.model, &sgd) &&
                      !lf_trainer_create(&n.trainer, n.model, 3, n.net, &options, NULL);
    if (ready) {
        lf_model_init(n.model, &rng);
        count(run, &n);
    }
    lf_trainer_destroy(n.trainer);
    lf_optimizer_destroy(n.optimizer);
    lf_tape_destroy(n.tape);
    lf_model_destroy(n.model);
    return ready;
}

/* ---- the cases ------------------------------------------------------------------------------ */

static const struct counted_case {
    const char *name, *kernel; /* kernel: NULL for the network */
    enum lf_dtype dtype;
    struct lf_shape shape;
    void (*run)(void *context);
} cases[] = {
    {"affine/f32/32x1->1", "affine", LF_F32, {.rows = 32, .in = 1, .out = 1}, NULL},
    {"affine/f32/1000x8->1", "affine", LF_F32, {.rows = 1000, .in = 8, .out = 1}, NULL},
    {"affine/f32/64x16->16", "affine", LF_F32, {.rows = 64, .in = 16, .out = 16}, NULL},
    {"affine_grad_part/f32/64x16->16",
     "affine_grad_part",
     LF_F32,
     {.rows = 64, .in = 16, .out = 16},
     NULL},
    {"affine_loss_part/mse_loss/f32/1000x8->1",
     "affine_loss_part/mse_loss",
     LF_F32,
     {.rows = 1000, .in = 8, .out = 1},
     NULL},
    {"affine_loss_part/mse_loss/f64/1000x4->1:columns",
     "affine_loss_part/mse_loss",
     LF_F64,
     {.rows = 1000, .in = 4, .out = 1, .column_major = 1},
     NULL},
    {"adam/f32/1000", "adam", LF_F32, {.rows = 1000}, NULL},
    {"online_linear/f32/5000", "online_linear", LF_F32, {.rows = 5000}, NULL},
    {"tape/1-16-1/32", NULL, LF_F32, {0}, run_step},
    {"trainer/1-16-1/1000", NULL, LF_F32, {0}, run_epoch},
};

int main(int argc, char **argv)
{
    const size_t n = sizeof cases / sizeof cases[0];
    if (argc == 2 && strcmp(argv[1], "--compiler") == 0) {
        puts(COMPILER);
        return 0;
    }
    if (argc != 4 || strcmp(argv[1], "--isa") != 0) {
        for (size_t i = 0; i < n; i++)
            puts(cases[i].name);
        return argc == 1 ? 0 : 2;
    }
    const struct lf_kernels *kernels = lf_kernels_find(argv[2]);
    if (!kernels)
        return 77;
    for (size_t i = 0; i < n; i++) {
        const struct counted_case *c = &cases[i];
        if (strcmp(c->name, argv[3]) != 0)
            continue;
        return !(c->kernel ? count_kernel(c->kernel, c->dtype, c->shape, kernels)
                           : count_network(c->run, kernels));
    }
    fprintf(stderr, "lanefit-count: no case is called '%s'\n", argv[3]);
    return 2;
}
