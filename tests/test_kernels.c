/* SPDX-License-Identifier: MIT */
/* Every case of the registry on the table under test: equal to scalar bit for bit, within the
 * derived bound of the oracle, and nothing else touched. */
#include "support.h"
#include "trial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void describe(const struct trial *t, size_t offset, int special, size_t size, char *where)
{
    const struct lf_shape *s = &t->shape;
    snprintf(where, size, "%s %s %zu x %zu -> %zu%s%s%s, pad %zu, offset %zu%s", t->c->name,
             dtype_name(t->c->dtype), s->rows, s->in, s->out,
             s->column_major ? " column-major" : "", s->no_bias ? " without bias" : "",
             s->row_weights ? " weighted" : "", s->pad, offset, special ? ", specials" : "");
}

static struct trial trial_of(const struct lf_case *c, const struct lf_shape *shape, size_t offset)
{
    struct trial t;
    ck_assert(trial_create(c, shape, offset, &t));
    return t;
}

static void check_case(const struct lf_case *c, const struct lf_shape *shape, size_t offset,
                       struct test_rng *rng, int special)
{
    char where[200];
    struct trial before = trial_of(c, shape, offset), reference = trial_of(c, shape, offset);
    struct trial got = trial_of(c, shape, offset);
    struct trial_place place = {0};
    describe(&before, offset, special, sizeof where, where);
    trial_fill(&before, rng, special);
    trial_copy(&before, &reference);
    trial_copy(&before, &got);
    trial_run(&reference, scalar_table());
    trial_run(&got, tested);
    ck_assert_msg(trial_differing_bits(&got, &reference, &place) == 0,
                  "%s: operand %zu, element %zu is %a, scalar has %a", where, place.operand,
                  place.element, trial_element(&got, place.operand, place.element),
                  trial_element(&reference, place.operand, place.element));
    ck_assert_msg(trial_touched(&before, &got) == LF_OPERANDS,
                  "%s: operand %zu: bytes that are not of an output changed", where,
                  trial_touched(&before, &got));
    if (!special) {
        double error = trial_error(&before, &got, &place);
        ck_assert_msg(error >= 0 && error <= 1,
                      "%s: operand %zu, element %zu is %.17g, should be %.20Lg, bound %.3Lg", where,
                      place.operand, place.element,
                      trial_element(&got, place.operand, place.element), place.exact, place.bound);
    }
    trial_destroy(&before);
    trial_destroy(&reference);
    trial_destroy(&got);
}

/* Each shape in both layouts, with and without specials; what the case does not look at is left
 * out, and a shape that is the one before it then. */
static void check_shapes(const struct lf_case *c, const struct lf_shape *shapes, size_t n)
{
    struct test_rng rng = test_rng((uint64_t)(c - lf_cases));
    struct lf_shape before = {.rows = SIZE_MAX};
    for (size_t i = 0; i < n; i++) {
        struct lf_shape shape = lf_case_shape(c, &shapes[i]);
        if (shape.rows == before.rows && shape.in == before.in && shape.out == before.out)
            continue;
        before = shape;
        for (int k = 0; k < 4; k++) {
            shape.column_major = k / 2;
            shape.no_bias = test_below(&rng, 4) == 0;
            shape.row_weights = test_below(&rng, 2) == 0;
            shape.pad = test_below(&rng, 3) == 0 ? test_below(&rng, 9) : 0;
            shape = lf_case_shape(c, &shape);
            check_case(c, &shape, test_below(&rng, 16), &rng, k % 2);
        }
    }
}

START_TEST(every_small_size)
{
    const struct lf_case *c = &lf_cases[_i];
    for (size_t rows = 0; rows <= 67; rows++) {
        const struct lf_shape shapes[] = {{.rows = rows, .in = 1, .out = 1},
                                          {.rows = rows, .in = 2, .out = 1},
                                          {.rows = rows, .in = 3, .out = 2}};
        check_shapes(c, shapes, 3);
    }
    for (size_t in = 0; in <= 35; in++) {
        const struct lf_shape shapes[] = {
            {.rows = 5, .in = in, .out = 1},  {.rows = 19, .in = in, .out = 1},
            {.rows = 7, .in = in, .out = 4},  {.rows = 33, .in = in, .out = 2},
            {.rows = 3, .in = in, .out = 17}, {.rows = 9, .in = 3, .out = in},
            {.rows = 2, .in = 19, .out = in}, {.rows = 1, .in = in, .out = in}};
        check_shapes(c, shapes, sizeof shapes / sizeof shapes[0]);
    }
}
END_TEST

