/* SPDX-License-Identifier: MIT */
/* The trainer: PyTorch's batches and parameters, and what ends a run. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 100, MOST_IN = 3, EPOCHS = 5 };

/* A layer, and data drawn after it from the same generator as in trainings.py. */
struct setting {
    struct lf_model *model;
    struct lf_module layer;
    struct lf_rng rng;
    float x32[ROWS * MOST_IN], y32[ROWS];
    double x64[ROWS * MOST_IN], y64[ROWS];
    struct lf_data data;
};

/* y = x1 + 2 x2 + 3 x3 - 1/2, rounded as PyTorch does. */
static void fill_targets(struct setting *s, size_t in)
{
    for (size_t r = 0; r < ROWS; r++) {
        float y32 = s->x32[r * in];
        double y64 = s->x64[r * in];
        for (size_t i = 1; i < in; i++) {
            y32 += s->x32[r * in + i] * (float)(i + 1);
            y64 += s->x64[r * in + i] * (double)(i + 1);
        }
        s->y32[r] = y32 - 0.5f;
        s->y64[r] = y64 - 0.5;
    }
}

static void begin(struct setting *s, const struct lf_kernels *kernels, enum lf_dtype dtype,
                  size_t in)
{
    memset(s, 0, sizeof *s);
    s->layer = lf_module_linear(in, 1);
    ck_assert_int_eq(lf_model_create(&s->model, kernels, dtype), LF_OK);
    ck_assert_int_eq(lf_model_add_sequential(s->model, "", 1, &s->layer), LF_OK);
    lf_rng_seed(&s->rng, 11);
    lf_model_init(s->model, &s->rng);
    if (dtype == LF_F32)
        kernels->f32.uniform(&s->rng, ROWS * in, s->x32);
    else
        kernels->f64.uniform(&s->rng, ROWS * in, s->x64);
    fill_targets(s, in);
    s->data = dtype == LF_F32 ? lf_data_f32(ROWS, in, s->x32, 1, s->y32)
                              : lf_data_f64(ROWS, in, s->x64, 1, s->y64);
}

static struct lf_trainer *trainer_of(const struct setting *s,
                                     const struct lf_train_options *options)
{
    struct lf_trainer *trainer;
    ck_assert_int_eq(lf_trainer_create(&trainer, s->model, 1, &s->layer, options, &s->rng), LF_OK);
    return trainer;
}

static void end(struct setting *s, struct lf_trainer *trainer)
{
    lf_trainer_destroy(trainer);
    lf_model_destroy(s->model);
}

static double parameter(const struct setting *s, size_t i)
{
    return element(s->data.dtype, lf_parameter_value(&s->layer.layer.weight), i);
}

/* ---- PyTorch ----------------------------------------------------------------------------------
 */

static const struct training {
    const char *name;
    size_t in;
    struct lf_train_options options;
    double steps; /* in 5 epochs; 0: the same bits */
} trainings[] = {
    {"sgd", 3, {.optimizer = {.kind = LF_SGD, .lr = 0.1}, .batch = 16}, 35},
    {"momentum", 3, {.optimizer = {.kind = LF_SGD, .lr = 0.05, .momentum = 0.9}, .batch = 16}, 35},
    {"adam", 3, {.optimizer = {LF_ADAM, 0.05, 0, 0, 0, 0.9, 0.999, 1e-8}, .batch = 16}, 35},
    {"single", 1, {.optimizer = {.kind = LF_SGD, .lr = 0.05}, .batch = 1}, 0},
    {"full", 3, {.optimizer = {.kind = LF_SGD, .lr = 0.3}}, 5},
};

enum { TRAININGS = sizeof trainings / sizeof trainings[0] };

struct record {
    const struct setting *setting;
    size_t epochs;
    double parameters[EPOCHS][MOST_IN + 1];
};

static int note_parameters(void *context, const struct lf_train_progress *progress)
{
    struct record *record = context;
    ck_assert_uint_eq(progress->epoch, record->epochs + 1);
    for (size_t i = 0; i <= record->setting->data.in; i++)
        record->parameters[record->epochs][i] = parameter(record->setting, i);
    record->epochs++;
    return 1;
}

