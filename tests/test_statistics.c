/* SPDX-License-Identifier: MIT */
/* Statistics of blocks: the same bits however they are grouped, statuses, calls that are wrong. */
#include "statistics.inl.h"

#include <pthread.h>

enum { BLOCKS = 24 };

static void check_same(const struct answer *a, const struct answer *b)
{
    size_t first;
    ck_assert(same_bits(LF_F64, MOST_PARAMS, a->b, b->b, &first));
    ck_assert(same_bits(LF_F64, MOST_PARAMS, a->se, b->se, &first));
    ck_assert(same_bits(LF_F64, MOST_PARAMS, a->t, b->t, &first));
    ck_assert(same_bits(LF_F64, MOST_PARAMS, a->p, b->p, &first));
    ck_assert(
        same_bits(LF_F64, (size_t)MOST_PARAMS * MOST_PARAMS, a->covariance, b->covariance, &first));
    ck_assert(same_bits(LF_F64, 5, &a->r.condition, &b->r.condition, &first));
    ck_assert_mem_eq(a->undetermined, b->undetermined, MOST_PARAMS);
    ck_assert_int_eq(a->r.status, b->r.status);
    ck_assert_uint_eq(a->r.rows_used, b->r.rows_used);
    ck_assert_uint_eq(a->r.rows_dropped, b->r.rows_dropped);
}

/* ---- The same bits ------------------------------------------------------------------------ */

/* Numbers of blocks with gaps, far ones among them. */
static uint64_t number_of(size_t block)
{
    static const uint64_t far[] = {UINT64_MAX, 1000000, UINT64_MAX / 2 + 1, UINT64_MAX - 1};
    return block >= BLOCKS - 4 ? far[block - (BLOCKS - 4)] : block + block / 5;
}

static struct lf_data block_at(size_t block)
{
    return rows_at(block * 250, 200 + block);
}

static struct lf_statistics *in_order(const struct lf_lsq_options *o)
{
    struct lf_statistics *s = create(o, about);
    for (size_t i = 0; i < BLOCKS; i++) {
        const struct lf_data data = block_at(i);
        ck_assert_int_eq(lf_statistics_add(s, number_of(i), &data), LF_OK);
        if (i % 3 == 0)
            ck_assert_int_eq(lf_statistics_remove(s, number_of(i), &data), LF_OK);
    }
    return s;
}

