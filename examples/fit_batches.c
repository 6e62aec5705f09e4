/* SPDX-License-Identifier: MIT */
/* Rows in memory fitted by mini-batches: columns of very different sizes are standardized, the rate
 * follows from them, and the coefficients come out in the units of the data. */
#include <lanefit/lanefit.h>

#include <math.h>
#include <stdio.h>

enum { ROWS = 1000, IN = 2 };

static double x[ROWS * IN], z[ROWS * IN], y[ROWS];

/* rent = 200 + 9.5 area - 0.01 distance, area in square metres, distance in metres. */
static void make_rows(void)
{
    struct lf_rng rng;
    lf_rng_seed(&rng, 1);
    lf_kernels_best()->f64.uniform(&rng, ROWS * IN, x);
    lf_kernels_best()->f64.normal(&rng, ROWS, 0, 10, y);
    for (int i = 0; i < ROWS; i++) {
        x[IN * i] = 20 + 100 * x[IN * i];
        x[IN * i + 1] *= 10000;
        y[i] += 200 + 9.5 * x[IN * i] - 0.01 * x[IN * i + 1];
    }
}

int main(void)
{
    struct lf_module layer = lf_module_linear(IN, 1);
    struct lf_train_options options = {
        .loss = LF_MSE_LOSS, .batch = 50, .shuffle = 1, .epochs = 1000, .loss_tolerance = 1e-5};
    struct lf_model *model;
    struct lf_trainer *trainer;
    double mean[IN], scale[IN], lr;
    enum lf_train_end end;
    make_rows();
    struct lf_data data = lf_data_f64(ROWS, IN, x, 1, y);
    struct lf_data standardized = lf_data_f64(ROWS, IN, z, 1, y);
    if (lf_data_scaling(NULL, &data, mean, scale))
        return 1;
    lf_data_standardize(&data, mean, scale, z);
    if (lf_auto_lr(NULL, &standardized, LF_MSE_LOSS, options.batch, &lr))
        return 1;
    options.optimizer = lf_sgd(lr);
    options.schedule = (struct lf_schedule){.kind = LF_EXPONENTIAL, .lr = lr, .gamma = 0.99};
    if (lf_model_create(&model, NULL, LF_F64) || lf_model_add_sequential(model, "", 1, &layer) ||
        lf_trainer_create(&trainer, model, 1, &layer, &options, NULL))
        return 1;
    if (lf_trainer_run(trainer, &standardized, NULL, &end)) {
        fprintf(stderr, "%s\n", lf_trainer_message(trainer));
        return 1;
    }
    lf_layer_unscale_inputs(&layer.layer, mean, scale);
    const double *w = lf_parameter_value(&layer.layer.weight);
    struct lf_train_progress progress = lf_trainer_progress(trainer);
    printf("%s after %d epochs: rent = %.0f %+.2f area %+.4f distance, give or take %.1f\n",
           end == LF_END_CONVERGED ? "converged" : "stopped", (int)progress.epoch,
           *(const double *)lf_parameter_value(&layer.layer.bias), w[0], w[1],
           sqrt(progress.epoch_loss));
    lf_trainer_destroy(trainer);
    lf_model_destroy(model);
    return 0;
}
