/* SPDX-License-Identifier: MIT */
/* What lf_fleet_fit refuses, or has no memory for: nothing is written then. And what is close to
 * that, but is not to be refused. */
#include "failing.inl.h"
#include "fleet_call.inl.h"
#include "fleets.h"

/* ---- Arguments ---------------------------------------------------------------------------- */

#define LAST_WEIGHT memory.weight[PROBLEMS - 1][ROWS - 1]

CHANGE(no_fleet, c->fleet = NULL)
CHANGE(no_result, c->result = NULL)
CHANGE(no_x, c->f.x.data = NULL)
CHANGE(no_common, c->f.common.data = NULL)
CHANGE(no_y, c->f.y.data = NULL)
CHANGE(no_y_of_groups, c->f.y.data = NULL; c->f.offsets = memory.offsets)
CHANGE(no_such_type, c->f.dtype = (enum lf_dtype)7)
CHANGE(no_params, c->f.in = c->f.common_in = 0; c->f.no_intercept = 1)
CHANGE(params_65, c->f.in = 63; c->f.x.column = 0)
CHANGE(params_65_common, c->f.common_in = 62)
CHANGE(params_65_no_intercept, c->f.in = 64; c->f.x.column = 0; c->f.no_intercept = 1)
CHANGE(params_wrap, c->f.in = SIZE_MAX; c->f.x.column = 0)
CHANGE(params_wrap_both, c->f.in = SIZE_MAX - 1; c->f.common_in = 3; c->f.x.column = 0)
CHANGE(ridge_negative, c->f.ridge = -0x1p-1074)
CHANGE(ridge_nan, c->f.ridge = NAN)
CHANGE(ridge_infinite, c->f.ridge = HUGE_VAL)
CHANGE(late_ridge_negative, c->f.ridges = memory.ridges; memory.ridges[PROBLEMS - 1] = -1)
CHANGE(late_ridge_nan, c->f.ridges = memory.ridges; memory.ridges[PROBLEMS - 1] = NAN)
CHANGE(late_ridge_infinite, c->f.ridges = memory.ridges; memory.ridges[PROBLEMS - 1] = HUGE_VAL)
CHANGE(weight_negative, LAST_WEIGHT = -1)
CHANGE(weight_barely_negative, LAST_WEIGHT = -0x1p-1074)
CHANGE(weight_minus_infinite, LAST_WEIGHT = -HUGE_VAL)
CHANGE(weight_negative_first, memory.weight[0][0] = -1)
CHANGE(weight_negative_shared, memory.weight[0][ROWS - 1] = -1; c->f.weight.problem = 0)
CHANGE(weight_negative_of_group, c->f.offsets = memory.offsets; memory.weight[0][ROWS - 1] = -1)
CHANGE(offsets_decrease, c->f.offsets = memory.offsets; memory.offsets[PROBLEMS] = 3)
CHANGE(offsets_decrease_first, c->f.offsets = memory.offsets; memory.offsets[0] = 2)

static const struct change bad[] = {
    NAMED(no_fleet),
    NAMED(no_result),
    NAMED(no_x),
    NAMED(no_common),
    NAMED(no_y),
    NAMED(no_y_of_groups),
    NAMED(no_such_type),
    NAMED(no_params),
    NAMED(params_65),
    NAMED(params_65_common),
    NAMED(params_65_no_intercept),
    NAMED(params_wrap),
    NAMED(params_wrap_both),
    NAMED(ridge_negative),
    NAMED(ridge_nan),
    NAMED(ridge_infinite),
    NAMED(late_ridge_negative),
    NAMED(late_ridge_nan),
    NAMED(late_ridge_infinite),
    NAMED(weight_negative),
    NAMED(weight_barely_negative),
    NAMED(weight_minus_infinite),
    NAMED(weight_negative_first),
    NAMED(weight_negative_shared),
    NAMED(weight_negative_of_group),
    NAMED(offsets_decrease),
    NAMED(offsets_decrease_first),
};

