/* SPDX-License-Identifier: MIT */
/* Optimizers, schedules and clipping; whole trainings beside PyTorch's. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 32, STEPS = 1000, MOST_MODULES = 5 };

/* ---- Small networks of data/torch/networks.csv ---------------------------------------------- */

struct training {
    const char *name;
    size_t sizes[5]; /* ends with a 0 */
    enum lf_activation activation;
    struct lf_criterion criterion;
    struct lf_optimizer_options optimizer;
    int target; /* 0: a curve, 1: whether it is above 0.5, 2: a count */
    double tolerance[2];
};

/* PyTorch's elementary functions and the order of its sums differ from ours by a few u, which the
 * training carries on; Adam most of all, which divides small by small. As both sides' bits are
 * fixed, so are the differences: a tolerance is some 5 times the one there is, relative to the
 * first loss. A wrong rate, decay or momentum is off by 1e-2. */
static const struct training trainings[] = {
    {"tanh-adam",
     {1, 16, 16, 1},
     LF_TANH,
     {LF_MSE_LOSS, LF_MEAN, 0, NULL},
     {LF_ADAM, 0.01, 0, 0, 0, 0.9, 0.999, 1e-8},
     0,
     {4e-4, 1e-7}},
    {"gelu-adamw-huber",
     {1, 8, 1},
     LF_GELU,
     {LF_HUBER_LOSS, LF_MEAN, 0.5, NULL},
     {LF_ADAMW, 0.02, 0.01, 0, 0, 0.9, 0.999, 1e-8},
     0,
     {1e-3, 2e-11}},
    {"softplus-nesterov",
     {1, 8, 8, 1},
     LF_SOFTPLUS,
     {LF_MSE_LOSS, LF_MEAN, 0, NULL},
     {LF_SGD, 0.02, 0.001, 0.9, 1, 0, 0, 0},
     0,
     {4e-7, 1e-15}},
    {"sigmoid-logistic",
     {1, 6, 1},
     LF_SIGMOID,
     {LF_BCE_WITH_LOGITS_LOSS, LF_MEAN, 0, NULL},
     {LF_SGD, 0.5, 0, 0.5, 0, 0, 0, 0},
     1,
     {4e-7, 1e-15}},
    {"tanh-poisson",
     {1, 4, 1},
     LF_TANH,
     {LF_POISSON_NLL_LOSS, LF_MEAN, 0, NULL},
     {LF_SGD, 0.05, 0, 0, 0, 0, 0, 0},
     2,
     {4e-7, 1e-15}},
};

enum { TRAININGS = sizeof trainings / sizeof trainings[0] };

struct trainer {
    struct lf_model *model;
    struct lf_tape *tape;
    struct lf_optimizer *optimizer;
    struct lf_module modules[MOST_MODULES];
    size_t count;
    float x32[ROWS], y32[ROWS];
    double x64[ROWS], y64[ROWS];
};

static void fill_data(struct trainer *t, const struct training *what, const struct lf_kernels *k,
                      struct lf_rng *rng, enum lf_dtype dtype)
{
    if (dtype == LF_F32)
        k->f32.uniform(rng, ROWS, t->x32);
    else
        k->f64.uniform(rng, ROWS, t->x64);
    for (size_t i = 0; i < ROWS; i++) {
        /* As PyTorch rounds them in each type. */
        t->x32[i] = t->x32[i] * 6 - 3;
        t->x64[i] = t->x64[i] * 6 - 3;
        float x = t->x32[i], curve32 = x - x * x * x / 8;
        double z = t->x64[i], curve64 = z - z * z * z / 8;
        t->y32[i] = what->target == 0   ? curve32
                    : what->target == 1 ? (float)(curve32 > 0.5f)
                                        : rintf(x * x);
        t->y64[i] = what->target == 0 ? curve64 : what->target == 1 ? curve64 > 0.5 : rint(z * z);
    }
}

