/* SPDX-License-Identifier: MIT */
/* Models and tapes: gradients against derivatives worked out by hand and by differences, uses that
 * add up, errors that stay, memory that does not grow. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 9, IN = 3, OUT = 2 };

static struct lf_model *model;
static struct lf_tape *tape;
static struct lf_layer layer;

static void set_up(enum lf_dtype dtype, size_t in, size_t out)
{
    struct lf_rng rng;
    ck_assert_int_eq(lf_model_create(&model, tested, dtype), LF_OK);
    ck_assert_int_eq(lf_model_add_linear(model, "linear", in, out, &layer), LF_OK);
    ck_assert_int_eq(lf_tape_create(&tape, model), LF_OK);
    lf_rng_seed(&rng, 3);
    lf_layer_init(model, &layer, &rng);
}

static void tear_down(void)
{
    lf_tape_destroy(tape);
    lf_model_destroy(model);
}

static double *flat_value(void)
{
    struct lf_parameter first;
    ck_assert_int_eq(lf_model_parameter(model, 0, &first), LF_OK);
    return first.value;
}

static double *flat_grad(void)
{
    struct lf_parameter first;
    ck_assert_int_eq(lf_model_parameter(model, 0, &first), LF_OK);
    return first.grad;
}

static void fill(double *values, size_t n, uint64_t stream)
{
    struct test_rng rng = test_rng(stream);
    for (size_t i = 0; i < n; i++)
        values[i] = test_uniform(&rng, -1, 1);
}

/* The loss of a layer applied `uses` times (in = out where more than once). */
static struct lf_tensor *loss_of(size_t rows, int uses, const double *x, const double *y)
{
    lf_tape_reset(tape);
    struct lf_tensor *h = lf_input(tape, rows, layer.in, x);
    for (int i = 0; i < uses; i++)
        h = lf_linear(tape, &layer, h);
    return lf_mse_loss(tape, h, lf_input(tape, rows, layer.out, y));
}

START_TEST(names_and_shapes)
{
    struct lf_parameter parameter;
    set_up(LF_F64, IN, OUT);
    ck_assert_uint_eq(lf_model_parameters(model), 2);
    ck_assert_int_eq(lf_model_parameter(model, 0, &parameter), LF_OK);
    ck_assert_str_eq(parameter.name, "linear.weight");
    ck_assert_uint_eq(parameter.rows, OUT);
    ck_assert_uint_eq(parameter.cols, IN);
    ck_assert_uint_eq((uintptr_t)parameter.value % 64, 0);
    ck_assert_uint_eq((uintptr_t)parameter.grad % 64, 0);
    double *value = parameter.value;
    ck_assert_int_eq(lf_model_parameter(model, 1, &parameter), LF_OK);
    ck_assert_str_eq(parameter.name, "linear.bias");
    ck_assert_uint_eq(parameter.cols, OUT);
    ck_assert_ptr_eq(parameter.value, value + IN * OUT);
    ck_assert_int_eq(lf_model_parameter(model, 2, &parameter), LF_INVALID);

    /* A second layer leaves the first one's values. */
    struct lf_layer second;
    double before[IN * OUT + OUT];
    memcpy(before, value, sizeof before);
    ck_assert_int_eq(lf_model_add_linear(model, "head", OUT, 1, &second), LF_OK);
    ck_assert_mem_eq(flat_value(), before, sizeof before);
    ck_assert_int_eq(lf_model_parameter(model, 2, &parameter), LF_OK);
    ck_assert_str_eq(parameter.name, "head.weight");
    tear_down();
}
END_TEST

/* Central differences on every parameter, for a layer used once, twice and three times. The
 * error of a difference quotient with step h is O(h^2) + O(u / h). */