START_TEST(test_grouping)
{
    enum { PARTS = 4 };
    const struct lf_lsq_options o = {0};
    struct test_rng rng = test_rng(3);
    draw(&rng, 0.3, 10);
    x[7] = y[600] = weight[1300] = NAN;
    struct lf_statistics *whole = in_order(&o);
    const struct answer expected = solve(whole, 0);
    ck_assert_int_eq(expected.r.status, LF_FIT_OK);
    ck_assert_uint_gt(expected.r.rows_dropped, 0);
    for (int trial = 0; trial < 50; trial++) {
        size_t order[BLOCKS];
        struct lf_statistics *part[PARTS];
        for (size_t i = 0; i < PARTS; i++)
            part[i] = create(&o, about);
        for (size_t i = 0; i < BLOCKS; i++) {
            const size_t j = test_below(&rng, i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        for (size_t i = 0; i < BLOCKS; i++) {
            const struct lf_data data = block_at(order[i]);
            const uint64_t number = number_of(order[i]);
            struct lf_statistics *one = part[test_below(&rng, PARTS)];
            struct lf_statistics *other = part[test_below(&rng, PARTS)];
            ck_assert_int_eq(lf_statistics_add(one, number, &data), LF_OK);
            if (order[i] % 3 == 0)
                ck_assert_int_eq(lf_statistics_remove(other, number, &data), LF_OK);
        }
        for (size_t i = PARTS; i-- > 1;) {
            ck_assert_int_eq(lf_statistics_merge(part[test_below(&rng, i)], part[i]), LF_OK);
            lf_statistics_destroy(part[i]);
        }
        const struct answer got = solve(part[0], 0);
        check_same(&got, &expected);
        lf_statistics_destroy(part[0]);
    }
    lf_statistics_destroy(whole);
}
END_TEST

struct work {
    struct lf_statistics *statistics;
    size_t first, step;
    lf_status status;
};

static void *work(void *context)
{
    struct work *w = context;
    for (size_t i = w->first; i < BLOCKS; i += w->step) {
        const struct lf_data data = block_at(i);
        lf_status status = lf_statistics_add(w->statistics, number_of(i), &data);
        if (status == LF_OK && i % 3 == 0)
            status = lf_statistics_remove(w->statistics, number_of(i), &data);
        w->status = status != LF_OK ? status : w->status;
    }
    return NULL;
}

START_TEST(test_threads)
{
    enum { THREADS = 3 };
    struct test_rng rng = test_rng(4);
    draw(&rng, 0.3, 0);
    struct lf_statistics *whole = in_order(NULL), *sum = create(NULL, about);
    struct work works[THREADS];
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        works[i] = (struct work){create(NULL, about), i, THREADS, LF_OK};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &works[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_int_eq(works[i].status, LF_OK);
        ck_assert_int_eq(lf_statistics_merge(sum, works[i].statistics), LF_OK);
        lf_statistics_destroy(works[i].statistics);
    }
    const struct answer expected = solve(whole, 0), got = solve(sum, 0);
    check_same(&got, &expected);
    lf_statistics_destroy(whole);
    lf_statistics_destroy(sum);
}
END_TEST

static struct answer scaled(const struct lf_lsq_options *o, int exponent)
{
    struct lf_statistics *s = create(o, NULL);
    for (size_t r = 0; r < ROWS; r++)
        x[r * in] = ldexp(x[r * in], exponent);
    add_all(s, ROWS);
    for (size_t r = 0; r < ROWS; r++)
        x[r * in] = ldexp(x[r * in], -exponent);
    const struct answer a = solve(s, 0);
    lf_statistics_destroy(s);
    return a;
}

/* A column, or the feature whose powers are the columns. */
START_TEST(test_scaling)
{
    static const int exponents[] = {-395, -17, 1, 300, 395};
    const struct lf_lsq_options o = {.degree = _i ? 4 : 0};
    struct test_rng rng = test_rng(5);
    draw(&rng, 0.25, 0);
    in = _i ? 1 : in;
    const size_t last = _i ? 4 : 1;
    const struct answer expected = scaled(&o, 0);
    for (size_t e = 0; e < sizeof exponents / sizeof exponents[0]; e++) {
        const int exponent = exponents[e] / (int)last;
        const struct answer got = scaled(&o, exponent);
        for (size_t j = 0; j < lf_lsq_params(in, &o); j++) {
            const int times = j <= last ? exponent * (int)j : 0;
            ck_assert(ldexp(got.b[j], times) == expected.b[j]);
            ck_assert(ldexp(got.se[j], times) == expected.se[j]);
        }
        ck_assert_mem_eq(got.t, expected.t, sizeof got.t);
        ck_assert_mem_eq(got.p, expected.p, sizeof got.p);
        ck_assert_mem_eq(&got.r.condition, &expected.r.condition, 5 * sizeof(double));
    }
}
END_TEST

/* ---- What else there is ------------------------------------------------------------------- */

/* Where lf_lsq_fit has no condition to fight, it says the same: all but a rounding of what follows
 * from the residual sum of squares. */
START_TEST(test_like_fit)
{
    static const struct lf_lsq_options options[] = {
        {0}, {.no_intercept = 1}, {.ridge = 3}, {.degree = 3}, {.degree = 2, .ridge = 1}};
    const struct lf_lsq_options o = options[_i];
    struct test_rng rng = test_rng(6);
    struct answer a;
    draw(&rng, 1, 0);
    in = o.degree > 0 ? 1 : in;
    x[3] = weight[9] = NAN;
    struct lf_lsq_result r = result_in(&a);
    const struct lf_data all = rows_at(0, ROWS);
    ck_assert_int_eq(lf_lsq_fit(&all, &o, &r), LF_OK);
    struct lf_statistics *s = create(&o, NULL);
    add_all(s, ROWS);
    const struct answer got = solve(s, o.ridge);
    for (size_t j = 0; j < lf_lsq_params(in, &o); j++) {
        ck_assert_double_eq_tol(got.b[j] / a.b[j], 1, 0x1p-52);
        if (o.ridge == 0) {
            ck_assert_double_eq_tol(got.se[j] / a.se[j], 1, 0x1p-51);
            ck_assert_double_eq_tol(got.t[j] / a.t[j], 1, 0x1p-50);
        }
    }
    ck_assert_double_eq_tol(got.r.r_squared / r.r_squared, 1, 0x1p-52);
    ck_assert_double_eq_tol(got.r.residual_sd / r.residual_sd, 1, 0x1p-52);
    if (o.degree == 0) /* of powers it is that of the origin they are taken about */
        ck_assert_double_eq_tol(got.r.condition / r.condition, 1, 0x1p-50);
    ck_assert(got.r.rows_used == r.rows_used && got.r.rows_dropped == r.rows_dropped);
    lf_statistics_destroy(s);
}
END_TEST

/* f32, in columns, without weights. */
START_TEST(test_layouts)
{
    static float columns[3 * BLOCK];
    struct test_rng rng = test_rng(8);
    in = 2;
    for (size_t i = 0; i < 3 * (size_t)BLOCK; i++)
        columns[i] = (float)test_uniform(&rng, -1, 1);
    for (size_t r = 0; r < BLOCK; r++) {
        x[2 * r] = (double)columns[r];
        x[2 * r + 1] = (double)columns[BLOCK + r];
        y[r] = (double)columns[2 * BLOCK + r];
        weight[r] = 1;
    }
    struct lf_data data = lf_data_f32(BLOCK, 2, columns, 1, columns + 2 * (size_t)BLOCK);
    data.x_row_stride = 1;
    data.x_col_stride = BLOCK;
    struct lf_statistics *s = create(NULL, NULL), *dense = create(NULL, NULL);
    ck_assert_int_eq(lf_statistics_add(s, 0, &data), LF_OK);
    add_all(dense, BLOCK);
    const struct answer expected = solve(dense, 0), got = solve(s, 0);
    check_same(&got, &expected);
    lf_statistics_destroy(s);
    lf_statistics_destroy(dense);
}
END_TEST

static enum lf_fit_status status_of(size_t rows, const double *origin, size_t removed)
{
    struct lf_statistics *s = create(NULL, origin);
    add_all(s, rows);
    const struct lf_data some = rows_at(0, removed / 3),
                         rest = rows_at(removed / 3, removed - removed / 3);
    ck_assert_int_eq(lf_statistics_remove(s, 0, &some), LF_OK);
    ck_assert_int_eq(lf_statistics_remove(s, 1, &rest), LF_OK);
    const struct answer a = solve(s, 0);
    ck_assert(a.r.status == LF_FIT_OK || (isnan(a.b[0]) && isnan(a.se[1]) && isnan(a.r.r_squared)));
    ck_assert(a.r.status != LF_FIT_CONSTANT_COLUMN || a.undetermined[2]);
    lf_statistics_destroy(s);
    return a.r.status;
}

/* The second column varies in the first half of the rows. */
static void draw_constant(size_t rows, double constant, int trial)
{
    in = 2;
    for (size_t r = 0; r < rows; r++) {
        x[2 * r] = (double)(r * r % 17);
        x[2 * r + 1] = r < rows / 2 ? 1 / (double)(r + 3 + (size_t)trial) : constant;
        y[r] = (double)(r * 7 % 11);
        weight[r] = 0.3;
    }
}

START_TEST(test_statuses)
{
    const double origin[3] = {3, 0.1, 7};
    const size_t rows = 40;
    for (int trial = 0; trial < 22; trial++) {
        const double *moved = trial % 2 ? origin : NULL;
        draw_constant(rows, trial < 10 ? 0 : trial / 2 * 0.1, trial);
        ck_assert_int_eq(status_of(rows, moved, 0), LF_FIT_OK);
        ck_assert_int_eq(status_of(2, moved, 0), LF_FIT_TOO_FEW_ROWS);
        ck_assert_int_eq(status_of(rows, moved, 38), LF_FIT_TOO_FEW_ROWS);
        ck_assert_int_eq(status_of(rows, moved, 40), LF_FIT_TOO_FEW_ROWS);
        ck_assert_int_eq(status_of(rows, moved, 20), LF_FIT_CONSTANT_COLUMN);
        for (size_t r = 0; r < rows; r++)
            x[2 * r + 1] = 0.1 * trial * x[2 * r] + 0.1;
        ck_assert_int_eq(status_of(rows, moved, 0),
                         trial ? LF_FIT_RANK_DEFICIENT : LF_FIT_CONSTANT_COLUMN);
    }
    x[3] = 0x1p600;
    ck_assert_int_eq(status_of(rows, NULL, 0), LF_FIT_NON_FINITE);
    x[3] = HUGE_VAL;
    ck_assert_int_eq(status_of(rows, NULL, 0), LF_FIT_NON_FINITE);
    ck_assert_int_eq(status_of(rows, NULL, 20), LF_FIT_NON_FINITE);
}
END_TEST

/* y = 2 x exactly, from times about one of them: no residuals, no intercept, all digits. */
START_TEST(test_exact)
{
    const double origin[2] = {1.7e9, 3.4e9};
    in = 1;
    for (size_t r = 0; r < 100; r++) {
        x[r] = 1.7e9 + (double)r;
        y[r] = 2 * x[r];
        weight[r] = 1;
    }
    struct lf_statistics *s = create(NULL, origin);
    add_all(s, 100);
    const struct answer a = solve(s, 0);
    ck_assert(a.b[0] == 0 && a.b[1] == 2 && a.r.r_squared == 1 && a.r.residual_sd == 0);
    ck_assert_double_eq(a.r.digits, 15);
    lf_statistics_destroy(s);
    /* An intercept of nothing but rounding takes no digits. */
    for (size_t r = 0; r < 100; r++) {
        x[r] = (double)(float)sqrt((double)r);
        y[r] = 3 * x[r];
        weight[r] = 0.3;
    }
    s = create(NULL, NULL);
    add_all(s, 100);
    const struct answer rounded = solve(s, 0);
    ck_assert(fabs(rounded.b[0]) < 0x1p-80 && rounded.b[0] != 0 && rounded.b[1] == 3);
    ck_assert_double_eq(rounded.r.digits, 15);
    lf_statistics_destroy(s);
}
END_TEST

START_TEST(test_invalid)
{
    const struct lf_lsq_options through = {.no_intercept = 1}, square = {.degree = 2};
    const struct lf_lsq_options weighted = {.weight_is_last = 1};
    const double origin[3] = {1, 2, 3}, nowhere[3] = {0}, bad[3] = {1, NAN, 3};
    struct lf_statistics *s = NULL, *other, *none = (struct lf_statistics *)&s;
    struct answer a;
    struct test_rng rng = test_rng(9);
    draw(&rng, 1, 0);
    in = 2;
    ck_assert_int_eq(lf_statistics_create(NULL, 2, NULL, NULL), LF_INVALID);
    ck_assert_int_eq(lf_statistics_create(&none, 2, NULL, bad), LF_INVALID);
    ck_assert(none == NULL);
    ck_assert_int_eq(lf_statistics_create(&none, 2, &square, NULL), LF_INVALID);
    ck_assert_int_eq(lf_statistics_create(&none, 2, &weighted, NULL), LF_INVALID);
    ck_assert_int_eq(lf_statistics_create(&none, 2, &through, origin), LF_INVALID);
    ck_assert_int_eq(lf_statistics_create(&s, 2, &through, nowhere), LF_OK);
    lf_statistics_destroy(s);
    lf_statistics_destroy(NULL);

    s = create(NULL, origin);
    add_all(s, 1000);
    const struct answer before = solve(s, 0);
    struct lf_data data = rows_at(1000, 100);
    const struct lf_data good = data;
    const struct lf_stream stream = {NULL, NULL, NULL};
    ck_assert_int_eq(lf_statistics_add(NULL, 9, &data), LF_INVALID);
    ck_assert_int_eq(lf_statistics_add(s, 9, NULL), LF_INVALID);
    ck_assert_int_eq(lf_statistics_add(s, 1, &data), LF_INVALID);
    ck_assert_int_eq(lf_statistics_remove(NULL, 1, &data), LF_INVALID);
    data.rows = BLOCK + 1;
    ck_assert_int_eq(lf_statistics_add(s, 9, &data), LF_INVALID);
    data = good;
    data.stream = &stream;
    ck_assert_int_eq(lf_statistics_add(s, 9, &data), LF_INVALID);
    data = good;
    data.x = NULL;
    ck_assert_int_eq(lf_statistics_add(s, 9, &data), LF_INVALID);
    data = good;
    data.in = 3;
    ck_assert_int_eq(lf_statistics_add(s, 9, &data), LF_SHAPE);
    data = good;
    data.out = 2;
    ck_assert_int_eq(lf_statistics_remove(s, 9, &data), LF_SHAPE);
    data = good;
    weight[1050] = -1;
    ck_assert_int_eq(lf_statistics_add(s, 9, &data), LF_INVALID);
    weight[1050] = 1;

    ck_assert_int_eq(lf_statistics_merge(NULL, s), LF_INVALID);
    ck_assert_int_eq(lf_statistics_merge(s, NULL), LF_INVALID);
    ck_assert_int_eq(lf_statistics_merge(s, s), LF_INVALID);
    other = create(NULL, NULL);
    ck_assert_int_eq(lf_statistics_merge(s, other), LF_INVALID);
    lf_statistics_destroy(other);
    /* What is removed clashes, what is added does not. */
    other = create(NULL, origin);
    data = rows_at(1000, 0);
    ck_assert_int_eq(lf_statistics_remove(s, 70, &data), LF_OK);
    ck_assert_int_eq(lf_statistics_remove(other, 70, &good), LF_OK);
    ck_assert_int_eq(lf_statistics_add(other, 900, &good), LF_OK);
    ck_assert_int_eq(lf_statistics_merge(s, other), LF_INVALID);
    lf_statistics_destroy(other);

    a.r = result_in(&a);
    ck_assert_int_eq(lf_statistics_solve(NULL, 0, &a.r), LF_INVALID);
    ck_assert_int_eq(lf_statistics_solve(s, 0, NULL), LF_INVALID);
    ck_assert_int_eq(lf_statistics_solve(s, -1, &a.r), LF_INVALID);
    ck_assert_int_eq(lf_statistics_solve(s, NAN, &a.r), LF_INVALID);
    a.r.residuals = y;
    ck_assert_int_eq(lf_statistics_solve(s, 0, &a.r), LF_INVALID);
    a.r.residuals = NULL;
    a.r.leverages = y;
    ck_assert_int_eq(lf_statistics_solve(s, 0, &a.r), LF_INVALID);
    const struct answer after = solve(s, 0);
    check_same(&after, &before);
    lf_statistics_destroy(s);
    in = 1;
    s = create(&square, origin);
    a.r = result_in(&a);
    ck_assert_int_eq(lf_statistics_solve(s, 1, &a.r), LF_INVALID);
    lf_statistics_destroy(s);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("statistics");
    TCase *tests = tcase_create("statistics");
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, test_grouping);
    tcase_add_test(tests, test_threads);
    tcase_add_loop_test(tests, test_scaling, 0, 2);
    tcase_add_loop_test(tests, test_like_fit, 0, 5);
    tcase_add_test(tests, test_layouts);
    tcase_add_test(tests, test_statuses);
    tcase_add_test(tests, test_exact);
    tcase_add_test(tests, test_invalid);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
