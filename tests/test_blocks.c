/* SPDX-License-Identifier: MIT */
/* Batches of several blocks: the same bits from memory and from a stream, by one thread or many,
 * and those of the tape that takes the batch at once. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 5 * LF_BLOCK_ROWS + 77, IN = 3, OUT = 2, MODULES = 3 };

struct setting {
    struct lf_model *model;
    struct lf_module modules[MODULES];
    size_t count;
    struct lf_data data;
    double x[ROWS * IN], y[ROWS * OUT], weight[ROWS]; /* of either type */
    /* Of the stream: */
    size_t next, reads, fails_at;
};

static int seek_row(void *context, size_t row)
{
    struct setting *s = context;
    s->next = row;
    return 1;
}

static int read_rows(void *context, size_t rows, void *x, void *y)
{
    struct setting *s = context;
    const size_t size = s->data.dtype == LF_F32 ? sizeof(float) : sizeof(double);
    if (++s->reads == s->fails_at)
        return 0;
    memcpy(x, (char *)s->x + s->next * IN * size, rows * IN * size);
    memcpy(y, (char *)s->y + s->next * OUT * size, rows * OUT * size);
    s->next += rows;
    return 1;
}

static void fill(struct setting *s, enum lf_dtype dtype, struct lf_rng *rng)
{
    if (dtype == LF_F32) {
        tested->f32.uniform(rng, ROWS * IN, (float *)s->x);
        tested->f32.uniform(rng, ROWS * OUT, (float *)s->y);
        tested->f32.uniform(rng, ROWS, (float *)s->weight);
        s->data = lf_data_f32(ROWS, IN, (float *)s->x, OUT, (float *)s->y);
    } else {
        tested->f64.uniform(rng, ROWS * IN, s->x);
        tested->f64.uniform(rng, ROWS * OUT, s->y);
        tested->f64.uniform(rng, ROWS, s->weight);
        s->data = lf_data_f64(ROWS, IN, s->x, OUT, s->y);
    }
}

/* A linear layer, or a network with one hidden layer. */
static struct setting *setting_of(enum lf_dtype dtype, int deep)
{
    struct setting *s = calloc(1, sizeof *s);
    ck_assert_ptr_nonnull(s);
    s->modules[0] = lf_module_linear(IN, deep ? 5 : OUT);
    s->modules[1] = lf_module_activation(LF_TANH);
    s->modules[2] = lf_module_linear(5, OUT);
    s->count = deep ? MODULES : 1;
    struct lf_rng rng;
    lf_rng_seed(&rng, 3);
    ck_assert_int_eq(lf_model_create(&s->model, tested, dtype), LF_OK);
    ck_assert_int_eq(lf_model_add_sequential(s->model, "", s->count, s->modules), LF_OK);
    lf_model_init(s->model, &rng);
    fill(s, dtype, &rng);
    return s;
}

static void free_setting(struct setting *s)
{
    lf_model_destroy(s->model);
    free(s);
}

/* The first parameters of the model as bytes: all of a linear layer, or most of a network. */
static const void *bytes_of(struct setting *s, size_t *size)
{
    struct lf_parameter last;
    ck_assert_int_eq(lf_model_parameter(s->model, lf_model_parameters(s->model) - 1, &last), LF_OK);
    *size = (last.offset + last.rows * last.cols) *
            (s->data.dtype == LF_F32 ? sizeof(float) : sizeof(double));
    return lf_parameter_value(&s->modules[0].layer.weight);
}

/* A run of a few epochs; the loss of the last batch. */
static double train(struct setting *s, const struct lf_data *data, size_t batch, size_t threads,
                    int shuffle)
{
    struct lf_train_options options = {.optimizer = lf_adam(0.01),
                                       .batch = batch,
                                       .threads = threads,
                                       .shuffle = shuffle,
                                       .epochs = 3};
    struct lf_trainer *trainer;
    enum lf_train_end end;
    ck_assert_int_eq(lf_trainer_create(&trainer, s->model, s->count, s->modules, &options, NULL),
                     LF_OK);
    lf_status status = lf_trainer_run(trainer, data, NULL, &end);
    ck_assert_msg(status == LF_OK, "%s", lf_trainer_message(trainer));
    double loss = lf_trainer_progress(trainer).loss;
    lf_trainer_destroy(trainer);
    return loss;
}