/* Every table trains to the same bits, and to PyTorch's within rounding. With one feature and a
 * row at a time these are the same bits. Else a step may add 4 u to the distance, which later ones
 * shrink: 2 u for the update, as all parameters are below 4, and as much for the rate times sums of
 * 16 rows or more. */
START_TEST(trainings_of_pytorch)
{
    const struct training *what = &trainings[_i / 2];
    const enum lf_dtype dtype = _i % 2 ? LF_F64 : LF_F32;
    const double u = dtype == LF_F32 ? 0x1p-24 : 0x1p-53;
    struct setting s;
    begin(&s, tested, dtype, what->in);
    struct record record = {.setting = &s};
    struct lf_train_options options = what->options;
    options.shuffle = 1;
    options.epochs = EPOCHS;
    options.after_epoch = note_parameters;
    options.context = &record;
    struct lf_trainer *trainer = trainer_of(&s, &options);
    enum lf_train_end why;
    ck_assert_int_eq(lf_trainer_run(trainer, &s.data, NULL, &why), LF_OK);
    ck_assert_int_eq(why, LF_END_LIMIT);
    ck_assert_uint_eq(record.epochs, EPOCHS);
    FILE *file = open_data("torch/trainings.csv");
    char line[256], name[32], type[8];
    int compared = 0;
    while (fgets(line, sizeof line, file)) {
        int epoch, used;
        if (sscanf(line, "%31[^,],%7[^,],%d,%n", name, type, &epoch, &used) != 3 ||
            strcmp(name, what->name) != 0 || strcmp(type, dtype_name(dtype)) != 0)
            continue;
        char *next = line + used;
        for (size_t i = 0; i <= what->in; i++) {
            double expected = strtod(next, &next), found = record.parameters[epoch - 1][i];
            ck_assert_msg(fabs(found - expected) <= 4 * what->steps * u,
                          "%s %s epoch %d: %a, not %a", name, type, epoch, found, expected);
            compared++;
        }
    }
    fclose(file);
    ck_assert_int_eq(compared, EPOCHS * (int)(what->in + 1));
    end(&s, trainer);
}
END_TEST

static int stop(void *context, const struct lf_train_progress *progress)
{
    (void)context;
    (void)progress;
    return 0;
}

/* A run in pieces of one step, on data that lie column by column, in order and shuffled. */
START_TEST(pieces_and_strides_have_the_same_bits)
{
    for (int shuffle = 0; shuffle < 2; shuffle++) {
        struct setting whole, parts;
        begin(&whole, tested, LF_F32, 3);
        begin(&parts, scalar_table(), LF_F32, 3);
        float columns[3 * ROWS];
        for (size_t r = 0; r < ROWS; r++)
            for (size_t c = 0; c < 3; c++)
                columns[c * ROWS + r] = parts.x32[r * 3 + c];
        parts.data.x = columns;
        parts.data.x_row_stride = 1;
        parts.data.x_col_stride = ROWS;
        struct lf_train_options options = {
            .optimizer = lf_adam(0.01),
            .batch = 7,
            .drop_last = 1,
            .shuffle = shuffle,
            .clip_norm = 0.5,
            .schedule = {.kind = LF_EXPONENTIAL, .lr = 0.01, .gamma = 0.99, .warmup = 3},
            .epochs = 4};
        struct lf_trainer *one = trainer_of(&whole, &options);
        options.after_step = stop;
        struct lf_trainer *many = trainer_of(&parts, &options);
        enum lf_train_end why;
        ck_assert_int_eq(lf_trainer_run(one, &whole.data, NULL, &why), LF_OK);
        size_t steps = 0;
        do {
            ck_assert_int_eq(lf_trainer_run(many, &parts.data, NULL, &why), LF_OK);
            steps += why == LF_END_CALLBACK;
        } while (why == LF_END_CALLBACK);
        ck_assert_uint_eq(steps, 4 * (ROWS / 7));
        ck_assert_uint_eq(lf_trainer_progress(one).step, steps);
        for (size_t i = 0; i < 4; i++)
            ck_assert(parameter(&whole, i) == parameter(&parts, i));
        struct lf_train_progress a = lf_trainer_progress(one), b = lf_trainer_progress(many);
        ck_assert(a.lr == b.lr && a.lr == lf_schedule_lr(&options.schedule, steps - 1));
        ck_assert(a.epoch_loss == b.epoch_loss && a.gradient_norm == b.gradient_norm);
        end(&whole, one);
        end(&parts, many);
    }
}
END_TEST

