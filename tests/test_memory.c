/* SPDX-License-Identifier: MIT */
/* Memory that runs out at every allocation in turn: a status, no leak, objects still good. And
 * memory that must not be asked for at all. */
#include "failing.inl.h"

static void expect_status(lf_status status)
{
    EXPECT(status == LF_OK || (failing > 0 && status == LF_NO_MEMORY));
}

/* ---- Scenarios: each is run with every allocation failing in turn ------------------------- */

/* Two layers; after a failure the model still takes a layer. */
static int build_model(void)
{
    struct lf_model *model;
    struct lf_layer layer;
    int whole = 0;
    lf_status status = lf_model_create(&model, tested, LF_F64);
    expect_status(status);
    EXPECT((model != NULL) == (status == LF_OK));
    for (int i = 0; i < 2 && status == LF_OK; i++) {
        size_t before = lf_model_parameters(model);
        void *place = lf_parameter_value(i == 0 ? NULL : &layer.weight);
        status = lf_model_add_linear(model, "layer", 3, 2, &layer);
        expect_status(status);
        EXPECT(i == 0 || status == LF_OK || lf_parameter_value(&layer.weight) == place);
        EXPECT(lf_model_parameters(model) == before + (status == LF_OK ? 2 : 0));
        whole += status == LF_OK;
    }
    if (model && status == LF_NO_MEMORY && !failing_on)
        EXPECT(lf_model_add_linear(model, "again", 3, 2, &layer) == LF_OK);
    lf_model_destroy(model);
    return whole == 2;
}

/* A step over several blocks; after a failure the tape, once reset, works again. */
static int train_step(void)
{
    int whole = 0;
    enum { MANY = 3 * LF_BLOCK_ROWS };
    static float x[MANY], y[MANY];
    struct lf_model *model = NULL;
    struct lf_tape *tape = NULL;
    struct lf_layer layer;
    lf_status status = lf_model_create(&model, tested, LF_F32);
    if (status == LF_OK)
        status = lf_model_add_linear(model, "linear", 1, 1, &layer);
    if (status == LF_OK)
        status = lf_tape_create(&tape, model);
    expect_status(status);
    for (int attempt = 0; tape && attempt < 2; attempt++) {
        lf_tape_reset(tape);
        struct lf_tensor *h = lf_linear(lf_input(tape, MANY, 1, x), &layer);
        struct lf_tensor *loss = lf_mse_loss(lf_linear(h, &layer), lf_input(tape, MANY, 1, y));
        status = lf_backward(tape, loss);
        expect_status(status);
        whole |= attempt == 0 && status == LF_OK;
        EXPECT((lf_tape_message(tape)[0] == '\0') == (status == LF_OK));
        if (status == LF_OK || failing_on)
            break;
    }
    if (!failing_on && tape)
        EXPECT(status == LF_OK);
    lf_tape_destroy(tape);
    lf_model_destroy(model);
    return whole;
}

/* A run that is told to go on after a failure ends with the bits of one without: those of row 3 of
 * data/torch/linear-seed0.csv. */
static int run_line(void)
{
    struct lf_line_options options = {.path = LF_PATH_AUTOGRAD,
                                      .kernels = tested,
                                      .lr = 0.01,
                                      .true_weight = 1.233,
                                      .true_bias = 0.988};
    struct lf_line *line;
    double weight, bias;
    lf_status status = lf_line_create(&line, &options);
    expect_status(status);
    EXPECT((line != NULL) == (status == LF_OK));
    int whole = status == LF_OK;
    if (line) {
        status = lf_line_run(line, 3, NULL);
        expect_status(status);
        whole = status == LF_OK;
        if (status != LF_OK && !failing_on)
            EXPECT(lf_line_run(line, 3 - lf_line_steps(line), NULL) == LF_OK);
        lf_line_parameters(line, &weight, &bias);
        if (whole || !failing_on)
            EXPECT(weight == 0x1.376f9ap-14 && bias == 0x1.26dfb8p-1);
    }
    lf_line_destroy(line);
    return whole;
}

static int run_fates(void)
{
    struct lf_line_options options = {.kernels = tested, .lr = 0.01};
    uint64_t seeds[20] = {0};
    struct lf_line_fate fates[20];
    lf_status status = lf_line_fates(&options, 10, 20, seeds, fates);
    expect_status(status);
    return status == LF_OK;
}

/* A network of two layers that starts from random numbers, so that no gradient is 0. */
enum { MANY = LF_BLOCK_ROWS + 5, NET_SIZE = (3 + 1) * 4 + (4 + 1) };
static double net_input[2 * MANY];
static size_t padding; /* columns of MANY that a step takes before it begins */

