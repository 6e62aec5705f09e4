/* SPDX-License-Identifier: MIT */
/* Standardized inputs and outputs, and the rate that suits them. */
#include "support.h"

#include <math.h>
#include <string.h>

enum { ROWS = 2 * LF_BLOCK_ROWS + 77, IN = 4 };

static double x64[ROWS * IN], y64[ROWS];
static float x32[ROWS * IN];

/* Columns far from 0 and apart in size, one after the other; the third is constant. */
static struct lf_data columns(enum lf_dtype dtype)
{
    struct test_rng rng = test_rng(1);
    for (size_t r = 0; r < ROWS; r++) {
        x64[r] = 1000 + test_uniform(&rng, -1, 1);
        x64[ROWS + r] = 1e-6 * test_uniform(&rng, 0, 1);
        x64[2 * ROWS + r] = 1e7 / 3;                          /* no sum of it is exact */
        x64[3 * ROWS + r] = 0x1p20 + 0.125 * (double)(r % 2); /* an f32 can't hold the mean */
    }
    for (size_t i = 0; i < ROWS * IN; i++)
        x32[i] = (float)x64[i];
    struct lf_data data =
        dtype == LF_F32 ? lf_data_f32(ROWS, IN, x32, 1, x32) : lf_data_f64(ROWS, IN, x64, 1, y64);
    data.x_row_stride = 1;
    data.x_col_stride = ROWS;
    return data;
}

/* The sums' error is at most (rows / V + 20) u times the sum of what is added, V >= 4: of the
 * deviations from a first mean, not of the values. */
START_TEST(means_and_deviations)
{
    const enum lf_dtype dtype = _i ? LF_F64 : LF_F32;
    const struct lf_data data = columns(dtype);
    const double bound = (LF_BLOCK_ROWS / 4.0 + 20) * (dtype == LF_F32 ? 0x1p-24 : 0x1p-53);
    double mean[IN], scale[IN];
    ck_assert_int_eq(lf_data_scaling(tested, &data, mean, scale), LF_OK);
    for (size_t c = 0; c < IN; c++) {
        long double sum = 0, squares = 0;
        for (size_t r = 0; r < ROWS; r++)
            sum += (long double)element(dtype, data.x, c * ROWS + r);
        for (size_t r = 0; r < ROWS; r++)
            squares += powl((long double)element(dtype, data.x, c * ROWS + r) - sum / ROWS, 2);
        const double deviation = (double)sqrtl(squares / ROWS);
        ck_assert_double_eq_tol(mean[c], (double)(sum / ROWS),
                                2 * bound * deviation + 0x1p-52 * fabs(mean[c]));
        ck_assert(c != 2 || mean[c] == element(dtype, data.x, c * ROWS));
        ck_assert_double_eq_tol(scale[c], c == 2 ? 1 : deviation, 2 * bound * deviation + 0x1p-60);
    }
    double again[2 * IN];
    ck_assert_int_eq(lf_data_scaling(scalar_table(), &data, again, again + IN), LF_OK);
    ck_assert_mem_eq(again, mean, sizeof mean);
    ck_assert_mem_eq(again + IN, scale, sizeof scale);
}
END_TEST

/* Many rows of one number: their sums leave a rest, but no deviation. */
START_TEST(constants_have_no_deviation)
{
    enum { MANY = 100003 };
    static float x[MANY];
    for (size_t r = 0; r < MANY; r++)
        x[r] = 526.744995f;
    const struct lf_data data = lf_data_f32(MANY, 1, x, 1, x);
    double mean, scale;
    ck_assert_int_eq(lf_data_scaling(tested, &data, &mean, &scale), LF_OK);
    ck_assert(mean == (double)x[0] && scale == 1);
}
END_TEST

/* A layer on standardized columns, then on the columns as they are: the same function. */
START_TEST(layers_in_the_units_of_the_data)
{
    struct lf_data data = columns(LF_F64);
    double mean[IN], scale[IN], out_mean = 5, out_scale = 0.25;
    static double z[ROWS * IN], before[ROWS], after[ROWS];
    struct lf_model *model;
    struct lf_module layer = lf_module_linear(IN, 1);
    struct lf_trainer *trainer;
    const struct lf_train_options options = {.optimizer = lf_sgd(0.1), .epochs = 1};
    ck_assert_int_eq(lf_data_scaling(tested, &data, mean, scale), LF_OK);
    lf_data_standardize(&data, mean, scale, z);
    ck_assert_double_eq(z[IN * 5 + 1], (x64[ROWS + 5] - mean[1]) / scale[1]);
    ck_assert_int_eq(lf_model_create(&model, tested, LF_F64), LF_OK);
    ck_assert_int_eq(lf_model_add_sequential(model, "", 1, &layer), LF_OK);
    ck_assert_int_eq(lf_trainer_create(&trainer, model, 1, &layer, &options, NULL), LF_OK);
    memcpy(lf_parameter_value(&layer.layer.weight), (double[]){0.5, -2, 3, 0, 0.125},
           5 * sizeof(double));
    struct lf_data scaled = lf_data_f64(ROWS, IN, z, 1, y64);
    ck_assert_int_eq(lf_trainer_predict(trainer, &scaled, before), LF_OK);
    ck_assert_int_eq(lf_layer_unscale_inputs(&layer.layer, mean, scale), LF_OK);
    ck_assert_int_eq(lf_layer_unscale_outputs(&layer.layer, &out_mean, &out_scale), LF_OK);
    ck_assert_int_eq(lf_trainer_predict(trainer, &data, after), LF_OK);
    /* Of the terms the largest are w x of the first column, 0.25 * 0.5 / 0.58 * 1000, and of the
     * constant one, 0.25 * 3 * 1e7 / 3. */
    for (size_t r = 0; r < ROWS; r++)
        ck_assert_double_eq_tol(after[r], before[r] * out_scale + out_mean,
                                8 * 0x1p-53 * (220 + 0.75e7 / 3));
    struct lf_layer bare = {.weight = layer.layer.weight};
    ck_assert_int_eq(lf_layer_unscale_inputs(&bare, mean, scale), LF_INVALID);
    ck_assert_int_eq(lf_layer_unscale_outputs(NULL, mean, scale), LF_INVALID);
    lf_trainer_destroy(trainer);
    lf_model_destroy(model);
}
END_TEST

