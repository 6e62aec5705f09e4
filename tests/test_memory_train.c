/* SPDX-License-Identifier: MIT */
/* Memory that ends while a trainer is made, runs, or is written and read: a status, nothing leaks,
 * and what comes after is as if nothing had failed. */
#include "failing.inl.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void expect_status(lf_status status)
{
    EXPECT(status == LF_OK || status == LF_NO_MEMORY);
}

/* Shuffled, weighted batches; a run that failed goes on. */
static int train_batches(void)
{
    enum { ROWS = 20 };
    static double x[2 * ROWS], y[ROWS], weight[ROWS];
    struct lf_module net[1] = {lf_module_linear(2, 1)};
    const struct lf_train_options options = {
        .optimizer = lf_adam(0.1), .batch = 8, .epochs = 2, .shuffle = 1};
    struct lf_data data = lf_data_f64(ROWS, 2, x, 1, y);
    struct lf_model *model = NULL;
    struct lf_trainer *trainer = NULL;
    enum lf_train_end end = LF_END_CALLBACK;
    int whole = 0;
    for (size_t i = 0; i < ROWS; i++) {
        x[2 * i] = x[2 * i + 1] = y[i] = (double)i;
        weight[i] = 1;
    }
    data.weight = weight;
    lf_status status = lf_model_create(&model, tested, LF_F64);
    if (status == LF_OK)
        status = lf_model_add_sequential(model, "net", 1, net);
    if (status == LF_OK)
        status = lf_trainer_create(&trainer, model, 1, net, &options, NULL);
    expect_status(status);
    EXPECT((trainer != NULL) == (status == LF_OK));
    if (trainer) {
        status = lf_trainer_run(trainer, &data, &data, &end);
        expect_status(status);
        whole = status == LF_OK;
        if (status != LF_OK && !failing_on)
            EXPECT(lf_trainer_run(trainer, &data, &data, &end) == LF_OK);
        if (whole || !failing_on)
            EXPECT(lf_trainer_progress(trainer).step == 6 && end == LF_END_LIMIT);
    }
    lf_trainer_destroy(trainer);
    lf_model_destroy(model);
    return whole;
}

/* A full batch of several blocks, from a stream. */
enum { LONG_ROWS = 2 * LF_BLOCK_ROWS + 9 };

static int seek_row(void *context, size_t row)
{
    *(size_t *)context = row;
    return 1;
}

static int read_rows(void *context, size_t rows, void *x, void *y)
{
    size_t *next = context;
    for (size_t r = 0; r < rows; r++)
        ((double *)x)[r] = ((double *)y)[r] = (double)((*next)++ % 17) / 16;
    return 1;
}

static int train_blocks(void)
{
    struct lf_module layer = lf_module_linear(1, 1);
    const struct lf_train_options options = {.optimizer = lf_sgd(0.5), .epochs = 2};
    size_t next = 0;
    const struct lf_stream stream = {seek_row, read_rows, &next};
    const struct lf_data data = lf_data_stream(LF_F64, LONG_ROWS, 1, 1, &stream);
    struct lf_model *model = NULL;
    struct lf_trainer *trainer = NULL;
    enum lf_train_end end;
    double mean = -1, scale = -1, lr = -1, loss = 0;
    int whole = 0;
    lf_status status = lf_data_scaling(tested, &data, &mean, &scale);
    expect_status(status);
    EXPECT(status == LF_OK ? scale > 0 : scale == -1);
    if (status == LF_OK)
        status = lf_auto_lr(tested, &data, LF_MSE_LOSS, 0, &lr);
    EXPECT(status == LF_OK || lr == -1);
    if (status == LF_OK)
        status = lf_model_create(&model, tested, LF_F64);
    if (status == LF_OK)
        status = lf_model_add_sequential(model, "", 1, &layer);
    if (status == LF_OK)
        status = lf_trainer_create(&trainer, model, 1, &layer, &options, NULL);
    expect_status(status);
    if (trainer) {
        status = lf_trainer_run(trainer, &data, NULL, &end);
        expect_status(status);
        if (status == LF_OK)
            status = lf_trainer_loss(trainer, &data, &loss);
        expect_status(status);
        whole = status == LF_OK;
        if (!whole && !failing_on)
            EXPECT(lf_trainer_run(trainer, &data, NULL, &end) == LF_OK);
        if (whole || !failing_on)
            EXPECT(lf_trainer_progress(trainer).step == 2);
    }
    lf_trainer_destroy(trainer);
    lf_model_destroy(model);
    return whole;
}

/* ---- Checkpoints --------------------------------------------------------------------------- */

static char path[] = "/tmp/lanefit-memory-XXXXXX";

static void make_file(void)
{
    strcpy(path + sizeof path - 7, "XXXXXX");
    const int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void remove_file(void)
{
    unlink(path);
}

/* Written, read and loaded: what fails leaves the parameters. */
static int write_and_read(void)
{
    struct lf_module layer = lf_module_linear(2, 1);
    const struct lf_train_options options = {.optimizer = lf_adam(0.5), .epochs = 2};
    struct lf_model *model = NULL;
    struct lf_trainer *trainer = NULL;
    struct lf_checkpoint *checkpoint = NULL;
    char message[LF_CHECKPOINT_MESSAGE] = "";
    double *weight = NULL;
    lf_status status = lf_model_create(&model, tested, LF_F64);
    if (status == LF_OK)
        status = lf_model_add_sequential(model, "", 1, &layer);
    if (status == LF_OK)
        status = lf_trainer_create(&trainer, model, 1, &layer, &options, NULL);
    if (status == LF_OK) {
        weight = lf_parameter_value(&layer.layer.weight);
        weight[0] = 3;
        status = lf_checkpoint_write(path, model, trainer, "note", 4, message);
        EXPECT((status == LF_OK) == (message[0] == '\0'));
    }
    if (status == LF_OK) {
        weight[0] = 4;
        status = lf_checkpoint_read(&checkpoint, path, message);
        EXPECT((status == LF_OK) == (checkpoint != NULL));
        EXPECT((status == LF_OK) == (message[0] == '\0'));
        EXPECT(status == LF_OK || weight[0] == 4);
    }
    if (status == LF_OK)
        status = lf_checkpoint_load(checkpoint, model, trainer, message);
    expect_status(status);
    EXPECT(status != LF_OK || weight[0] == 3);
    lf_checkpoint_free(checkpoint);
    lf_trainer_destroy(trainer);
    lf_model_destroy(model);
    return status == LF_OK;
}

static int (*const scenarios[])(void) = {train_batches, train_blocks, write_and_read};
enum { SCENARIOS = sizeof scenarios / sizeof scenarios[0] };

START_TEST(every_allocation_fails)
{
    fail_every_allocation(scenarios[_i]);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("memory_train");
    TCase *tests = tcase_create("memory_train");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, make_file, remove_file);
    tcase_add_loop_test(tests, every_allocation_fails, 0, SCENARIOS);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