START_TEST(test_arguments)
{
    struct call c;
    make_call(&c);
    ck_assert_int_eq(run(&c), LF_OK);
    for (size_t threads = 0; threads < 4; threads++) {
        make_call(&c);
        c.options.threads = threads;
        bad[_i].make(&c);
        expect_refusal(&c, bad[_i].name);
    }
}
END_TEST

/* ---- Sizes -------------------------------------------------------------------------------- */

#define FAR ((ptrdiff_t)1 << 61)
CHANGE(rows_most, c->f.rows = SIZE_MAX)
CHANGE(rows_many, c->f.rows = SIZE_MAX / 8)
CHANGE(problems_most, c->f.problems = SIZE_MAX)
CHANGE(problems_many, c->f.problems = SIZE_MAX / 4)
CHANGE(product_wraps, c->f.rows = (size_t)1 << 33; c->f.problems = (size_t)1 << 33;
       c->f.x.problem = (ptrdiff_t)1 << 34)
CHANGE(row_far, c->f.x.row = FAR)
CHANGE(row_most, c->f.x.row = PTRDIFF_MAX)
CHANGE(row_least, c->f.x.row = PTRDIFF_MIN)
CHANGE(column_far, c->f.x.column = PTRDIFF_MAX)
CHANGE(column_least, c->f.x.column = PTRDIFF_MIN)
CHANGE(problem_far, c->f.x.problem = FAR)
CHANGE(problem_least, c->f.y.problem = PTRDIFF_MIN)
CHANGE(line_far, c->f.width = 2; c->f.y.line = FAR)
CHANGE(common_far, c->f.common.row = FAR)
CHANGE(y_far, c->f.y.row = FAR)
CHANGE(weight_far, c->f.weight.problem = FAR)
CHANGE(sum_far, c->f.x.row = (ptrdiff_t)1 << 57; c->f.x.problem = (ptrdiff_t)1 << 57)
CHANGE(both_ways_far, c->f.x.row = (ptrdiff_t)1 << 57; c->f.x.problem = -((ptrdiff_t)1 << 57))
CHANGE(bits_first, c->f.valid.first = SIZE_MAX)
CHANGE(bits_row, c->f.valid.row = SIZE_MAX / 2)
CHANGE(bits_problem, c->f.valid.problem = SIZE_MAX)
CHANGE(bits_line, c->f.width = 1; c->f.valid.line = SIZE_MAX / 3)
CHANGE(param_stride, c->r.param_stride = SIZE_MAX / 2; c->r.problem_stride = 1)
CHANGE(param_stride_wraps, c->r.param_stride = (size_t)1 << 62; c->r.problem_stride = 1)
CHANGE(problem_stride, c->r.problem_stride = SIZE_MAX / 2; c->r.param_stride = 1)
CHANGE(problem_stride_wraps, c->r.problem_stride = (size_t)1 << 61; c->r.param_stride = 1)

static const struct change too_large[] = {
    NAMED(rows_most),      NAMED(rows_many),
    NAMED(problems_most),  NAMED(problems_many),
    NAMED(product_wraps),  NAMED(row_far),
    NAMED(row_most),       NAMED(row_least),
    NAMED(column_far),     NAMED(column_least),
    NAMED(problem_far),    NAMED(problem_least),
    NAMED(line_far),       NAMED(common_far),
    NAMED(y_far),          NAMED(weight_far),
    NAMED(sum_far),        NAMED(both_ways_far),
    NAMED(bits_first),     NAMED(bits_row),
    NAMED(bits_problem),   NAMED(bits_line),
    NAMED(param_stride),   NAMED(param_stride_wraps),
    NAMED(problem_stride), NAMED(problem_stride_wraps),
};
enum { TOO_LARGE_OUTPUTS = 4 }; /* the last of them: the workspace knows nothing of outputs */

