/* SPDX-License-Identifier: MIT */
/* What models and tapes refuse: the status, the message that names the operation and the shapes,
 * and that nothing else has changed. */
#include "support.h"

#include <math.h>
#include <string.h>

enum { IN = 3, OUT = 2 };

static struct lf_model *model;
static struct lf_tape *tape;
static struct lf_layer layer;

/* Another model, with a layer of the same sizes and a tape. */
static struct lf_model *stranger;
static struct lf_tape *strange_tape;
static struct lf_layer foreign;

static const double data[12] = {1, 2, 3, 4};

static void begin(struct lf_model **m, struct lf_tape **t, struct lf_layer *l, size_t out)
{
    struct lf_rng rng;
    ck_assert_int_eq(lf_model_create(m, tested, LF_F64), LF_OK);
    ck_assert_int_eq(lf_model_add_linear(*m, "linear", IN, out, l), LF_OK);
    ck_assert_int_eq(lf_tape_create(t, *m), LF_OK);
    lf_rng_seed(&rng, 3);
    lf_model_init(*m, &rng);
}

static void set_up(size_t out)
{
    begin(&model, &tape, &layer, out);
    begin(&stranger, &strange_tape, &foreign, out);
}

static void tear_down(void)
{
    lf_tape_destroy(tape);
    lf_tape_destroy(strange_tape);
    lf_model_destroy(model);
    lf_model_destroy(stranger);
}

static struct lf_tensor *input(size_t rows, size_t cols)
{
    return lf_input(tape, rows, cols, data);
}

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
    struct lf_tape *other;
    set_up(OUT);
    ck_assert_int_eq(lf_tape_create(&other, model), LF_OK);

    struct lf_tensor *x = lf_input(tape, 2, 4, data);
    struct lf_tensor *y = lf_linear(x, &layer);
    ck_assert_ptr_null(y);
    ck_assert_ptr_null(lf_mse_loss(y, x));
    ck_assert_ptr_null(lf_input(tape, 1, 1, data));
    ck_assert_int_eq(lf_backward(tape, NULL), LF_SHAPE);
    check_error(LF_SHAPE, "linear: x is 2 x 4, the layer takes 3 columns");

    lf_linear(lf_input(other, 1, IN, data), NULL);
    ck_assert_str_eq(lf_tape_message(other), "linear: the layer is not of the tape's model");
    lf_tape_reset(other);
    lf_add(lf_input(tape, 1, 1, data), lf_input(other, 1, 1, data));
    ck_assert_int_eq(lf_tape_status(other), LF_INVALID);
    check_error(LF_INVALID, "add: the operands are of two tapes");
    lf_tape_reset(other);

    struct lf_tensor *old = lf_input(tape, 1, 1, data);
    lf_tape_reset(tape);
    ck_assert_ptr_null(lf_square(old));
    check_error(LF_INVALID, "square: an operand is from before the tape's reset");
    ck_assert_int_eq(lf_backward(tape, NULL), LF_INVALID);
    check_error(LF_INVALID, "backward: the tensor is NULL");
    lf_backward(tape, lf_square(lf_require_grad(lf_input(other, 1, 1, data))));
    check_error(LF_INVALID, "backward: the tensor is of another tape");

    lf_tape_destroy(other);
    tear_down();
}
END_TEST

/* Each operation's bad input: what it says, and a tape that goes on after a reset. */
#define ERROR(status, message, expression)                                                         \
    do {                                                                                           \
        ck_assert_ptr_null(expression);                                                            \
        check_error(status, message);                                                              \
    } while (0)