static void begin(struct trainer *t, const struct training *what, const struct lf_kernels *k,
                  enum lf_dtype dtype)
{
    struct lf_rng rng;
    *t = (struct trainer){0};
    for (size_t i = 0; what->sizes[i + 1] > 0; i++) {
        if (i > 0)
            t->modules[t->count++] = lf_module_activation(what->activation);
        t->modules[t->count++] = lf_module_linear(what->sizes[i], what->sizes[i + 1]);
    }
    ck_assert_int_eq(lf_model_create(&t->model, k, dtype), LF_OK);
    ck_assert_int_eq(lf_model_add_sequential(t->model, "", t->count, t->modules), LF_OK);
    ck_assert_int_eq(lf_tape_create(&t->tape, t->model), LF_OK);
    ck_assert_int_eq(lf_optimizer_create(&t->optimizer, t->model, &what->optimizer), LF_OK);
    lf_rng_seed(&rng, 5);
    lf_model_init(t->model, &rng);
    fill_data(t, what, k, &rng, dtype);
}

/* One step of training. Returns the loss before it. */
static double train(struct trainer *t, const struct training *what, enum lf_dtype dtype)
{
    const int f32 = dtype == LF_F32;
    lf_tape_reset(t->tape);
    struct lf_tensor *x =
        f32 ? lf_input(t->tape, ROWS, 1, t->x32) : lf_input(t->tape, ROWS, 1, t->x64);
    struct lf_tensor *y =
        f32 ? lf_input(t->tape, ROWS, 1, t->y32) : lf_input(t->tape, ROWS, 1, t->y64);
    struct lf_tensor *loss = lf_loss(lf_sequential(x, t->count, t->modules), y, &what->criterion);
    lf_model_zero_grad(t->model);
    ck_assert_msg(lf_backward(t->tape, loss) == LF_OK, "%s", lf_tape_message(t->tape));
    ck_assert_int_eq(lf_optimizer_step(t->optimizer), LF_OK);
    return lf_item(loss);
}

static void end(struct trainer *t)
{
    lf_optimizer_destroy(t->optimizer);
    lf_tape_destroy(t->tape);
    lf_model_destroy(t->model);
}

START_TEST(networks_of_pytorch)
{
    const struct training *what = &trainings[_i / 2];
    const enum lf_dtype dtype = _i % 2 ? LF_F64 : LF_F32;
    double loss[STEPS], worst = 0;
    struct trainer t;
    begin(&t, what, tested, dtype);
    for (int step = 0; step < STEPS; step++)
        loss[step] = train(&t, what, dtype);
    end(&t);
    FILE *file = open_data("torch/networks.csv");
    char line[128], name[32], type[8];
    int step, compared = 0;
    ck_assert(fgets(line, sizeof line, file) != NULL);
    while (fgets(line, sizeof line, file)) {
        double expected;
        ck_assert_int_eq(sscanf(line, "%31[^,],%7[^,],%d,%la", name, type, &step, &expected), 4);
        if (strcmp(name, what->name) != 0 || strcmp(type, dtype_name(dtype)) != 0)
            continue;
        worst = fmax(worst, fabs(loss[step] - expected) / fabs(loss[0]));
        compared++;
    }
    fclose(file);
    ck_assert_int_eq(compared, 11);
    ck_assert_msg(worst <= what->tolerance[dtype], "%s %s: off by %g of the first loss", what->name,
                  dtype_name(dtype), worst);
}
END_TEST

/* Every table trains to the same bits. */
START_TEST(networks_on_every_table)
{
    for (size_t k = 0; k < TRAININGS; k++)
        for (int dtype = LF_F32; dtype <= LF_F64; dtype++) {
            struct trainer here, there;
            begin(&here, &trainings[k], tested, (enum lf_dtype)dtype);
            begin(&there, &trainings[k], scalar_table(), (enum lf_dtype)dtype);
            for (int step = 0; step < 200; step++) {
                double a = train(&here, &trainings[k], (enum lf_dtype)dtype);
                double b = train(&there, &trainings[k], (enum lf_dtype)dtype);
                ck_assert_mem_eq(&a, &b, sizeof a);
            }
            end(&here);
            end(&there);
        }
}
END_TEST

