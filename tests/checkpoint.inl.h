/* SPDX-License-Identifier: MIT */
/* What the suites of checkpoints share: a folder, and a run that is written into it. */
#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 60, IN = 2, MODULES = 3, STEPS = 50, DIVERGING = 9 };

static char folder[] = "/tmp/lanefit-checkpoint-XXXXXX";
static char path[64];

static void make_folder(void)
{
    strcpy(folder + sizeof folder - 7, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/model.lf", folder);
}

static void remove_folder(void)
{
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

/* A small network, its data, and a trainer. */
struct setting {
    struct lf_model *model;
    struct lf_module modules[MODULES];
    struct lf_trainer *trainer;
    double x[ROWS * IN], y[ROWS];
    struct lf_data data, held;
};

static int stop(void *context, const struct lf_train_progress *progress)
{
    (void)context;
    (void)progress;
    return 0;
}

/* What differs between runs: the optimizer, shuffling, what may end them. */
static struct lf_train_options options_of(int kind)
{
    struct lf_train_options options = {.batch = 7, .steps = STEPS};
    switch (kind) {
    case 0:
        options.optimizer = lf_sgd(0.05);
        options.drop_last = 1;
        break;
    case DIVERGING:
        options.optimizer = lf_sgd(0.05);
        options.steps = 2000;
        options.schedule = (struct lf_schedule){.kind = LF_EXPONENTIAL, .lr = 0.05, .gamma = 1.01};
        break;
    case 1:
        options.optimizer = lf_sgd(0.05);
        options.optimizer.momentum = 0.9;
        options.shuffle = 1;
        break;
    case 2:
        options.optimizer = lf_adam(0.02);
        options.shuffle = 1;
        options.schedule = (struct lf_schedule){.kind = LF_COSINE, .lr = 0.02, .period = STEPS};
        options.clip_norm = 0.1;
        options.patience = 2;
        break;
    default:
        options.optimizer = lf_adamw(0.02);
        options.loss_tolerance = 1e-3;
        break;
    }
    return options;
}

static void begin(struct setting *s, enum lf_dtype dtype, int kind, int stepwise)
{
    struct lf_rng rng;
    lf_rng_seed(&rng, 5);
    memset(s, 0, sizeof *s);
    s->modules[0] = lf_module_linear(IN, 4);
    s->modules[1] = lf_module_activation(LF_TANH);
    s->modules[2] = lf_module_linear(4, 1);
    ck_assert_int_eq(lf_model_create(&s->model, tested, dtype), LF_OK);
    ck_assert_int_eq(lf_model_add_sequential(s->model, "", MODULES, s->modules), LF_OK);
    lf_model_init(s->model, &rng);
    if (dtype == LF_F32) {
        tested->f32.uniform(&rng, ROWS * IN, (float *)s->x);
        tested->f32.uniform(&rng, ROWS, (float *)s->y);
        s->data = lf_data_f32(ROWS, IN, (float *)s->x, 1, (float *)s->y);
    } else {
        tested->f64.uniform(&rng, ROWS * IN, s->x);
        tested->f64.uniform(&rng, ROWS, s->y);
        s->data = lf_data_f64(ROWS, IN, s->x, 1, s->y);
    }
    s->held = lf_data_rows(&s->data, 40, 20);
    s->data = lf_data_rows(&s->data, 0, 40);
    struct lf_train_options options = options_of(kind);
    if (stepwise)
        options.after_step = stop;
    ck_assert_int_eq(lf_trainer_create(&s->trainer, s->model, MODULES, s->modules, &options, &rng),
                     LF_OK);
}

static void end(struct setting *s)
{
    lf_trainer_destroy(s->trainer);
    lf_model_destroy(s->model);
}

static enum lf_train_end run(struct setting *s)
{
    enum lf_train_end why;
    lf_status status = lf_trainer_run(s->trainer, &s->data, &s->held, &why);
    ck_assert_msg(status == LF_OK, "%s", lf_trainer_message(s->trainer));
    return why;
}

static void write_to(const struct setting *s, const char *note)
{
    char message[LF_CHECKPOINT_MESSAGE];
    lf_status status = lf_checkpoint_write(path, s->model, s->trainer, note, strlen(note), message);
    ck_assert_msg(status == LF_OK, "%s", message);
    ck_assert_str_eq(message, "");
}

static lf_status load_into(struct setting *s, int with_run, char message[LF_CHECKPOINT_MESSAGE])
{
    struct lf_checkpoint *checkpoint;
    lf_status status = lf_checkpoint_read(&checkpoint, path, message);
    if (status == LF_OK)
        status = lf_checkpoint_load(checkpoint, s->model, with_run ? s->trainer : NULL, message);
    lf_checkpoint_free(checkpoint);
    return status;
}

static void assert_same(struct setting *a, struct setting *b)
{
    const size_t size = (4 * IN + 4 + 4 + 1) * element_size(a->data.dtype);
    ck_assert_mem_eq(lf_parameter_value(&a->modules[0].layer.weight),
                     lf_parameter_value(&b->modules[0].layer.weight), size);
    struct lf_train_progress p = lf_trainer_progress(a->trainer),
                             q = lf_trainer_progress(b->trainer);
    ck_assert_mem_eq(&p, &q, sizeof p);
}
