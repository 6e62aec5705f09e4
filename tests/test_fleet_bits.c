/* SPDX-License-Identifier: MIT */
/* What a problem of a fleet gives is the same bits alone, in any layout, beside any neighbours, by
 * any number of threads, of any table, compiler and level of optimization. */
#include "fleets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of form / 4, weights or not, f32 or f64: see hash_of. */
enum { HASHES = 4 * FLEET_FORMS };
static const uint64_t expected_hashes[HASHES] = {
    0x1509acf4de400106u, 0xfbc6364f864be2d1u, 0x2d9fa0f7e9d98bf3u, 0x4105b0501185a087u,
    0xdd6a46f5677c2105u, 0x05c6a7a727c376eeu, 0xab57d9196398df65u, 0x337e4a3525cc394du,
    0xf2ee1af3bf75d4b0u, 0x61a802f980b1a337u, 0xb552b53b2376c87bu, 0x165660849b3fb53au,
    0xb45b2384ea633b86u, 0x26b8ba01047d21a4u, 0x87188a6762af81a8u, 0x76090a3a3ed43715u,
    0xc16bf687fa426bbeu, 0xe665958917fd1b12u, 0x4a437ecaf9125483u, 0x9023282b6fa1980au,
};

#define ASSERT_SAME(a, p, b, q, ...)                                                               \
    do {                                                                                           \
        const char *difference = fleet_difference(a, p, b, q);                                     \
        char where[160];                                                                           \
        snprintf(where, sizeof where, __VA_ARGS__);                                                \
        ck_assert_msg(!difference, "%s: %s differ", where, difference ? difference : "");          \
    } while (0)

/* ---- Alone -------------------------------------------------------------------------------- */

static void check_alone(const struct lf_fleet *f, const struct fleet_outputs *o, size_t q,
                        const char *name)
{
    const struct lf_fleet in_place = fleet_in_place(f, q, 1);
    struct test_fleet copy = fleet_copy(f, q);
    struct fleet_outputs one = fleet_fit(&in_place, tested);
    ASSERT_SAME(o, q, &one, 0, "%s: problem %zu of %zu, in place", name, q, f->problems);
    fleet_outputs_free(&one);
    one = fleet_fit(&copy.fleet, tested);
    ASSERT_SAME(o, q, &one, 0, "%s: problem %zu of %zu, a copy", name, q, f->problems);
    fleet_outputs_free(&one);
    fleet_free(&copy);
}

static void check_table(const struct lf_fleet *f, const struct fleet_outputs *o, const char *name)
{
    struct fleet_outputs scalar = fleet_fit(f, scalar_table());
    for (size_t q = 0; q < f->problems; q++)
        ASSERT_SAME(o, q, &scalar, q, "%s: problem %zu of %zu, scalar", name, q, f->problems);
    fleet_outputs_free(&scalar);
}

static void check_spec(const struct fleet_spec *s, struct test_rng *rng)
{
    char name[96];
    struct test_fleet t = fleet_draw(s, rng);
    struct fleet_outputs o = fleet_fit(&t.fleet, tested);
    snprintf(name, sizeof name, "%s, layout %d, in %zu + %zu, rows %zu", dtype_name(s->dtype),
             (int)s->layout, s->common_in, s->in, s->rows);
    for (size_t q = 0; q < s->problems; q++)
        check_alone(&t.fleet, &o, q, name);
    check_table(&t.fleet, &o, name);
    fleet_outputs_free(&o);
    fleet_free(&t);
}

START_TEST(test_random)
{
    struct test_rng rng = test_rng(1000 + (uint64_t)_i);
    for (int trial = 0; trial < 40; trial++) {
        const struct fleet_spec s = fleet_draw_spec(&rng);
        check_spec(&s, &rng);
    }
}
END_TEST