START_TEST(operations_name_themselves_and_shapes)
{
    const float single[1] = {0};
    set_up(OUT);
    ERROR(LF_INVALID, "input: data of 2 x 2 is NULL", lf_input_f64(tape, 2, 2, NULL));
    ERROR(LF_SHAPE, "input: data of 0 x 2 is empty", input(0, 2));
    ERROR(LF_INVALID, "input: data of 1 x 1 is f32, the model is f64",
          lf_input(tape, 1, 1, single));
    ERROR(LF_NO_MEMORY, "input: out of memory for 4611686018427387904 x 2 elements",
          lf_view_f64(tape, SIZE_MAX / 4 + 1, 2, data, 2, 2));
    ERROR(LF_INVALID, "linear: the layer is not of the tape's model",
          lf_linear(input(1, IN), &foreign));
    ERROR(LF_INVALID, "linear: the layer is not of the tape's model",
          lf_linear(input(1, IN), NULL));
    ERROR(LF_INVALID, "parameter: the parameter is not of the tape's model",
          lf_parameter_tensor(tape, &foreign.weight));
    ERROR(LF_SHAPE, "add: the operands are 2 x 3 and 3 x 2", lf_add(input(2, 3), input(3, 2)));
    ERROR(LF_SHAPE, "sub: the operands are 2 x 1 and 3 x 1", lf_sub(input(2, 1), input(3, 1)));
    ERROR(LF_INVALID, "mul: an operand is NULL", lf_mul(input(2, 1), NULL));
    ERROR(LF_SHAPE, "matmul: the operands are 2 x 3 and 2 x 3",
          lf_matmul(input(2, 3), input(2, 3)));
    ERROR(LF_INVALID, "power: the exponent of a 2 x 1 tensor is not finite in the model's type",
          lf_power(input(2, 1), INFINITY));
    ERROR(LF_INVALID, "activate: there is no activation 99",
          lf_activate(input(2, 1), (enum lf_activation)99));
    ERROR(LF_SHAPE, "polynomial: x is 1 x 2, not one column", lf_polynomial(input(1, 2), 3));
    ERROR(LF_INVALID, "polynomial: the degree of a 2 x 1 tensor is 0",
          lf_polynomial(input(2, 1), 0));
    ERROR(LF_NO_MEMORY, "polynomial: out of memory for 2 x 9223372036854775808 elements",
          lf_polynomial(input(2, 1), SIZE_MAX / 2 + 1));
    ERROR(LF_INVALID, "sequential: module 0 of 2 is of no known kind",
          lf_sequential(input(1, 1), 2, NULL));
    ERROR(LF_INVALID, "require_grad: x is the result of square, not an input",
          lf_require_grad(lf_square(input(1, 1))));
    tear_down();
}
END_TEST

START_TEST(losses_name_themselves_and_shapes)
{
    set_up(OUT);
    ERROR(LF_SHAPE, "mse_loss: the prediction is 1 x 2, the target 2 x 1",
          lf_mse_loss(input(1, 2), input(2, 1)));
    ERROR(LF_INVALID, "huber_loss: delta is not finite and above 0 in the model's type",
          lf_huber_loss(input(1, 2), input(1, 2), 0));
    ERROR(LF_INVALID, "loss: the criterion is NULL or of no known kind",
          lf_loss(input(1, 2), input(1, 2), NULL));
    ERROR(LF_SHAPE, "l1_loss: the prediction is 2 x 2, the row weight 1 x 2",
          lf_loss(input(2, 2), input(2, 2),
                  &(struct lf_criterion){LF_L1_LOSS, LF_MEAN, 0, input(1, 2)}));
    ERROR(LF_INVALID, "l1_loss: row weights take no gradient: detach them",
          lf_loss(input(2, 2), input(2, 2),
                  &(struct lf_criterion){LF_L1_LOSS, LF_MEAN, 0, lf_require_grad(input(2, 1))}));
    ERROR(LF_INVALID, "mse_loss: there is no reduction 7",
          lf_loss(input(2, 2), input(2, 2),
                  &(struct lf_criterion){LF_MSE_LOSS, (enum lf_reduction)7, 0, NULL}));
    ERROR(LF_SHAPE, "linear_loss: the prediction is 1 x 2, the target 1 x 3",
          lf_linear_loss(input(1, IN), &layer, input(1, 3),
                         &(struct lf_criterion){.kind = LF_L1_LOSS}));
    ERROR(LF_INVALID, "linear_loss: the target takes no gradient: detach it, or use loss",
          lf_linear_loss(input(1, IN), &layer, lf_require_grad(input(1, OUT)),
                         &(struct lf_criterion){.kind = LF_L1_LOSS}));
    tear_down();
}
END_TEST

START_TEST(backward_names_shapes)
{
    set_up(OUT);
    lf_backward(tape, lf_linear(input(1, IN), &layer));
    check_error(LF_SHAPE, "backward: the loss is 1 x 2, not 1 x 1");
    lf_backward(tape, input(1, 1));
    check_error(LF_INVALID, "backward: the 1 x 1 tensor depends on nothing that takes a gradient");
    lf_backward_from(tape, lf_linear(input(1, IN), &layer), input(2, 1));
    check_error(LF_SHAPE, "backward: the tensor is 1 x 2, its gradient 2 x 1");
    ck_assert_double_nan(lf_item(NULL));
    ck_assert_double_nan(lf_item(lf_input(tape, 1, 2, data)));
    ck_assert_uint_eq(lf_tensor_rows(NULL) + lf_tensor_cols(NULL), 0);
    ck_assert_ptr_null(lf_tensor_value(NULL));
    ck_assert_ptr_null(lf_tensor_grad(NULL));
    tear_down();
}
END_TEST

