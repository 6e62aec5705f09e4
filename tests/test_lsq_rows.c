/* SPDX-License-Identifier: MIT */
/* Least squares of rows in other scales and layouts, with weights, with gaps, and of rows that
 * determine nothing. */
#include "lsq_problem.inl.h"

/* ---- Invariants --------------------------------------------------------------------------- */

START_TEST(test_scaling)
{
    static const int exponents[] = {-300, -17, 1, 300};
    struct test_rng rng = test_rng(5);
    double b[MOST_PARAMS];
    draw_problem(&rng, 0.25);
    fit_problem(NULL, 0);
    memcpy(b, answer.b, sizeof b);
    for (size_t e = 0; e < sizeof exponents / sizeof exponents[0]; e++) {
        const struct problem before = problem;
        for (size_t r = 0; r < problem.rows; r++)
            problem.x[r * problem.in] = ldexp(problem.x[r * problem.in], exponents[e]);
        fit_problem(NULL, 0);
        answer.b[1] = ldexp(answer.b[1], exponents[e]);
        ck_assert_mem_eq(answer.b, b, (problem.in + 1) * sizeof *b);
        problem = before;
    }
}
END_TEST

static size_t stream_at;
static int seek_row(void *context, size_t row)
{
    stream_at = row;
    return context != NULL;
}

static int read_rows(void *context, size_t rows, void *x, void *y)
{
    memcpy(x, problem.x + stream_at * problem.in, rows * problem.in * sizeof(double));
    memcpy(y, problem.y + stream_at, rows * sizeof(double));
    stream_at += rows;
    return context != NULL;
}

START_TEST(test_layouts)
{
    struct test_rng rng = test_rng(6);
    static double columns[MOST_ROWS * MOST_PARAMS];
    double b[MOST_PARAMS];
    draw_problem(&rng, 0.5);
    fit_problem(NULL, 0);
    memcpy(b, answer.b, sizeof b);
    const struct lf_stream stream = {seek_row, read_rows, b}, broken = {seek_row, read_rows, NULL};
    struct lf_data data = lf_data_stream(LF_F64, problem.rows, problem.in, 1, &stream);
    fit_data(&data, NULL);
    ck_assert_mem_eq(answer.b, b, (problem.in + 1) * sizeof *b);
    data.stream = &broken;
    ck_assert_int_eq(lf_lsq_fit(&data, NULL, &answer.r), LF_IO);
    for (size_t r = 0; r < problem.rows; r++)
        for (size_t i = 0; i < problem.in; i++)
            columns[i * problem.rows + r] = problem.x[r * problem.in + i];
    data = lf_data_f64(problem.rows, problem.in, columns, 1, problem.y);
    data.x_row_stride = 1;
    data.x_col_stride = problem.rows;
    fit_data(&data, NULL);
    ck_assert_mem_eq(answer.b, b, (problem.in + 1) * sizeof *b);
}
END_TEST

static int read_weighted_rows(void *context, size_t rows, void *x, void *y)
{
    double *to = x;
    for (size_t r = 0; r < rows; r++, to += problem.in + 1) {
        memcpy(to, problem.x + (stream_at + r) * problem.in, problem.in * sizeof *to);
        to[problem.in] = problem.weight[stream_at + r];
    }
    memcpy(y, problem.y + stream_at, rows * sizeof(double));
    stream_at += rows;
    return context != NULL;
}

/* Weights that come as a column beside the features, of a stream and of rows in memory. */
START_TEST(test_weight_column)
{
    struct test_rng rng = test_rng(7);
    static double wide[MOST_ROWS * (MOST_PARAMS + 1)];
    double b[MOST_PARAMS];
    const struct lf_lsq_options weighted = {.weight_is_last = 1};
    draw_problem(&rng, 0.5);
    problem.weight[3] = NAN;
    fit_problem(NULL, 1);
    memcpy(b, answer.b, sizeof b);
    const size_t params = problem.in + 1, used = answer.r.rows_used;
    const struct lf_stream stream = {seek_row, read_weighted_rows, b};
    struct lf_data data = lf_data_stream(LF_F64, problem.rows, problem.in + 1, 1, &stream);
    ck_assert_uint_eq(lf_lsq_params(data.in, &weighted), params);
    fit_data(&data, &weighted);
    ck_assert_mem_eq(answer.b, b, params * sizeof *b);
    ck_assert_uint_eq(answer.r.rows_used, used);
    ck_assert_uint_eq(answer.r.rows_dropped, 1);
    stream_at = 0;
    read_weighted_rows(b, problem.rows, wide, answer.residuals);
    data = lf_data_f64(problem.rows, problem.in + 1, wide, 1, problem.y);
    fit_data(&data, &weighted);
    ck_assert_mem_eq(answer.b, b, params * sizeof *b);
    data.weight = problem.weight;
    ck_assert_int_eq(lf_lsq_fit(&data, &weighted, &answer.r), LF_INVALID);
    ck_assert_uint_eq(lf_lsq_params(0, &weighted), 0);
}
END_TEST

/* ---- What can go wrong -------------------------------------------------------------------- */