/* Every form in every layout, complete and not. */
START_TEST(test_layouts)
{
    struct test_rng rng = test_rng(1100 + (uint64_t)_i);
    for (int layout = 0; layout < LAYOUTS; layout++)
        for (int k = 0; k < 4; k++) {
            struct fleet_spec s = fleet_form((size_t)_i / 2, (enum lf_dtype)(_i % 2));
            s.problems = 21;
            s.layout = (enum fleet_layout)layout;
            s.weights = k % 2 ? FLEET_OWN : FLEET_NONE;
            s.missing = k / 2 ? 15 : 0;
            check_spec(&s, &rng);
        }
}
END_TEST

/* Long columns: blocks of rows, and many parameters. */
START_TEST(test_sizes)
{
    static const struct fleet_spec sizes[] = {
        {.problems = 19, .rows = 1000, .in = 1, .shares_x = 1, .missing = MISSING_Y},
        {.problems = 17, .rows = 1030, .in = 2, .layout = LAYOUT_PROBLEMS},
        {.problems = 17, .rows = 600, .in = 1, .common_in = 5, .shares_y = 1, .missing = 15},
        {.problems = 9, .rows = 50, .in = 24, .shares_x = 1, .weights = FLEET_OWN},
        {.problems = 9, .rows = 50, .in = 3, .common_in = 20, .missing = MISSING_BITS},
        {.problems = 3, .rows = 70, .in = 63},
        {.problems = 30, .rows = 300, .in = 2, .ragged = 1, .hard = 1},
        {.problems = 30, .rows = 2, .in = 1, .layout = LAYOUT_PROBLEMS},
        {.problems = 30, .rows = 7, .in = 0, .layout = LAYOUT_PROBLEMS},
    };
    struct test_rng rng = test_rng(1200 + (uint64_t)_i);
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        struct fleet_spec s = sizes[k];
        s.dtype = _i ? LF_F64 : LF_F32;
        check_spec(&s, &rng);
    }
}
END_TEST

/* ---- Positions ---------------------------------------------------------------------------- */

/* So that each problem meets each place in a vector, and in what is left at the end. */
START_TEST(test_positions)
{
    enum { MOST = 50 };
    struct test_rng rng = test_rng(1300 + (uint64_t)_i);
    struct fleet_spec s = fleet_form((size_t)_i / 2, (enum lf_dtype)(_i % 2));
    s.problems = MOST;
    s.rows = 12;
    s.missing = MISSING_X | MISSING_Y;
    struct test_fleet t = fleet_draw(&s, &rng);
    struct fleet_outputs all = fleet_fit(&t.fleet, tested);
    for (size_t first = 0; first < 10; first++)
        for (size_t n = 1; n <= 40; n++) {
            const struct lf_fleet part = fleet_in_place(&t.fleet, first, n);
            struct fleet_outputs o = fleet_fit(&part, tested);
            for (size_t q = 0; q < n; q++)
                ASSERT_SAME(&o, q, &all, first + q, "problem %zu of %zu from %zu", q, n, first);
            fleet_outputs_free(&o);
        }
    fleet_outputs_free(&all);
    fleet_free(&t);
}
END_TEST

/* The same groups of rows, told in another order. */
START_TEST(test_ragged_order)
{
    enum { PROBLEMS = 37 };
    struct test_rng rng = test_rng(1400 + (uint64_t)_i);
    struct fleet_spec s = fleet_form(4, _i ? LF_F64 : LF_F32);
    s.problems = PROBLEMS;
    s.rows = 60;
    s.missing = 15;
    struct test_fleet t = fleet_draw(&s, &rng);
    struct fleet_outputs o = fleet_fit(&t.fleet, tested);
    const size_t rows = t.offsets[PROBLEMS], in = s.in, size = element_size(s.dtype);
    char *x = calloc((rows + 1) * in, size), *y = calloc(rows + 1, size);
    size_t at = 0, offsets[PROBLEMS + 1];
    ck_assert(x && y);
    const struct lf_fleet g = {.dtype = s.dtype,
                               .problems = PROBLEMS,
                               .in = in,
                               .x = {x, (ptrdiff_t)in, 1, 0, 0},
                               .y = {y, 1, 0, 0, 0},
                               .offsets = offsets};
    for (size_t q = 0; q < PROBLEMS; q++) {
        const size_t from = 5 * q % PROBLEMS, n = fleet_rows(&t.fleet, from);
        offsets[q] = at;
        offsets[q + 1] = at += n;
        for (size_t i = 0; i < n; i++) {
            const int missing = fleet_is_missing(&t.fleet, i, from);
            for (size_t j = 0; j < in; j++)
                fleet_put(&g, &g.x, i, j, q, fleet_get(&t.fleet, &t.fleet.x, i, j, from));
            fleet_put(&g, &g.y, i, 0, q,
                      missing ? (double)NAN : fleet_get(&t.fleet, &t.fleet.y, i, 0, from));
        }
    }
    struct fleet_outputs p = fleet_fit(&g, tested);
    for (size_t q = 0; q < PROBLEMS; q++)
        ASSERT_SAME(&p, q, &o, 5 * q % PROBLEMS, "group %zu", q);
    fleet_outputs_free(&o);
    fleet_outputs_free(&p);
    fleet_free(&t);
    free(x);
    free(y);
}
END_TEST

