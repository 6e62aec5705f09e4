/* SPDX-License-Identifier: MIT */
/* One Linear(1, 1) applied twice learns y = 1.233 x + 0.988, as in the post: w^2 = 1.233 and
 * b (w + 1) = 0.988. */
#include <lanefit/lanefit.h>

#include <stdio.h>

int main(void)
{
    struct lf_model *model;
    struct lf_tape *tape;
    struct lf_optimizer *optimizer;
    struct lf_layer layer;
    struct lf_rng rng;
    const struct lf_optimizer_options sgd = lf_sgd(0.01);
    if (lf_model_create(&model, NULL, LF_F32) ||
        lf_model_add_linear(model, "linear", 1, 1, &layer) || lf_tape_create(&tape, model) ||
        lf_optimizer_create(&optimizer, model, &sgd))
        return 1;
    lf_rng_seed(&rng, 1024);
    lf_model_init(model, &rng);

    for (int step = 0; step < 5000; step++) {
        float x, y;
        lf_kernels_best()->f32.uniform(&rng, 1, &x);
        y = x * 1.233f + 0.988f;

        lf_tape_reset(tape);
        struct lf_tensor *once = lf_linear(lf_input(tape, 1, 1, &x), &layer);
        struct lf_tensor *twice = lf_linear(once, &layer);
        lf_model_zero_grad(model);
        if (lf_backward(tape, lf_mse_loss(twice, lf_input(tape, 1, 1, &y)))) {
            fprintf(stderr, "%s\n", lf_tape_message(tape));
            return 1;
        }
        lf_optimizer_step(optimizer);
    }

    float w = *(float *)lf_parameter_value(&layer.weight);
    float b = *(float *)lf_parameter_value(&layer.bias);
    printf("w = %.3f, b = %.3f: y = %.3f x + %.3f\n", (double)w, (double)b, (double)(w * w),
           (double)(b * (w + 1)));
    lf_optimizer_destroy(optimizer);
    lf_tape_destroy(tape);
    lf_model_destroy(model);
    return 0;
}
