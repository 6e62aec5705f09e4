/* SPDX-License-Identifier: MIT */
/* Fits y = 1.233 x + 0.988 as the post does: one Linear(1, 1), SGD, one sample a step. */
#include <lanefit/lanefit.h>

#include <stdio.h>

int main(void)
{
    struct lf_model *model;
    struct lf_tape *tape;
    struct lf_layer linear;
    struct lf_rng rng;
    if (lf_model_create(&model, NULL, LF_F32) || lf_tape_create(&tape, model) ||
        lf_model_add_linear(model, "linear", 1, 1, &linear))
        return 1;
    lf_rng_seed(&rng, 1024);
    lf_layer_init(model, &linear, &rng);

    for (int step = 0; step < 5000; step++) {
        float x, y;
        lf_kernels_best()->f32.uniform(&rng, 1, &x);
        y = x * 1.233f + 0.988f;

        lf_tape_reset(tape);
        struct lf_tensor *prediction = lf_linear(tape, &linear, lf_input(tape, 1, 1, &x));
        struct lf_tensor *loss = lf_mse_loss(tape, prediction, lf_input(tape, 1, 1, &y));
        lf_model_zero_grad(model);
        if (lf_backward(tape, loss)) {
            fprintf(stderr, "%s\n", lf_tape_message(tape));
            return 1;
        }
        lf_sgd_step(model, 0.01);
    }

    for (size_t i = 0; i < lf_model_parameters(model); i++) {
        struct lf_parameter parameter;
        lf_model_parameter(model, i, &parameter);
        printf("%s=%.3f\n", parameter.name, (double)*(float *)parameter.value);
    }
    lf_tape_destroy(tape);
    lf_model_destroy(model);
    return 0;
}