/* ---- Options ------------------------------------------------------------------------------ */

/* The forms, and lines that are there but for some NaN: through a shared column, through their own.
 */
static struct fleet_spec many_of_form(size_t form, enum lf_dtype dtype)
{
    struct fleet_spec s = fleet_form(form < FLEET_FORMS ? form : 0, dtype);
    s.problems = 1003;
    s.rows = 11;
    s.missing = form < FLEET_FORMS ? MISSING_Y | MISSING_BITS : MISSING_Y;
    if (form > FLEET_FORMS) {
        s.shares_x = 0;
        s.layout = LAYOUT_PROBLEMS;
        s.missing = form % 2 ? MISSING_Y : 0;
    }
    return s;
}

/* Threads, workspace, planar outputs, coefficients alone: about a thousand problems, so that every
 * thread has some. */
START_TEST(test_options)
{
    static const size_t threads[] = {0, 1, 2, 3, 8};
    struct test_rng rng = test_rng(1500 + (uint64_t)_i);
    const struct fleet_spec s = many_of_form((size_t)_i / 2, (enum lf_dtype)(_i % 2));
    struct test_fleet t = fleet_draw(&s, &rng);
    const size_t params = lf_fleet_params(&t.fleet);
    struct fleet_outputs all = fleet_fit(&t.fleet, tested);
    for (size_t q = 0; q < s.problems; q += 59)
        check_alone(&t.fleet, &all, q, "of many");
    for (size_t k = 0; k < sizeof threads / sizeof threads[0]; k++)
        for (int way = 0; way < 6; way++) {
            struct lf_fleet_options options = {.kernels = tested, .threads = threads[k]};
            const size_t bytes = lf_fleet_workspace(&t.fleet, &options);
            void *workspace = malloc(bytes + 1);
            struct fleet_outputs o = fleet_outputs(s.problems, params, way / 2 == 1);
            ck_assert(bytes > 0 && workspace);
            memset(workspace, 0x5a, bytes); /* it may hold anything */
            options.workspace = way % 2 ? workspace : NULL;
            if (way / 2 == 2)
                o.result = (struct lf_fleet_result){.coefficients = o.result.coefficients};
            ck_assert_int_eq(lf_fleet_fit(&t.fleet, &options, &o.result), LF_OK);
            for (size_t q = 0; q < s.problems; q++)
                ASSERT_SAME(&o, q, &all, q, "%zu threads, way %d, problem %zu", threads[k], way, q);
            fleet_outputs_free(&o);
            free(workspace);
        }
    fleet_outputs_free(&all);
    fleet_free(&t);
}
END_TEST

