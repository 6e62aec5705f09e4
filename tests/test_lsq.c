/* SPDX-License-Identifier: MIT */
/* Least squares: NIST's sets, solutions in quadruple precision, statuses, invariants. */
#include "nist.inl.h"

#include "../src/lsq/student.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 1200, MOST_PARAMS = 12 };

/* What long double is on Arm, and software on x86. */
#ifdef __SIZEOF_FLOAT128__
typedef __float128 quad;
#else
typedef long double quad;
#endif

struct problem {
    size_t rows, in;
    double x[MOST_ROWS * MOST_PARAMS], y[MOST_ROWS], weight[MOST_ROWS];
};

struct answer {
    double b[MOST_PARAMS], se[MOST_PARAMS], t[MOST_PARAMS], p[MOST_PARAMS];
    double covariance[MOST_PARAMS * MOST_PARAMS], residuals[MOST_ROWS], leverages[MOST_ROWS];
    unsigned char undetermined[MOST_PARAMS];
    struct lf_lsq_result r;
};

static struct answer answer;
static struct problem problem;

static void fit_data(const struct lf_data *data, const struct lf_lsq_options *options)
{
    struct answer *a = &answer;
    memset(a, 0x5a, sizeof *a);
    a->r = (struct lf_lsq_result){.coefficients = a->b,
                                  .standard_errors = a->se,
                                  .t = a->t,
                                  .p = a->p,
                                  .covariance = a->covariance,
                                  .residuals = a->residuals,
                                  .leverages = a->leverages,
                                  .undetermined = a->undetermined};
    ck_assert_int_eq(lf_lsq_fit(data, options, &a->r), LF_OK);
}

static void fit_problem(const struct lf_lsq_options *options, int weighted)
{
    struct lf_data data = lf_data_f64(problem.rows, problem.in, problem.x, 1, problem.y);
    data.weight = weighted ? problem.weight : NULL;
    fit_data(&data, options);
}

/* ---- NIST --------------------------------------------------------------------------------- */

/* The exact solution for Norris's rows, rounded to double, is the set's to 13.98 digits. */
static const struct {
    const char *name;
    struct lf_lsq_options options;
    double digits, se_digits;
} sets[] = {{"Norris", {0}, 13.97, 12.5},
            {"NoInt1", {.no_intercept = 1}, 14.6, 12.5},
            {"Filip", {.degree = 10}, 13.0, 8.0},
            {"Longley", {0}, 14.5, 12.5},
            {"Wampler1", {.degree = 5}, 14.9, 12.5},
            {"Wampler2", {.degree = 5}, 13.1, 12.5},
            {"Wampler3", {.degree = 5}, 14.9, 12.5}};

START_TEST(test_nist)
{
    const char *name = sets[_i].name;
    read_set(name, &problem.rows, &problem.in, problem.x, problem.y);
    fit_problem(&sets[_i].options, 0);
    ck_assert_int_eq(answer.r.status, LF_FIT_OK);
    const double digits = fewest_digits(name, "coef", answer.b);
    ck_assert_msg(digits >= sets[_i].digits, "%s: %.2f digits", name, digits);
    ck_assert_msg(fewest_digits(name, "se", answer.se) >= sets[_i].se_digits, "%s: se", name);
    ck_assert_msg(fewest_digits(name, "r_squared", &answer.r.r_squared) >= 13, "%s: R2", name);
    ck_assert_msg(fewest_digits(name, "residual_sd", &answer.r.residual_sd) >= 12.5, "%s: sd",
                  name);
}
END_TEST

/* The powers as rounded columns: what a matrix can hold of Filip. */
START_TEST(test_nist_matrix)
{
    static const struct {
        const char *name;
        size_t degree;
        double digits;
    } set[] = {
        {"Filip", 10, 7.6}, {"Wampler1", 5, 14.9}, {"Wampler2", 5, 13.1}, {"Wampler3", 5, 14.9}};
    read_set(set[_i].name, &problem.rows, &problem.in, problem.x, problem.y);
    static double powers[MOST_ROWS * MOST_PARAMS];
    for (size_t r = 0; r < problem.rows; r++) {
        long double power = 1;
        for (size_t k = 0; k < set[_i].degree; k++)
            powers[r * set[_i].degree + k] = (double)(power *= problem.x[r]);
    }
    const struct lf_data data = lf_data_f64(problem.rows, set[_i].degree, powers, 1, problem.y);
    fit_data(&data, NULL);
    const double digits = fewest_digits(set[_i].name, "coef", answer.b);
    ck_assert_msg(digits >= set[_i].digits, "%s: %.2f digits", set[_i].name, digits);
}
END_TEST

