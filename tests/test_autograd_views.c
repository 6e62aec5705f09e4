/* SPDX-License-Identifier: MIT */
/* Views: rows, columns and blocks of borrowed elements, whatever is done with them first. */
#include "support.h"

#include <string.h>

enum { ROWS = 3, COLS = 2, CELLS = ROWS * COLS, SPAN = 24, LAYOUTS = 4 };

/* The last has no stride of 1: it is copied at once. */
static const size_t strides[LAYOUTS][2] = {{6, 1}, {1, 6}, {2, 1}, {6, 2}};

static struct lf_model *model;
static struct lf_tape *tape;
static struct lf_layer layer; /* COLS -> 1 */
static double data[SPAN];     /* what the views are of */

static void set_up(void)
{
    struct lf_rng rng;
    struct test_rng words = test_rng(7);
    ck_assert_int_eq(lf_model_create(&model, tested, LF_F64), LF_OK);
    ck_assert_int_eq(lf_model_add_linear(model, "linear", COLS, 1, &layer), LF_OK);
    ck_assert_int_eq(lf_tape_create(&tape, model), LF_OK);
    lf_rng_seed(&rng, 3);
    lf_model_init(model, &rng);
    for (size_t i = 0; i < SPAN; i++)
        data[i] = test_uniform(&words, -1, 1);
}

static void tear_down(void)
{
    lf_tape_destroy(tape);
    lf_model_destroy(model);
}

/* A view in layout k, and its elements row by row. */
static struct lf_tensor *view_of(int k, double dense[CELLS])
{
    for (size_t r = 0; r < ROWS; r++)
        for (size_t c = 0; c < COLS; c++)
            dense[r * COLS + c] = data[r * strides[k][0] + c * strides[k][1]];
    return lf_view_f64(tape, ROWS, COLS, data, strides[k][0], strides[k][1]);
}

START_TEST(read_where_they_lie_or_copied)
{
    double dense[CELLS];
    struct lf_tensor *view = view_of(_i, dense), *plain = lf_input(tape, ROWS, COLS, dense);
    ck_assert_mem_eq(lf_tensor_value(lf_linear(view, &layer)),
                     lf_tensor_value(lf_linear(plain, &layer)), ROWS * sizeof(double));
    ck_assert_mem_eq(lf_tensor_value(lf_square(view)), lf_tensor_value(lf_square(plain)),
                     sizeof dense);
}
END_TEST

/* What is detached before anything has copied the view has the view's elements, and stays a
 * constant. */
START_TEST(detached)
{
    double dense[CELLS];
    struct lf_tensor *view = lf_require_grad(view_of(_i, dense));
    struct lf_tensor *first = lf_detach(view), *second = lf_detach(view);
    struct lf_tensor *plain = lf_input(tape, ROWS, COLS, dense);
    ck_assert_mem_eq(lf_tensor_value(lf_linear(first, &layer)),
                     lf_tensor_value(lf_linear(plain, &layer)), ROWS * sizeof(double));
    ck_assert_mem_eq(lf_tensor_value(lf_square(first)), lf_tensor_value(lf_square(plain)),
                     sizeof dense);
    /* d (view detached(view)) / d view = the view, whichever of them is copied first. */
    ck_assert_int_eq(lf_backward(tape, lf_sum(lf_mul(second, view))), LF_OK);
    ck_assert_mem_eq(lf_tensor_grad(view), dense, sizeof dense);
    ck_assert_ptr_null(lf_tensor_grad(second));
}
END_TEST

/* The gradient of a view lies row by row, also where a layer has read the view in place. */
START_TEST(gradients_of_views)
{
    double dense[CELLS];
    const double *w = lf_parameter_value(&layer.weight);
    struct lf_tensor *view = lf_require_grad(view_of(_i, dense));
    const double seed[ROWS] = {2, -3, 0.5};
    struct lf_tensor *y = lf_linear(view, &layer);
    ck_assert_int_eq(lf_backward_from(tape, y, lf_input(tape, ROWS, 1, seed)), LF_OK);
    for (size_t i = 0; i < CELLS; i++)
        ck_assert_double_eq(((const double *)lf_tensor_grad(view))[i],
                            seed[i / COLS] * w[i % COLS]);
    double sum[COLS] = {0}; /* and the layer's: its products are as in the chain */
    for (size_t i = 0; i < CELLS; i++)
        sum[i % COLS] += dense[i] * seed[i / COLS];
    for (size_t c = 0; c < COLS; c++)
        ck_assert_double_eq_tol(((double *)lf_parameter_grad(&layer.weight))[c], sum[c], 1e-15);
}
END_TEST

/* A pass may take its gradient from a view, and may start from one. */
START_TEST(passes_from_views)
{
    double dense[CELLS], squares[CELLS];
    const double x[CELLS] = {1, 2, 3, 4, 5, 6};
    struct lf_tensor *a = lf_require_grad(lf_input(tape, ROWS, COLS, x)), *y = lf_scale(a, 2);
    ck_assert_int_eq(lf_backward_from(tape, y, view_of(_i, dense)), LF_OK);
    ck_assert_mem_eq(lf_tensor_grad(y), dense, sizeof dense);
    for (size_t i = 0; i < CELLS; i++)
        ck_assert_double_eq(((const double *)lf_tensor_grad(a))[i], 2 * dense[i]);

    struct lf_tensor *view = lf_require_grad(view_of(_i, dense));
    ck_assert_int_eq(lf_backward_from(tape, view, lf_input(tape, ROWS, COLS, x)), LF_OK);
    ck_assert_mem_eq(lf_tensor_grad(view), x, sizeof x);
    ck_assert_int_eq(lf_backward_from(tape, view, view), LF_OK);
    for (size_t i = 0; i < CELLS; i++)
        ck_assert_double_eq(((const double *)lf_tensor_grad(view))[i], x[i] + dense[i]);
    /* Nothing has written to what is borrowed: the view still has its elements. */
    for (size_t i = 0; i < CELLS; i++)
        squares[i] = dense[i] * dense[i];
    ck_assert_mem_eq(lf_tensor_value(lf_square(view)), squares, sizeof squares);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("autograd_views");
    TCase *tests = tcase_create("autograd_views");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, read_where_they_lie_or_copied, 0, LAYOUTS);
    tcase_add_loop_test(tests, detached, 0, LAYOUTS);
    tcase_add_loop_test(tests, gradients_of_views, 0, LAYOUTS);
    tcase_add_loop_test(tests, passes_from_views, 0, LAYOUTS);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