/* Every set of outputs: those that are asked for don't depend on it. */
START_TEST(test_outputs)
{
    struct test_rng rng = test_rng(1600 + (uint64_t)_i);
    struct fleet_spec s = fleet_form((size_t)_i / 2, (enum lf_dtype)(_i % 2));
    const struct lf_fleet_options options = {.kernels = tested};
    s.problems = 11;
    s.missing = _i % 3 ? 15 : 0;
    struct test_fleet t = fleet_draw(&s, &rng);
    struct fleet_outputs all = fleet_fit(&t.fleet, tested);
    for (unsigned set = 0; set < 256; set++) {
        struct fleet_outputs o = fleet_outputs(s.problems, all.params, (int)(set & 1));
        struct lf_fleet_result *r = &o.result;
        r->coefficients = set & 1 ? r->coefficients : NULL;
        r->standard_errors = set & 2 ? r->standard_errors : NULL;
        r->t = set & 4 ? r->t : NULL;
        r->p = set & 8 ? r->p : NULL;
        r->r_squared = set & 16 ? r->r_squared : NULL;
        r->residual_sd = set & 32 ? r->residual_sd : NULL;
        r->rows_used = set & 64 ? r->rows_used : NULL;
        r->status = set & 128 ? r->status : NULL;
        ck_assert_int_eq(lf_fleet_fit(&t.fleet, &options, r), LF_OK);
        for (size_t q = 0; q < s.problems; q++)
            ASSERT_SAME(&o, q, &all, q, "outputs %#x, problem %zu", set, q);
        fleet_outputs_free(&o);
    }
    fleet_outputs_free(&all);
    fleet_free(&t);
}
END_TEST

/* ---- Neighbours --------------------------------------------------------------------------- */

enum failure {
    FEW_ROWS,
    CONSTANT,
    DUPLICATE,
    INFINITE_X,
    INFINITE_Y,
    ALL_MISSING,
    HUGE_Y,
    FAILURES
};

/* Of an own x with two columns. */
static void spoil(const struct lf_fleet *f, size_t q, enum failure failure)
{
    for (size_t i = 0; i < f->rows; i++) {
        if (failure == ALL_MISSING || (failure == FEW_ROWS && i > 1))
            fleet_put(f, &f->y, i, 0, q, NAN);
        if (failure == CONSTANT)
            fleet_put(f, &f->x, i, 1, q, 0.1);
        if (failure == DUPLICATE)
            fleet_put(f, &f->x, i, 1, q, fleet_get(f, &f->x, i, 0, q));
        if (failure == HUGE_Y)
            fleet_put(f, &f->y, i, 0, q, (f->dtype == LF_F32 ? 3e38 : 1.7e308) * (i % 2 ? 1 : -1));
    }
    if (failure == INFINITE_X)
        fleet_put(f, &f->x, f->rows / 2, 1, q, HUGE_VAL);
    if (failure == INFINITE_Y)
        fleet_put(f, &f->y, f->rows - 1, 0, q, -HUGE_VAL);
}

START_TEST(test_neighbours)
{
    enum { PROBLEMS = 19 };
    static const enum lf_fit_status expected[FAILURES - 1] = {
        LF_FIT_TOO_FEW_ROWS, LF_FIT_CONSTANT_COLUMN, LF_FIT_RANK_DEFICIENT,
        LF_FIT_NON_FINITE,   LF_FIT_NON_FINITE,      LF_FIT_TOO_FEW_ROWS};
    for (int layout = 0; layout < 2; layout++)
        for (int failure = 0; failure < FAILURES; failure++)
            for (size_t at = 0; at < 16; at++) {
                struct test_rng rng = test_rng(1700 + (uint64_t)_i);
                struct fleet_spec s = fleet_form(1, _i ? LF_F64 : LF_F32);
                s.problems = PROBLEMS;
                s.layout = (enum fleet_layout)layout;
                struct test_fleet t = fleet_draw(&s, &rng);
                struct fleet_outputs healthy = fleet_fit(&t.fleet, tested);
                spoil(&t.fleet, at, (enum failure)failure);
                spoil(&t.fleet, PROBLEMS - 1, (enum failure)((failure + (int)at) % FAILURES));
                struct fleet_outputs o = fleet_fit(&t.fleet, tested);
                for (size_t q = 0; q + 1 < PROBLEMS; q++)
                    if (q != at)
                        ASSERT_SAME(&o, q, &healthy, q, "failure %d at %zu, problem %zu", failure,
                                    at, q);
                check_alone(&t.fleet, &o, at, "it fails");
                check_alone(&t.fleet, &o, PROBLEMS - 1, "the last fails");
                ck_assert(failure == HUGE_Y || o.result.status[at] == expected[failure]);
                fleet_outputs_free(&healthy);
                fleet_outputs_free(&o);
                fleet_free(&t);
            }
}
END_TEST

