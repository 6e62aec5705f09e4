/* SPDX-License-Identifier: MIT */
/* Statistics of blocks: the errors that the header states, against sums and solutions in quadruple
 * precision, and NIST's sets. */
#include "nist.inl.h"
#include "statistics.inl.h"

/* What long double is on Arm, and software on x86. */
#ifdef __SIZEOF_FLOAT128__
typedef __float128 quad;
#else
typedef long double quad;
#endif

/* ---- The error ---------------------------------------------------------------------------- */

/* The solution for rows of `factor` weight, 0 for those left out, about the origin, and what the
 * header says of its error: s over `part` of the rows besides. */
static void solve_exactly(const struct lf_lsq_options *o, const double *origin, const int *times,
                          quad *b, double *bound)
{
    const size_t first = o->no_intercept ? 0 : 1, n = in + first;
    static quad g[MOST_PARAMS][2 * MOST_PARAMS + 1];
    quad s[MOST_PARAMS + 1] = {0}, c = 0, sum;
    memset(g, 0, sizeof g);
    for (size_t r = 0; r < ROWS; r++) {
        quad row[MOST_PARAMS + 1] = {1};
        for (size_t i = 0; i < in; i++)
            row[first + i] = (quad)x[r * in + i] - (quad)origin[i];
        row[n] = (quad)y[r] - (quad)origin[in];
        for (size_t j = 0; j <= n; j++) {
            /* Added once, or added and removed: twice in s, and not in g. */
            s[j] += (quad)weight[r] * row[j] * row[j] * (times[r] ? 1 : 2);
            for (size_t k = 0; j < n && k <= n && times[r]; k++)
                g[j][k == n ? 2 * n : k] += (quad)weight[r] * row[j] * row[k];
        }
    }
    for (size_t j = 0; j < n; j++) {
        g[j][j] += j < first ? 0 : (quad)o->ridge;
        g[j][n + j] = 1;
    }
    for (size_t k = 0; k < n; k++)
        for (size_t j = 0; j < n; j++) {
            const quad factor = g[j][k] / g[k][k];
            for (size_t i = k; j != k && i <= 2 * n; i++)
                g[j][i] -= factor * g[k][i];
        }
    sum = (quad)sqrt((double)s[n]);
    for (size_t k = 0; k < n; k++) {
        b[k] = g[k][2 * n] / g[k][k];
        c += (quad)sqrt((double)s[k]) * (quad)sqrt((double)(g[k][n + k] / g[k][k]));
        sum += (quad)sqrt((double)s[k]) * (quad)fabs((double)b[k]);
    }
    for (size_t k = 0; k < n; k++)
        bound[k] = 0x1p-91 * (double)(c * (quad)sqrt((double)(g[k][n + k] / g[k][k])) * sum);
    for (size_t i = 0; first && i < in; i++) {
        b[0] -= b[i + 1] * (quad)origin[i];
        bound[0] += bound[i + 1] * fabs(origin[i]);
    }
    b[0] += first ? (quad)origin[in] : 0;
}

/* The oracle is off by a 2^-21 of the bound, and the last rounding adds 2^-53. */
static void check_error(const struct lf_statistics *s, const struct lf_lsq_options *o,
                        const double *origin, const int *times)
{
    quad b[MOST_PARAMS];
    double bound[MOST_PARAMS], worst = 0;
    const struct answer a = solve(s, o->ridge);
    solve_exactly(o, origin, times, b, bound);
    ck_assert_int_eq(a.r.status, LF_FIT_OK);
    for (size_t j = 0; j < lf_lsq_params(in, o); j++) {
        const double exact = (double)b[j], error = fabs((double)((quad)a.b[j] - b[j]));
        ck_assert_msg(error <= 1.01 * bound[j] + 0x1p-52 * fabs(exact),
                      "%.17g is not %.17g: off by %g of %g, condition %g", a.b[j], exact, error,
                      bound[j], a.r.condition);
        worst = fmax(worst, error / fabs(exact));
    }
    ck_assert_msg(worst <= pow(10, -a.r.digits), "%g digits, and off by %g", a.r.digits, worst);
}

