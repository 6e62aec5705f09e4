/* SPDX-License-Identifier: MIT */
/* The gradient checker: right gradients pass, wrong ones are found in the element that has them,
 * and kinks are seen as what they are. */
#include "support.h"

#include <math.h>
#include <string.h>

enum { A_SIZE = 6, SIZE = A_SIZE + 2 };

/* A function of the parameters a[2,3] and b[1,2]. */
struct function {
    struct lf_parameter a, b;
    const double *kept, *missing; /* of each element's gradient: the shares, 1 together */
};

static struct lf_model *model;
static struct function f;
static double *value, *grad; /* of a, and b after it */
static struct lf_gradcheck result;

static void set_up(void)
{
    ck_assert_int_eq(lf_model_create(&model, tested, LF_F64), LF_OK);
    ck_assert_int_eq(lf_model_add_parameter(model, "a", 2, 3, &f.a), LF_OK);
    ck_assert_int_eq(lf_model_add_parameter(model, "b", 1, 2, &f.b), LF_OK);
    value = lf_parameter_value(&f.a);
    grad = lf_parameter_grad(&f.a);
    for (int i = 0; i < SIZE; i++)
        value[i] = grad[i] = 0.3 * i - 0.7;
}

static void tear_down(void)
{
    lf_model_destroy(model);
}

/* Checks the gradient of a function, which must leave the model as it is. */
static void check(lf_objective objective, double tolerance, lf_status expected)
{
    double before[2][SIZE];
    memcpy(before[0], value, sizeof before[0]);
    memcpy(before[1], grad, sizeof before[1]);
    ck_assert_int_eq(lf_gradcheck(model, objective, &f, tolerance, &result), expected);
    ck_assert_mem_eq(value, before[0], sizeof before[0]);
    ck_assert_mem_eq(grad, before[1], sizeof before[1]);
}

/* The sum over both parameters of an operation's elements. */
static struct lf_tensor *sum_of_both(struct lf_tape *tape,
                                     struct lf_tensor *(*operation)(struct lf_tensor *))
{
    return lf_add(lf_sum(operation(lf_parameter_tensor(tape, &f.a))),
                  lf_sum(operation(lf_parameter_tensor(tape, &f.b))));
}

static struct lf_tensor *tanh_of_x_exp_x(struct lf_tensor *x)
{
    return lf_tanh(lf_mul(x, lf_exp(x)));
}

static struct lf_tensor *smooth(struct lf_tape *tape, void *context)
{
    (void)context;
    return sum_of_both(tape, tanh_of_x_exp_x);
}

START_TEST(smooth_functions_pass)
{
    check(smooth, 1e-9, LF_OK);
    ck_assert_msg(result.passed, "error %g, along a direction %g", result.error,
                  result.directional_error);
}
END_TEST

/* ---- Wrong gradients ----------------------------------------------------------------------- */

/* A detached factor: its part of the gradient is missing. */
static struct lf_tensor *half_detached(struct lf_tensor *x)
{
    return lf_mul(x, lf_detach(x));
}

static struct lf_tensor *half(struct lf_tape *tape, void *context)
{
    (void)context;
    return sum_of_both(tape, half_detached);
}

/* x - 2 detached(x) has the value -x and the slope 1. */
static struct lf_tensor *negated(struct lf_tensor *x)
{
    return lf_sub(x, lf_scale(lf_detach(x), 2));
}

static struct lf_tensor *wrong_sign(struct lf_tape *tape, void *context)
{
    (void)context;
    return sum_of_both(tape, negated);
}

START_TEST(gradients_wrong_everywhere)
{
    check(half, 1e-3, LF_OK);
    ck_assert(!result.passed);
    ck_assert_double_eq_tol(result.error, 0.5, 1e-9);
    ck_assert_double_eq_tol(result.quotient, 2 * result.gradient, 1e-9);
    check(wrong_sign, 1e-3, LF_OK);
    ck_assert(!result.passed && result.parameter.model == model);
    ck_assert_double_eq_tol(result.error, 2, 1e-9);
    ck_assert_double_eq_tol(result.directional_error, 2, 1e-9);
}
END_TEST

/* The cubes of a parameter's elements; their gradients lack the share `missing`. */
static struct lf_tensor *cubes(struct lf_tape *tape, const struct lf_parameter *p)
{
    struct lf_tensor *x = lf_parameter_tensor(tape, p);
    struct lf_tensor *kept = lf_input(tape, p->rows, p->cols, f.kept + p->offset);
    struct lf_tensor *missing = lf_input(tape, p->rows, p->cols, f.missing + p->offset);
    return lf_sum(lf_power(lf_add(lf_mul(x, kept), lf_mul(lf_detach(x), missing)), 3));
}

static struct lf_tensor *partly_wrong(struct lf_tape *tape, void *context)
{
    (void)context;
    return lf_add(cubes(tape, &f.a), cubes(tape, &f.b));
}

/* The worst element is named, in whichever parameter it is, among right ones and one that lacks a
 * little. The direction lacks what the two elements lack. */