/* A layer of two models, and weights of two tapes. */
START_TEST(strangers_are_refused)
{
    static const char not_of_model[] = "linear: the layer is not of the tape's model";
    static const char two_tapes[] = "the operands are of two tapes";
    struct lf_criterion criterion = {.kind = LF_L1_LOSS};
    struct lf_layer mixed;
    char message[80];
    set_up(OUT);
    mixed = (struct lf_layer){layer.weight, foreign.bias};
    ERROR(LF_INVALID, not_of_model, lf_linear(input(1, IN), &mixed));
    ERROR(LF_INVALID, "linear_loss: the layer is not of the tape's model",
          lf_linear_loss(input(1, IN), &mixed, input(1, OUT), &criterion));
    mixed = (struct lf_layer){foreign.weight, layer.bias};
    ERROR(LF_INVALID, not_of_model, lf_linear(input(1, IN), &mixed));
    mixed = (struct lf_layer){layer.weight, layer.weight};
    ERROR(LF_SHAPE, "linear: the weight is 2 x 3, the bias 2 x 3", lf_linear(input(1, IN), &mixed));
    ERROR(LF_SHAPE, "linear_loss: the weight is 2 x 3, the bias 2 x 3",
          lf_linear_loss(input(1, IN), &mixed, input(1, OUT), &criterion));
    for (int one_pass = 0; one_pass < 2; one_pass++) {
        criterion.row_weight = lf_input(strange_tape, 1, 1, data);
        ck_assert_ptr_null(one_pass
                               ? lf_linear_loss(input(1, IN), &layer, input(1, OUT), &criterion)
                               : lf_loss(input(1, OUT), input(1, OUT), &criterion));
        snprintf(message, sizeof message, "%s: %s", one_pass ? "linear_loss" : "l1_loss",
                 two_tapes);
        check_error(LF_INVALID, message);
        ck_assert_str_eq(lf_tape_message(strange_tape), message);
        lf_tape_reset(strange_tape);
    }
    tear_down();
}
END_TEST

/* ---- Parameters that have moved ------------------------------------------------------------ */

enum change { STEP, NEW_START, NEW_LAYER, CHANGES };

static void change_parameters(enum change change)
{
    const struct lf_optimizer_options options = lf_sgd(0.1);
    struct lf_optimizer *sgd;
    struct lf_layer more;
    struct lf_rng rng;
    ck_assert_int_eq(lf_optimizer_create(&sgd, model, &options), LF_OK);
    lf_rng_seed(&rng, 5);
    if (change == STEP)
        ck_assert_int_eq(lf_optimizer_step(sgd), LF_OK);
    else if (change == NEW_START)
        lf_model_init(model, &rng);
    else {
        ck_assert_int_eq(lf_model_add_linear(model, "more", 2, 2, &more), LF_OK);
        ck_assert_int_eq(lf_optimizer_step(sgd), LF_INVALID); /* it knows fewer parameters */
    }
    lf_optimizer_destroy(sgd);
}

/* What may be done with a weight[1,IN] and a loss that were on the tape before the change. */
enum use { BACKWARD, BACKWARD_FROM, UNARY, BINARY, LAYER, PARAMETER, USES };

static void use_again(enum use use, struct lf_tensor *weight, struct lf_tensor *loss)
{
    struct lf_tensor *y = NULL;
    if (use == BACKWARD)
        ck_assert_int_eq(lf_backward(tape, loss), LF_INVALID);
    else if (use == BACKWARD_FROM)
        ck_assert_int_eq(lf_backward_from(tape, loss, input(1, 1)), LF_INVALID);
    else if (use == UNARY)
        y = lf_square(weight);
    else if (use == BINARY)
        y = lf_add(input(1, IN), weight);
    else if (use == LAYER)
        y = lf_linear(input(1, IN), &layer);
    else
        y = lf_parameter_tensor(tape, &layer.weight);
    ck_assert_ptr_null(y);
}

/* A tape refuses to go on with parameters that an optimizer, a new layer or a new start has changed
 * since it used them, forward or backward; reset, it takes them as they are. */
