/* SPDX-License-Identifier: MIT */
/* Models and tapes: gradients against derivatives worked out by hand and by differences, uses that
 * add up. */
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
    lf_model_init(model, &rng);
}

static void tear_down(void)
{
    lf_tape_destroy(tape);
    lf_model_destroy(model);
}

static double *flat_value(void)
{
    return lf_parameter_value(&layer.weight);
}

static double *flat_grad(void)
{
    return lf_parameter_grad(&layer.weight);
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
    struct lf_tensor *h = lf_input(tape, rows, layer.weight.cols, x);
    for (int i = 0; i < uses; i++)
        h = lf_linear(h, &layer);
    return lf_mse_loss(h, lf_input(tape, rows, layer.weight.rows, y));
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
    ck_assert_uint_eq((uintptr_t)lf_parameter_value(&parameter) % 64, 0);
    ck_assert_uint_eq((uintptr_t)lf_parameter_grad(&parameter) % 64, 0);
    double *value = lf_parameter_value(&parameter);
    ck_assert_int_eq(lf_model_parameter(model, 1, &parameter), LF_OK);
    ck_assert_str_eq(parameter.name, "linear.bias");
    ck_assert_uint_eq(parameter.cols, OUT);
    ck_assert_ptr_eq(lf_parameter_value(&parameter), value + IN * OUT);
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
    struct lf_tensor *a = lf_linear(lf_input(tape, ROWS, 1, x), &layer);
    struct lf_tensor *b = lf_linear(lf_input(tape, ROWS, 1, z), &layer);
    ck_assert_int_eq(lf_backward(tape, lf_mse_loss(a, b)), LF_OK);
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
                    x + first * IN, IN, 1, flat_value() + layer.weight.offset,
                    flat_value() + layer.bias.offset, y + first * out, NULL,
                    stack + lf_part_slot(b) * width);
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

/* torch.no_grad and detach: the same values, and nothing to go back through. */
START_TEST(regions_without_gradient)
{
    const double x[IN] = {1, 2, 3}, y[1] = {4};
    set_up(LF_F64, IN, 1);
    double recorded = lf_item(loss_of(1, 1, x, y));
    lf_tape_reset(tape);
    ck_assert_int_eq(lf_tape_set_grad(tape, 0), 1);
    struct lf_tensor *h = lf_linear(lf_input(tape, 1, IN, x), &layer);
    ck_assert_int_eq(lf_tape_set_grad(tape, 1), 0);
    struct lf_tensor *loss = lf_mse_loss(h, lf_input(tape, 1, 1, y));
    ck_assert_double_eq(lf_item(loss), recorded);
    ck_assert_int_eq(lf_backward(tape, loss), LF_INVALID);
    /* A reset records again, whatever was set. */
    ck_assert_int_eq(lf_tape_set_grad(tape, 0), 1);
    lf_tape_reset(tape);
    h = lf_linear(lf_input(tape, 1, IN, x), &layer);
    ck_assert_int_eq(lf_tape_set_grad(tape, 1), 1);
    /* d (h detached(h)) / dh = h */
    loss = lf_mul(h, lf_detach(h));
    ck_assert_int_eq(lf_backward(tape, loss), LF_OK);
    ck_assert_double_eq(flat_grad()[IN], lf_item(h));
    tear_down();
}
END_TEST

/* Inputs and intermediate values have gradients too; a second pass adds to all of them. */
START_TEST(gradients_of_tensors)
{
    const double x[2] = {3, 5}, seed[2] = {1, 10};
    set_up(LF_F64, 1, 1);
    struct lf_tensor *a = lf_require_grad(lf_input(tape, 2, 1, x)), *b = lf_square(a);
    struct lf_tensor *c = lf_mul(b, a); /* x^3 */
    ck_assert_ptr_null(lf_tensor_grad(a));
    for (int pass = 1; pass <= 3; pass++) {
        ck_assert_int_eq(lf_backward_from(tape, c, lf_input(tape, 2, 1, seed)), LF_OK);
        for (int i = 0; i < 2; i++) {
            ck_assert_double_eq(((const double *)lf_tensor_grad(a))[i],
                                pass * 3 * x[i] * x[i] * seed[i]);
            ck_assert_double_eq(((const double *)lf_tensor_grad(b))[i], pass * x[i] * seed[i]);
            ck_assert_double_eq(((const double *)lf_tensor_grad(c))[i], pass * seed[i]);
        }
    }
    tear_down();
}
END_TEST

