/* SPDX-License-Identifier: MIT */
/* Batches of one row: many steps at once have the bits of one step after the other, on the tape. */
#include "support.h"

#include <math.h>
#include <string.h>

enum { ROWS = 1500 };

struct setting {
    struct lf_model *model;
    struct lf_module layer;
    struct lf_trainer *trainer;
    double x[2 * ROWS], y[3 * ROWS]; /* of either type */
    struct lf_data data;
    size_t next; /* of the stream */
};

static int go_on(void *context, const struct lf_train_progress *progress)
{
    (void)context;
    (void)progress;
    return 1;
}

/* strided: every second x, every third y. */
static void begin(struct setting *s, enum lf_dtype dtype, int strided,
                  const struct lf_train_options *options)
{
    struct lf_rng rng;
    lf_rng_seed(&rng, 21);
    memset(s, 0, sizeof *s);
    s->layer = lf_module_linear(1, 1);
    ck_assert_int_eq(lf_model_create(&s->model, tested, dtype), LF_OK);
    ck_assert_int_eq(lf_model_add_sequential(s->model, "", 1, &s->layer), LF_OK);
    lf_model_init(s->model, &rng);
    if (dtype == LF_F32) {
        tested->f32.normal(&rng, 2 * ROWS, 0, 1, (float *)s->x);
        tested->f32.normal(&rng, 3 * ROWS, 0, 1, (float *)s->y);
    } else {
        tested->f64.normal(&rng, 2 * ROWS, 0, 1, s->x);
        tested->f64.normal(&rng, 3 * ROWS, 0, 1, s->y);
    }
    s->data = (struct lf_data){.dtype = dtype,
                               .rows = ROWS,
                               .in = 1,
                               .out = 1,
                               .x = s->x,
                               .y = s->y,
                               .x_row_stride = strided ? 2 : 1,
                               .x_col_stride = 1,
                               .y_row_stride = strided ? 3 : 1,
                               .y_col_stride = 1};
    ck_assert_int_eq(lf_trainer_create(&s->trainer, s->model, 1, &s->layer, options, &rng), LF_OK);
}

static void end(struct setting *s)
{
    lf_trainer_destroy(s->trainer);
    lf_model_destroy(s->model);
}

static void *parameters(struct setting *s)
{
    return lf_parameter_value(&s->layer.layer.weight);
}

/* Both runs end alike: status, parameters, progress, message. */
static lf_status assert_same_run(struct setting *fast, const struct lf_data *data,
                                 struct setting *slow)
{
    enum lf_train_end why[2];
    const lf_status status = lf_trainer_run(fast->trainer, data, NULL, &why[0]);
    ck_assert_int_eq(status, lf_trainer_run(slow->trainer, &slow->data, NULL, &why[1]));
    ck_assert_int_eq(why[0], why[1]);
    ck_assert_str_eq(lf_trainer_message(fast->trainer), lf_trainer_message(slow->trainer));
    ck_assert_mem_eq(parameters(fast), parameters(slow), 2 * element_size(fast->data.dtype));
    struct lf_train_progress a = lf_trainer_progress(fast->trainer),
                             b = lf_trainer_progress(slow->trainer);
    ck_assert_mem_eq(&a, &b, sizeof a);
    return status;
}

/* What a callback after every step is called for, is taken step by step. */
static void begin_both(struct setting *fast, struct setting *slow, enum lf_dtype dtype, int strided,
                       struct lf_train_options options)
{
    options.batch = 1;
    begin(fast, dtype, strided, &options);
    options.after_step = go_on;
    begin(slow, dtype, strided, &options);
}

static int seek_row(void *context, size_t row)
{
    ((struct setting *)context)->next = row;
    return 1;
}

static int read_rows(void *context, size_t rows, void *x, void *y)
{
    struct setting *s = context;
    const size_t size = element_size(s->data.dtype);
    memcpy(x, (char *)s->x + s->next * size, rows * size);
    memcpy(y, (char *)s->y + s->next * size, rows * size);
    s->next += rows;
    return 1;
}

START_TEST(steps_at_once_have_the_same_bits)
{
    const enum lf_dtype dtype = _i % 2 ? LF_F64 : LF_F32;
    static const uint64_t limits[] = {1, 2, 255, 256, 257, 700, ROWS - 1, ROWS, ROWS + 1, 4000};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct setting fast, slow;
        begin_both(&fast, &slow, dtype, _i / 2 % 2,
                   (struct lf_train_options){
                       .optimizer = lf_sgd(0.05), .steps = limits[i], .shuffle = _i / 4});
        struct lf_stream stream = {seek_row, read_rows, &fast};
        struct lf_data streamed = lf_data_stream(dtype, ROWS, 1, 1, &stream);
        const int streams = i % 2 && !fast.data.weight && _i < 2;
        ck_assert_int_eq(assert_same_run(&fast, streams ? &streamed : &fast.data, &slow), LF_OK);
        end(&fast);
        end(&slow);
    }
}
END_TEST

