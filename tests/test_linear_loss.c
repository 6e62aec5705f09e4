/* SPDX-License-Identifier: MIT */
/* A layer and its loss in one pass against the two operations: the same bits of the value and of
 * all gradients, over several blocks of rows too. */
#include "support.h"

#include <math.h>
#include <string.h>

enum { MOST_ROWS = 2 * LF_BLOCK_ROWS + 9, IN = 3, OUT = 2, WIDTH = IN * OUT + OUT };

/* The numbers of one way to compute it. */
struct outcome {
    double value, parameters[WIDTH], x[MOST_ROWS * IN];
};

struct problem {
    struct lf_model *model;
    struct lf_tape *tape;
    struct lf_layer layer;
    size_t rows;
    const double *x, *target, *weight, *seed;
};

static double x[MOST_ROWS * IN], target[MOST_ROWS * OUT], weight[MOST_ROWS];

static void run(const struct problem *p, int one_pass, struct lf_criterion criterion,
                struct outcome *outcome)
{
    memset(outcome, 0, sizeof *outcome);
    lf_tape_reset(p->tape);
    lf_model_zero_grad(p->model);
    struct lf_tensor *a = lf_require_grad(lf_input(p->tape, p->rows, IN, p->x));
    struct lf_tensor *t = lf_input(p->tape, p->rows, OUT, p->target);
    criterion.row_weight = p->weight ? lf_input(p->tape, p->rows, 1, p->weight) : NULL;
    struct lf_tensor *loss = one_pass ? lf_linear_loss(a, &p->layer, t, &criterion)
                                      : lf_loss(lf_linear(a, &p->layer), t, &criterion);
    lf_status status = lf_backward_from(p->tape, loss, lf_input(p->tape, 1, 1, p->seed));
    ck_assert_msg(status == LF_OK, "%s", lf_tape_message(p->tape));
    outcome->value = lf_item(loss);
    memcpy(outcome->parameters, lf_parameter_grad(&p->layer.weight), sizeof outcome->parameters);
    memcpy(outcome->x, lf_tensor_grad(a), p->rows * IN * sizeof *x);
}

START_TEST(bits_of_the_two_operations)
{
    static const size_t rows[] = {1, 7, LF_BLOCK_ROWS, MOST_ROWS};
    static const double seeds[] = {1, -0.3, 0};
    static struct outcome two, one;
    struct test_rng words = test_rng(1);
    struct lf_rng rng;
    struct problem p = {.x = x, .target = target};
    for (size_t i = 0; i < MOST_ROWS * IN; i++)
        x[i] = test_uniform(&words, -1, 1);
    for (size_t i = 0; i < MOST_ROWS * OUT; i++)
        target[i] = test_uniform(&words, 0, 1);
    for (size_t i = 0; i < MOST_ROWS; i++)
        weight[i] = test_uniform(&words, 0, 2);
    ck_assert_int_eq(lf_model_create(&p.model, tested, LF_F64), LF_OK);
    ck_assert_int_eq(lf_model_add_linear(p.model, "linear", IN, OUT, &p.layer), LF_OK);
    ck_assert_int_eq(lf_tape_create(&p.tape, p.model), LF_OK);
    lf_rng_seed(&rng, 1);
    lf_model_init(p.model, &rng);
    const struct lf_parameter bias = p.layer.bias;
    for (int k = 0; k < 5 * 2 * 2 * 2 * 3 * 4; k++) {
        const struct lf_criterion criterion = {(enum lf_loss_kind)(k % 5),
                                               (enum lf_reduction)(k / 5 % 2), 0.5, NULL};
        p.weight = k / 10 % 2 ? weight : NULL;
        p.layer.bias = k / 20 % 2 ? bias : (struct lf_parameter){0};
        p.seed = &seeds[k / 40 % 3];
        p.rows = rows[k / 120];
        run(&p, 0, criterion, &two);
        run(&p, 1, criterion, &one);
        ck_assert_msg(memcmp(&one, &two, sizeof one) == 0,
                      "case %d: %zu rows, loss %d, weights %d, bias %d, gradient %g", k, p.rows,
                      k % 5, k / 10 % 2, k / 20 % 2, *p.seed);
        /* And the value is that of a plain sum: far from it where a block is read twice. */
        double sum = 0, weights = 0;
        const double *w = lf_parameter_value(&p.layer.weight), *b = lf_parameter_value(&bias);
        for (size_t r = 0; r < p.rows && criterion.kind == LF_L1_LOSS; r++) {
            double row = p.weight ? weight[r] : 1;
            weights += row;
            for (size_t o = 0; o < OUT; o++) {
                double y = p.layer.bias.model ? b[o] : 0;
                for (size_t i = 0; i < IN; i++)
                    y += x[r * IN + i] * w[o * IN + i];
                sum += row * fabs(y - target[r * OUT + o]);
            }
        }
        if (criterion.kind == LF_L1_LOSS) {
            double expected = criterion.reduction == LF_SUM ? sum : sum / (OUT * weights);
            ck_assert_double_eq_tol(one.value, expected, (double)p.rows * 0x1p-50 * expected);
        }
    }
    lf_tape_destroy(p.tape);
    lf_model_destroy(p.model);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("linear_loss");
    TCase *tests = tcase_create("linear_loss");
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, bits_of_the_two_operations);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