/* ---- Quadruple precision ------------------------------------------------------------------ */

/* The solution of the normal equations by Gauss-Jordan, of columns whose squares are near 1. */
static void solve_exactly(const struct lf_lsq_options *o, int weighted, double *solution)
{
    const size_t first = o->no_intercept ? 0 : 1, n = problem.in + first;
    static quad g[MOST_PARAMS][MOST_PARAMS + 1];
    memset(g, 0, sizeof g);
    for (size_t r = 0; r < problem.rows; r++) {
        quad row[MOST_PARAMS + 1] = {1};
        for (size_t i = 0; i < problem.in; i++)
            row[first + i] = (quad)problem.x[r * problem.in + i];
        row[n] = (quad)problem.y[r];
        for (size_t j = 0; j < n; j++)
            for (size_t k = 0; k <= n; k++)
                g[j][k] += (weighted ? (quad)problem.weight[r] : 1) * row[j] * row[k];
    }
    for (size_t j = first; j < n; j++)
        g[j][j] += (quad)o->ridge;
    for (size_t k = 0; k < n; k++)
        for (size_t j = 0; j < n; j++) {
            const quad factor = g[j][k] / g[k][k];
            for (size_t i = k; j != k && i <= n; i++)
                g[j][i] -= factor * g[k][i];
        }
    for (size_t k = 0; k < n; k++)
        solution[k] = (double)(g[k][n] / g[k][k]);
}

/* Columns that are the one before plus a share of something new. */
static void draw_problem(struct test_rng *rng, double share)
{
    problem.rows = 20 + test_below(rng, MOST_ROWS - 20);
    problem.in = 1 + test_below(rng, 6);
    for (size_t r = 0; r < problem.rows; r++) {
        for (size_t i = 0; i < problem.in; i++) {
            double *x = problem.x + r * problem.in + i;
            *x = test_uniform(rng, -1, 1);
            if (i > 0)
                *x = x[-1] + share * *x;
        }
        problem.y[r] = test_uniform(rng, -1, 1) + problem.x[r * problem.in];
        problem.weight[r] = test_below(rng, 8) ? test_uniform(rng, 0, 3) : 0;
    }
}

/* The oracle's own error is condition^2 2^-113 of its solution, and the last rounding adds 2^-53.
 */
START_TEST(test_random)
{
    struct test_rng rng = test_rng((uint64_t)_i);
    for (int trial = 0; trial < 40; trial++) {
        const double share = ldexp(1, -(int)test_below(&rng, 25));
        const struct lf_lsq_options o = {.no_intercept = (int)test_below(&rng, 2),
                                         .ridge = test_below(&rng, 3) ? 0 : 0.5};
        const int weighted = (int)test_below(&rng, 2);
        double exact[MOST_PARAMS];
        draw_problem(&rng, share);
        fit_problem(&o, weighted);
        solve_exactly(&o, weighted, exact);
        ck_assert_int_eq(answer.r.status, LF_FIT_OK);
        const double condition = answer.r.condition, bound = condition * condition * 0x1p-104;
        double largest = 0;
        for (size_t j = 0; j < lf_lsq_params(problem.in, &o); j++)
            largest = fmax(largest, fabs(exact[j]));
        double worst = 0x1p-53;
        for (size_t j = 0; j < lf_lsq_params(problem.in, &o); j++) {
            const double error = fabs(answer.b[j] - exact[j]);
            worst = fmax(worst, error / fabs(exact[j]));
            ck_assert_msg(error <= 0x1p-52 * fabs(exact[j]) + bound * largest,
                          "trial %d: %.17g is not %.17g, condition %g", trial, answer.b[j],
                          exact[j], condition);
        }
        ck_assert_msg(answer.r.digits <= 1 - log10(worst), "trial %d: %g digits, not %g", trial,
                      answer.r.digits, -log10(worst));
    }
}
END_TEST