/* Rates at which the run blows up early or late, and numbers at the edges of the type. */
START_TEST(divergence_is_the_same)
{
    const enum lf_dtype dtype = _i ? LF_F64 : LF_F32;
    const double rates[] = {0.05, 0.9, 1.05, 1.2, 3, 1e10, 1e30};
    size_t diverged = 0;
    for (size_t i = 0; i < 2 * sizeof rates / sizeof rates[0]; i++) {
        struct setting fast, slow;
        begin_both(&fast, &slow, dtype, 0,
                   (struct lf_train_options){.optimizer = lf_sgd(rates[i / 2]), .epochs = 2});
        struct setting *both[] = {&fast, &slow};
        for (int k = 0; k < 2 && i % 2; k++) {
            if (dtype == LF_F32)
                ((float *)both[k]->x)[1200] = 3e38f;
            else
                both[k]->x[1200] = 1.5e308;
        }
        diverged += assert_same_run(&fast, &fast.data, &slow) == LF_DIVERGED;
        end(&fast);
        end(&slow);
    }
    ck_assert_uint_gt(diverged, 5);
}
END_TEST

/* Parameters of -0, from the start or because an update underflows, under gradients of -0. */
START_TEST(negative_zeros_stay)
{
    static const float x[] = {0x1p-140f, 0, 0, 0, 0, 0}, y[] = {-1, 100, 100, 100, 100, 100};
    struct setting fast, slow;
    begin_both(&fast, &slow, LF_F32, 0,
               (struct lf_train_options){.optimizer = lf_sgd(0x1p-12), .steps = 6});
    struct setting *both[] = {&fast, &slow};
    for (int k = 0; k < 2; k++) {
        float *parameter = parameters(both[k]);
        memcpy(both[k]->x, x, sizeof x);
        memcpy(both[k]->y, y, sizeof y);
        parameter[0] = _i % 2 ? -0.0f : 0;
        parameter[1] = _i / 2 ? -0.0f : 0;
        if (_i == 3)
            memset(both[k]->y, 0, sizeof both[k]->y);
    }
    ck_assert_int_eq(assert_same_run(&fast, &fast.data, &slow), LF_OK);
    ck_assert(signbit(*(float *)parameters(&fast)));
    end(&fast);
    end(&slow);
}
END_TEST

/* The post's runs: the trainer on the samples that they draw arrives at their bits, by many steps
 * at once, by the tape, and where the layer is applied twice. */
START_TEST(the_runs_of_the_post)
{
    enum { STEPS = 5000 };
    static double x[STEPS], y[STEPS]; /* of either type */
    const enum lf_dtype dtype = _i % 2 ? LF_F64 : LF_F32;
    const int shared = _i / 2 % 2, by_tape = _i / 4;
    const struct lf_line_options post = {.model = shared ? LF_LINE_SHARED : LF_LINE_LINEAR,
                                         .dtype = dtype,
                                         .seed = 1024,
                                         .lr = 0.01,
                                         .true_weight = 1.233,
                                         .true_bias = 0.988,
                                         .kernels = tested};
    const struct lf_train_options options = {
        .optimizer = lf_sgd(0.01), .batch = 1, .epochs = 1, .after_step = by_tape ? go_on : NULL};
    struct lf_line *line;
    struct lf_model *model;
    struct lf_trainer *trainer;
    struct lf_module modules[2] = {lf_module_linear(1, 1), lf_module_linear(1, 1)};
    struct lf_rng rng;
    double expected[2];
    enum lf_train_end why;
    ck_assert_int_eq(lf_line_create(&line, &post), LF_OK);
    ck_assert_int_eq(lf_line_run(line, STEPS, NULL), LF_OK);
    lf_line_parameters(line, &expected[0], &expected[1]);
    lf_rng_seed(&rng, post.seed);
    ck_assert_int_eq(lf_model_create(&model, tested, dtype), LF_OK);
    ck_assert_int_eq(lf_model_add_linear(model, "linear", 1, 1, &modules[0].layer), LF_OK);
    modules[1].layer = modules[0].layer;
    lf_model_init(model, &rng);
    if (dtype == LF_F32) {
        tested->f32.uniform(&rng, STEPS, (float *)x);
        for (int i = 0; i < STEPS; i++)
            ((float *)y)[i] = ((float *)x)[i] * 1.233f + 0.988f;
    } else {
        tested->f64.uniform(&rng, STEPS, x);
        for (int i = 0; i < STEPS; i++)
            y[i] = x[i] * 1.233 + 0.988;
    }
    const struct lf_data data = dtype == LF_F32 ? lf_data_f32(STEPS, 1, (float *)x, 1, (float *)y)
                                                : lf_data_f64(STEPS, 1, x, 1, y);
    ck_assert_int_eq(lf_trainer_create(&trainer, model, shared ? 2 : 1, modules, &options, &rng),
                     LF_OK);
    ck_assert_int_eq(lf_trainer_run(trainer, &data, NULL, &why), LF_OK);
    for (size_t i = 0; i < 2; i++)
        ck_assert(element(dtype, lf_parameter_value(&modules[0].layer.weight), i) == expected[i]);
    lf_trainer_destroy(trainer);
    lf_model_destroy(model);
    lf_line_destroy(line);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("online");
    TCase *tests = tcase_create("online");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, steps_at_once_have_the_same_bits, 0, 8);
    tcase_add_loop_test(tests, divergence_is_the_same, 0, 2);
    tcase_add_loop_test(tests, negative_zeros_stay, 0, 4);
    tcase_add_loop_test(tests, the_runs_of_the_post, 0, 8);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
