/* SPDX-License-Identifier: MIT */
/* A small network, 1-16-16-1 with tanh between, learns a sine; the rate falls along a cosine. */
#include <lanefit/lanefit.h>

#include <math.h>
#include <stdio.h>

enum { ROWS = 64, STEPS = 3000 };

int main(void)
{
    struct lf_model *model;
    struct lf_tape *tape;
    struct lf_optimizer *optimizer;
    struct lf_rng rng;
    struct lf_module net[] = {lf_module_linear(1, 16), lf_module_activation(LF_TANH),
                              lf_module_linear(16, 16), lf_module_activation(LF_TANH),
                              lf_module_linear(16, 1)};
    const size_t modules = sizeof net / sizeof net[0];
    const struct lf_optimizer_options adam = lf_adam(0.01);
    const struct lf_schedule schedule = {
        .kind = LF_COSINE, .lr = 0.01, .period = STEPS, .warmup = 50};
    float x[ROWS], y[ROWS], loss = 0;
    if (lf_model_create(&model, NULL, LF_F32) ||
        lf_model_add_sequential(model, "net", modules, net) || lf_tape_create(&tape, model) ||
        lf_optimizer_create(&optimizer, model, &adam))
        return 1;
    lf_rng_seed(&rng, 1);
    lf_model_init(model, &rng);
    for (int i = 0; i < ROWS; i++) {
        x[i] = -3 + 6.0f * (float)i / (ROWS - 1);
        y[i] = sinf(x[i]);
    }

    for (uint64_t step = 0; step < STEPS; step++) {
        lf_tape_reset(tape);
        struct lf_tensor *prediction = lf_sequential(lf_input(tape, ROWS, 1, x), modules, net);
        struct lf_tensor *error = lf_mse_loss(prediction, lf_input(tape, ROWS, 1, y));
        lf_model_zero_grad(model);
        if (lf_backward(tape, error)) {
            fprintf(stderr, "%s\n", lf_tape_message(tape));
            return 1;
        }
        lf_clip_grad_norm(model, 1);
        lf_optimizer_set_lr(optimizer, lf_schedule_lr(&schedule, step));
        lf_optimizer_step(optimizer);
        loss = (float)lf_item(error);
    }

    printf("root mean square error %s 0.01\n", sqrtf(loss) < 0.01f ? "below" : "above");
    lf_optimizer_destroy(optimizer);
    lf_tape_destroy(tape);
    lf_model_destroy(model);
    return 0;
}