/* Two columns of +-1, orthogonal or equal: the largest eigenvalue is 1, or 2. */
START_TEST(rates_of_known_matrices)
{
    static const double orthogonal[] = {1, 1, 1, -1, -1, 1, -1, -1};
    static const double equal[] = {1, 1, 1, 1, -1, -1, -1, -1};
    struct lf_data data = lf_data_f64(4, 2, orthogonal, 1, orthogonal);
    double lr;
    ck_assert_int_eq(lf_auto_lr(tested, &data, LF_MSE_LOSS, 0, &lr), LF_OK);
    ck_assert_double_eq_tol(lr, 0.5, 1e-6);
    ck_assert_int_eq(lf_auto_lr(tested, &data, LF_MSE_LOSS, 8, &lr), LF_OK);
    ck_assert_double_eq_tol(lr, 0.5 / (1 + 4.0 / 8), 1e-6);
    ck_assert_int_eq(lf_auto_lr(tested, &data, LF_BCE_WITH_LOGITS_LOSS, 0, &lr), LF_OK);
    ck_assert_double_eq_tol(lr, 4, 1e-5);
    data.x = equal;
    ck_assert_int_eq(lf_auto_lr(tested, &data, LF_HUBER_LOSS, 0, &lr), LF_OK);
    ck_assert_double_eq_tol(lr, 0.5, 1e-6);
    data.out = 3;
    ck_assert_int_eq(lf_auto_lr(tested, &data, LF_HUBER_LOSS, 0, &lr), LF_OK);
    ck_assert_double_eq_tol(lr, 1.5, 1e-5);
    data.rows = 0;
    ck_assert_int_eq(lf_auto_lr(tested, &data, LF_HUBER_LOSS, 0, &lr), LF_INVALID);
    ck_assert_int_eq(lf_auto_lr(tested, NULL, LF_HUBER_LOSS, 0, &lr), LF_INVALID);
}
END_TEST

/* The end of 200 epochs on shuffled batches, at a multiple of the rate. */
static lf_status train_at(double times, size_t batch, double *loss)
{
    const struct lf_data data = columns(LF_F64);
    static double z[ROWS * IN], y[ROWS];
    double mean[IN], scale[IN], lr;
    struct lf_model *model;
    struct lf_module layer = lf_module_linear(IN, 1);
    struct lf_trainer *trainer;
    enum lf_train_end end;
    ck_assert_int_eq(lf_data_scaling(tested, &data, mean, scale), LF_OK);
    lf_data_standardize(&data, mean, scale, z);
    for (size_t r = 0; r < ROWS; r++)
        y[r] = 3 * z[IN * r] - 2 * z[IN * r + 1] + 1;
    struct lf_data scaled = lf_data_f64(ROWS, IN, z, 1, y);
    ck_assert_int_eq(lf_auto_lr(tested, &scaled, LF_MSE_LOSS, batch, &lr), LF_OK);
    const struct lf_train_options options = {
        .optimizer = lf_sgd(lr * times), .batch = batch, .shuffle = batch > 0, .epochs = 200};
    ck_assert_int_eq(lf_model_create(&model, tested, LF_F64), LF_OK);
    ck_assert_int_eq(lf_model_add_sequential(model, "", 1, &layer), LF_OK);
    ck_assert_int_eq(lf_trainer_create(&trainer, model, 1, &layer, &options, NULL), LF_OK);
    lf_status status = lf_trainer_run(trainer, &scaled, NULL, &end);
    *loss = lf_trainer_progress(trainer).epoch_loss;
    lf_trainer_destroy(trainer);
    lf_model_destroy(model);
    return status;
}

START_TEST(the_rate_learns_and_larger_ones_blow_up)
{
    double loss;
    for (size_t batch = 0; batch < 64; batch += 1 + 15 * batch) {
        ck_assert_int_eq(train_at(1, batch, &loss), LF_OK);
        ck_assert_double_lt(loss, 1e-20);
    }
    ck_assert(train_at(2.5, 0, &loss) != LF_OK || loss > 1);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("scaling");
    TCase *tests = tcase_create("scaling");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, means_and_deviations, 0, 2);
    tcase_add_test(tests, constants_have_no_deviation);
    tcase_add_test(tests, layers_in_the_units_of_the_data);
    tcase_add_test(tests, rates_of_known_matrices);
    tcase_add_test(tests, the_rate_learns_and_larger_ones_blow_up);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