START_TEST(parameters_that_have_moved)
{
    static const char *const names[USES] = {"backward", "backward", "square",
                                            "add",      "linear",   "parameter"};
    char message[120];
    for (int k = 0; k < CHANGES * USES; k++) {
        set_up(1);
        struct lf_tensor *weight = lf_parameter_tensor(tape, &layer.weight);
        struct lf_tensor *loss = lf_mse_loss(lf_linear(input(1, IN), &layer), input(1, 1));
        ck_assert_int_eq(lf_backward(tape, loss), LF_OK);
        change_parameters((enum change)(k / USES));
        use_again((enum use)(k % USES), weight, loss);
        snprintf(message, sizeof message,
                 "%s: the parameters have changed since the tape first used them; reset it",
                 names[k % USES]);
        check_error(LF_INVALID, message);
        weight = lf_parameter_tensor(tape, &layer.weight);
        ck_assert_ptr_eq(lf_tensor_value(weight), lf_parameter_value(&layer.weight));
        ck_assert_int_eq(lf_backward(tape, lf_sum(lf_square(weight))), LF_OK);
        tear_down();
    }
}
END_TEST

/* ---- What a refused pass leaves ------------------------------------------------------------ */

/* A pass that is refused changes no gradient, whatever is wrong with it. */
START_TEST(refused_passes_change_nothing)
{
    enum { REFUSALS = 6 };
    for (int k = 0; k < REFUSALS; k++) {
        set_up(OUT);
        struct lf_tensor *x = lf_require_grad(input(1, IN)), *y = lf_linear(x, &layer);
        struct lf_tensor *loss = lf_sum(y), *apart = lf_square(x), *constant = input(1, 1);
        struct lf_tensor *strange = lf_square(lf_require_grad(lf_input(strange_tape, 1, 1, data)));
        double *grad = lf_parameter_grad(&layer.weight), before[IN * OUT + OUT], dx[IN], dy[OUT];
        ck_assert_int_eq(lf_backward(tape, loss), LF_OK);
        memcpy(before, grad, sizeof before);
        memcpy(dx, lf_tensor_grad(x), sizeof dx);
        memcpy(dy, lf_tensor_grad(y), sizeof dy);
        lf_status status;
        if (k == 0)
            status = lf_backward(tape, y); /* not 1 x 1 */
        else if (k == 1)
            status = lf_backward(tape, NULL);
        else if (k == 2)
            status = lf_backward(tape, constant);
        else if (k == 3)
            status = lf_backward(tape, strange);
        else if (k == 4)
            status = lf_backward_from(tape, apart, input(1, IN - 1));
        else
            change_parameters(STEP), status = lf_backward(tape, loss);
        ck_assert_int_ne(status, LF_OK);
        ck_assert_int_eq(lf_backward(tape, loss), status); /* the error stays */
        ck_assert_mem_eq(grad, before, sizeof before);
        ck_assert_mem_eq(lf_tensor_grad(x), dx, sizeof dx);
        ck_assert_mem_eq(lf_tensor_grad(y), dy, sizeof dy);
        ck_assert_ptr_null(lf_tensor_grad(apart));
        tear_down();
    }
}
END_TEST

START_TEST(bad_arguments)
{
    struct lf_model *none = (struct lf_model *)1;
    ck_assert_int_eq(lf_model_create(NULL, tested, LF_F32), LF_INVALID);
    ck_assert_int_eq(lf_model_create(&none, tested, (enum lf_dtype)9), LF_INVALID);
    ck_assert_ptr_null(none);
    ck_assert_int_eq(lf_tape_create(NULL, NULL), LF_INVALID);
    set_up(1);
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
    lf_model_init(NULL, NULL);
    ck_assert_uint_eq(lf_model_parameters(NULL), 0);
    ck_assert_int_eq(lf_tape_status(NULL), LF_INVALID);
    ck_assert_str_ne(lf_tape_message(NULL), "");
    ck_assert_ptr_null(lf_input_f32(NULL, 1, 1, NULL));
    ck_assert_ptr_null(lf_linear(NULL, &layer));
    ck_assert_ptr_null(lf_mse_loss(NULL, NULL));
    ck_assert_int_eq(lf_backward(NULL, NULL), LF_INVALID);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("autograd_errors");
    TCase *tests = tcase_create("autograd_errors");
    tcase_add_test(tests, first_error_stays);
    tcase_add_test(tests, operations_name_themselves_and_shapes);
    tcase_add_test(tests, losses_name_themselves_and_shapes);
    tcase_add_test(tests, backward_names_shapes);
    tcase_add_test(tests, strangers_are_refused);
    tcase_add_test(tests, parameters_that_have_moved);
    tcase_add_test(tests, refused_passes_change_nothing);
    tcase_add_test(tests, bad_arguments);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
