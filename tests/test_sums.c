/* SPDX-License-Identifier: MIT */
/* Sums over several blocks of elements: the bits of the contract in kernels.h, from a plain reading
 * of it. */
#include "support.h"

#include <math.h>

enum { MOST = 11 * LF_BLOCK_ROWS + 5, MOST_LANES = 64 };

/* Around a block, and block counts of every kind: powers of two, odd ones, one row in the last. */
static const size_t sizes[] = {1,
                               63,
                               64,
                               65,
                               LF_BLOCK_ROWS - 1,
                               LF_BLOCK_ROWS,
                               LF_BLOCK_ROWS + 1,
                               2 * LF_BLOCK_ROWS,
                               3 * LF_BLOCK_ROWS + 17,
                               4 * LF_BLOCK_ROWS,
                               7 * LF_BLOCK_ROWS - 1,
                               MOST};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static float x32[MOST], g32[MOST];
static double x64[MOST], g64[MOST];

/* ---- The contract -------------------------------------------------------------------------- */

/* A sum of two numbers of the type has one rounding more in double, which changes nothing. */
static double rounded(enum lf_dtype dtype, double x)
{
    return dtype == LF_F32 ? (double)(float)x : x;
}

/* One block: element i goes to lane i mod 4 V, lanes are added by halving. */
static double block_sum(enum lf_dtype dtype, size_t n, const double *x)
{
    const size_t lanes = 4 * 64 / element_size(dtype);
    double lane[MOST_LANES];
    for (size_t i = 0; i < lanes; i++)
        lane[i] = -0.0;
    for (size_t i = 0; i < n; i++)
        lane[i % lanes] = rounded(dtype, lane[i % lanes] + x[i]);
    for (size_t half = lanes / 2; half > 0; half /= 2)
        for (size_t i = 0; i < half; i++)
            lane[i] = rounded(dtype, lane[i] + lane[i + half]);
    return lane[0];
}

/* Blocks in a tree that splits at the largest power of two below their number. */
static double contract_sum(enum lf_dtype dtype, size_t n, const double *x)
{
    size_t half = LF_BLOCK_ROWS;
    if (n <= LF_BLOCK_ROWS)
        return block_sum(dtype, n, x);
    while (half * 2 < n)
        half *= 2;
    return rounded(dtype, contract_sum(dtype, half, x) + contract_sum(dtype, n - half, x + half));
}

/* ---- What is summed ------------------------------------------------------------------------ */

/* Numbers of all magnitudes, so that no two orders of a sum are likely to agree. */
static void fill(uint64_t stream, enum lf_dtype dtype, double *wide, float *narrow)
{
    struct test_rng rng = test_rng(stream);
    for (size_t i = 0; i < MOST; i++) {
        wide[i] = rounded(dtype, ldexp(test_uniform(&rng, -1, 1), (int)test_below(&rng, 8)));
        narrow[i] = (float)wide[i];
    }
}

static struct lf_tensor *input(struct lf_tape *tape, enum lf_dtype dtype, size_t rows, size_t cols,
                               const double *wide, const float *narrow)
{
    return dtype == LF_F64 ? lf_input(tape, rows, cols, wide) : lf_input(tape, rows, cols, narrow);
}

static void check_bits(enum lf_dtype dtype, const char *what, size_t n, double found,
                       double expected)
{
    size_t first;
    ck_assert_msg(same_bits(LF_F64, 1, &found, &expected, &first),
                  "%s, %s of %zu: %.17g, not %.17g", dtype_name(dtype), what, n, found, expected);
}

/* lf_sum, lf_mean, and the gradient of one element that was repeated to n. */
START_TEST(sums_have_the_bits_of_the_contract)
{
    const enum lf_dtype dtype = _i ? LF_F64 : LF_F32;
    struct lf_model *model;
    struct lf_parameter p;
    struct lf_tape *tape;
    ck_assert_int_eq(lf_model_create(&model, tested, dtype), LF_OK);
    ck_assert_int_eq(lf_model_add_parameter(model, "p", 1, 1, &p), LF_OK);
    ck_assert_int_eq(lf_tape_create(&tape, model), LF_OK);
    fill(1, dtype, x64, x32);
    fill(2, dtype, g64, g32);
    for (size_t k = 0; k < SIZES; k++) {
        const size_t n = sizes[k], rows = k % 2 ? n : 1, cols = k % 2 ? 1 : n;
        const double sum = contract_sum(dtype, n, x64);
        lf_tape_reset(tape);
        lf_model_zero_grad(model);
        struct lf_tensor *x = input(tape, dtype, rows, cols, x64, x32);
        check_bits(dtype, "sum", n, lf_item(lf_sum(x)), sum);
        check_bits(dtype, "mean", n, lf_item(lf_mean(x)), rounded(dtype, sum / (double)n));
        struct lf_tensor *y = lf_add(x, lf_parameter_tensor(tape, &p));
        ck_assert_int_eq(lf_backward_from(tape, y, input(tape, dtype, rows, cols, g64, g32)),
                         LF_OK);
        check_bits(dtype, "gradient", n, element(dtype, lf_parameter_grad(&p), 0),
                   contract_sum(dtype, n, g64));
    }
    lf_tape_destroy(tape);
    lf_model_destroy(model);
}
END_TEST

/* The norm of many gradients, within its bound of one in long double, and the gradients that are
 * left; the last of them count as the first do. */
START_TEST(norm_of_many_gradients)
{
    const enum lf_dtype dtype = _i ? LF_F64 : LF_F32;
    fill(3, dtype, g64, g32);
    for (size_t k = 0; k < SIZES; k++) {
        const size_t n = sizes[k];
        struct lf_model *model;
        struct lf_parameter p;
        long double square = 0;
        ck_assert_int_eq(lf_model_create(&model, tested, dtype), LF_OK);
        ck_assert_int_eq(lf_model_add_parameter(model, "p", n, 1, &p), LF_OK);
        for (size_t i = 0; i < n; i++) {
            if (dtype == LF_F64)
                ((double *)lf_parameter_grad(&p))[i] = g64[i];
            else
                ((float *)lf_parameter_grad(&p))[i] = g32[i];
            square += (long double)g64[i] * (long double)g64[i];
        }
        const double norm = (double)sqrtl(square), bound = ((double)n / 8 + 8) * 0x1p-53 * norm;
        ck_assert_double_eq_tol(lf_clip_grad_norm(model, 2 * norm + 1), norm, bound);
        for (size_t i = 0; i < n; i++) /* short enough as they are */
            ck_assert_double_eq(element(dtype, lf_parameter_grad(&p), i), g64[i]);
        double found = lf_clip_grad_norm(model, norm / 3);
        ck_assert_double_eq_tol(found, norm, bound);
        double factor = rounded(dtype, norm / 3 / (found + 1e-6));
        for (size_t i = 0; i < n; i++)
            ck_assert_double_eq(element(dtype, lf_parameter_grad(&p), i),
                                rounded(dtype, g64[i] * factor));
        lf_model_destroy(model);
    }
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("sums");
    TCase *tests = tcase_create("sums");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, sums_have_the_bits_of_the_contract, 0, 2);
    tcase_add_loop_test(tests, norm_of_many_gradients, 0, 2);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
