/* SPDX-License-Identifier: MIT */
/* What kernels.h promises of how kernels fit together: rows that stand alone, one pass and its
 * pieces, blocks and their tree. */
#include "support.h"

/* A row's result does not depend on the batch it sits in. */
START_TEST(forward_rows_stand_alone)
{
    enum { ROWS = 70, IN = 5, OUT = 3 };
    float x[ROWS * IN], w[OUT * IN], b[OUT], all[ROWS * OUT], some[ROWS * OUT];
    struct test_rng rng = test_rng(2000);
    for (size_t i = 0; i < ROWS * IN; i++)
        x[i] = (float)test_uniform(&rng, -1, 1);
    for (size_t i = 0; i < OUT * IN; i++)
        w[i] = (float)test_uniform(&rng, -1, 1);
    for (size_t i = 0; i < OUT; i++)
        b[i] = (float)test_uniform(&rng, -1, 1);
    for (size_t out = 1; out <= OUT; out++) {
        tested->f32.affine(ROWS, IN, out, x, IN, 1, w, b, all);
        static const size_t batches[] = {1, 7, 32};
        for (size_t k = 0; k < 3; k++) {
            for (size_t r = 0; r < ROWS; r += batches[k]) {
                size_t n = ROWS - r < batches[k] ? ROWS - r : batches[k];
                tested->f32.affine(n, IN, out, x + r * IN, IN, 1, w, b, some + r * out);
            }
            ck_assert_mem_eq(all, some, ROWS * out * sizeof(float));
        }
    }
}
END_TEST

/* A bias that is NULL adds nothing, not even +0. */
START_TEST(no_bias)
{
    const double x[3] = {-0.0, 2, -3}, w[1] = {0.5}, expected[3] = {-0.0, 1, -1.5};
    double y[3];
    tested->f64.affine(3, 1, 1, x, 1, 1, w, NULL, y);
    ck_assert_mem_eq(y, expected, sizeof y);
}
END_TEST

/* The one-pass kernel has the bits of the separate ones. */
START_TEST(one_pass_equals_its_pieces)
{
    struct test_rng rng = test_rng(3000);
    for (int round = 0; round < 200; round++) {
        enum { MOST = 40 };
        size_t rows = test_below(&rng, MOST + 1), in = test_below(&rng, MOST) + 1;
        size_t out = test_below(&rng, 2) ? 1 : test_below(&rng, 9) + 1, n = rows * out;
        float x[MOST * MOST], w[MOST * 9], b[9], target[MOST * 9], y[MOST * 9], g[MOST * 9];
        float pieces[MOST * 9 + 10], whole[MOST * 9 + 10];
        for (size_t i = 0; i < rows * in; i++)
            x[i] = (float)test_uniform(&rng, -1, 1);
        for (size_t i = 0; i < in * out; i++)
            w[i] = (float)test_uniform(&rng, -1, 1);
        for (size_t i = 0; i < out; i++)
            b[i] = (float)test_uniform(&rng, -1, 1);
        for (size_t i = 0; i < n; i++) {
            target[i] = (float)test_uniform(&rng, -1, 1);
            g[i] = -0.0f;
        }
        tested->f32.affine(rows, in, out, x, in, 1, w, b, y);
        tested->f32.mse_grad(n, y, target, 0.7f, 1.3f, g);
        tested->f32.affine_grad_part(rows, in, out, x, in, 1, g, pieces);
        tested->f32.mse_part(n, y, target, pieces + in * out + out);
        tested->f32.affine_mse_part(rows, in, out, x, in, 1, w, b, target, 0.7f, 1.3f, whole);
        ck_assert_mem_eq(pieces, whole, (in * out + out + 1) * sizeof(float));
    }
}
END_TEST

/* The sum of parts[first..first+n), a tree that splits at the largest power of two below n. */
static double tree_sum(const double *parts, size_t n)
{
    size_t half = 1;
    if (n == 1)
        return parts[0];
    while (half * 2 < n)
        half *= 2;
    return tree_sum(parts, half) + tree_sum(parts + half, n - half);
}

START_TEST(parts_form_one_tree)
{
    enum { MOST = 150, WIDTH = 3 };
    struct test_rng rng = test_rng(4000);
    for (size_t blocks = 0; blocks <= MOST; blocks++) {
        double parts[WIDTH][MOST], stack[10 * WIDTH], total[WIDTH] = {1, 2, 3};
        ck_assert_uint_le(lf_part_slots(blocks), 10);
        for (size_t b = 0; b < blocks; b++) {
            ck_assert_uint_lt(lf_part_slot(b), lf_part_slots(blocks));
            for (size_t j = 0; j < WIDTH; j++)
                stack[lf_part_slot(b) * WIDTH + j] = parts[j][b] = test_uniform(&rng, -1, 1);
            tested->f64.parts_push(b, WIDTH, stack);
        }
        tested->f64.parts_finish(blocks, WIDTH, stack, total);
        for (size_t j = 0; j < WIDTH; j++) {
            double expected = (double)(j + 1);
            if (blocks > 0)
                expected += tree_sum(parts[j], blocks);
            ck_assert_mem_eq(&total[j], &expected, sizeof expected);
        }
    }
}
END_TEST

START_TEST(blocks_do_not_move)
{
    ck_assert_uint_eq(LF_BLOCK_ROWS, 4096);
    ck_assert_uint_eq(lf_blocks(0), 0);
    ck_assert_uint_eq(lf_blocks(4096), 1);
    ck_assert_uint_eq(lf_blocks(4097), 2);
    ck_assert_uint_eq(lf_blocks(SIZE_MAX), SIZE_MAX / 4096 + 1);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("contract");
    TCase *tests = tcase_create("contract");
    tcase_add_test(tests, forward_rows_stand_alone);
    tcase_add_test(tests, no_bias);
    tcase_add_test(tests, one_pass_equals_its_pieces);
    tcase_add_test(tests, parts_form_one_tree);
    tcase_add_test(tests, blocks_do_not_move);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