/* Neither read nor allocated for: the data lie nowhere. */
START_TEST(test_sizes)
{
    struct call c;
    make_call(&c);
    too_large[_i].make(&c);
    const int of_outputs = _i + TOO_LARGE_OUTPUTS >= (int)(sizeof too_large / sizeof too_large[0]);
    const void *nowhere = (const void *)(uintptr_t)4096;
    c.f.x.data = c.f.y.data = c.f.common.data = c.f.weight.data = nowhere;
    c.f.valid.data = nowhere;
    if (!of_outputs)
        ck_assert_uint_eq(lf_fleet_workspace(&c.f, &c.options), 0);
    memcpy(&before, &memory, sizeof memory);
    allocations = 0;
    const lf_status status = run(&c);
    const long made = allocations;
    ck_assert_msg(status == LF_INVALID, "%s: %s", too_large[_i].name, lf_status_string(status));
    ck_assert_msg(made == 0, "%s: memory is asked for", too_large[_i].name);
    ck_assert_mem_eq(&before, &memory, sizeof memory);
}
END_TEST

/* ---- What is fine ------------------------------------------------------------------------- */

CHANGE(no_weights, c->f.weight.data = NULL)
CHANGE(no_bits, c->f.valid.data = NULL)
CHANGE(no_outputs, c->r = (struct lf_fleet_result){0})
CHANGE(no_problems, c->f = (struct lf_fleet){.dtype = LF_F64, .in = 1})
CHANGE(no_rows, c->f = (struct lf_fleet){.dtype = LF_F32, .problems = PROBLEMS, .in = 3})
CHANGE(one_line, c->f.width = 99)
CHANGE(params_64, c->f.in = 62; c->f.x.column = 0;
       c->r = (struct lf_fleet_result){.coefficients = memory.spare, .status = memory.status})
CHANGE(minus_zero, c->f.ridge = -0.0; LAST_WEIGHT = -0.0)
CHANGE(weight_of_missing_row, LAST_WEIGHT = -1; memory.y[PROBLEMS - 1][ROWS - 1] = NAN)
CHANGE(weight_behind_a_bit, LAST_WEIGHT = -HUGE_VAL; memory.valid[3] = 0xdf) /* bit 29 */
CHANGE(empty_groups, c->f.offsets = memory.offsets;
       for (size_t i = 1; i <= PROBLEMS; i++) memory.offsets[i] = memory.offsets[0])
CHANGE(many_threads, c->options.threads = 100)

static const struct change fine[] = {
    NAMED(no_weights),   NAMED(no_bits),      NAMED(no_outputs),
    NAMED(no_problems),  NAMED(no_rows),      NAMED(one_line),
    NAMED(params_64),    NAMED(minus_zero),   NAMED(weight_of_missing_row),
    NAMED(empty_groups), NAMED(many_threads), NAMED(weight_behind_a_bit),
};

/* Inputs stay as they are. */
START_TEST(test_fine)
{
    struct call c;
    make_call(&c);
    fine[_i].make(&c);
    before = memory;
    ck_assert_int_eq(run(&c), LF_OK);
    ck_assert_mem_eq(&before, &memory, offsetof(struct memory, coefficients));
    ck_assert(lf_fleet_params(&c.f) > 0);
    if (c.f.problems == 0 || c.r.status == NULL)
        ck_assert_mem_eq(&before, &memory, sizeof memory);
    else
        ck_assert_int_eq(memory.status[0], fine[_i].make == no_rows || fine[_i].make == params_64 ||
                                                   fine[_i].make == empty_groups
                                               ? LF_FIT_TOO_FEW_ROWS
                                               : LF_FIT_OK);
    ck_assert_int_eq(lf_fleet_fit(c.fleet, NULL, c.result), LF_OK);
}
END_TEST