/* ---- Schedules and clipping ----------------------------------------------------------------- */

static void check_lr(const struct lf_schedule *s, uint64_t step, double expected)
{
    ck_assert_double_eq_tol(lf_schedule_lr(s, step), expected, 4 * 0x1p-53 * expected);
}

START_TEST(schedules)
{
    const struct lf_schedule constant = {.kind = LF_CONSTANT, .lr = 0.3, .warmup = 4};
    check_lr(&constant, 0, 0.3 / 4);
    check_lr(&constant, 2, 0.3 * 3 / 4);
    check_lr(&constant, 3, 0.3);
    check_lr(&constant, 4, 0.3);
    const struct lf_schedule step = {.kind = LF_STEP, .lr = 0.5, .gamma = 0.1, .period = 10};
    check_lr(&step, 9, 0.5);
    check_lr(&step, 10, 0.5 * 0.1);
    check_lr(&step, 39, 0.5 * 0.001);
    const struct lf_schedule exponential = {
        .kind = LF_EXPONENTIAL, .lr = 2, .gamma = 0.99, .warmup = 1};
    check_lr(&exponential, 1, 2);
    check_lr(&exponential, 2, 2 * 0.99);
    check_lr(&exponential, 1001, 2 * pow(0.99, 1000));
    const struct lf_schedule cosine = {.kind = LF_COSINE, .lr = 1, .min_lr = 0.25, .period = 100};
    check_lr(&cosine, 0, 1);
    check_lr(&cosine, 50, 0.625);
    check_lr(&cosine, 25, 0.25 + 0.75 * (1 + sqrt(0.5)) / 2);
    ck_assert_double_eq_tol(lf_schedule_lr(&cosine, 99), 0.25 + 0.75 * pow(sin(acos(-1) / 200), 2),
                            4 * 0x1p-53);
    check_lr(&cosine, 100, 0.25);
    check_lr(&cosine, 1000, 0.25);
    const struct lf_schedule to_zero = {.kind = LF_COSINE, .lr = 0.5, .period = 1000000};
    check_lr(&to_zero, 999999, 0.5 * pow(sin(acos(-1) / 2000000), 2));
    ck_assert_double_eq(lf_schedule_lr(&to_zero, 1000000), 0);
    ck_assert_double_nan(lf_schedule_lr(NULL, 0));
    ck_assert_double_nan(lf_schedule_lr(&(struct lf_schedule){.kind = LF_STEP, .lr = 1}, 0));
    ck_assert_double_nan(
        lf_schedule_lr(&(struct lf_schedule){.kind = (enum lf_schedule_kind)9}, 0));
}
END_TEST

START_TEST(clipping)
{
    struct lf_model *model;
    struct lf_parameter p;
    ck_assert_int_eq(lf_model_create(&model, tested, LF_F64), LF_OK);
    ck_assert_int_eq(lf_model_add_parameter(model, "p", 2, 2, &p), LF_OK);
    double *g = lf_parameter_grad(&p);
    const double start[4] = {3, -4, 0.5, NAN};
    memcpy(g, start, sizeof start);
    ck_assert_int_eq(lf_clip_grad_value(model, 1), LF_OK);
    ck_assert(g[0] == 1 && g[1] == -1 && g[2] == 0.5 && isnan(g[3]));
    memcpy(g, (double[]){3, -4, 0, 0}, sizeof start);
    ck_assert_double_eq(lf_clip_grad_norm(model, 10), 5);
    ck_assert(g[0] == 3 && g[1] == -4);
    ck_assert_double_eq(lf_clip_grad_norm(model, 1), 5);
    ck_assert_double_eq(g[0], 3 * (1 / (5 + 1e-6)));
    lf_model_destroy(model);
}
END_TEST