static const size_t batches[] = {0, 2 * LF_BLOCK_ROWS, 2 * LF_BLOCK_ROWS + 1, LF_BLOCK_ROWS, 1000};
enum { BATCHES = sizeof batches / sizeof batches[0] };

START_TEST(threads_and_streams_have_the_same_bits)
{
    const enum lf_dtype dtype = _i % 2 ? LF_F64 : LF_F32;
    for (size_t b = 0; b < BATCHES; b++) {
        struct setting *one = setting_of(dtype, _i / 2), *many = setting_of(dtype, _i / 2),
                       *streamed = setting_of(dtype, _i / 2);
        struct lf_stream stream = {seek_row, read_rows, streamed};
        struct lf_data rows = lf_data_stream(dtype, ROWS, IN, OUT, &stream);
        double a = train(one, &one->data, batches[b], 1, 0);
        double c = train(many, &many->data, batches[b], 3, 0);
        double d = train(streamed, &rows, batches[b], 2, 0);
        size_t size;
        const void *expected = bytes_of(one, &size);
        ck_assert_mem_eq(expected, bytes_of(many, &size), size);
        ck_assert_mem_eq(expected, bytes_of(streamed, &size), size);
        ck_assert(a == c && a == d);
        ck_assert_uint_gt(streamed->reads, 0);
        free_setting(one);
        free_setting(many);
        free_setting(streamed);
    }
}
END_TEST

START_TEST(shuffled_batches_of_blocks)
{
    struct setting *one = setting_of(LF_F32, 1), *many = setting_of(LF_F32, 1);
    train(one, &one->data, 3 * LF_BLOCK_ROWS, 1, 1);
    train(many, &many->data, 3 * LF_BLOCK_ROWS, 4, 1);
    size_t size;
    ck_assert_mem_eq(bytes_of(one, &size), bytes_of(many, &size), size);
    free_setting(one);
    free_setting(many);
}
END_TEST

static struct lf_tensor *view(struct lf_tape *tape, const struct lf_data *d, size_t cols,
                              const void *data)
{
    return d->dtype == LF_F32 ? lf_input_f32(tape, d->rows, cols, data)
                              : lf_input_f64(tape, d->rows, cols, data);
}

/* One step by the trainer, and one by hand on a tape that takes all rows at once. Without weights
 * the same bits; the weights' sum is rounded elsewhere, in double. */
START_TEST(blocks_are_a_tape_at_once)
{
    const enum lf_dtype dtype = _i % 2 ? LF_F64 : LF_F32;
    struct setting *trained = setting_of(dtype, _i / 2), *by_hand = setting_of(dtype, _i / 2);
    struct lf_train_options options = {.optimizer = lf_sgd(0.1), .threads = 2, .steps = 1};
    struct lf_trainer *trainer;
    enum lf_train_end end;
    ck_assert_int_eq(lf_trainer_create(&trainer, trained->model, trained->count, trained->modules,
                                       &options, NULL),
                     LF_OK);
    ck_assert_int_eq(lf_trainer_run(trainer, &trained->data, NULL, &end), LF_OK);
    struct lf_tape *tape;
    struct lf_optimizer *optimizer;
    ck_assert_int_eq(lf_tape_create(&tape, by_hand->model), LF_OK);
    ck_assert_int_eq(lf_optimizer_create(&optimizer, by_hand->model, &options.optimizer), LF_OK);
    struct lf_tensor *x = view(tape, &by_hand->data, IN, by_hand->x);
    struct lf_tensor *y = view(tape, &by_hand->data, OUT, by_hand->y);
    struct lf_tensor *loss = lf_mse_loss(lf_sequential(x, by_hand->count, by_hand->modules), y);
    lf_model_zero_grad(by_hand->model);
    ck_assert_int_eq(lf_backward(tape, loss), LF_OK);
    double found = lf_trainer_progress(trainer).loss, expected = lf_item(loss);
    lf_optimizer_step(optimizer);
    size_t size;
    ck_assert_mem_eq(bytes_of(trained, &size), bytes_of(by_hand, &size), size);
    /* Each rounds sums of 17 parts otherwise. */
    ck_assert_double_le(fabs(found - expected),
                        expected * 32 * (dtype == LF_F32 ? 0x1p-24 : 0x1p-53));
    lf_optimizer_destroy(optimizer);
    lf_tape_destroy(tape);
    lf_trainer_destroy(trainer);
    free_setting(trained);
    free_setting(by_hand);
}
END_TEST