static void line_problem(size_t rows, size_t in)
{
    problem.rows = rows;
    problem.in = in;
    for (size_t r = 0; r < rows; r++) {
        problem.y[r] = (double)(r * r % 7);
        for (size_t i = 0; i < in; i++)
            problem.x[r * in + i] = i == 0 ? (double)r : (double)(r * r * (i + 3) % 11);
    }
}

START_TEST(test_statuses)
{
    line_problem(2, 2);
    fit_problem(NULL, 0);
    ck_assert_int_eq(answer.r.status, LF_FIT_TOO_FEW_ROWS);
    ck_assert(isnan(answer.b[0]) && isnan(answer.r.r_squared));
    line_problem(9, 2);
    for (size_t r = 0; r < 9; r++)
        problem.x[r * 2 + 1] = 0.1;
    fit_problem(NULL, 0);
    ck_assert_int_eq(answer.r.status, LF_FIT_CONSTANT_COLUMN);
    ck_assert(!answer.undetermined[0] && !answer.undetermined[1] && answer.undetermined[2]);
    line_problem(9, 3);
    for (size_t r = 0; r < 9; r++)
        problem.x[r * 3 + 2] = 0.1 * problem.x[r * 3] + 0.7 * problem.x[r * 3 + 1] + 1e3;
    fit_problem(NULL, 0);
    ck_assert_int_eq(answer.r.status, LF_FIT_RANK_DEFICIENT);
    ck_assert(answer.undetermined[3] && answer.r.rank == 3);
    ck_assert(isnan(answer.b[0]) && isnan(answer.se[3]) && isnan(answer.residuals[0]));
    line_problem(9, 2);
    problem.x[7] = HUGE_VAL;
    fit_problem(NULL, 0);
    ck_assert_int_eq(answer.r.status, LF_FIT_NON_FINITE);
    line_problem(9, 1);
    for (size_t r = 0; r < 9; r++) {
        problem.x[r] *= 1e-300;
        problem.y[r] *= 1e300;
    }
    fit_problem(NULL, 0);
    ck_assert_int_eq(answer.r.status, LF_FIT_NON_FINITE);
    ck_assert(isnan(answer.b[0]) && isnan(answer.b[1]) && isnan(answer.r.condition));
    line_problem(3, 2);
    fit_problem(NULL, 0);
    ck_assert_int_eq(answer.r.status, LF_FIT_OK);
    ck_assert(isnan(answer.se[0]) && isnan(answer.r.residual_sd) && !isnan(answer.b[0]));
}
END_TEST

/* Rows that lack something leave no trace. */
START_TEST(test_missing)
{
    double b[MOST_PARAMS];
    line_problem(40, 2);
    fit_problem(NULL, 0);
    memcpy(b, answer.b, sizeof b);
    problem.rows = 43;
    for (size_t r = 0; r < 43; r++)
        problem.weight[r] = r < 40 || r == 42;
    for (size_t r = 40; r < 43; r++) {
        problem.x[r * 2] = HUGE_VAL;
        problem.x[r * 2 + 1] = problem.y[r] = 1e300;
    }
    problem.y[42] = NAN;
    fit_problem(NULL, 1);
    ck_assert_int_eq(answer.r.status, LF_FIT_OK);
    ck_assert_mem_eq(answer.b, b, 3 * sizeof *b);
    ck_assert_uint_eq(answer.r.rows_used, 40);
    ck_assert_uint_eq(answer.r.rows_dropped, 1);
}
END_TEST

START_TEST(test_invalid)
{
    line_problem(9, 2);
    struct lf_data data = lf_data_f64(9, 2, problem.x, 1, problem.y);
    struct lf_lsq_result r = {0};
    const struct lf_lsq_options bad[] = {
        {.ridge = -1}, {.ridge = NAN}, {.degree = 2}, {.degree = 25}, {.ridge = HUGE_VAL}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_int_eq(lf_lsq_fit(&data, &bad[i], &r), LF_INVALID);
    ck_assert_int_eq(lf_lsq_fit(NULL, NULL, &r), LF_INVALID);
    ck_assert_int_eq(lf_lsq_fit(&data, NULL, NULL), LF_INVALID);
    for (size_t i = 0; i < 9; i++)
        problem.weight[i] = i == 4 ? -1 : 1;
    data.weight = problem.weight;
    ck_assert_int_eq(lf_lsq_fit(&data, NULL, &r), LF_INVALID);
    data.weight = NULL;
    data.out = 2;
    ck_assert_int_eq(lf_lsq_fit(&data, NULL, &r), LF_SHAPE);
    data = lf_data_f64(0, 2, NULL, 1, NULL);
    ck_assert_int_eq(lf_lsq_fit(&data, NULL, &r), LF_OK);
    ck_assert_int_eq(r.status, LF_FIT_TOO_FEW_ROWS);
    ck_assert_str_eq(lf_fit_status_string(r.status), "too few rows");
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("lsq_rows");
    TCase *fits = tcase_create("fits");
    tcase_set_timeout(fits, 300);
    tcase_add_test(fits, test_scaling);
    tcase_add_test(fits, test_layouts);
    tcase_add_test(fits, test_weight_column);
    tcase_add_test(fits, test_statuses);
    tcase_add_test(fits, test_missing);
    tcase_add_test(fits, test_invalid);
    suite_add_tcase(suite, fits);
    return run_suite(suite, argc, argv);
}
