/* SPDX-License-Identifier: MIT */
/* What kernels.h promises of how kernels fit together: rows that stand alone, one pass and its
 * pieces, blocks and their tree. */
#include "support.h"

#include <fenv.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

/* A block for the one pass; PASS_ELEMENTS hold its x, and its outputs. */
enum { PASS_ELEMENTS = 24000, PASS_IN = 40, PASS_OUT = 300, PASS_WIDTH = PASS_OUT * 41 + 1 };

struct pass {
    enum lf_loss_kind kind;
    size_t rows, in, out, row_stride, col_stride;
    int column_major, no_bias, row_weights;
};

/* The table of special values in kernels.h: at NaN, -inf, -0.0, 0.0, inf. */
#define LN_2 0x1.62e42fefa39efp-1
static const double special_activations[7][5] = {
    [LF_RELU] = {NAN, 0, -0.0, 0, INFINITY},
    [LF_TANH] = {NAN, -1, -0.0, 0, 1},
    [LF_SIGMOID] = {NAN, 0, 0.5, 0.5, 1},
    [LF_SOFTPLUS] = {NAN, 0, LN_2, LN_2, INFINITY},
    [LF_GELU] = {NAN, NAN, -0.0, 0, INFINITY},
    [LF_EXP] = {NAN, 0, 1, 1, INFINITY},
    [LF_LOG] = {NAN, NAN, -INFINITY, -INFINITY, INFINITY},
};

#define REAL float
#define DTYPE LF_F32
#define TYPED(name) name##_f32
#define TYPED_FIELD f32
#include "contract.inl.h"
#undef REAL
#undef DTYPE
#undef TYPED
#undef TYPED_FIELD

#define REAL double
#define DTYPE LF_F64
#define TYPED(name) name##_f64
#define TYPED_FIELD f64
#include "contract.inl.h"