/* ---- Hashes ------------------------------------------------------------------------------- */

static uint64_t hash_doubles(uint64_t hash, size_t n, const double *values)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = 0x7ff8000000000000u; /* one NaN for all */
        if (!isnan(values[i]))
            memcpy(&bits, &values[i], sizeof bits);
        hash = fnv1a(hash, &bits, sizeof bits);
    }
    return hash;
}

static uint64_t hash_outputs(uint64_t hash, const struct fleet_outputs *o)
{
    const struct lf_fleet_result *r = &o->result;
    const size_t n = o->problems * o->params;
    hash = hash_doubles(hash, n, r->coefficients);
    hash = hash_doubles(hash, n, r->standard_errors);
    hash = hash_doubles(hash, n, r->t);
    hash = hash_doubles(hash, n, r->p);
    hash = hash_doubles(hash, o->problems, r->r_squared);
    hash = hash_doubles(hash, o->problems, r->residual_sd);
    for (size_t q = 0; q < o->problems; q++) {
        const uint64_t used = r->rows_used[q];
        hash = fnv1a(fnv1a(hash, &used, sizeof used), &r->status[q], 1);
    }
    return hash;
}

/* Fleets that are the same in every run: not by --seed. */
static uint64_t hash_of(int which)
{
    struct test_rng rng = {(uint64_t)which};
    uint64_t hash = FNV1A_START;
    for (int k = 0; k < 24; k++) {
        struct fleet_spec s = fleet_form((size_t)which / 4, (enum lf_dtype)(which % 2));
        s.problems = 23;
        s.rows = k % 8 == 7 ? 700 : 10 + 3 * (size_t)k;
        s.layout = (enum fleet_layout)(k % LAYOUTS);
        s.weights = which / 2 % 2 ? FLEET_OWN : FLEET_NONE;
        s.missing = k % 3 ? 15 : 0;
        s.no_intercept = k % 4 == 2;
        s.ridge = (enum fleet_ridge)(k / 3 % 3);
        s.hard = k % 2;
        if (!s.shares_y && k > 12)
            s.in += (size_t)k - 12;
        struct test_fleet t = fleet_draw(&s, &rng);
        struct fleet_outputs o = fleet_fit(&t.fleet, tested);
        hash = hash_outputs(hash, &o);
        fleet_outputs_free(&o);
        fleet_free(&t);
    }
    return hash;
}

START_TEST(nothing_moves)
{
    const uint64_t hash = hash_of(_i);
    ck_assert_msg(hash == expected_hashes[_i], "form %d, weights %d, %s: 0x%016llxu", _i / 4,
                  _i / 2 % 2, dtype_name((enum lf_dtype)(_i % 2)), (unsigned long long)hash);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("fleet_bits");
    TCase *tests = tcase_create("fleet_bits");
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, test_random, 0, 4);
    tcase_add_loop_test(tests, test_layouts, 0, 2 * FLEET_FORMS);
    tcase_add_loop_test(tests, test_sizes, 0, 2);
    tcase_add_loop_test(tests, test_positions, 0, 2 * FLEET_FORMS);
    tcase_add_loop_test(tests, test_ragged_order, 0, 2);
    tcase_add_loop_test(tests, test_options, 0, 2 * FLEET_FORMS + 6);
    tcase_add_loop_test(tests, test_outputs, 0, 2 * FLEET_FORMS);
    tcase_add_loop_test(tests, test_neighbours, 0, 2);
    tcase_add_loop_test(tests, nothing_moves, 0, HASHES);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