static lf_status begin_network(struct lf_model *model, struct lf_module net[3])
{
    struct test_rng words = test_rng(1);
    struct lf_rng rng;
    for (size_t i = 0; i < 2 * MANY; i++)
        net_input[i] = test_uniform(&words, -1, 1);
    net[0] = lf_module_linear(3, 4);
    net[1] = lf_module_activation(LF_TANH);
    net[2] = lf_module_linear(4, 1);
    lf_status status = lf_model_add_sequential(model, "net", 3, net);
    lf_rng_seed(&rng, 1);
    lf_model_init(model, &rng);
    return status;
}

/* A step that goes through most operations. */
static struct lf_tensor *whole_step(struct lf_tape *tape, const struct lf_module net[3])
{
    const struct lf_criterion criterion = {.kind = LF_HUBER_LOSS, .delta = 0.05};
    if (padding > 0)
        lf_polynomial(lf_input(tape, MANY, 1, net_input), padding);
    struct lf_tensor *h = lf_require_grad(lf_view_f64(tape, MANY, 1, net_input, 2, 2));
    struct lf_tensor *p = lf_polynomial(h, 3), *y = lf_sequential(p, 3, net);
    y = lf_mul(lf_add(y, h), lf_scale(lf_sub(y, h), 0.5));
    struct lf_tensor *bias = lf_parameter_tensor(tape, &net[0].layer.bias);
    y = lf_sub(lf_add(lf_matmul(y, bias), h), bias); /* h and bias are repeated */
    struct lf_tensor *loss = lf_loss(lf_mul(y, lf_mean(y)), lf_detach(y), &criterion);
    struct lf_tensor *pass = lf_linear_loss(p, &net[0].layer, lf_detach(y), &criterion);
    return lf_add(lf_scale(pass, 2), lf_sum(lf_power(loss, 2)));
}

/* Whatever failed before, the gradients of a step that passes are none of them 0, and the same. */
static void expect_gradients(const struct lf_module net[3])
{
    static double first[NET_SIZE];
    const double *grad = lf_parameter_grad(&net[0].layer.weight);
    for (size_t i = 0; i < NET_SIZE; i++) {
        EXPECT(grad[i] < 0 || grad[i] > 0);
        first[i] = first[i] < 0 || first[i] > 0 ? first[i] : grad[i];
        EXPECT(grad[i] == first[i]);
    }
}

/* The network, its optimizer, a step; the tape and model go on after a failure. */
static int train_network(void)
{
    struct lf_module net[3];
    const struct lf_optimizer_options options = lf_adam(0.1);
    struct lf_model *model = NULL;
    struct lf_tape *tape = NULL;
    struct lf_optimizer *optimizer = NULL;
    int whole = 0;
    lf_status status = lf_model_create(&model, tested, LF_F64);
    if (status == LF_OK)
        status = begin_network(model, net);
    EXPECT(lf_model_parameters(model) == (status == LF_OK ? 4 : 0));
    if (status == LF_OK)
        status = lf_optimizer_create(&optimizer, model, &options);
    if (status == LF_OK)
        status = lf_tape_create(&tape, model);
    expect_status(status);
    for (int attempt = 0; tape && attempt < 2; attempt++) {
        lf_tape_reset(tape);
        lf_model_zero_grad(model);
        struct lf_tensor *loss = whole_step(tape, net);
        status = lf_backward(tape, loss);
        if (status == LF_OK) /* again, with what the first pass left */
            status = lf_backward(tape, loss);
        expect_status(status);
        whole |= attempt == 0 && status == LF_OK;
        if (status == LF_OK || failing_on)
            break;
    }
    if (tape && status == LF_OK)
        expect_gradients(net);
    if (whole)
        EXPECT(lf_optimizer_step(optimizer) == LF_OK);
    lf_optimizer_destroy(optimizer);
    lf_tape_destroy(tape);
    lf_model_destroy(model);
    return whole;
}

static struct lf_tensor *sum_of_squares(struct lf_tape *tape, void *context)
{
    return lf_sum(lf_square(lf_parameter_tensor(tape, context)));
}

static int check_gradient(void)
{
    struct lf_model *model = NULL;
    struct lf_parameter p;
    struct lf_gradcheck result;
    lf_status status = lf_model_create(&model, tested, LF_F64);
    if (status == LF_OK)
        status = lf_model_add_parameter(model, "p", 2, 2, &p);
    if (status == LF_OK)
        status = lf_gradcheck(model, sum_of_squares, &p, 1e-9, &result);
    expect_status(status);
    lf_model_destroy(model);
    return status == LF_OK && result.passed;
}

static int (*const scenarios[])(void) = {build_model, train_step,    run_line,
                                         run_fates,   train_network, check_gradient};

enum { SCENARIOS = sizeof scenarios / sizeof scenarios[0] };

START_TEST(every_allocation_fails)
{
    fail_every_allocation(scenarios[_i]);
}
END_TEST

/* Memory comes in chunks that double, so a step asks for few: what it takes before it moves their
 * ends through all of it. */
START_TEST(every_piece_of_a_step_fails)
{
    enum { PIECES = 64 };
    for (padding = 1; padding <= PIECES; padding++)
        fail_every_allocation(train_network);
}
END_TEST