/* A row's result does not depend on the batch it sits in. */
START_TEST(forward_rows_stand_alone)
{
    enum { ROWS = 70, IN = 70, OUT = 20 };
    static float x[ROWS * IN], w[OUT * IN], b[OUT], all[ROWS * OUT], some[ROWS * OUT];
    static double x64[ROWS * IN], w64[OUT * IN], b64[OUT], all64[ROWS * OUT], some64[ROWS * OUT];
    static const size_t batches[] = {1, 7, 32};
    struct test_rng rng = test_rng(2000);
    fill_f32(ROWS * IN, &rng, x);
    fill_f32(OUT * IN, &rng, w);
    fill_f32(OUT, &rng, b);
    fill_f64(ROWS * IN, &rng, x64);
    fill_f64(OUT * IN, &rng, w64);
    fill_f64(OUT, &rng, b64);
    for (size_t in = 1; in <= IN; in++)
        for (size_t out = 1; out <= OUT; out++) {
            tested->f32.affine(ROWS, in, out, x, in, 1, w, b, all);
            tested->f64.affine(ROWS, in, out, x64, in, 1, w64, b64, all64);
            size_t batch = batches[(in + out) % 3];
            for (size_t r = 0; r < ROWS; r += batch) {
                size_t n = ROWS - r < batch ? ROWS - r : batch;
                tested->f32.affine(n, in, out, x + r * in, in, 1, w, b, some + r * out);
                tested->f64.affine(n, in, out, x64 + r * in, in, 1, w64, b64, some64 + r * out);
            }
            ck_assert_mem_eq(all, some, ROWS * out * sizeof *all);
            ck_assert_mem_eq(all64, some64, ROWS * out * sizeof *all64);
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

/* The one-pass kernel has the bits of the separate ones: every loss, both types and layouts, and
 * shapes of all kinds. */
START_TEST(one_pass_equals_its_pieces)
{
    struct test_rng rng = test_rng(3000);
    for (int round = 0; round < 1500; round++) {
        struct pass p = {.kind = (enum lf_loss_kind)(round % 5)};
        size_t shape = test_below(&rng, 32), pad = test_below(&rng, 3);
        p.rows = test_below(&rng, shape == 0 ? LF_BLOCK_ROWS + 1 : shape < 8 ? 41 : 401);
        p.in = test_below(&rng, PASS_IN) + 1;
        p.out = shape == 1 ? 250 + test_below(&rng, 50) : shape % 2 ? 1 : test_below(&rng, 9) + 1;
        while (p.rows * (p.in + p.out + pad) > PASS_ELEMENTS)
            p.rows /= 2;
        p.column_major = test_below(&rng, 2) == 0;
        p.row_stride = p.column_major ? 1 : p.in + pad;
        p.col_stride = p.column_major ? p.rows + pad : 1;
        p.no_bias = test_below(&rng, 4) == 0;
        p.row_weights = test_below(&rng, 2) == 0;
        if (round / 5 % 2)
            check_one_pass_f32(&p, &rng);
        else
            check_one_pass_f64(&p, &rng);
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

/* Blocks may be summed anywhere and in any order; only parts_push wants them in theirs. */
enum { THREAD_BLOCKS = 11, THREAD_IN = 3, THREAD_WIDTH = THREAD_IN + 2 };
static double shared_x[THREAD_BLOCKS * LF_BLOCK_ROWS * THREAD_IN];
static double shared_target[THREAD_BLOCKS * LF_BLOCK_ROWS];
static double shared_parts[THREAD_BLOCKS][THREAD_WIDTH];

/* The blocks from *first on, every third of them, the last first. */
static void *sum_blocks(void *first)
{
    static const double w[THREAD_IN] = {0.5, -1, 2}, b[1] = {0.25};
    const struct lf_loss_f64 loss = {.kind = LF_HUBER_LOSS, .delta = 1, .scale = 1, .upstream = 1};
    for (size_t k = THREAD_BLOCKS; k-- > 0;) {
        size_t row = k * LF_BLOCK_ROWS, rows = k + 1 < THREAD_BLOCKS ? LF_BLOCK_ROWS : 1234;
        if (k % 3 == *(const size_t *)first % 3)
            tested->f64.affine_loss_part(&loss, rows, THREAD_IN, 1, shared_x + row * THREAD_IN,
                                         THREAD_IN, 1, w, b, shared_target + row, NULL,
                                         shared_parts[k]);
    }
    return NULL;
}

START_TEST(threads_and_order_of_blocks_change_nothing)
{
    struct test_rng rng = test_rng(6000);
    double totals[2][THREAD_WIDTH];
    fill_f64(THREAD_BLOCKS * LF_BLOCK_ROWS * THREAD_IN, &rng, shared_x);
    fill_f64(THREAD_BLOCKS * LF_BLOCK_ROWS, &rng, shared_target);
    for (int threaded = 0; threaded < 2; threaded++) {
        size_t first[3] = {0, 1, 2};
        pthread_t thread[3];
        memset(shared_parts, 0xff, sizeof shared_parts);
        for (int i = 0; i < 3; i++)
            if (threaded)
                ck_assert_int_eq(pthread_create(&thread[i], NULL, sum_blocks, &first[i]), 0);
            else
                sum_blocks(&first[i]);
        for (int i = 0; threaded && i < 3; i++)
            pthread_join(thread[i], NULL);
        double stack[8 * THREAD_WIDTH];
        ck_assert_uint_le(lf_part_slots(THREAD_BLOCKS), 8);
        for (size_t k = 0; k < THREAD_BLOCKS; k++) {
            memcpy(stack + lf_part_slot(k) * THREAD_WIDTH, shared_parts[k], sizeof shared_parts[k]);
            tested->f64.parts_push(k, THREAD_WIDTH, stack);
        }
        for (size_t j = 0; j < THREAD_WIDTH; j++)
            totals[threaded][j] = -0.0;
        tested->f64.parts_finish(THREAD_BLOCKS, THREAD_WIDTH, stack, totals[threaded]);
    }
    ck_assert_mem_eq(totals[0], totals[1], sizeof totals[0]);
}
END_TEST

START_TEST(special_values)
{
    check_special_activations_f32();
    check_special_activations_f64();
    check_slopes_at_nan_f32();
    check_slopes_at_nan_f64();
    check_special_losses_f32();
    check_special_losses_f64();
}
END_TEST

START_TEST(any_delta_has_the_same_bits)
{
    static const double deltas[] = {0.0, -0.0, 0.5, -0.5, INFINITY, -INFINITY, NAN, 0x1p-149};
    struct test_rng rng = test_rng(8000);
    for (size_t i = 0; i < sizeof deltas / sizeof deltas[0]; i++) {
        check_any_delta_f32((float)deltas[i], &rng);
        check_any_delta_f64(deltas[i], &rng);
    }
}
END_TEST

/* A row that holds a NaN or an infinity does not reach another one. */
START_TEST(rows_keep_their_nan)
{
    enum { ROWS = 40, IN = 20, OUT = 18 };
    double x[ROWS * IN], w[OUT * IN], clean[ROWS * OUT], y[ROWS * OUT];
    struct test_rng rng = test_rng(7000);
    fill_f64(ROWS * IN, &rng, x);
    fill_f64(OUT * IN, &rng, w);
    for (size_t out = 1; out <= OUT; out++)
        for (size_t bad = 0; bad < ROWS; bad++) {
            double kept = x[bad * IN + bad % IN];
            tested->f64.affine(ROWS, IN, out, x, IN, 1, w, NULL, clean);
            x[bad * IN + bad % IN] = bad % 2 ? NAN : INFINITY;
            tested->f64.affine(ROWS, IN, out, x, IN, 1, w, NULL, y);
            x[bad * IN + bad % IN] = kept;
            for (size_t i = 0; i < ROWS * out; i++)
                ck_assert(i / out == bad ? !isfinite(y[i]) : y[i] == clean[i]);
        }
}
END_TEST

/* The floating-point environment is never changed. */
START_TEST(environment_stays)
{
    float x[40] = {0.5f}, y[40];
    fenv_t before, after;
    memset(&before, 0, sizeof before);
    memset(&after, 0, sizeof after);
    feclearexcept(FE_ALL_EXCEPT);
    fegetenv(&before);
    for (int kind = LF_RELU; kind <= LF_EXP; kind++)
        tested->f32.activation((enum lf_activation)kind, 40, x, y);
    feclearexcept(FE_ALL_EXCEPT);
    fegetenv(&after);
    ck_assert_mem_eq(&before, &after, sizeof before);
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
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, forward_rows_stand_alone);
    tcase_add_test(tests, no_bias);
    tcase_add_test(tests, one_pass_equals_its_pieces);
    tcase_add_test(tests, parts_form_one_tree);
    tcase_add_test(tests, threads_and_order_of_blocks_change_nothing);
    tcase_add_test(tests, special_values);
    tcase_add_test(tests, any_delta_has_the_same_bits);
    tcase_add_test(tests, rows_keep_their_nan);
    tcase_add_test(tests, environment_stays);
    tcase_add_test(tests, blocks_do_not_move);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
