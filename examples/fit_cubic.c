/* SPDX-License-Identifier: MIT */
/* Fits a cubic: a linear layer on the features x, x^2, x^3, the whole batch in each step. */
#include <lanefit/lanefit.h>

#include <stdio.h>

enum { ROWS = 200, DEGREE = 3 };

int main(void)
{
    struct lf_model *model;
    struct lf_tape *tape;
    struct lf_optimizer *optimizer;
    struct lf_layer linear;
    struct lf_rng rng;
    const struct lf_optimizer_options adam = lf_adam(0.05);
    double x[ROWS], y[ROWS], noise[ROWS];
    if (lf_model_create(&model, NULL, LF_F64) ||
        lf_model_add_linear(model, "linear", DEGREE, 1, &linear) || lf_tape_create(&tape, model) ||
        lf_optimizer_create(&optimizer, model, &adam))
        return 1;
    lf_rng_seed(&rng, 7);
    lf_model_init(model, &rng);
    lf_kernels_best()->f64.normal(&rng, ROWS, 0, 0.01, noise);
    for (int i = 0; i < ROWS; i++) {
        x[i] = -1 + 2.0 * i / (ROWS - 1);
        y[i] = 0.5 - x[i] + 2 * x[i] * x[i] * x[i] + noise[i];
    }

    for (int step = 0; step < 2000; step++) {
        lf_tape_reset(tape);
        struct lf_tensor *powers = lf_polynomial(lf_input(tape, ROWS, 1, x), DEGREE);
        struct lf_tensor *prediction = lf_linear(powers, &linear);
        struct lf_tensor *loss = lf_mse_loss(prediction, lf_input(tape, ROWS, 1, y));
        lf_model_zero_grad(model);
        if (lf_backward(tape, loss)) {
            fprintf(stderr, "%s\n", lf_tape_message(tape));
            return 1;
        }
        lf_optimizer_step(optimizer);
    }

    const double *w = lf_parameter_value(&linear.weight), *b = lf_parameter_value(&linear.bias);
    printf("y = %.2f %+.2f x %+.2f x^2 %+.2f x^3\n", b[0], w[0], w[1], w[2]);
    lf_optimizer_destroy(optimizer);
    lf_tape_destroy(tape);
    lf_model_destroy(model);
    return 0;
}