/* One step on a batch of so many rows of zeros. */
static lf_status batch_step(struct lf_tape *tape, const struct lf_layer *layer, size_t rows)
{
    static float x[200000], y[200000];
    lf_tape_reset(tape);
    struct lf_tensor *h = lf_linear(lf_input(tape, rows, 1, x), layer);
    return lf_backward(tape, lf_mse_loss(h, lf_input(tape, rows, 1, y)));
}

/* Growing batches: chunks double, so there are few. */
START_TEST(growing_steps_add_few_chunks)
{
    enum { MOST = 200, ROWS = 1000 };
    struct lf_model *model;
    struct lf_tape *tape;
    struct lf_layer layer;
    ck_assert_int_eq(lf_model_create(&model, tested, LF_F32), LF_OK);
    ck_assert_int_eq(lf_model_add_linear(model, "linear", 1, 1, &layer), LF_OK);
    ck_assert_int_eq(lf_tape_create(&tape, model), LF_OK);
    long before = 0, failed = 0;
    for (size_t k = 1; k <= MOST; k++) {
        failed += batch_step(tape, &layer, k * ROWS) != LF_OK;
        before = k == 1 ? live : before;
    }
    long after = live;
    ck_assert_int_eq(failed, 0);
    ck_assert_int_le(after, before + 10); /* log2(200), and the first ones */
    lf_tape_destroy(tape);
    lf_model_destroy(model);
}
END_TEST

/* Batches of several sizes, the last of an epoch among them: each allocates only when it comes for
 * the first time, whatever comes between. */
START_TEST(batches_of_any_order_allocate_once)
{
    static const size_t rows[] = {5000, 100000, 3, 20000, 64, 99999, 4097, 1};
    enum { SIZES = sizeof rows / sizeof rows[0] };
    struct lf_model *model;
    struct lf_tape *tape;
    struct lf_layer layer;
    ck_assert_int_eq(lf_model_create(&model, tested, LF_F32), LF_OK);
    ck_assert_int_eq(lf_model_add_linear(model, "linear", 1, 1, &layer), LF_OK);
    ck_assert_int_eq(lf_tape_create(&tape, model), LF_OK);
    long before = 0, after = 0, failed = 0;
    for (size_t k = 0; k < 100 * SIZES; k++) {
        size_t round = k / SIZES; /* in another order each */
        failed += batch_step(tape, &layer, rows[k * (2 * round + 1) % SIZES]) != LF_OK;
        before = round == 0 ? allocations : before;
        after = allocations;
    }
    ck_assert_int_eq(failed, 0);
    ck_assert_int_eq(after, before);
    lf_tape_destroy(tape);
    lf_model_destroy(model);
}
END_TEST

START_TEST(steps_allocate_nothing)
{
    struct lf_line_options options = {
        .model = LF_LINE_SHARED, .path = LF_PATH_AUTOGRAD, .kernels = tested, .lr = 0.01};
    struct lf_line *line;
    ck_assert_int_eq(lf_line_create(&line, &options), LF_OK);
    ck_assert_int_eq(lf_line_run(line, 1, NULL), LF_OK);
    long before = allocations;
    lf_status status = lf_line_run(line, 1000, NULL);
    long after = allocations;
    ck_assert_int_eq(status, LF_OK);
    ck_assert_int_eq(after, before);
    lf_line_destroy(line);
}
END_TEST

START_TEST(network_steps_allocate_nothing)
{
    struct lf_module net[3];
    const struct lf_optimizer_options options = lf_adam(0.1);
    struct lf_model *model;
    struct lf_tape *tape;
    struct lf_optimizer *optimizer;
    ck_assert_int_eq(lf_model_create(&model, tested, LF_F64), LF_OK);
    ck_assert_int_eq(begin_network(model, net), LF_OK);
    ck_assert_int_eq(lf_optimizer_create(&optimizer, model, &options), LF_OK);
    ck_assert_int_eq(lf_tape_create(&tape, model), LF_OK);
    long before = 0, after = 0, failed = 0;
    for (int step = 0; step < 1001; step++) {
        lf_tape_reset(tape);
        failed += lf_backward(tape, whole_step(tape, net)) != LF_OK;
        failed += lf_optimizer_step(optimizer) != LF_OK;
        before = step == 0 ? allocations : before;
        after = allocations;
    }
    ck_assert_int_eq(failed, 0);
    ck_assert_int_eq(after, before);
    lf_optimizer_destroy(optimizer);
    lf_tape_destroy(tape);
    lf_model_destroy(model);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("memory");
    TCase *tests = tcase_create("memory");
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, every_allocation_fails, 0, SCENARIOS);
    tcase_add_test(tests, every_piece_of_a_step_fails);
    tcase_add_test(tests, growing_steps_add_few_chunks);
    tcase_add_test(tests, batches_of_any_order_allocate_once);
    tcase_add_test(tests, steps_allocate_nothing);
    tcase_add_test(tests, network_steps_allocate_nothing);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