START_TEST(test_params)
{
    struct lf_fleet f = {.in = 3, .common_in = 2};
    ck_assert_uint_eq(lf_fleet_params(&f), 6);
    f.no_intercept = 1;
    ck_assert_uint_eq(lf_fleet_params(&f), 5);
    f.in = 62;
    ck_assert_uint_eq(lf_fleet_params(&f), LF_FLEET_MOST_PARAMS);
    f.in = 63;
    ck_assert_uint_eq(lf_fleet_params(&f), 0);
    f.in = f.common_in = 0;
    ck_assert_uint_eq(lf_fleet_params(&f), 0);
    ck_assert_uint_eq(lf_fleet_params(NULL), 0);
    ck_assert_uint_eq(lf_fleet_workspace(NULL, NULL), 0);
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------- */

/* One of each form, with problems that fail, that miss rows, and that need more digits. */
static struct test_fleet fleets[FLEET_FORMS];
static struct fleet_outputs fleet_out[FLEET_FORMS];
static size_t scenario_form, scenario_threads;

static void make_fleets(void)
{
    struct test_rng rng = test_rng(2000);
    for (size_t form = 0; form < FLEET_FORMS; form++) {
        struct fleet_spec s = fleet_form(form, form % 2 ? LF_F32 : LF_F64);
        s.problems = 40;
        s.missing = 15;
        s.hard = 1;
        s.in += form == 1 || form == 3 ? 4 : 0;
        fleets[form] = fleet_draw(&s, &rng);
        fleet_out[form] = fleet_outputs(s.problems, lf_fleet_params(&fleets[form].fleet), 0);
    }
}

static void free_fleets(void)
{
    for (size_t form = 0; form < FLEET_FORMS; form++) {
        fleet_free(&fleets[form]);
        fleet_outputs_free(&fleet_out[form]);
    }
}

static int fit_fleet(void)
{
    const struct lf_fleet_options options = {.kernels = tested, .threads = scenario_threads};
    const struct fleet_outputs *o = &fleet_out[scenario_form];
    memset(o->memory, FLEET_UNTOUCHED, o->bytes);
    const lf_status status = lf_fleet_fit(&fleets[scenario_form].fleet, &options, &o->result);
    EXPECT(status == LF_OK || status == LF_NO_MEMORY);
    for (size_t i = 0; status != LF_OK && i < o->bytes; i++)
        EXPECT(o->memory[i] == FLEET_UNTOUCHED);
    return status == LF_OK;
}

START_TEST(every_allocation_fails)
{
    scenario_form = (size_t)_i / 2;
    scenario_threads = _i % 2 ? 3 : 1;
    fail_every_allocation(fit_fleet);
}
END_TEST

/* With a workspace. */
START_TEST(nothing_is_allocated)
{
    const struct lf_fleet *f = &fleets[_i].fleet;
    struct lf_fleet_options options = {.kernels = tested, .threads = 1};
    const size_t bytes = lf_fleet_workspace(f, &options);
    options.workspace = malloc(bytes);
    ck_assert(bytes > 0 && options.workspace);
    const long before_call = allocations, live_before = live;
    const lf_status status = lf_fleet_fit(f, &options, &fleet_out[_i].result);
    const long after_call = allocations, live_after = live;
    ck_assert_int_eq(status, LF_OK);
    ck_assert_int_eq(after_call, before_call);
    ck_assert_int_eq(live_after, live_before);
    free(options.workspace);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("fleet_errors");
    TCase *tests = tcase_create("fleet_errors");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, test_arguments, 0, COUNT(bad));
    tcase_add_loop_test(tests, test_sizes, 0, COUNT(too_large));
    tcase_add_loop_test(tests, test_fine, 0, COUNT(fine));
    tcase_add_test(tests, test_params);
    tcase_add_checked_fixture(tests, make_fleets, free_fleets);
    tcase_add_loop_test(tests, every_allocation_fails, 0, 2 * FLEET_FORMS);
    tcase_add_loop_test(tests, nothing_is_allocated, 0, FLEET_FORMS);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