START_TEST(gradients_are_derivatives)
{
    double x[ROWS * 2], y[ROWS * 2];
    set_up(LF_F64, 2, 2);
    fill(x, ROWS * 2, 1);
    fill(y, ROWS * 2, 2);
    for (int uses = 1; uses <= 3; uses++) {
        lf_model_zero_grad(model);
        ck_assert_int_eq(lf_backward(tape, loss_of(ROWS, uses, x, y)), LF_OK);
        for (size_t i = 0; i < 6; i++) {
            const double h = 1e-5;
            double *value = &flat_value()[i], old = *value;
            *value = old + h;
            double above = lf_item(loss_of(ROWS, uses, x, y));
            *value = old - h;
            double below = lf_item(loss_of(ROWS, uses, x, y));
            *value = old;
            double quotient = (above - below) / (2 * h);
            ck_assert_msg(fabs(quotient - flat_grad()[i]) <= 1e-8 * (1 + fabs(quotient)),
                          "%d uses, parameter %zu: %g, difference quotient %g", uses, i,
                          flat_grad()[i], quotient);
        }
    }
    tear_down();
}
END_TEST

/* A gradient of the target is that of the prediction with the other sign: both through layers. */
START_TEST(target_with_a_gradient)
{
    double x[ROWS], z[ROWS];
    set_up(LF_F64, 1, 1);
    fill(x, ROWS, 3);
    fill(z, ROWS, 4);
    struct lf_tensor *a = lf_linear(tape, &layer, lf_input(tape, ROWS, 1, x));
    struct lf_tensor *b = lf_linear(tape, &layer, lf_input(tape, ROWS, 1, z));
    ck_assert_int_eq(lf_backward(tape, lf_mse_loss(tape, a, b)), LF_OK);
    double expected = 0, w = flat_value()[0];
    for (size_t i = 0; i < ROWS; i++)
        expected += 2.0 / ROWS * w * (x[i] - z[i]) * (x[i] - z[i]);
    ck_assert_double_eq_tol(flat_grad()[0], expected, 1e-15 * ROWS);
    ck_assert_double_eq_tol(flat_grad()[1], 0, 1e-15 * ROWS);
    tear_down();
}
END_TEST

/* The tape has the bits of the one-pass kernel, over several blocks of rows too. */
START_TEST(bits_of_the_fused_kernel)
{
    enum { MANY = 3 * LF_BLOCK_ROWS + 17, WIDTH = IN * OUT + OUT + 1 };
    static double x[MANY * IN], y[MANY * OUT];
    static const size_t rows[] = {1, 2, 5, 100, LF_BLOCK_ROWS, LF_BLOCK_ROWS + 1, MANY};
    fill(x, MANY * IN, 5);
    fill(y, MANY * OUT, 6);
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++)
        for (size_t out = 1; out <= OUT; out++) {
            size_t width = IN * out + out + 1, n = rows[k];
            const struct lf_loss_f64 mse = {
                .kind = LF_MSE_LOSS, .scale = 1 / (double)(n * out), .upstream = 1};
            double stack[WIDTH * 4], total[WIDTH];
            set_up(LF_F64, IN, out);
            struct lf_tensor *loss = loss_of(n, 1, x, y);
            ck_assert_int_eq(lf_backward(tape, loss), LF_OK);
            for (size_t b = 0; b < lf_blocks(n); b++) {
                size_t first = b * LF_BLOCK_ROWS;
                tested->f64.affine_loss_part(
                    &mse, n - first < LF_BLOCK_ROWS ? n - first : LF_BLOCK_ROWS, IN, out,
                    x + first * IN, IN, 1, flat_value() + layer.weight, flat_value() + layer.bias,
                    y + first * out, NULL, stack + lf_part_slot(b) * width);
                tested->f64.parts_push(b, width, stack);
            }
            for (size_t j = 0; j < width; j++)
                total[j] = -0.0;
            tested->f64.parts_finish(lf_blocks(n), width, stack, total);
            for (size_t j = 0; j + 1 < width; j++)
                total[j] += 0.0; /* the gradients are added to the model's zeros */
            total[width - 1] /= (double)(n * out);
            double item = lf_item(loss);
            ck_assert_mem_eq(flat_grad(), total, (width - 1) * sizeof *total);
            ck_assert_mem_eq(&item, &total[width - 1], sizeof item);
            tear_down();
        }
}
END_TEST

