/* SPDX-License-Identifier: MIT */
/* What a tape promises about tensors: when they take gradients, and what is left of them later. */
#include "support.h"

#include <check.h>
#include <lanefit/lanefit.h>
#include <math.h>

static struct lf_model *model;
static struct lf_tape *tape;
static struct lf_parameter p;

static void set_up(void)
{
    ck_assert_int_eq(lf_model_create(&model, tested, LF_F32), LF_OK);
    ck_assert_int_eq(lf_model_add_parameter(model, "p", 1, 1, &p), LF_OK);
    ck_assert_int_eq(lf_tape_create(&tape, model), LF_OK);
    *(float *)lf_parameter_value(&p) = 3;
}

static void tear_down(void)
{
    lf_tape_destroy(tape);
    lf_model_destroy(model);
}

static struct lf_tensor *input(const float *x)
{
    return lf_input(tape, 1, 1, x);
}

static void expect_error(const char *message)
{
    ck_assert_int_eq(lf_tape_status(tape), LF_INVALID);
    ck_assert_str_eq(lf_tape_message(tape), message);
    lf_tape_reset(tape);
}

/* What an operation has read as a constant can't take a gradient afterwards. */
START_TEST(gradients_are_asked_for_before_use)
{
    static const char late[] = "require_grad: x has been used already; ask for its gradient before";
    const float two[] = {2};
    struct lf_tensor *x = input(two);
    lf_square(x);
    ck_assert_ptr_null(lf_require_grad(x));
    expect_error(late);
    x = input(two);
    struct lf_criterion weighted = {.row_weight = x};
    lf_loss(lf_parameter_tensor(tape, &p), input(two), &weighted);
    lf_require_grad(x);
    expect_error(late);

    x = lf_require_grad(input(two));
    struct lf_tensor *y = lf_square(x);
    ck_assert_ptr_eq(lf_require_grad(x), x);
    ck_assert_int_eq(lf_backward(tape, y), LF_OK);
    ck_assert_float_eq(*(const float *)lf_tensor_grad(x), 4);
}
END_TEST

/* A parameter is one, whoever names it; what is computed from it in a region without gradients is
 * a constant. */
START_TEST(parameters_take_gradients_from_anywhere)
{
    lf_tape_set_grad(tape, 0);
    struct lf_tensor *w = lf_parameter_tensor(tape, &p), *constant = lf_square(w);
    lf_tape_set_grad(tape, 1);
    ck_assert_int_eq(lf_backward(tape, lf_mul(w, constant)), LF_OK);
    ck_assert_float_eq(*(float *)lf_parameter_grad(&p), 9);
}
END_TEST

START_TEST(old_handles_hold_nothing)
{
    const float two[] = {2};
    struct lf_tensor *x = lf_require_grad(input(two)), *y = lf_square(x);
    ck_assert_int_eq(lf_backward(tape, y), LF_OK);
    lf_tape_reset(tape);
    ck_assert_double_nan(lf_item(y));
    ck_assert_ptr_null(lf_tensor_value(y));
    ck_assert_ptr_null(lf_tensor_grad(x));
    ck_assert_uint_eq(lf_tensor_rows(y), 0);
    ck_assert_uint_eq(lf_tensor_cols(y), 0);
}
END_TEST

/* Numbers are judged as the type holds them. */
START_TEST(numbers_are_judged_once_rounded)
{
    static const double no_deltas[] = {1e39, 1e-50, -1, NAN, INFINITY};
    const float two[] = {2};
    for (size_t i = 0; i < sizeof no_deltas / sizeof no_deltas[0]; i++) {
        ck_assert_ptr_null(lf_huber_loss(input(two), input(two), no_deltas[i]));
        expect_error("huber_loss: delta is not finite and above 0 in the model's type");
    }
    ck_assert_ptr_null(lf_power(input(two), 1e39));
    expect_error("power: the exponent of a 1 x 1 tensor is not finite in the model's type");
}
END_TEST

START_TEST(inputs_are_literals_too)
{
    struct lf_tensor *x = lf_input(tape, 2, 2, (float[]){1, 2, 3, 4});
    ck_assert_double_eq(lf_item(lf_sum(x)), 10);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("tape");
    TCase *tests = tcase_create("tape");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, gradients_are_asked_for_before_use);
    tcase_add_test(tests, parameters_take_gradients_from_anywhere);
    tcase_add_test(tests, old_handles_hold_nothing);
    tcase_add_test(tests, numbers_are_judged_once_rounded);
    tcase_add_test(tests, inputs_are_literals_too);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