START_TEST(the_worst_element_is_named)
{
    const size_t wrong = (size_t)_i, poor = (wrong + 3) % SIZE;
    const struct lf_parameter *p = wrong < A_SIZE ? &f.a : &f.b;
    double kept[SIZE], missing[SIZE];
    for (size_t i = 0; i < SIZE; i++) {
        missing[i] = i == wrong ? 1 : i == poor ? 0x1p-4 : 0;
        kept[i] = 1 - missing[i];
        value[i] = 0.25 + 0.1 * (double)i; /* below 1: the directions are of signs alone */
    }
    f.kept = kept;
    f.missing = missing;
    check(partly_wrong, 1e-3, LF_OK);
    double slope = 3 * value[wrong] * value[wrong];
    ck_assert(!result.passed);
    ck_assert_str_eq(result.parameter.name, p->name);
    ck_assert_uint_eq(result.parameter.offset, p->offset);
    ck_assert_uint_eq(result.element, wrong - p->offset);
    ck_assert_double_eq(result.gradient, 0);
    ck_assert_double_eq_tol(result.quotient, slope, 1e-9);
    ck_assert_double_eq_tol(result.error, 1, 1e-9);
    ck_assert_double_gt(result.directional_error, 1e-3);
    double lack = fabs(result.directional_quotient - result.directional_gradient);
    ck_assert_double_eq_tol(fabs(lack - slope), 3 * value[poor] * value[poor] / 16, 1e-9);
    missing[wrong] = missing[poor] = 0;
    kept[wrong] = kept[poor] = 1;
    check(partly_wrong, 1e-9, LF_OK);
    ck_assert(result.passed);
}
END_TEST

/* ---- Where a function is not smooth -------------------------------------------------------- */

static struct lf_tensor *ramps(struct lf_tape *tape, void *context)
{
    (void)context;
    return sum_of_both(tape, lf_relu);
}

/* relu's derivative at 0 is 0, its quotient there 1/2; 2h beside the kink all is well, nearer it
 * is not. */
START_TEST(a_kink_is_seen_from_2h)
{
    static const double at[] = {0, 0x1.8p-10, -0x1.8p-10, 0x1.08p-9, -0x1.08p-9};
    for (size_t k = 0; k < sizeof at / sizeof at[0]; k++) {
        value[4] = at[k];
        check(ramps, 1e-9, LF_OK);
        ck_assert_int_eq(result.passed, k >= 3);
        if (k >= 3)
            continue;
        ck_assert_str_eq(result.parameter.name, "a");
        ck_assert_uint_eq(result.element, 4);
        ck_assert_double_eq(result.gradient, at[k] > 0);
        if (at[k] == 0)
            ck_assert_double_eq_tol(result.quotient, 0.5, 1e-9);
    }
}
END_TEST

/* relu(x) |y|, x and y the elements of b: 0 along both axes. */
static struct lf_tensor *corner(struct lf_tape *tape, void *context)
{
    const double first[2] = {1, 0}, second[2] = {0, 1};
    struct lf_tensor *b = lf_parameter_tensor(tape, &f.b);
    struct lf_tensor *x = lf_matmul(b, lf_input(tape, 2, 1, first));
    struct lf_tensor *y = lf_matmul(b, lf_input(tape, 2, 1, second));
    (void)context;
    return lf_mul(lf_relu(x), lf_add(lf_relu(y), lf_relu(lf_negate(y))));
}

/* What no element shows, the direction does. */
START_TEST(only_the_direction_sees_a_corner)
{
    value[A_SIZE] = value[A_SIZE + 1] = 0;
    check(corner, 1e-3, LF_OK);
    ck_assert_double_eq(result.error, 0);
    ck_assert_double_eq(result.directional_gradient, 0);
    ck_assert_double_eq_tol(fabs(result.directional_quotient), 0x1p-10 / 3, 1e-12);
    ck_assert_double_eq_tol(result.directional_error, 1, 1e-9);
    ck_assert(!result.passed);
}
END_TEST

static struct lf_tensor *log_of_square(struct lf_tensor *x)
{
    return lf_log(lf_mul(x, x));
}

static struct lf_tensor *pole(struct lf_tape *tape, void *context)
{
    (void)context;
    return sum_of_both(tape, log_of_square);
}

/* Infinite two steps from 2^-9: nothing to compare with. */
START_TEST(poles_do_not_pass)
{
    value[0] = 0x1p-9;
    check(pole, 1e-3, LF_OK);
    ck_assert(!result.passed);
}
END_TEST

/* ---- Errors -------------------------------------------------------------------------------- */

static struct lf_tensor *not_a_scalar(struct lf_tape *tape, void *context)
{
    (void)context;
    return lf_tanh(lf_parameter_tensor(tape, &f.a));
}

START_TEST(errors)
{
    check(not_a_scalar, 1e-3, LF_SHAPE);
    ck_assert(!result.passed && !result.parameter.model);
    check(NULL, 1e-3, LF_INVALID);
    check(smooth, -1, LF_INVALID);
    check(smooth, NAN, LF_INVALID);
    ck_assert_int_eq(lf_gradcheck(NULL, smooth, &f, 1e-3, &result), LF_INVALID);
    ck_assert_int_eq(lf_gradcheck(model, smooth, &f, 1e-3, NULL), LF_INVALID);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("gradcheck");
    TCase *tests = tcase_create("gradcheck");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, smooth_functions_pass);
    tcase_add_test(tests, gradients_wrong_everywhere);
    tcase_add_loop_test(tests, the_worst_element_is_named, 0, SIZE);
    tcase_add_test(tests, a_kink_is_seen_from_2h);
    tcase_add_test(tests, only_the_direction_sees_a_corner);
    tcase_add_test(tests, poles_do_not_pass);
    tcase_add_test(tests, errors);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
