/* SPDX-License-Identifier: MIT */
/* Fleets: every problem within the stated error of its solution in quadruple precision, with the
 * status and the counts of the single solver. test_fleet_bits.c has what must be the same bits. */
#include "fleet_check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void check_fleet(const struct fleet_spec *s, struct test_rng *rng)
{
    char name[160];
    struct test_fleet t = fleet_draw(s, rng);
    snprintf(name, sizeof name,
             "%s, in %zu + %zu, layout %d, shared x %d y %d, ragged %d, no intercept %d, weights "
             "%d, missing %u, ridge %d, hard %d",
             dtype_name(s->dtype), s->common_in, s->in, (int)s->layout, s->shares_x, s->shares_y,
             s->ragged, s->no_intercept, (int)s->weights, s->missing, (int)s->ridge, s->hard);
    struct fleet_outputs o = fleet_fit(&t.fleet, tested);
    for (size_t q = 0; q < s->problems; q++)
        fleet_check(&t.fleet, &o, q, name);
    fleet_outputs_free(&o);
    fleet_free(&t);
}

/* ---- Fleets ------------------------------------------------------------------------------- */

START_TEST(test_random)
{
    struct test_rng rng = test_rng(100 + (uint64_t)_i);
    fleet_counts = (struct fleet_counts){0};
    for (int trial = 0; trial < 40; trial++) {
        const struct fleet_spec s = fleet_draw_spec(&rng);
        check_fleet(&s, &rng);
    }
    /* Not all are hard. */
    ck_assert_uint_gt(fleet_counts.solved, fleet_counts.failed);
    ck_assert_uint_gt(fleet_counts.solved, 2 * fleet_counts.handed_over);
}
END_TEST

/* All combinations of what shares, what is missing, and what weighs. */
START_TEST(test_forms)
{
    struct test_rng rng = test_rng(200 + (uint64_t)_i);
    for (unsigned missing = 0; missing < 16; missing++)
        for (int k = 0; k < 6; k++) {
            struct fleet_spec s = fleet_form((size_t)_i / 2, (enum lf_dtype)(_i % 2));
            s.problems = 11;
            s.rows = 20;
            s.missing = missing;
            s.weights = (enum fleet_sharing)(k % 3);
            if (s.ragged && s.weights == FLEET_SHARED)
                s.weights = FLEET_NONE;
            s.no_intercept = k / 3;
            s.ridge = (enum fleet_ridge)((missing + (unsigned)k) % 3);
            s.layout = (enum fleet_layout)(missing % LAYOUTS);
            check_fleet(&s, &rng);
        }
}
END_TEST

/* Sizes at the ends: the most parameters, thousands of rows, blocks that are just full. */
START_TEST(test_sizes)
{
    static const struct fleet_spec sizes[] = {
        {.problems = 2, .rows = 90, .in = 63, .shares_x = 1},
        {.problems = 2, .rows = 70, .in = 64, .no_intercept = 1, .weights = FLEET_OWN},
        {.problems = 3, .rows = 64, .in = 63, .missing = MISSING_Y},
        {.problems = 2, .rows = 100, .in = 1, .common_in = 62, .shares_y = 1, .missing = MISSING_X},
        {.problems = 2, .rows = 80, .in = 20, .common_in = 20, .ridge = RIDGE_EACH},
        {.problems = 3, .rows = 5000, .in = 2, .shares_x = 1, .missing = MISSING_BITS},
        {.problems = 2, .rows = 4097, .in = 3, .weights = FLEET_OWN, .layout = LAYOUT_PROBLEMS},
        {.problems = 2, .rows = 4096, .in = 1, .common_in = 3, .shares_y = 1},
        {.problems = 9, .rows = 255, .in = 2},
        {.problems = 9, .rows = 256, .in = 2, .hard = 1},
        {.problems = 9, .rows = 257, .in = 2},
        {.problems = 5, .rows = 1025, .in = 1, .shares_x = 1, .hard = 1, .missing = MISSING_Y},
        {.problems = 40, .rows = 3, .in = 0},
        {.problems = 40, .rows = 1, .in = 0},
        {.problems = 40, .rows = 1, .in = 2, .ridge = RIDGE_FOR_ALL},
        {.problems = 40, .rows = 2, .in = 1},
        {.problems = 40, .rows = 3, .in = 2},
    };
    struct test_rng rng = test_rng(300 + (uint64_t)_i);
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        struct fleet_spec s = sizes[k];
        s.dtype = _i ? LF_F64 : LF_F32;
        check_fleet(&s, &rng);
    }
}
END_TEST

