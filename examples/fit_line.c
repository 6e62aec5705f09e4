/* SPDX-License-Identifier: MIT */
/* Fits y = 1.233 x + 0.988 as the post does: one Linear(1, 1), SGD, one sample a step. */
#include <lanefit/lanefit.h>

#include <stdio.h>

int main(void)
{
    struct lf_model *model;
    struct lf_tape *tape;
    struct lf_optimizer *optimizer;
    struct lf_layer linear;
    struct lf_rng rng;
    const struct lf_optimizer_options sgd = lf_sgd(0.01);
    if (lf_model_create(&model, NULL, LF_F32) ||
        lf_model_add_linear(model, "linear", 1, 1, &linear) || lf_tape_create(&tape, model) ||
        lf_optimizer_create(&optimizer, model, &sgd))
        return 1;
    lf_rng_seed(&rng, 1024);
    lf_model_init(model, &rng);

    for (int step = 0; step < 5000; step++) {
        float x, y;
        lf_kernels_best()->f32.uniform(&rng, 1, &x);
        y = x * 1.233f + 0.988f;

        lf_tape_reset(tape);
        struct lf_tensor *prediction = lf_linear(lf_input(tape, 1, 1, &x), &linear);
        struct lf_tensor *loss = lf_mse_loss(prediction, lf_input(tape, 1, 1, &y));
        lf_model_zero_grad(model);
        if (lf_backward(tape, loss)) {
            fprintf(stderr, "%s\n", lf_tape_message(tape));
            return 1;
        }
        lf_optimizer_step(optimizer);
    }

    printf("linear.weight=%.3f\n", (double)*(float *)lf_parameter_value(&linear.weight));
    printf("linear.bias=%.3f\n", (double)*(float *)lf_parameter_value(&linear.bias));
    lf_optimizer_destroy(optimizer);
    lf_tape_destroy(tape);
    lf_model_destroy(model);
    return 0;
}