/* The uses of one backward are summed first, then added to what is there. */
START_TEST(gradients_accumulate)
{
    double x[1] = {0.7}, y[1] = {0.1};
    set_up(LF_F64, 1, 1);
    flat_value()[0] = 0.9;
    flat_value()[1] = 0.2;
    ck_assert_int_eq(lf_backward(tape, loss_of(1, 2, x, y)), LF_OK);
    double once[2] = {flat_grad()[0], flat_grad()[1]};
    ck_assert_int_eq(lf_backward(tape, loss_of(1, 2, x, y)), LF_OK);
    ck_assert_double_eq(flat_grad()[0], once[0] + once[0]);
    ck_assert_double_eq(flat_grad()[1], once[1] + once[1]);

    /* Held so that each use alone rounds to nothing, and their sum does not. */
    double h = flat_value()[0] * x[0] + flat_value()[1];
    double d = h * flat_value()[0] + flat_value()[1] - y[0];
    double second = 2 * d * h, first = 2 * d * flat_value()[0] * x[0];
    ck_assert(second * first > 0); /* of one sign, or the case is none */
    double held = copysign(fmax(fabs(first), fabs(second)) * 0x1.8p53, first);
    ck_assert_double_eq(held + first, held);
    ck_assert_double_eq(held + second, held);
    ck_assert_double_ne(held + (first + second), held);
    flat_grad()[0] = held;
    ck_assert_int_eq(lf_backward(tape, loss_of(1, 2, x, y)), LF_OK);
    ck_assert_double_eq(flat_grad()[0], held + (first + second));
    lf_model_zero_grad(model);
    ck_assert_double_eq(flat_grad()[0], 0);
    tear_down();
}
END_TEST

START_TEST(no_rows)
{
    double nothing[1] = {0};
    set_up(LF_F64, IN, OUT);
    struct lf_tensor *loss = loss_of(0, 1, nothing, nothing);
    ck_assert_double_nan(lf_item(loss)); /* the mean of nothing, as in PyTorch */
    ck_assert_int_eq(lf_backward(tape, loss), LF_OK);
    for (size_t i = 0; i < IN * OUT + OUT; i++)
        ck_assert_double_eq(flat_grad()[i], 0);
    tear_down();
}
END_TEST

static void check_error(lf_status status, const char *message)
{
    ck_assert_int_eq(lf_tape_status(tape), status);
    ck_assert_str_eq(lf_tape_message(tape), message);
    lf_tape_reset(tape);
    ck_assert_int_eq(lf_tape_status(tape), LF_OK);
    ck_assert_str_eq(lf_tape_message(tape), "");
}

START_TEST(first_error_stays)
{
    double data[8] = {0};
    struct lf_tape *other;
    set_up(LF_F64, IN, OUT);
    ck_assert_int_eq(lf_tape_create(&other, model), LF_OK);

    struct lf_tensor *x = lf_input(tape, 2, 4, data);
    struct lf_tensor *y = lf_linear(tape, &layer, x);
    ck_assert_ptr_null(y);
    ck_assert_ptr_null(lf_mse_loss(tape, y, x));
    ck_assert_ptr_null(lf_input(tape, 1, 1, data));
    ck_assert_int_eq(lf_backward(tape, NULL), LF_SHAPE);
    check_error(LF_SHAPE, "linear: x is 2 x 4, the layer takes 3 columns");

    lf_mse_loss(tape, lf_input(tape, 1, 2, data), lf_input(tape, 2, 1, data));
    check_error(LF_SHAPE, "mse_loss: the prediction is 1 x 2, the target 2 x 1");
    lf_mse_loss(tape, lf_input(tape, 1, 2, data), NULL);
    check_error(LF_INVALID, "mse_loss: an operand is NULL");
    lf_linear(tape, &layer, lf_input(other, 1, IN, data));
    check_error(LF_INVALID, "linear: an operand is of another tape");
    struct lf_layer foreign = layer;
    foreign.model = NULL;
    ck_assert_ptr_null(lf_linear(tape, &foreign, lf_input(tape, 1, IN, data)));
    check_error(LF_INVALID, "linear: the layer is not of the tape's model");
    lf_linear(tape, NULL, lf_input(tape, 1, IN, data));
    check_error(LF_INVALID, "linear: the layer is not of the tape's model");
    lf_input(tape, 2, 2, NULL);
    check_error(LF_INVALID, "input: data of 2 x 2 is NULL");
    lf_backward(tape, lf_linear(tape, &layer, lf_input(tape, 1, IN, data)));
    check_error(LF_SHAPE, "backward: the loss is 1 x 2, not 1 x 1");
    lf_backward(tape, lf_input(tape, 1, 1, data));
    check_error(LF_INVALID, "backward: the loss depends on no parameter");
    ck_assert_double_nan(lf_item(NULL));
    ck_assert_double_nan(lf_item(lf_input(tape, 1, 2, data)));
    ck_assert_uint_eq(lf_tensor_rows(NULL) + lf_tensor_cols(NULL), 0);
    ck_assert_ptr_null(lf_tensor_value(NULL));

    lf_tape_destroy(other);
    tear_down();
}
END_TEST