/* So wide that a stream is read a block at a time, and memory all at once. */
enum { WIDE = 200, WIDE_ROWS = 3 * LF_BLOCK_ROWS + 5 };

static int read_wide(void *context, size_t rows, void *x, void *y)
{
    struct test_rng *rng = context;
    for (size_t i = 0; i < rows * WIDE; i++)
        ((double *)x)[i] = test_uniform(rng, -1, 1);
    for (size_t r = 0; r < rows; r++)
        ((double *)y)[r] = ((double *)x)[r * WIDE] - 3;
    return 1;
}

static int seek_wide(void *context, size_t row)
{
    ((struct test_rng *)context)->state = 9;
    return row == 0;
}

START_TEST(waves_have_the_same_bits)
{
    struct test_rng rng = {9};
    struct lf_stream stream = {seek_wide, read_wide, &rng};
    double *x = calloc(WIDE_ROWS * (WIDE + 1), sizeof *x), *y = x + WIDE_ROWS * WIDE;
    read_wide(&rng, WIDE_ROWS, x, y);
    double found[2][WIDE + 1];
    for (int i = 0; i < 2; i++) {
        struct setting s = {.modules = {lf_module_linear(WIDE, 1)}, .count = 1};
        ck_assert_int_eq(lf_model_create(&s.model, tested, LF_F64), LF_OK);
        ck_assert_int_eq(lf_model_add_sequential(s.model, "", 1, s.modules), LF_OK);
        struct lf_data data = i ? lf_data_stream(LF_F64, WIDE_ROWS, WIDE, 1, &stream)
                                : lf_data_f64(WIDE_ROWS, WIDE, x, 1, y);
        train(&s, &data, 0, 2, 0);
        memcpy(found[i], lf_parameter_value(&s.modules[0].layer.weight), sizeof found[i]);
        lf_model_destroy(s.model);
    }
    ck_assert_mem_eq(found[0], found[1], sizeof found[0]);
    ck_assert(found[0][0] != 0);
    free(x);
}
END_TEST

/* Rows of weight 0 and 1 are rows left out: the mean is over the others. */
START_TEST(weights_of_blocks)
{
    struct setting *all = setting_of(LF_F64, 0), *some = setting_of(LF_F64, 0);
    for (size_t r = 0; r < ROWS; r++)
        all->weight[r] = r >= ROWS - LF_BLOCK_ROWS ? 0 : 1;
    all->data.weight = all->weight;
    struct lf_data first = lf_data_rows(&some->data, 0, ROWS - LF_BLOCK_ROWS);
    double a = train(all, &all->data, 0, 2, 0), b = train(some, &first, 0, 1, 0);
    size_t size;
    const double *p = bytes_of(all, &size), *q = bytes_of(some, &size);
    /* The last part of a sum is one block shorter, so lanes differ: some hundred roundings. */
    for (size_t i = 0; i < size / sizeof *p; i++)
        ck_assert_double_eq_tol(p[i], q[i], 1e-13);
    ck_assert_double_eq_tol(a, b, 1e-13);
    free_setting(all);
    free_setting(some);
}
END_TEST

