/* SPDX-License-Identifier: MIT */
/* What fleets touch: no byte beside their operands, none of outputs that lie between others; more
 * than 2^32 elements. And the floating-point environment. */
#include "fleets.h"

#include <fenv.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t page(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static void expect_same(const struct fleet_outputs *a, const struct fleet_outputs *b,
                        const char *what)
{
    for (size_t q = 0; q < a->problems; q++) {
        const char *difference = fleet_difference(a, q, b, q);
        ck_assert_msg(!difference, "%s: problem %zu, %s differ", what, q, difference);
    }
}

/* ---- Pages that fault --------------------------------------------------------------------- */

/* Memory between two pages that fault, flush to the one behind it or before it. */
struct guarded {
    char *pages;
    size_t length;
    void *data;
};

enum { MOST_GUARDED = 20 };
static struct guarded guarded[MOST_GUARDED];
static size_t guarded_count;

/* A copy of `bytes` bytes; elements stay aligned. */
static void *guard(const void *from, size_t bytes, size_t alignment, int flush_to_end)
{
    struct guarded *g = &guarded[guarded_count++];
    const size_t inner = (bytes + page() - 1) / page() * page();
    *g = (struct guarded){.length = inner + 2 * page()};
    g->pages = mmap(NULL, g->length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(g->pages != MAP_FAILED);
    ck_assert(inner == 0 || mprotect(g->pages + page(), inner, PROT_READ | PROT_WRITE) == 0);
    g->data = g->pages + page() + (flush_to_end ? (inner - bytes) / alignment * alignment : 0);
    if (bytes > 0 && from)
        memcpy(g->data, from, bytes);
    return g->data;
}

static void free_guarded(void)
{
    while (guarded_count > 0) {
        const struct guarded *g = &guarded[--guarded_count];
        munmap(g->pages, g->length);
    }
}

static const void *guard_operand(const struct lf_fleet *f, const struct fleet_operand *o, int end)
{
    const size_t size = element_size(f->dtype);
    return (char *)guard(o->begin, o->bytes, size, end) + o->origin * (ptrdiff_t)size;
}

/* The same fleet, result and workspace between pages that fault. */
static void fit_guarded(const struct test_fleet *t, const struct fleet_outputs *expected, int end)
{
    struct lf_fleet f = t->fleet;
    struct lf_fleet_options options = {.kernels = tested};
    struct fleet_outputs o = {.problems = expected->problems, .params = expected->params};
    const size_t n = f.problems, doubles = n * o.params * sizeof(double);
    const size_t bytes = lf_fleet_workspace(&f, &options);
    f.x.data = guard_operand(&f, &t->x, end);
    f.common.data = guard_operand(&f, &t->common, end);
    f.y.data = guard_operand(&f, &t->y, end);
    if (f.weight.data)
        f.weight.data = guard_operand(&f, &t->weight, end);
    if (f.valid.data)
        f.valid.data = guard(t->valid.begin, t->valid.bytes, 1, end);
    if (f.offsets)
        f.offsets = guard(t->offsets, (n + 1) * sizeof *t->offsets, sizeof(size_t), end);
    if (f.ridges)
        f.ridges = guard(t->ridges, n * sizeof *t->ridges, sizeof(double), end);
    o.result = (struct lf_fleet_result){
        .coefficients = guard(NULL, doubles, sizeof(double), end),
        .standard_errors = guard(NULL, doubles, sizeof(double), end),
        .t = guard(NULL, doubles, sizeof(double), end),
        .p = guard(NULL, doubles, sizeof(double), end),
        .r_squared = guard(NULL, n * sizeof(double), sizeof(double), end),
        .residual_sd = guard(NULL, n * sizeof(double), sizeof(double), end),
        .rows_used = guard(NULL, n * sizeof(size_t), sizeof(size_t), end),
        .status = guard(NULL, n, 1, end)};
    options.workspace = guard(NULL, bytes, sizeof(max_align_t), end);
    ck_assert_int_eq(lf_fleet_fit(&f, &options, &o.result), LF_OK);
    expect_same(&o, expected, end ? "flush to the end" : "flush to the start");
    free_guarded();
}

START_TEST(between_pages_that_fault)
{
    struct test_rng rng = test_rng(3000 + (uint64_t)_i);
    for (int layout = 0; layout < LAYOUTS; layout++)
        for (size_t problems = 1; problems < 20; problems += 3) {
            struct fleet_spec s = fleet_form((size_t)_i / 2, (enum lf_dtype)(_i % 2));
            s.problems = problems;
            s.layout = (enum fleet_layout)layout;
            s.rows = problems * 7 % 17;
            s.missing = problems % 2 ? 15 : 0;
            s.weights = problems % 4 ? FLEET_OWN : FLEET_NONE;
            s.ridge = problems % 4 == 1 ? RIDGE_EACH : RIDGE_NONE;
            s.hard = problems % 4 == 3;
            struct test_fleet t = fleet_draw(&s, &rng);
            struct fleet_outputs o = fleet_fit(&t.fleet, tested);
            fit_guarded(&t, &o, 0);
            fit_guarded(&t, &o, 1);
            fleet_outputs_free(&o);
            fleet_free(&t);
        }
}
END_TEST

/* Lines of which nothing but coefficients is asked for: side by side, and each in a plane. */
static void fit_coefficients(const struct test_fleet *t, const struct fleet_outputs *all, int end)
{
    const size_t n = t->fleet.problems;
    const size_t strides[][2] = {{1, 2}, {n, 1}, {2 * n, 2}};
    for (size_t k = 0; k < sizeof strides / sizeof strides[0]; k++) {
        struct lf_fleet f = t->fleet;
        struct lf_fleet_options options = {.kernels = tested};
        const size_t param = strides[k][0], problem = strides[k][1];
        const size_t doubles = param + (n - 1) * problem + 1;
        double *b = guard(NULL, doubles * sizeof *b, sizeof *b, end);
        const struct lf_fleet_result result = {
            .coefficients = b, .param_stride = param, .problem_stride = problem};
        f.x.data = guard_operand(&f, &t->x, end);
        f.y.data = guard_operand(&f, &t->y, end);
        options.workspace = guard(NULL, lf_fleet_workspace(&f, &options), sizeof(max_align_t), end);
        ck_assert_int_eq(lf_fleet_fit(&f, &options, &result), LF_OK);
        for (size_t i = 0; i < 2 * n; i++) {
            const double *one = b + i / 2 * problem + i % 2 * param;
            const double *expected = all->result.coefficients + i;
            ck_assert_msg((*one != *one && *expected != *expected) ||
                              memcmp(one, expected, sizeof *one) == 0,
                          "rows %zu, %zu of %zu, strides %zu, %zu: %a, not %a", f.rows, i, n, param,
                          problem, *one, *expected);
        }
        free_guarded();
    }
}

START_TEST(coefficients_alone)
{
    struct test_rng rng = test_rng(3050 + (uint64_t)_i);
    for (int layout = 0; layout < LAYOUTS; layout++)
        for (size_t rows = 2; rows < 14; rows++) {
            const struct fleet_spec s = {.dtype = _i % 2 ? LF_F64 : LF_F32,
                                         .problems = 8 + rows * 5 % 31,
                                         .rows = rows,
                                         .in = 1,
                                         .missing = _i / 2 ? MISSING_Y : 0,
                                         .layout = (enum fleet_layout)layout};
            struct test_fleet t = fleet_draw(&s, &rng);
            struct fleet_outputs all = fleet_fit(&t.fleet, tested);
            fit_coefficients(&t, &all, 0);
            fit_coefficients(&t, &all, 1);
            fleet_outputs_free(&all);
            fleet_free(&t);
        }
}
END_TEST

/* Each row of an image, or each problem, on a page of its own, and no page beside it. */
START_TEST(between_rows)
{
    enum { PROBLEMS = 13, ROWS = 9, PIECES = 13 };
    struct test_rng rng = test_rng(3100);
    for (int by_problem = 0; by_problem < 2; by_problem++)
        for (int end = 0; end < 2; end++) {
            struct fleet_spec s = {.dtype = LF_F32,
                                   .problems = PROBLEMS,
                                   .rows = ROWS,
                                   .in = 1,
                                   .shares_x = 1,
                                   .missing = MISSING_Y,
                                   .layout = by_problem ? LAYOUT_PROBLEMS : LAYOUT_ROWS};
            struct test_fleet t = fleet_draw(&s, &rng);
            struct fleet_outputs expected = fleet_fit(&t.fleet, tested);
            const size_t pieces = by_problem ? PROBLEMS : ROWS, step = 2 * page();
            const size_t bytes = t.y.bytes / pieces;
            char *pages = mmap(NULL, (2 * PIECES + 1) * page(), PROT_NONE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            ck_assert(pages != MAP_FAILED);
            const size_t first = page() + (end ? page() - bytes : 0);
            for (size_t k = 0; k < pieces; k++) {
                ck_assert(mprotect(pages + page() + k * step, page(), PROT_READ | PROT_WRITE) == 0);
                memcpy(pages + first + k * step, t.y.begin + k * bytes, bytes);
            }
            t.fleet.y.data = pages + first;
            *(by_problem ? &t.fleet.y.problem : &t.fleet.y.row) = (ptrdiff_t)(step / sizeof(float));
            struct fleet_outputs o = fleet_fit(&t.fleet, tested);
            expect_same(&o, &expected, "on pages");
            munmap(pages, (2 * PIECES + 1) * page());
            fleet_outputs_free(&expected);
            fleet_outputs_free(&o);
            fleet_free(&t);
        }
}
END_TEST

/* ---- Between the elements of outputs ------------------------------------------------------ */

/* With gaps everywhere, in both orders: what is no element stays. */
START_TEST(gaps_stay)
{
    static const size_t gap[][2] = {{3, 40}, {1, 9}, {70, 1}, {80, 3}};
    struct test_rng rng = test_rng(3200 + (uint64_t)_i);
    struct fleet_spec s = fleet_form((size_t)_i / 2, (enum lf_dtype)(_i % 2));
    s.problems = 20;
    s.missing = 15;
    struct test_fleet t = fleet_draw(&s, &rng);
    struct fleet_outputs expected = fleet_fit(&t.fleet, tested);
    const struct lf_fleet_options options = {.kernels = tested};
    for (size_t k = 0; k < sizeof gap / sizeof gap[0]; k++) {
        enum { PLANE = 1000 };
        double values[4][PLANE];
        unsigned char is_element[PLANE] = {0};
        struct fleet_outputs o = expected;
        memset(values, FLEET_UNTOUCHED, sizeof values);
        o.result = (struct lf_fleet_result){.coefficients = values[0] + 50,
                                            .standard_errors = values[1] + 50,
                                            .t = values[2] + 50,
                                            .p = values[3] + 50,
                                            .param_stride = gap[k][0],
                                            .problem_stride = gap[k][1]};
        ck_assert_int_eq(lf_fleet_fit(&t.fleet, &options, &o.result), LF_OK);
        expect_same(&o, &expected, "with gaps");
        for (size_t q = 0; q < s.problems; q++)
            for (size_t j = 0; j < o.params; j++)
                is_element[50 + j * gap[k][0] + q * gap[k][1]] = 1;
        for (size_t i = 0; i < sizeof values; i++)
            ck_assert(is_element[i / sizeof(double) % PLANE] ||
                      ((unsigned char *)values)[i] == FLEET_UNTOUCHED);
    }
    fleet_outputs_free(&expected);
    fleet_free(&t);
}
END_TEST

/* ---- More than 2^32 elements -------------------------------------------------------------- */

enum { HUGE_ROWS = 6, HUGE_PROBLEMS = 3 };

static char *reserve(size_t bytes)
{
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* The strides of a case: of rows and problems, in elements; the extent stays below 2^37 bytes. */
static const struct {
    ptrdiff_t row, problem;
} far[] = {{(ptrdiff_t)1 << 31, 1},
           {1, ((ptrdiff_t)1 << 32) + 5},
           {-((ptrdiff_t)1 << 31) - 3, 2},
           {7, -((ptrdiff_t)1 << 32)},
           {(ptrdiff_t)1 << 30, ((ptrdiff_t)1 << 31) + 1}};

/* x and y far apart, against a copy that is dense. */
START_TEST(far_operands)
{
    const size_t bytes = (size_t)1 << 37;
    char *memory = reserve(bytes);
    if (!memory)
        return;
    struct test_rng rng = test_rng(3300);
    for (int dtype = LF_F32; dtype <= LF_F64; dtype++) {
        const ptrdiff_t row = far[_i].row, problem = far[_i].problem;
        const ptrdiff_t middle = (ptrdiff_t)(bytes / 2 / element_size((enum lf_dtype)dtype));
        struct lf_fleet f = {.dtype = (enum lf_dtype)dtype,
                             .problems = HUGE_PROBLEMS,
                             .rows = HUGE_ROWS,
                             .in = 1,
                             .x = {NULL, row, 0, problem, 0},
                             .y = {NULL, row, 0, problem, 0}};
        /* From the end that the strides lead away from. */
        const ptrdiff_t from = row < 0 || problem < 0 ? 2 * middle - 200 : 100;
        f.x.data = memory + from * (ptrdiff_t)element_size(f.dtype);
        f.y.data = (const char *)f.x.data + 64 * element_size(f.dtype);
        for (size_t q = 0; q < HUGE_PROBLEMS; q++)
            for (size_t i = 0; i < HUGE_ROWS; i++) {
                fleet_put(&f, &f.x, i, 0, q, test_uniform(&rng, -1, 1));
                fleet_put(&f, &f.y, i, 0, q, test_uniform(&rng, -1, 1));
            }
        struct fleet_outputs o = fleet_fit(&f, tested);
        for (size_t q = 0; q < HUGE_PROBLEMS; q++) {
            struct test_fleet copy = fleet_copy(&f, q);
            struct fleet_outputs one = fleet_fit(&copy.fleet, tested);
            const char *difference = fleet_difference(&o, q, &one, 0);
            ck_assert_msg(!difference, "problem %zu: %s differ", q, difference);
            ck_assert_int_eq(o.result.status[q], LF_FIT_OK);
            fleet_outputs_free(&one);
            fleet_free(&copy);
        }
        fleet_outputs_free(&o);
    }
    munmap(memory, bytes);
}
END_TEST

/* Bits and outputs far apart: more than 2^32 bits, 2^32 doubles. */
START_TEST(far_bits_and_outputs)
{
    const size_t bytes = (size_t)1 << 37;
    char *memory = reserve(bytes), *bits = reserve(bytes);
    if (!memory || !bits)
        return;
    struct test_rng rng = test_rng(3400);
    struct fleet_spec s = fleet_form(1, LF_F64);
    s.problems = HUGE_PROBLEMS;
    s.missing = MISSING_BITS;
    struct test_fleet t = fleet_draw(&s, &rng);
    struct fleet_outputs expected = fleet_fit(&t.fleet, tested);
    struct lf_fleet f = t.fleet;
    f.valid = (struct lf_fleet_bits){(unsigned char *)bits, 3, ((size_t)1 << 34) + 1,
                                     ((size_t)1 << 33) + 8, 0};
    for (size_t q = 0; q < HUGE_PROBLEMS; q++)
        for (size_t i = 0; i < f.rows; i++) {
            const size_t bit = 3 + i * f.valid.row + q * f.valid.problem;
            if (!fleet_is_missing(&t.fleet, i, q))
                bits[bit / 8] |= (char)(1u << bit % 8);
        }
    for (int planar = 0; planar < 2; planar++) {
        const struct lf_fleet_options options = {.kernels = tested};
        const size_t stride = ((size_t)1 << 32) + 1;
        struct fleet_outputs o = expected;
        o.result.coefficients = (double *)memory;
        o.result.standard_errors = (double *)memory + 16;
        o.result.t = o.result.p = NULL;
        o.result.param_stride = planar ? stride : 1;
        o.result.problem_stride = planar ? 1 : stride;
        struct fleet_outputs rest = fleet_outputs(HUGE_PROBLEMS, expected.params, 0);
        o.result.r_squared = rest.result.r_squared;
        o.result.residual_sd = rest.result.residual_sd;
        o.result.rows_used = rest.result.rows_used;
        o.result.status = rest.result.status;
        ck_assert_int_eq(lf_fleet_fit(&f, &options, &o.result), LF_OK);
        expect_same(&o, &expected, "far outputs");
        fleet_outputs_free(&rest);
    }
    fleet_outputs_free(&expected);
    fleet_free(&t);
    munmap(memory, bytes);
    munmap(bits, bytes);
}
END_TEST

/* Groups whose rows begin beyond 2^32. */
START_TEST(far_groups)
{
    const size_t bytes = (size_t)1 << 37, start = ((size_t)1 << 32) + 9;
    char *memory = reserve(bytes);
    if (!memory)
        return;
    struct test_rng rng = test_rng(3500);
    const size_t offsets[] = {start, start + 7, start + 7, start + 12};
    double *x = (double *)memory, *y = x + ((size_t)1 << 33);
    const struct lf_fleet f = {.dtype = LF_F64,
                               .problems = 3,
                               .in = 1,
                               .x = {x, 1, 0, 0, 0},
                               .y = {y, 1, 0, 0, 0},
                               .offsets = offsets};
    for (size_t r = start; r < start + 12; r++) {
        x[r] = test_uniform(&rng, -1, 1);
        y[r] = test_uniform(&rng, -1, 1);
    }
    struct fleet_outputs o = fleet_fit(&f, tested);
    for (size_t q = 0; q < 3; q++) {
        struct test_fleet copy = fleet_copy(&f, q);
        struct fleet_outputs one = fleet_fit(&copy.fleet, tested);
        const char *difference = fleet_difference(&o, q, &one, 0);
        ck_assert_msg(!difference, "group %zu: %s differ", q, difference);
        fleet_outputs_free(&one);
        fleet_free(&copy);
    }
    fleet_outputs_free(&o);
    munmap(memory, bytes);
}
END_TEST

/* ---- The environment ---------------------------------------------------------------------- */

START_TEST(environment_stays)
{
    struct test_rng rng = test_rng(3600);
    fenv_t before, after;
    memset(&before, 0, sizeof before);
    memset(&after, 0, sizeof after);
    /* x86 has a flag for subnormal operands that FE_ALL_EXCEPT lacks: it is raised from here on. */
    volatile double subnormal = 0x1p-1074;
    subnormal += subnormal;
    for (int trial = 0; trial < 10; trial++) {
        const struct fleet_spec s = fleet_draw_spec(&rng);
        struct test_fleet t = fleet_draw(&s, &rng);
        feclearexcept(FE_ALL_EXCEPT);
        fegetenv(&before);
        struct fleet_outputs o = fleet_fit(&t.fleet, tested);
        feclearexcept(FE_ALL_EXCEPT);
        fegetenv(&after);
        ck_assert_mem_eq(&before, &after, sizeof before);
        fleet_outputs_free(&o);
        fleet_free(&t);
    }
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("fleet_memory");
    TCase *tests = tcase_create("fleet_memory");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, between_pages_that_fault, 0, 2 * FLEET_FORMS);
    tcase_add_loop_test(tests, coefficients_alone, 0, 4);
    tcase_add_test(tests, between_rows);
    tcase_add_loop_test(tests, gaps_stay, 0, 2 * FLEET_FORMS);
    tcase_add_loop_test(tests, far_operands, 0, (int)(sizeof far / sizeof far[0]));
    tcase_add_test(tests, far_bits_and_outputs);
    tcase_add_test(tests, far_groups);
    tcase_add_test(tests, environment_stays);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