/* x is the one before plus a share of something new, down to 1e-9. */
START_TEST(test_conditions)
{
    struct test_rng rng = test_rng(400);
    enum { ROWS = 50, PROBLEMS = 5 };
    static double x[PROBLEMS][ROWS][2], y[PROBLEMS][ROWS];
    double share = 1;
    for (int power = 0; power <= 18; power++, share *= power % 2 ? 0.5 : 0.2)
        for (int no_intercept = 0; no_intercept < 2; no_intercept++) {
            for (size_t q = 0; q < PROBLEMS; q++)
                for (size_t r = 0; r < ROWS; r++) {
                    x[q][r][0] = test_uniform(&rng, -1, 1) + (q % 2 ? 100 : 0);
                    x[q][r][1] = x[q][r][0] + share * test_uniform(&rng, -1, 1);
                    y[q][r] = x[q][r][0] - x[q][r][1] / 3 + test_uniform(&rng, -1e-3, 1e-3);
                }
            const struct lf_fleet f = {.dtype = LF_F64,
                                       .problems = PROBLEMS,
                                       .rows = ROWS,
                                       .in = 2,
                                       .x = {x, 2, 1, 2 * ROWS, 0},
                                       .y = {y, 1, 0, ROWS, 0},
                                       .no_intercept = no_intercept};
            char name[64];
            snprintf(name, sizeof name, "share %g, no intercept %d", share, no_intercept);
            struct fleet_outputs o = fleet_fit(&f, tested);
            for (size_t q = 0; q < PROBLEMS; q++)
                fleet_check(&f, &o, q, name);
            fleet_outputs_free(&o);
        }
}
END_TEST

/* Seconds since 1970 as they come, an hour at 1 Hz: a slope of 1e-3 K/s is 1e-3. */
START_TEST(test_unix_times)
{
    enum { ROWS = 3600, PROBLEMS = 9 };
    static double x[ROWS], y[ROWS][PROBLEMS];
    for (size_t r = 0; r < ROWS; r++) {
        x[r] = 1.7e9 + (double)r;
        for (size_t q = 0; q < PROBLEMS; q++)
            y[r][q] = 288 + 0x1p-10 * (double)r + (double)q;
    }
    const struct lf_fleet f = {.dtype = LF_F64,
                               .problems = PROBLEMS,
                               .rows = ROWS,
                               .in = 1,
                               .x = {x, 1, 0, 0, 0},
                               .y = {y, PROBLEMS, 0, 1, 0}};
    struct fleet_outputs o = fleet_fit(&f, tested);
    for (size_t q = 0; q < PROBLEMS; q++) {
        ck_assert_double_eq_tol(o.result.coefficients[2 * q + 1], 0x1p-10, 1e-14);
        fleet_check(&f, &o, q, "Unix times");
    }
    fleet_outputs_free(&o);
}
END_TEST

/* ---- Statuses ----------------------------------------------------------------------------- */

/* Every status in one fleet, and rows that would change it but for their weight. */
START_TEST(test_statuses)
{
    enum { ROWS = 6, PROBLEMS = 8 };
    static const enum lf_fit_status expected[PROBLEMS] = {LF_FIT_OK,
                                                          LF_FIT_TOO_FEW_ROWS,
                                                          LF_FIT_CONSTANT_COLUMN,
                                                          LF_FIT_RANK_DEFICIENT,
                                                          LF_FIT_NON_FINITE,
                                                          LF_FIT_NON_FINITE,
                                                          LF_FIT_OK,
                                                          LF_FIT_OK};
    double x[PROBLEMS][ROWS][2], y[PROBLEMS][ROWS], weight[PROBLEMS][ROWS];
    for (size_t q = 0; q < PROBLEMS; q++)
        for (size_t r = 0; r < ROWS; r++) {
            x[q][r][0] = (double)r;
            x[q][r][1] = q == 2 ? 0.1 : q == 3 ? 3 + 7 * (double)r : (double)(r * r);
            y[q][r] = q == 1 && r > 1 ? (double)NAN : q == 7 ? 0.1 : (double)(r * r * r);
            weight[q][r] = q == 6 && r == 2 ? 0 : 1;
        }
    x[4][5][1] = HUGE_VAL;
    y[5][0] = -HUGE_VAL;
    x[6][2][0] = HUGE_VAL;
    struct lf_fleet f = {.dtype = LF_F64,
                         .problems = PROBLEMS,
                         .rows = ROWS,
                         .in = 2,
                         .x = {x, 2, 1, 2 * ROWS, 0},
                         .y = {y, 1, 0, ROWS, 0},
                         .weight = {weight, 1, 0, ROWS, 0}};
    struct fleet_outputs o = fleet_fit(&f, tested);
    for (size_t q = 0; q < PROBLEMS; q++) {
        ck_assert_int_eq(o.result.status[q], expected[q]);
        fleet_check(&f, &o, q, "statuses");
    }
    ck_assert_uint_eq(o.result.rows_used[6], ROWS - 1);
    ck_assert(isnan(o.result.r_squared[7]) && !isnan(o.result.coefficients[7 * 3]));
    fleet_outputs_free(&o);
    weight[4][5] = HUGE_VAL; /* infinite, and its x is as well */
    f.ridge = 1;
    o = fleet_fit(&f, tested);
    for (size_t q = 0; q < PROBLEMS; q++)
        ck_assert_int_eq(o.result.status[q], q == 4 || q == 5 ? LF_FIT_NON_FINITE : LF_FIT_OK);
    fleet_outputs_free(&o);
}
END_TEST

