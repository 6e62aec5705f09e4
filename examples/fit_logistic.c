/* SPDX-License-Identifier: MIT */
/* Logistic regression: the probability that 2 u - v + noise is above 0.25. The layer and its loss
 * go over the data in one pass. */
#include <lanefit/lanefit.h>

#include <stdio.h>

enum { ROWS = 1000 };

int main(void)
{
    struct lf_model *model;
    struct lf_tape *tape;
    struct lf_optimizer *optimizer;
    struct lf_layer linear;
    struct lf_rng rng;
    const struct lf_criterion logistic = {.kind = LF_BCE_WITH_LOGITS_LOSS};
    const struct lf_optimizer_options sgd = {.kind = LF_SGD, .lr = 1, .momentum = 0.9};
    static double x[ROWS][2], noise[ROWS], label[ROWS];
    if (lf_model_create(&model, NULL, LF_F64) ||
        lf_model_add_linear(model, "linear", 2, 1, &linear) || lf_tape_create(&tape, model) ||
        lf_optimizer_create(&optimizer, model, &sgd))
        return 1;
    lf_rng_seed(&rng, 3);
    lf_kernels_best()->f64.uniform(&rng, 2 * ROWS, x[0]);
    lf_kernels_best()->f64.normal(&rng, ROWS, 0, 0.25, noise);
    for (int i = 0; i < ROWS; i++)
        label[i] = 2 * x[i][0] - x[i][1] + noise[i] > 0.25;

    for (int step = 0; step < 500; step++) {
        lf_tape_reset(tape);
        struct lf_tensor *loss = lf_linear_loss(lf_input(tape, ROWS, 2, x[0]), &linear,
                                                lf_input(tape, ROWS, 1, label), &logistic);
        lf_model_zero_grad(model);
        if (lf_backward(tape, loss)) {
            fprintf(stderr, "%s\n", lf_tape_message(tape));
            return 1;
        }
        lf_optimizer_step(optimizer);
    }

    lf_tape_reset(tape);
    lf_tape_set_grad(tape, 0);
    struct lf_tensor *score = lf_linear(lf_input(tape, ROWS, 2, x[0]), &linear);
    const double *w = lf_parameter_value(&linear.weight), *b = lf_parameter_value(&linear.bias);
    int right = 0;
    for (int i = 0; i < ROWS; i++)
        right += (((const double *)lf_tensor_value(score))[i] > 0) == (label[i] > 0.5);
    printf("logit p = %.2f u %+.2f v %+.2f; %d of %d rows on the right side\n", w[0], w[1], b[0],
           right, ROWS);
    lf_optimizer_destroy(optimizer);
    lf_tape_destroy(tape);
    lf_model_destroy(model);
    return 0;
}