START_TEST(test_error)
{
    struct test_rng rng = test_rng((uint64_t)_i);
    static const double nowhere[MOST_IN + 1];
    static int times[ROWS];
    for (size_t r = 0; r < ROWS; r++)
        times[r] = 1;
    for (int trial = 0; trial < 10; trial++) {
        struct lf_lsq_options o = {.no_intercept = (int)test_below(&rng, 2)};
        const int moved = !o.no_intercept && test_below(&rng, 2);
        const int far = moved && test_below(&rng, 2);
        draw(&rng, ldexp(1, -(int)test_below(&rng, 25)), far ? 1e9 : 2);
        for (size_t i = 0; !far && i <= in; i++)
            about[i] /= 3; /* what is left of a value has more bits than a double */
        struct lf_statistics *s = create(&o, moved ? about : NULL);
        add_all(s, ROWS);
        o.ridge = test_below(&rng, 3) ? 0 : 0.5;
        check_error(s, &o, moved ? about : nowhere, times);
        lf_statistics_destroy(s);
    }
}
END_TEST

/* Rows that are larger by far than what remains. */
START_TEST(test_removal)
{
    struct test_rng rng = test_rng((uint64_t)_i + 50);
    const struct lf_lsq_options o = {0};
    static const double nowhere[MOST_IN + 1];
    static int times[ROWS];
    draw(&rng, 0.5, 1);
    for (size_t r = 0; r < ROWS; r++) {
        times[r] = r / BLOCK % 3 > 0;
        for (size_t i = 0; !times[r] && i < in; i++)
            x[r * in + i] *= ldexp(1, 12 * _i);
    }
    struct lf_statistics *s = create(&o, NULL);
    add_all(s, ROWS);
    size_t used = 0;
    for (size_t r = 0; r < ROWS; r++)
        used += times[r] && weight[r] > 0;
    for (size_t r = 0, block = 0; r < ROWS; r += BLOCK / 2) {
        const struct lf_data data = rows_at(r, BLOCK / 2 < ROWS - r ? BLOCK / 2 : ROWS - r);
        if (!times[r])
            ck_assert_int_eq(lf_statistics_remove(s, block++, &data), LF_OK);
    }
    ck_assert_uint_eq(solve(s, 0).r.rows_used, used);
    check_error(s, &o, nowhere, times);
    lf_statistics_destroy(s);
}
END_TEST

/* Without a second pass; taken about 0, and about the middle. */
static const struct {
    const char *name;
    struct lf_lsq_options options;
    double origin[8], digits, se_digits;
} sets[] = {{"Norris", {0}, {0}, 13.97, 13.9},
            {"NoInt1", {.no_intercept = 1}, {0}, 14.6, 15},
            {"Longley", {0}, {0}, 14.5, 15},
            {"Longley", {0}, {100, 4e5, 3000, 3000, 117000, 1955, 65000}, 14.5, 15},
            {"Filip", {.degree = 10}, {0}, 14.4, 15},
            {"Filip", {.degree = 10}, {-6, 0.85}, 14.2, 15},
            {"Wampler1", {.degree = 5}, {0}, 15, 15},
            {"Wampler1", {.degree = 5}, {10}, 15, 15},
            {"Wampler2", {.degree = 5}, {10}, 13.1, 14.5},
            {"Wampler3", {.degree = 5}, {10}, 15, 15}};

START_TEST(test_nist)
{
    const char *name = sets[_i].name;
    size_t rows;
    read_set(name, &rows, &in, x, y);
    struct lf_statistics *s =
        create(&sets[_i].options, sets[_i].options.no_intercept ? NULL : sets[_i].origin);
    const struct lf_data data = lf_data_f64(rows, in, x, 1, y);
    ck_assert_int_eq(lf_statistics_add(s, 5, &data), LF_OK);
    const struct answer a = solve(s, 0);
    ck_assert_int_eq(a.r.status, LF_FIT_OK);
    const double digits = fewest_digits(name, "coef", a.b), se = fewest_digits(name, "se", a.se);
    ck_assert_msg(digits >= sets[_i].digits, "%s: %.2f digits", name, digits);
    ck_assert_msg(se >= sets[_i].se_digits, "%s: %.2f digits of the errors", name, se);
    lf_statistics_destroy(s);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("statistics_error");
    TCase *tests = tcase_create("statistics_error");
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, test_error, 0, 4);
    tcase_add_loop_test(tests, test_removal, 0, 4);
    tcase_add_loop_test(tests, test_nist, 0, (int)(sizeof sets / sizeof sets[0]));
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