START_TEST(bad_arguments)
{
    struct lf_model *none = (struct lf_model *)1;
    ck_assert_int_eq(lf_model_create(NULL, tested, LF_F32), LF_INVALID);
    ck_assert_int_eq(lf_model_create(&none, tested, (enum lf_dtype)9), LF_INVALID);
    ck_assert_ptr_null(none);
    ck_assert_int_eq(lf_tape_create(NULL, NULL), LF_INVALID);
    set_up(LF_F32, 1, 1);
    ck_assert_int_eq(lf_model_add_linear(model, "a", 0, 1, &layer), LF_INVALID);
    ck_assert_int_eq(lf_model_add_linear(model, NULL, 1, 1, &layer), LF_INVALID);
    ck_assert_int_eq(lf_model_add_linear(model, "a", SIZE_MAX / 2, 3, &layer), LF_NO_MEMORY);
    ck_assert_int_eq(lf_model_add_linear(model, "a", SIZE_MAX / 8, 1, &layer), LF_NO_MEMORY);
    ck_assert_uint_eq(lf_model_parameters(model), 2);
    tear_down();
    lf_model_destroy(NULL);
    lf_tape_destroy(NULL);
    lf_tape_reset(NULL);
    lf_model_zero_grad(NULL);
    lf_sgd_step(NULL, 1);
    lf_layer_init(NULL, &layer, NULL);
    ck_assert_uint_eq(lf_model_parameters(NULL), 0);
    ck_assert_int_eq(lf_tape_status(NULL), LF_INVALID);
    ck_assert_str_ne(lf_tape_message(NULL), "");
    ck_assert_ptr_null(lf_input(NULL, 1, 1, &none));
    ck_assert_ptr_null(lf_linear(NULL, &layer, NULL));
    ck_assert_ptr_null(lf_mse_loss(NULL, NULL, NULL));
    ck_assert_int_eq(lf_backward(NULL, NULL), LF_INVALID);
}
END_TEST

/* A whole training loop on a batch. In f32 a step ends where lr * gradient is less than half a unit
 * in the last place of the weight: gradient < 2^-24 * 1.24 / 0.1. The Hessian's lesser eigenvalue
 * is 0.13, so the residual is below 5.7e-6 then, and the loss below 3.3e-11. */
START_TEST(batch_training)
{
    enum { N = 50 };
    float x[N], y[N];
    set_up(LF_F32, 1, 1);
    for (int i = 0; i < N; i++) {
        x[i] = (float)i / N;
        y[i] = 1.233f * x[i] + 0.988f;
    }
    double loss = 0;
    for (int step = 0; step < 5000; step++) {
        lf_tape_reset(tape);
        struct lf_tensor *prediction = lf_linear(tape, &layer, lf_input(tape, N, 1, x));
        struct lf_tensor *mean = lf_mse_loss(tape, prediction, lf_input(tape, N, 1, y));
        lf_model_zero_grad(model);
        ck_assert_int_eq(lf_backward(tape, mean), LF_OK);
        lf_sgd_step(model, 0.1);
        loss = lf_item(mean);
    }
    ck_assert_double_lt(loss, 3.3e-11);
    tear_down();
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("autograd");
    TCase *tests = tcase_create("autograd");
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, names_and_shapes);
    tcase_add_test(tests, gradients_are_derivatives);
    tcase_add_test(tests, target_with_a_gradient);
    tcase_add_test(tests, bits_of_the_fused_kernel);
    tcase_add_test(tests, gradients_accumulate);
    tcase_add_test(tests, no_rows);
    tcase_add_test(tests, first_error_stays);
    tcase_add_test(tests, bad_arguments);
    tcase_add_test(tests, batch_training);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
