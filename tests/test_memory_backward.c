/* SPDX-License-Identifier: MIT */
/* A backward pass that runs out of memory, at every allocation in turn: it changes no gradient, of
 * parameters or tensors, in the first pass or a later one. */
#include "failing.inl.h"

#include <string.h>

enum { ROWS = LF_BLOCK_ROWS + 3, MOST_TENSORS = 10, PARAMETERS = 2 };

static double data[ROWS], before[MOST_TENSORS][ROWS];
static int tensors; /* how many there are in the chain */

/* A chain of layers and activations, of which some have their gradient when the memory ends; with
 * the first pass gone by before where `again`. */
static int fail_in_a_pass(int again)
{
    struct lf_model *model = NULL;
    struct lf_tape *tape = NULL;
    struct lf_layer layer;
    lf_status status = lf_model_create(&model, tested, LF_F64);
    if (status == LF_OK)
        status = lf_model_add_linear(model, "linear", 1, 1, &layer);
    if (status == LF_OK)
        status = lf_tape_create(&tape, model);
    if (status == LF_OK) {
        double *value = lf_parameter_value(&layer.weight), *grad = lf_parameter_grad(&layer.weight);
        double parameters[PARAMETERS] = {0.25, -0.5};
        value[0] = 0.7;
        value[1] = 0.1;
        memcpy(grad, parameters, sizeof parameters);
        struct lf_tensor *x[MOST_TENSORS] = {lf_require_grad(lf_input(tape, ROWS, 1, data))};
        for (int i = 1; i < tensors; i++)
            x[i] = i % 2 ? lf_linear(x[i - 1], &layer) : lf_tanh(x[i - 1]);
        struct lf_tensor *loss = lf_sum(x[tensors - 1]);
        if (again && loss && lf_backward(tape, loss) == LF_OK) {
            memcpy(parameters, grad, sizeof parameters);
            for (int i = 0; i < tensors; i++)
                memcpy(before[i], lf_tensor_grad(x[i]), sizeof before[i]);
        }
        const int passed = lf_tape_status(tape) == LF_OK;
        status = lf_backward(tape, loss);
        EXPECT((status == LF_OK) == (memcmp(grad, parameters, sizeof parameters) != 0));
        for (int i = 0; i < tensors && passed && status != LF_OK; i++) {
            const double *now = lf_tensor_grad(x[i]);
            EXPECT(again ? now && memcmp(now, before[i], sizeof before[i]) == 0 : !now);
        }
    }
    EXPECT(status == LF_OK || status == LF_NO_MEMORY);
    lf_tape_destroy(tape);
    lf_model_destroy(model);
    return status == LF_OK;
}

static int first_pass(void)
{
    return fail_in_a_pass(0);
}

static int second_pass(void)
{
    return fail_in_a_pass(1);
}

/* Memory comes in chunks that double: chains of many lengths end it at many places of a pass. */
START_TEST(failed_passes_change_nothing)
{
    struct test_rng rng = test_rng(1);
    for (size_t i = 0; i < ROWS; i++)
        data[i] = test_uniform(&rng, -1, 1);
    tensors = 2 + _i / 2;
    fail_every_allocation(_i % 2 ? second_pass : first_pass);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("memory_backward");
    TCase *tests = tcase_create("memory_backward");
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, failed_passes_change_nothing, 0, 2 * (MOST_TENSORS - 1));
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