/* Two layers with one weight: its gradient is the sum of both uses. And a layer without a bias. */
START_TEST(tied_parameters)
{
    const double x[4] = {1, -2, 0.5, 3}, y[4] = {1, 2, 3, 4};
    struct lf_layer tied;
    set_up(LF_F64, 2, 2);
    tied.weight = layer.weight;
    ck_assert_int_eq(lf_model_add_parameter(model, "own.bias", 1, 2, &tied.bias), LF_OK);
    struct lf_layer plain = {layer.weight, {0}};
    double *w = lf_parameter_value(&layer.weight), *g = lf_parameter_grad(&layer.weight);
    for (size_t i = 0; i < 4; i++) {
        double loss[2];
        const double h = 1e-5;
        for (int side = 0; side < 3; side++) {
            w[i] += side == 0 ? h : side == 1 ? -2 * h : h;
            lf_tape_reset(tape);
            lf_model_zero_grad(model);
            struct lf_tensor *p = lf_linear(lf_input(tape, 2, 2, x), &layer);
            p = lf_linear(lf_tanh(lf_linear(p, &tied)), &plain);
            struct lf_tensor *value = lf_mse_loss(p, lf_input(tape, 2, 2, y));
            if (side < 2)
                loss[side] = lf_item(value);
            else
                ck_assert_int_eq(lf_backward(tape, value), LF_OK);
        }
        double quotient = (loss[0] - loss[1]) / (2 * h);
        ck_assert_double_eq_tol(g[i], quotient, 1e-7 * (1 + fabs(quotient)));
    }
    tear_down();
}
END_TEST

START_TEST(sequences)
{
    struct lf_module net[] = {lf_module_linear(1, 4), lf_module_activation(LF_TANH),
                              lf_module_linear(4, 2)};
    struct lf_module bad[] = {lf_module_linear(1, 4), lf_module_linear(3, 2)};
    struct lf_parameter parameter;
    const double x[3] = {1, 2, 3};
    set_up(LF_F64, 1, 1);
    ck_assert_int_eq(lf_model_add_sequential(model, "", 2, bad), LF_SHAPE);
    ck_assert_uint_eq(lf_model_parameters(model), 2);
    ck_assert_int_eq(lf_model_add_sequential(model, "net", 3, net), LF_OK);
    ck_assert_uint_eq(lf_model_parameters(model), 6);
    ck_assert_int_eq(lf_model_parameter(model, 4, &parameter), LF_OK);
    ck_assert_str_eq(parameter.name, "net.2.weight");
    struct lf_rng rng;
    lf_rng_seed(&rng, 1);
    lf_model_init(model, &rng);
    struct lf_tensor *all = lf_sequential(lf_input(tape, 3, 1, x), 3, net);
    struct lf_tensor *one = lf_tanh(lf_linear(lf_input(tape, 3, 1, x), &net[0].layer));
    one = lf_linear(one, &net[2].layer);
    ck_assert_mem_eq(lf_tensor_value(all), lf_tensor_value(one), 6 * sizeof(double));
    tear_down();
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
    const struct lf_optimizer_options options = lf_sgd(0.1);
    struct lf_optimizer *sgd;
    ck_assert_int_eq(lf_optimizer_create(&sgd, model, &options), LF_OK);
    double loss = 0;
    for (int step = 0; step < 5000; step++) {
        lf_tape_reset(tape);
        struct lf_tensor *prediction = lf_linear(lf_input(tape, N, 1, x), &layer);
        struct lf_tensor *mean = lf_mse_loss(prediction, lf_input(tape, N, 1, y));
        lf_model_zero_grad(model);
        ck_assert_int_eq(lf_backward(tape, mean), LF_OK);
        ck_assert_int_eq(lf_optimizer_step(sgd), LF_OK);
        loss = lf_item(mean);
    }
    ck_assert_double_lt(loss, 3.3e-11);
    lf_optimizer_destroy(sgd);
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
    tcase_add_test(tests, regions_without_gradient);
    tcase_add_test(tests, gradients_of_tensors);
    tcase_add_test(tests, tied_parameters);
    tcase_add_test(tests, sequences);
    tcase_add_test(tests, batch_training);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