static int note_least(void *context, const struct lf_train_progress *progress)
{
    double *least = context;
    *least = fmin(*least, progress->loss);
    return 1;
}

/* ---- What ends a run --------------------------------------------------------------------------
 */

START_TEST(runs_converge)
{
    enum lf_train_end why;
    for (int by_gradient = 0; by_gradient < 2; by_gradient++) {
        struct setting s;
        begin(&s, tested, LF_F64, 3);
        struct lf_train_options options = {.optimizer = lf_sgd(0.5), .epochs = 100000};
        if (by_gradient)
            options.gradient_tolerance = 1e-8;
        else
            options.loss_tolerance = 1e-3;
        struct lf_trainer *trainer = trainer_of(&s, &options);
        ck_assert_int_eq(lf_trainer_run(trainer, &s.data, NULL, &why), LF_OK);
        ck_assert_int_eq(why, LF_END_CONVERGED);
        struct lf_train_progress progress = lf_trainer_progress(trainer);
        ck_assert_uint_lt(progress.epoch, 100000);
        if (by_gradient) {
            ck_assert_double_le(progress.gradient_norm, 1e-8);
            for (size_t i = 0; i < 3; i++)
                ck_assert_double_eq_tol(parameter(&s, i), (double)(i + 1), 1e-6);
        }
        ck_assert_int_eq(lf_trainer_run(trainer, &s.data, NULL, &why), LF_OK);
        ck_assert_int_eq(why, LF_END_CONVERGED);
        ck_assert_uint_eq(lf_trainer_progress(trainer).step, progress.step);
        end(&s, trainer);
    }
}
END_TEST

/* Targets of the validation rows that training moves away from: the first epoch is the best. */
START_TEST(patience_brings_the_best_back)
{
    struct setting s;
    begin(&s, tested, LF_F64, 3);
    struct lf_train_options options = {
        .optimizer = lf_sgd(0.1), .batch = 10, .epochs = 50, .patience = 3};
    struct lf_trainer *trainer = trainer_of(&s, &options);
    struct lf_data train = lf_data_rows(&s.data, 0, 80), held = lf_data_rows(&s.data, 80, 20);
    double away[20], loss;
    for (size_t r = 0; r < 20; r++)
        away[r] = -10;
    held.y = away;
    enum lf_train_end why;
    ck_assert_int_eq(lf_trainer_run(trainer, &train, NULL, &why), LF_INVALID);
    ck_assert_str_eq(lf_trainer_message(trainer), "patience needs validation data");
    ck_assert_int_eq(lf_trainer_run(trainer, &train, &held, &why), LF_OK);
    ck_assert_int_eq(why, LF_END_EARLY);
    struct lf_train_progress progress = lf_trainer_progress(trainer);
    ck_assert_uint_eq(progress.epoch, 4);
    ck_assert_int_eq(lf_trainer_loss(trainer, &held, &loss), LF_OK);
    ck_assert_double_lt(loss, progress.validation_loss);
    end(&s, trainer);
}
END_TEST

/* A rate that grows: the run goes back to where the loss was smallest, or to where it began. */
START_TEST(divergence_keeps_good_parameters)
{
    for (int at_once = 0; at_once < 2; at_once++) {
        struct setting s;
        begin(&s, tested, LF_F32, 3);
        struct lf_train_options options = {
            .optimizer = lf_sgd(at_once ? 1e30 : 0.1),
            .schedule = {.kind = LF_EXPONENTIAL, .lr = at_once ? 1e30 : 0.1, .gamma = 1.1},
            .epochs = 1000};
        double first, last, least = INFINITY;
        struct lf_trainer *trainer = trainer_of(&s, &options);
        ck_assert_int_eq(lf_trainer_loss(trainer, &s.data, &first), LF_OK);
        options.after_step = note_least;
        options.context = &least;
        lf_trainer_destroy(trainer);
        trainer = trainer_of(&s, &options);
        enum lf_train_end why;
        ck_assert_int_eq(lf_trainer_run(trainer, &s.data, NULL, &why), LF_DIVERGED);
        ck_assert_ptr_nonnull(strstr(lf_trainer_message(trainer), "no longer finite"));
        uint64_t step = lf_trainer_progress(trainer).step;
        ck_assert_uint_lt(step, 1000);
        ck_assert_int_eq(lf_trainer_loss(trainer, &s.data, &last), LF_OK);
        if (at_once)
            ck_assert_double_eq(last, first);
        else
            ck_assert_double_lt(last, first / 10);
        ck_assert_double_eq_tol(last, least, 0x1p-20 * least);
        ck_assert_int_eq(lf_trainer_run(trainer, &s.data, NULL, &why), LF_DIVERGED);
        ck_assert_uint_eq(lf_trainer_progress(trainer).step, step);
        end(&s, trainer);
    }
}
END_TEST