/* A ridge answers with fewer rows than parameters; what shared columns lose with the other rows
 * shows. */
START_TEST(test_ridge_of_few)
{
    enum { ROWS = 6 };
    const double x[ROWS][2] = {{0.3, 1}, {1.3, 2}, {1e8, 3}, {1.1e8, -1}, {0.9e8, 2}, {1.2e8, 0.5}};
    double y[2][ROWS];
    for (size_t r = 0; r < ROWS; r++) {
        y[0][r] = r < 2 ? 1 + (double)r : (double)NAN;
        y[1][r] = (double)(r * r);
    }
    struct lf_fleet f = {.dtype = LF_F64, .problems = 2, .rows = ROWS, .in = 2, .ridge = 1e-3};
    f.x = (struct lf_fleet_array){x, 2, 1, 0, 0};
    f.y = (struct lf_fleet_array){y, 1, 0, ROWS, 0};
    struct fleet_outputs o = fleet_fit(&f, tested);
    fleet_check(&f, &o, 0, "two rows");
    fleet_check(&f, &o, 1, "all rows");
    fleet_outputs_free(&o);
}
END_TEST

/* Times of which one is far off, and missing in some series: what is left of their squares is the
 * rounding of that one's. A first value that is far off, or a y that hardly varies, alike. */
START_TEST(test_what_is_lost)
{
    enum { ROWS = 40, PROBLEMS = 9 };
    static double x[ROWS][2], y[ROWS][PROBLEMS];
    struct test_rng rng = test_rng(500);
    for (size_t in = 1; in <= 2; in++)
        for (int exponent = 4; exponent <= 30; exponent += 13) {
            for (size_t r = 0; r < ROWS; r++) {
                x[r][0] = (double)r + test_uniform(&rng, -0.25, 0.25);
                x[r][1] = test_uniform(&rng, -1, 1);
                for (size_t q = 0; q < PROBLEMS; q++)
                    y[r][q] = 3 + x[r][0] / 7 + test_uniform(&rng, -1e-3, 1e-3);
                y[r][5] = ldexp(1, exponent) + test_uniform(&rng, -1e-6, 1e-6);
            }
            x[7][0] = ldexp(1.1, exponent);
            y[7][0] = y[7][3] = y[7][8] = (double)NAN;
            y[0][2] = ldexp(1, exponent);
            const struct lf_fleet f = {.dtype = LF_F64,
                                       .problems = PROBLEMS,
                                       .rows = ROWS,
                                       .in = in,
                                       .x = {x, 2, 1, 0, 0},
                                       .y = {y, PROBLEMS, 0, 1, 0}};
            char name[64];
            snprintf(name, sizeof name, "%zu columns, 2^%d", in, exponent);
            struct fleet_outputs o = fleet_fit(&f, tested);
            for (size_t q = 0; q < PROBLEMS; q++)
                fleet_check(&f, &o, q, name);
            fleet_outputs_free(&o);
        }
}
END_TEST