/* Norms whose squares are out of range, and limits that are none. */
START_TEST(clipping_at_the_edge)
{
    static const double scales[] = {0x1p1000, 0x1p-1060, 1};
    struct lf_model *model;
    struct lf_parameter p;
    ck_assert_int_eq(lf_model_create(&model, tested, LF_F64), LF_OK);
    ck_assert_int_eq(lf_model_add_parameter(model, "p", 1, 3, &p), LF_OK);
    double *g = lf_parameter_grad(&p);
    for (size_t i = 0; i < sizeof scales / sizeof scales[0]; i++) {
        memcpy(g, (double[]){3 * scales[i], 0, -4 * scales[i]}, 3 * sizeof *g);
        ck_assert_double_eq(lf_clip_grad_norm(model, INFINITY), 5 * scales[i]);
        ck_assert_double_eq(g[2], -4 * scales[i]);
    }
    ck_assert_double_nan(lf_clip_grad_norm(model, -1));
    ck_assert_double_nan(lf_clip_grad_norm(model, NAN));
    ck_assert_double_nan(lf_clip_grad_norm(NULL, 1));
    ck_assert_int_eq(lf_clip_grad_value(model, -1), LF_INVALID);
    ck_assert_int_eq(lf_clip_grad_value(model, NAN), LF_INVALID);
    ck_assert_int_eq(lf_clip_grad_value(NULL, 1), LF_INVALID);
    ck_assert(g[0] == 3 && g[1] == 0 && g[2] == -4);
    g[1] = -INFINITY;
    ck_assert_double_eq(lf_clip_grad_norm(model, 1), INFINITY);
    ck_assert(g[0] == 0 && isnan(g[1]) && g[2] == 0);
    ck_assert_double_nan(lf_clip_grad_norm(model, 1));
    ck_assert(isnan(g[0]) && isnan(g[1]) && isnan(g[2]));
    lf_model_destroy(model);
}
END_TEST

START_TEST(options_out_of_range)
{
    struct lf_model *model;
    struct lf_optimizer *optimizer = (struct lf_optimizer *)1;
    struct lf_optimizer_options bad[] = {lf_sgd(-1),  lf_sgd(NAN), lf_sgd(INFINITY), lf_sgd(1),
                                         lf_adam(1),  lf_adam(1),  lf_adam(1),       lf_sgd(1),
                                         lf_adamw(1), lf_sgd(1)};
    bad[3].nesterov = 1;
    bad[4].beta1 = 1;
    bad[5].beta2 = -0.1;
    bad[6].eps = NAN;
    bad[7].momentum = -1;
    bad[8].weight_decay = INFINITY;
    bad[9].kind = (enum lf_optimizer_kind)7;
    ck_assert_int_eq(lf_model_create(&model, tested, LF_F32), LF_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_int_eq(lf_optimizer_create(&optimizer, model, &bad[i]), LF_INVALID);
        ck_assert_ptr_null(optimizer);
    }
    ck_assert_int_eq(lf_optimizer_create(NULL, model, &bad[0]), LF_INVALID);
    const struct lf_optimizer_options good = lf_adam(0.5);
    ck_assert_int_eq(lf_optimizer_create(&optimizer, model, &good), LF_OK);
    ck_assert_int_eq(lf_optimizer_set_lr(optimizer, -1), LF_INVALID);
    ck_assert_int_eq(lf_optimizer_set_lr(optimizer, 0.25), LF_OK);
    ck_assert_double_eq(lf_optimizer_lr(optimizer), 0.25);
    ck_assert_int_eq(lf_optimizer_step(optimizer), LF_OK); /* of no parameter */
    ck_assert_uint_eq(lf_optimizer_steps(optimizer), 1);
    ck_assert_int_eq(lf_optimizer_step(NULL), LF_INVALID);
    lf_optimizer_destroy(optimizer);
    lf_optimizer_destroy(NULL);
    lf_model_destroy(model);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("optim");
    TCase *tests = tcase_create("optim");
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, networks_of_pytorch, 0, 2 * TRAININGS);
    tcase_add_test(tests, networks_on_every_table);
    tcase_add_test(tests, schedules);
    tcase_add_test(tests, clipping);
    tcase_add_test(tests, clipping_at_the_edge);
    tcase_add_test(tests, options_out_of_range);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