/* Divergence in the very first step, by its loss or by its update, leaves the start. */
START_TEST(divergence_at_once_keeps_the_start)
{
    for (int by_update = 0; by_update < 2; by_update++) {
        struct setting s;
        begin(&s, tested, LF_F32, 3);
        for (size_t r = 0; r < ROWS && !by_update; r++)
            s.y32[r] *= 1e30f;
        struct lf_train_options options = {.optimizer = lf_sgd(by_update ? 3e38 : 0.1),
                                           .epochs = 1};
        struct lf_trainer *trainer = trainer_of(&s, &options);
        float start[4];
        memcpy(start, lf_parameter_value(&s.layer.layer.weight), sizeof start);
        enum lf_train_end why;
        ck_assert_int_eq(lf_trainer_run(trainer, &s.data, NULL, &why), LF_DIVERGED);
        ck_assert_str_eq(lf_trainer_message(trainer),
                         by_update ? "step 1: the parameters are no longer finite"
                                   : "step 1: the loss is no longer finite");
        ck_assert_mem_eq(lf_parameter_value(&s.layer.layer.weight), start, sizeof start);
        end(&s, trainer);
    }
}
END_TEST

START_TEST(gradients_are_clipped)
{
    struct setting s;
    begin(&s, tested, LF_F64, 3);
    struct lf_train_options options = {.optimizer = lf_sgd(1), .steps = 1, .clip_value = 0x1p-10};
    struct lf_trainer *trainer = trainer_of(&s, &options);
    double start[4];
    for (size_t i = 0; i < 4; i++)
        start[i] = parameter(&s, i);
    enum lf_train_end why;
    ck_assert_int_eq(lf_trainer_run(trainer, &s.data, NULL, &why), LF_OK);
    for (size_t i = 0; i < 4; i++)
        ck_assert_double_eq_tol(fabs(parameter(&s, i) - start[i]), 0x1p-10, 0x1p-52);
    ck_assert_double_eq(lf_trainer_progress(trainer).epoch, 1);
    ck_assert_double_eq_tol(lf_trainer_progress(trainer).gradient_norm, 0x1p-9, 0x1p-58);
    end(&s, trainer);
}
END_TEST

/* ---- Losses, weights, predictions -------------------------------------------------------------
 */

START_TEST(rows_without_weight_do_not_count)
{
    struct setting all, some;
    begin(&all, tested, LF_F64, 3);
    begin(&some, tested, LF_F64, 3);
    double weight[ROWS], loss, expected = 0;
    for (size_t r = 0; r < ROWS; r++)
        weight[r] = r < 50;
    all.data.weight = weight;
    struct lf_train_options options = {.optimizer = lf_sgd(0.1), .batch = 16, .epochs = 3};
    struct lf_trainer *weighted = trainer_of(&all, &options), *half = trainer_of(&some, &options);
    struct lf_data first = lf_data_rows(&some.data, 0, 50);
    enum lf_train_end why;
    ck_assert_int_eq(lf_trainer_run(weighted, &all.data, NULL, &why), LF_OK);
    ck_assert_int_eq(lf_trainer_run(half, &first, NULL, &why), LF_OK);
    for (size_t i = 0; i < 4; i++)
        ck_assert(parameter(&all, i) == parameter(&some, i));
    ck_assert(lf_trainer_progress(weighted).epoch_loss == lf_trainer_progress(half).epoch_loss);

    double answer[ROWS];
    ck_assert_int_eq(lf_trainer_predict(half, &some.data, answer), LF_OK);
    for (size_t r = 0; r < 50; r++)
        expected += pow(answer[r] - some.y64[r], 2) / 50;
    ck_assert_int_eq(lf_trainer_loss(weighted, &all.data, &loss), LF_OK);
    ck_assert_double_eq_tol(loss, expected, 100 * 0x1p-53 * expected);
    weight[7] = -1;
    ck_assert_int_eq(lf_trainer_run(weighted, &all.data, NULL, &why), LF_INVALID);
    ck_assert_str_eq(lf_trainer_message(weighted), "the data: a weight is negative or not finite");
    end(&all, weighted);
    end(&some, half);
}
END_TEST