/* y of a size whose squares are 0: everything scales but R2. */
START_TEST(test_tiny)
{
    const double x[] = {1, 2, 3, 4, 5, 7}, large[] = {1, 3, 2, 5, 4, 9};
    double y[6];
    for (size_t r = 0; r < 6; r++)
        y[r] = ldexp(large[r], -1000);
    for (int shared = 0; shared < 2; shared++) {
        struct lf_fleet f = {.dtype = LF_F64, .problems = 1, .rows = 6, .in = 1};
        f.x = (struct lf_fleet_array){x, 1, 0, shared ? 0 : 6, 0};
        f.y = (struct lf_fleet_array){large, 1, 0, 6, 0};
        struct fleet_outputs a = fleet_fit(&f, tested);
        f.y.data = y;
        struct fleet_outputs b = fleet_fit(&f, tested);
        for (size_t j = 0; j < 2; j++) {
            const double *se = a.result.standard_errors, *coefficient = a.result.coefficients;
            ck_assert_double_eq_tol(ldexp(b.result.coefficients[j], 1000), coefficient[j], 1e-14);
            ck_assert_double_eq_tol(ldexp(b.result.standard_errors[j], 1000), se[j], 1e-14);
        }
        ck_assert_double_eq_tol(*b.result.r_squared, *a.result.r_squared, 1e-14);
        fleet_outputs_free(&a);
        fleet_outputs_free(&b);
    }
}
END_TEST

/* What stands in a row that lacks a shared column changes no bit. */
START_TEST(test_shared_gap)
{
    const double others[] = {0.123, 1e20, HUGE_VAL};
    double x[12], y[12];
    for (size_t r = 0; r < 12; r++) {
        x[r] = (double)r;
        y[r] = (double)(r * r % 7) + 0.1;
    }
    x[0] = NAN;
    struct lf_fleet f = {.dtype = LF_F64, .problems = 1, .rows = 12, .in = 1};
    f.x = (struct lf_fleet_array){x, 1, 0, 0, 0};
    f.y = (struct lf_fleet_array){y, 1, 0, 1, 0};
    struct fleet_outputs a = fleet_fit(&f, tested);
    for (size_t i = 0; i < 3; i++) {
        y[0] = others[i];
        struct fleet_outputs b = fleet_fit(&f, tested);
        ck_assert_msg(!fleet_difference(&a, 0, &b, 0), "%g in its place", others[i]);
        fleet_outputs_free(&b);
    }
    fleet_outputs_free(&a);
}
END_TEST

/* No rows at all, none in a group, none that is not missing. */
START_TEST(test_no_rows)
{
    static const size_t offsets[] = {0, 0, 3, 3, 3};
    const double x[] = {1, 2, 4}, y[] = {1, 2, 3}, nothing[] = {NAN, NAN, NAN};
    struct lf_fleet f = {.dtype = LF_F64, .problems = 4, .in = 1};
    f.y.problem = PTRDIFF_MAX / 2; /* strides are not walked where there is nothing */
    struct fleet_outputs o = fleet_fit(&f, tested);
    for (size_t q = 0; q < 4; q++)
        ck_assert(o.result.status[q] == LF_FIT_TOO_FEW_ROWS && o.result.rows_used[q] == 0);
    fleet_outputs_free(&o);
    f.x = (struct lf_fleet_array){x, 1, 0, 0, 0};
    f.y = (struct lf_fleet_array){y, 1, 0, 0, 0};
    f.offsets = offsets;
    for (int ridge = 0; ridge < 2; ridge++) {
        f.ridge = ridge;
        o = fleet_fit(&f, tested);
        for (size_t q = 0; q < 4; q++) {
            ck_assert_int_eq(o.result.status[q], q == 1 ? LF_FIT_OK : LF_FIT_TOO_FEW_ROWS);
            fleet_check(&f, &o, q, "groups");
        }
        fleet_outputs_free(&o);
    }
    f.y.data = nothing;
    o = fleet_fit(&f, tested);
    ck_assert_int_eq(o.result.status[1], LF_FIT_TOO_FEW_ROWS);
    fleet_outputs_free(&o);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("fleet");
    TCase *fits = tcase_create("fits");
    tcase_set_timeout(fits, 300);
    tcase_add_loop_test(fits, test_random, 0, 8);
    tcase_add_loop_test(fits, test_forms, 0, 2 * FLEET_FORMS);
    tcase_add_loop_test(fits, test_sizes, 0, 2);
    tcase_add_test(fits, test_conditions);
    tcase_add_test(fits, test_unix_times);
    tcase_add_test(fits, test_statuses);
    tcase_add_test(fits, test_no_rows);
    tcase_add_test(fits, test_ridge_of_few);
    tcase_add_test(fits, test_what_is_lost);
    tcase_add_test(fits, test_tiny);
    tcase_add_test(fits, test_shared_gap);
    suite_add_tcase(suite, fits);
    return run_suite(suite, argc, argv);
}