/* Residuals, leverages, covariance and R2 follow from each other. */
START_TEST(test_statistics)
{
    struct test_rng rng = test_rng(77);
    const struct lf_lsq_options o = {0};
    draw_problem(&rng, 1);
    fit_problem(&o, 1);
    const size_t n = lf_lsq_params(problem.in, &o);
    long double rss = 0, leverage = 0, mean = 0, mass = 0, total = 0;
    size_t used = 0;
    for (size_t r = 0; r < problem.rows; r++) {
        const long double w = problem.weight[r];
        mean += w * problem.y[r];
        mass += w;
        if (w == 0) {
            ck_assert(isnan(answer.residuals[r]) && isnan(answer.leverages[r]));
            continue;
        }
        long double fitted = answer.b[0];
        for (size_t i = 0; i < problem.in; i++)
            fitted += (long double)answer.b[i + 1] * problem.x[r * problem.in + i];
        ck_assert_double_eq_tol(answer.residuals[r], (double)(problem.y[r] - fitted), 1e-14);
        rss += w * answer.residuals[r] * answer.residuals[r];
        leverage += answer.leverages[r];
        used++;
    }
    mean /= mass;
    for (size_t r = 0; r < problem.rows; r++)
        total += problem.weight[r] * (problem.y[r] - mean) * (problem.y[r] - mean);
    const double df = (double)(used - n);
    ck_assert_uint_eq(answer.r.rows_used, used);
    ck_assert_double_eq_tol((double)leverage, (double)n, 1e-12);
    ck_assert_double_eq_tol(answer.r.residual_sd, sqrt((double)rss / df), 1e-14);
    ck_assert_double_eq_tol(answer.r.r_squared, (double)(1 - rss / total), 1e-14);
    ck_assert_double_eq_tol(answer.r.adjusted_r_squared,
                            1 - (double)(rss / total) * (double)(used - 1) / df, 1e-14);
    for (size_t j = 0; j < n; j++) {
        ck_assert_double_eq_tol(answer.covariance[j * n + j], answer.se[j] * answer.se[j], 1e-15);
        ck_assert_double_eq_tol(answer.t[j] * answer.se[j], answer.b[j], 1e-14);
    }
}
END_TEST

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

/* With one and two degrees of freedom the distribution has closed forms; with many it is nearly
 * the normal one. */
START_TEST(test_student)
{
    for (double t = 0x1p-20; t < 1e6; t *= 1.7) {
        const double one = 2 / M_PI * atan(1 / t);
        const double root = sqrt(2 + t * t), two = 2 / (root * (root + t));
        ck_assert_double_eq_tol(lf_lsq_student_p(t, 1) / one, 1, 1e-14);
        ck_assert_double_eq_tol(lf_lsq_student_p(-t, 2) / two, 1, 1e-14);
        if (t < 6) /* they differ by (t + t^3) times the density / 2 df */
            ck_assert_double_eq_tol(lf_lsq_student_p(t, 1e8) / erfc(t / sqrt(2)), 1,
                                    (t + t * t * t * t) * 1e-8 + 1e-13);
    }
    ck_assert_double_eq(lf_lsq_student_p(0, 5), 1);
    ck_assert_double_eq(lf_lsq_student_p(HUGE_VAL, 5), 0);
    ck_assert(isnan(lf_lsq_student_p(NAN, 5)));
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("lsq");
    TCase *fits = tcase_create("fits");
    tcase_set_timeout(fits, 300);
    tcase_add_loop_test(fits, test_nist, 0, (int)(sizeof sets / sizeof sets[0]));
    tcase_add_loop_test(fits, test_nist_matrix, 0, 4);
    tcase_add_loop_test(fits, test_random, 0, 4);
    tcase_add_test(fits, test_statistics);
    tcase_add_test(fits, test_scaling);
    tcase_add_test(fits, test_layouts);
    tcase_add_test(fits, test_weight_column);
    tcase_add_test(fits, test_statuses);
    tcase_add_test(fits, test_missing);
    tcase_add_test(fits, test_invalid);
    tcase_add_test(fits, test_student);
    suite_add_tcase(suite, fits);
    return run_suite(suite, argc, argv);
}