/* Batches of 16, and one of 4: without a step between them their mean is the loss. */
START_TEST(epochs_weigh_batches_by_rows)
{
    struct setting s;
    begin(&s, tested, LF_F64, 3);
    struct lf_train_options options = {.optimizer = lf_sgd(0), .batch = 16, .epochs = 1};
    struct lf_trainer *trainer = trainer_of(&s, &options);
    enum lf_train_end why;
    double loss;
    ck_assert_int_eq(lf_trainer_run(trainer, &s.data, NULL, &why), LF_OK);
    ck_assert_int_eq(lf_trainer_loss(trainer, &s.data, &loss), LF_OK);
    ck_assert_double_eq_tol(lf_trainer_progress(trainer).epoch_loss, loss, 100 * 0x1p-53 * loss);
    end(&s, trainer);
}
END_TEST

START_TEST(bad_options_and_data)
{
    struct setting s;
    begin(&s, tested, LF_F32, 3);
    const struct lf_train_options good = {.optimizer = lf_sgd(0.1), .epochs = 1};
    struct lf_train_options bad[8];
    for (size_t i = 0; i < 8; i++)
        bad[i] = good;
    bad[0].epochs = 0;
    bad[1].optimizer.lr = -1;
    bad[2].clip_norm = NAN;
    bad[3].loss = (enum lf_loss_kind)9;
    bad[4].loss = LF_HUBER_LOSS;
    bad[5].loss_tolerance = -1;
    bad[6].schedule = (struct lf_schedule){.kind = LF_COSINE, .lr = 0.1};
    bad[7].gradient_tolerance = INFINITY;
    struct lf_trainer *trainer;
    for (size_t i = 0; i < 8; i++) {
        trainer = (struct lf_trainer *)1;
        ck_assert_int_eq(lf_trainer_create(&trainer, s.model, 1, &s.layer, &bad[i], NULL),
                         LF_INVALID);
        ck_assert_ptr_null(trainer);
    }
    trainer = trainer_of(&s, &good);
    enum lf_train_end why;
    struct lf_data data = s.data;
    data.in = 2;
    ck_assert_int_eq(lf_trainer_run(trainer, &data, NULL, &why), LF_SHAPE);
    ck_assert_str_eq(lf_trainer_message(trainer),
                     "linear_loss: x is 100 x 2, the layer takes 3 columns");
    data = s.data;
    data.rows = 0;
    ck_assert_int_eq(lf_trainer_run(trainer, &data, NULL, &why), LF_SHAPE);
    data.dtype = LF_F64;
    ck_assert_int_eq(lf_trainer_run(trainer, &data, NULL, &why), LF_INVALID);
    ck_assert_int_eq(lf_trainer_run(trainer, NULL, NULL, &why), LF_INVALID);
    ck_assert_int_eq(lf_trainer_run(NULL, &s.data, NULL, &why), LF_INVALID);
    ck_assert_int_eq(lf_trainer_run(trainer, &s.data, NULL, &why), LF_OK);
    end(&s, trainer);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("train");
    TCase *tests = tcase_create("train");
    tcase_add_loop_test(tests, trainings_of_pytorch, 0, 2 * TRAININGS);
    tcase_add_test(tests, pieces_and_strides_have_the_same_bits);
    tcase_add_test(tests, runs_converge);
    tcase_add_test(tests, patience_brings_the_best_back);
    tcase_add_test(tests, divergence_keeps_good_parameters);
    tcase_add_test(tests, divergence_at_once_keeps_the_start);
    tcase_add_test(tests, gradients_are_clipped);
    tcase_add_test(tests, rows_without_weight_do_not_count);
    tcase_add_test(tests, epochs_weigh_batches_by_rows);
    tcase_add_test(tests, bad_options_and_data);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