START_TEST(powers_of_two_and_neighbours)
{
    const struct lf_case *c = &lf_cases[_i];
    for (size_t power = 64; power <= LF_BLOCK_ROWS; power *= 2)
        for (size_t rows = power - 1; rows <= power + 1; rows++) {
            size_t most = c->uses & LF_ANY_ROWS || rows <= LF_BLOCK_ROWS ? rows : LF_BLOCK_ROWS;
            const struct lf_shape shapes[] = {{.rows = most, .in = 1, .out = 1},
                                              {.rows = most, .in = 4, .out = 1},
                                              {.rows = most, .in = 2, .out = 3}};
            check_shapes(c, shapes, 3);
        }
    const struct lf_shape large[] = {
        {.rows = 32, .in = 32, .out = 32}, {.rows = 64, .in = 16, .out = 16},
        {.rows = 21, .in = 64, .out = 5},  {.rows = 17, .in = 13, .out = 7},
        {.rows = 1, .in = 64, .out = 64},  {.rows = 40, .in = 100, .out = 1},
        {.rows = 33, .in = 40, .out = 3},  {.rows = 300, .in = 20, .out = 2},
        {.rows = 35, .in = 3, .out = 256}, {.rows = 35, .in = 3, .out = 257},
        {.rows = 5, .in = 2, .out = 4099}, {.rows = 3, .in = 300, .out = 300},
        {.rows = 0, .in = 64, .out = 64},  {.rows = 0, .in = 40, .out = 3},
        {.rows = 33, .in = 0, .out = 64},  {.rows = 33, .in = 64, .out = 0},
        {.rows = 600, .in = 3, .out = 1},  {.rows = 600, .in = 5, .out = 1},
        {.rows = 600, .in = 8, .out = 1},  {.rows = 600, .in = 9, .out = 1},
        {.rows = 600, .in = 13, .out = 1}, {.rows = 600, .in = 16, .out = 1}};
    check_shapes(c, large, sizeof large / sizeof large[0]);
}
END_TEST

/* Each special number at each place of each operand. */
START_TEST(specials_everywhere)
{
    const struct lf_case *c = &lf_cases[_i];
    struct test_rng rng = test_rng(3000 + (uint64_t)_i);
    struct lf_shape shape = {.rows = 19, .in = 3, .out = 2, .row_weights = 1};
    shape = lf_case_shape(c, &shape);
    struct trial before = trial_of(c, &shape, 0), reference = trial_of(c, &shape, 0);
    struct trial got = trial_of(c, &shape, 0);
    trial_fill(&before, &rng, 0);
    for (size_t k = 0; k < LF_OPERANDS; k++) {
        if (before.operand[k].role != LF_READ && before.operand[k].role != LF_UPDATED)
            continue;
        for (size_t i = 0; i < before.operand[k].count; i++)
            for (size_t special = 0; special < TRIAL_SPECIALS; special++) {
                double kept = trial_element(&before, k, i);
                trial_set(&before, k, i, trial_specials[special]);
                trial_copy(&before, &reference);
                trial_copy(&before, &got);
                trial_run(&reference, scalar_table());
                trial_run(&got, tested);
                ck_assert_msg(trial_differing_bits(&reference, &got, NULL) == 0,
                              "%s %s: %g as element %zu of operand %zu", c->name,
                              dtype_name(c->dtype), trial_specials[special], i, k);
                trial_set(&before, k, i, kept);
            }
    }
    trial_destroy(&before);
    trial_destroy(&reference);
    trial_destroy(&got);
}
END_TEST

START_TEST(every_offset)
{
    const struct lf_case *c = &lf_cases[_i];
    struct test_rng rng = test_rng(1000 + (uint64_t)_i);
    for (size_t offset = 0; offset < 16; offset++) {
        struct lf_shape shape = {.rows = 37, .in = 5, .out = 3, .row_weights = 1};
        shape = lf_case_shape(c, &shape);
        check_case(c, &shape, offset, &rng, 0);
    }
}
END_TEST