/* A stream that fails somewhere: the call says so, and the next one goes on with the same bits. */
START_TEST(streams_that_fail)
{
    for (size_t b = 0; b < BATCHES; b++) {
        struct setting *whole = setting_of(LF_F32, 0), *broken = setting_of(LF_F32, 0);
        struct lf_stream stream = {seek_row, read_rows, broken};
        struct lf_data rows = lf_data_stream(LF_F32, ROWS, IN, OUT, &stream);
        struct lf_train_options options = {
            .optimizer = lf_adam(0.01), .batch = batches[b], .epochs = 3};
        struct lf_trainer *trainer;
        enum lf_train_end end;
        ck_assert_int_eq(lf_trainer_create(&trainer, broken->model, broken->count, broken->modules,
                                           &options, NULL),
                         LF_OK);
        broken->fails_at = 2;
        ck_assert_int_eq(lf_trainer_run(trainer, &rows, NULL, &end), LF_IO);
        ck_assert_str_eq(lf_trainer_message(trainer), "the stream of rows has failed");
        ck_assert_int_eq(lf_trainer_run(trainer, &rows, NULL, &end), LF_OK);
        double loss;
        broken->fails_at = broken->reads + 2;
        ck_assert_int_eq(lf_trainer_loss(trainer, &rows, &loss), LF_IO);
        ck_assert(isnan(loss));
        train(whole, &whole->data, batches[b], 1, 0);
        size_t size;
        ck_assert_mem_eq(bytes_of(whole, &size), bytes_of(broken, &size), size);
        lf_trainer_destroy(trainer);
        free_setting(whole);
        free_setting(broken);
    }
}
END_TEST

/* Scaling, rate, losses and predictions. */
START_TEST(streams_are_read_for_all_else)
{
    struct setting *s = setting_of(LF_F32, 1);
    struct lf_stream stream = {seek_row, read_rows, s};
    struct lf_data rows = lf_data_stream(LF_F32, ROWS, IN, OUT, &stream);
    double mean[2][IN], scale[2][IN], lr[2], loss[2];
    struct lf_train_options options = {.optimizer = lf_adam(0.01), .epochs = 1, .shuffle = 1};
    struct lf_trainer *trainer;
    ck_assert_int_eq(lf_trainer_create(&trainer, s->model, s->count, s->modules, &options, NULL),
                     LF_OK);
    float *answers[2];
    for (int i = 0; i < 2; i++) {
        const struct lf_data *data = i ? &rows : &s->data;
        answers[i] = calloc(ROWS * OUT, sizeof(float));
        ck_assert_int_eq(lf_data_scaling(tested, data, mean[i], scale[i]), LF_OK);
        ck_assert_int_eq(lf_auto_lr(tested, data, LF_MSE_LOSS, 10, &lr[i]), LF_OK);
        ck_assert_int_eq(lf_trainer_loss(trainer, data, &loss[i]), LF_OK);
        ck_assert_int_eq(lf_trainer_predict(trainer, data, answers[i]), LF_OK);
    }
    ck_assert_mem_eq(mean[0], mean[1], sizeof mean[0]);
    ck_assert_mem_eq(scale[0], scale[1], sizeof scale[0]);
    ck_assert_mem_eq(answers[0], answers[1], ROWS * OUT * sizeof(float));
    ck_assert(lr[0] == lr[1] && loss[0] == loss[1]);
    enum lf_train_end end;
    ck_assert_int_eq(lf_trainer_run(trainer, &rows, NULL, &end), LF_INVALID);
    ck_assert_str_eq(lf_trainer_message(trainer), "the rows of a stream can't be shuffled");
    s->fails_at = s->reads + 3;
    ck_assert_int_eq(lf_data_scaling(tested, &rows, mean[0], scale[0]), LF_IO);
    s->fails_at = s->reads + 3;
    ck_assert_int_eq(lf_auto_lr(tested, &rows, LF_MSE_LOSS, 10, &lr[0]), LF_IO);
    free(answers[0]);
    free(answers[1]);
    lf_trainer_destroy(trainer);
    free_setting(s);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("blocks");
    TCase *c = tcase_create("blocks");
    tcase_set_timeout(c, 300);
    tcase_add_loop_test(c, threads_and_streams_have_the_same_bits, 0, 4);
    tcase_add_test(c, shuffled_batches_of_blocks);
    tcase_add_loop_test(c, blocks_are_a_tape_at_once, 0, 4);
    tcase_add_test(c, waves_have_the_same_bits);
    tcase_add_test(c, weights_of_blocks);
    tcase_add_test(c, streams_that_fail);
    tcase_add_test(c, streams_are_read_for_all_else);
    suite_add_tcase(suite, c);
    return run_suite(suite, argc, argv);
}
