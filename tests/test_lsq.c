/* SPDX-License-Identifier: MIT */
/* The digits of least squares: NIST's sets, solutions in quadruple precision, and the statistics
 * that follow from them. */
#include "lsq_problem.inl.h"
#include "nist.inl.h"

#include "../src/lsq/student.h"

/* What long double is on Arm, and software on x86. */
#ifdef __SIZEOF_FLOAT128__
typedef __float128 quad;
#else
typedef long double quad;
#endif

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

/* ---- Student's t --------------------------------------------------------------------------- */

/* With one and two degrees of freedom the distribution has closed forms; with many it is nearly
 * the normal one. */
static double student_p(double t, double df)
{
    double p;
    lf_lsq_student_p(1, &t, &df, &p);
    return p;
}

START_TEST(test_student)
{
    for (double t = 0x1p-20; t < 1e6; t *= 1.7) {
        const double one = 2 / M_PI * atan(1 / t);
        const double root = sqrt(2 + t * t), two = 2 / (root * (root + t));
        ck_assert_double_eq_tol(student_p(t, 1) / one, 1, 1e-14);
        ck_assert_double_eq_tol(student_p(-t, 2) / two, 1, 1e-14);
        if (t < 6) /* they differ by (t + t^3) times the density / 2 df */
            ck_assert_double_eq_tol(student_p(t, 1e8) / erfc(t / sqrt(2)), 1,
                                    (t + t * t * t * t) * 1e-8 + 1e-13);
    }
    ck_assert_double_eq(student_p(0, 5), 1);
    ck_assert_double_eq(student_p(HUGE_VAL, 5), 0);
    ck_assert(isnan(student_p(NAN, 5)));
}
END_TEST

/* Many at once are those alone, whoever their neighbours are. */
START_TEST(test_students)
{
    enum { MOST = 13 };
    static const double odd[] = {0, -0.0, NAN, HUGE_VAL, -1e300, 1e-300};
    struct test_rng rng = test_rng(8);
    for (int trial = 0; trial < 300; trial++) {
        double t[MOST], df[MOST], p[MOST];
        const size_t n = test_below(&rng, MOST + 1);
        for (size_t i = 0; i < n; i++) {
            t[i] = test_below(&rng, 4) ? test_uniform(&rng, -8, 8) : odd[test_below(&rng, 6)];
            df[i] = (double)test_below(&rng, test_below(&rng, 2) ? 4 : 3000);
        }
        lf_lsq_student_p(n, t, df, p);
        for (size_t i = 0; i < n; i++) {
            const double alone = student_p(t[i], df[i]);
            ck_assert_msg(memcmp(&p[i], &alone, sizeof alone) == 0 || (isnan(p[i]) && isnan(alone)),
                          "%.17g is not %.17g of t %g, df %g", p[i], alone, t[i], df[i]);
            ck_assert(isnan(p[i]) == (isnan(t[i]) || df[i] == 0));
        }
    }
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
    tcase_add_test(fits, test_student);
    tcase_add_test(fits, test_students);
    suite_add_tcase(suite, fits);
    return run_suite(suite, argc, argv);
}