/* Memory for `bytes` bytes between two pages that fault, flush to the one behind it or before it.
 */
struct guarded {
    unsigned char *pages;
    size_t length;
    void *data;
};

static struct guarded guarded_alloc(size_t bytes, int flush_to_end)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), inner = (bytes + page - 1) / page * page;
    struct guarded g = {.length = inner + 2 * page};
    g.pages = mmap(NULL, g.length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(g.pages != MAP_FAILED);
    ck_assert(inner == 0 || mprotect(g.pages + page, inner, PROT_READ | PROT_WRITE) == 0);
    g.data = g.pages + page + (flush_to_end ? inner - bytes : 0);
    return g;
}

/* The same bits as in ordinary memory, without a fault. */
static void check_guarded(const struct lf_case *c, const struct lf_shape *any, struct test_rng *rng,
                          int flush_to_end)
{
    const struct lf_shape shape = lf_case_shape(c, any);
    struct trial ordinary = trial_of(c, &shape, 0), guarded = ordinary;
    struct guarded g[LF_OPERANDS];
    trial_fill(&ordinary, rng, 0);
    for (size_t i = 0; i < LF_OPERANDS; i++) {
        size_t bytes = ordinary.operand[i].count * element_size(c->dtype);
        g[i] = guarded_alloc(bytes, flush_to_end);
        guarded.data[i] = g[i].data;
        if (bytes > 0)
            memcpy(g[i].data, ordinary.data[i], bytes);
    }
    trial_run(&ordinary, tested);
    trial_run(&guarded, tested);
    ck_assert_uint_eq(trial_differing_bits(&ordinary, &guarded, NULL), 0);
    for (size_t i = 0; i < LF_OPERANDS; i++)
        munmap(g[i].pages, g[i].length);
    trial_destroy(&ordinary);
}

START_TEST(between_pages_that_fault)
{
    const struct lf_case *c = &lf_cases[_i];
    struct test_rng rng = test_rng(5000 + (uint64_t)_i);
    for (size_t n = 0; n <= 67; n++)
        for (int flush_to_end = 0; flush_to_end < 2; flush_to_end++) {
            const struct lf_shape shapes[] = {{.rows = n, .in = 1, .out = 1},
                                              {.rows = n, .in = 3, .out = 2},
                                              {.rows = n, .in = 5, .out = 1, .column_major = 1},
                                              {.rows = 3, .in = n, .out = 1},
                                              {.rows = 2, .in = n, .out = 4},
                                              {.rows = 3, .in = 2, .out = n}};
            for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
                struct lf_shape shape = shapes[i];
                shape.row_weights = n % 2;
                check_guarded(c, &shape, &rng, flush_to_end);
            }
        }
    static const struct lf_shape long_ones[] = {
        {.rows = 523, .in = 1, .out = 1, .pad = 1},
        {.rows = 523, .in = 3, .out = 1, .pad = 1},
        {.rows = 531, .in = 13, .out = 1},
        {.rows = 531, .in = 13, .out = 1, .column_major = 1},
        {.rows = 528, .in = 9, .out = 1, .column_major = 1, .row_weights = 1},
        {.rows = 528, .in = 16, .out = 1, .row_weights = 1}};
    for (size_t i = 0; i < sizeof long_ones / sizeof long_ones[0]; i++)
        for (int flush_to_end = 0; flush_to_end < 2; flush_to_end++)
            check_guarded(c, &long_ones[i], &rng, flush_to_end);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("kernels");
    TCase *cases = tcase_create("cases");
    tcase_set_timeout(cases, 600);
    tcase_add_loop_test(cases, every_small_size, 0, (int)lf_case_count);
    tcase_add_loop_test(cases, powers_of_two_and_neighbours, 0, (int)lf_case_count);
    tcase_add_loop_test(cases, specials_everywhere, 0, (int)lf_case_count);
    tcase_add_loop_test(cases, every_offset, 0, (int)lf_case_count);
    tcase_add_loop_test(cases, between_pages_that_fault, 0, (int)lf_case_count);
    suite_add_tcase(suite, cases);
    return run_suite(suite, argc, argv);
}
