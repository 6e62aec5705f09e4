/* SPDX-License-Identifier: MIT */
/* Outputs that overlap each other, an input or the workspace are refused, those that lie between
 * each other are not. */
#include "fleet_call.inl.h"

enum { OUTPUTS = 8 };

struct place {
    size_t at, bytes; /* in memory */
};

#define PLACE(member)                                                                              \
    {                                                                                              \
        offsetof(struct memory, member), sizeof memory.member                                      \
    }
static const struct place outputs[OUTPUTS] = {PLACE(coefficients),
                                              PLACE(standard_errors),
                                              PLACE(t),
                                              PLACE(p),
                                              PLACE(r_squared),
                                              PLACE(residual_sd),
                                              PLACE(rows_used),
                                              {offsetof(struct memory, status), PROBLEMS}};
static const struct place inputs[] = {PLACE(x),
                                      PLACE(common),
                                      PLACE(y),
                                      PLACE(weight),
                                      PLACE(ridges),
                                      PLACE(offsets),
                                      {offsetof(struct memory, valid), 4}};

static void move_output(struct call *c, size_t output, void *to)
{
    double **const doubles[] = {&c->r.coefficients, &c->r.standard_errors, &c->r.t, &c->r.p,
                                &c->r.r_squared,    &c->r.residual_sd};
    if (output < 6)
        *doubles[output] = to;
    else if (output == 6)
        c->r.rows_used = to;
    else
        c->r.status = to;
}

/* An output that shares its first or last bytes with a place, lies in it, or around it; and beside
 * it, which is fine. */
static void check_overlaps(const struct call *good, size_t output, struct place place,
                           const char *what)
{
    char name[64];
    const size_t step = output == 7 ? 1 : 8, own = outputs[output].bytes;
    const size_t last = (place.bytes - 1) / step * step;
    const size_t at[] = {place.at, place.at + last, place.at - (own - 1) / step * step,
                         place.at + last / 2 / step * step};
    for (size_t k = 0; k < sizeof at / sizeof at[0]; k++) {
        struct call c = *good;
        c.fleet = &c.f;
        c.result = &c.r;
        move_output(&c, output, (char *)&memory + at[k]);
        snprintf(name, sizeof name, "output %zu over %s, %zu", output, what, k);
        expect_refusal(&c, name);
    }
}

START_TEST(test_overlapping_outputs)
{
    struct call c;
    make_call(&c);
    for (size_t other = 0; other < OUTPUTS; other++)
        if (other != (size_t)_i) {
            /* Alone, between others that it must not hit by chance. */
            struct call alone = c;
            struct place middle = {offsetof(struct memory, between) + 8 * SPARE / 2,
                                   outputs[other].bytes};
            move_output(&alone, other, (char *)&memory + middle.at);
            check_overlaps(&alone, (size_t)_i, middle, "another");
        }
}
END_TEST

START_TEST(test_overlapping_inputs)
{
    struct call c;
    for (int ragged = 0; ragged < 2; ragged++) {
        make_call(&c);
        c.f.ridges = memory.ridges;
        c.f.offsets = ragged ? memory.offsets : NULL;
        for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
            struct place place = inputs[i];
            if (place.at == offsetof(struct memory, offsets) && !ragged)
                continue;
            /* Groups have the rows of the first problem; the last valid bit is 5. */
            if (ragged && i != 1 && i != 4 && i != 5)
                place.bytes = i == 6 ? 1 : place.bytes / PROBLEMS;
            char what[24];
            snprintf(what, sizeof what, "input %zu, ragged %d", i, ragged);
            check_overlaps(&c, (size_t)_i, place, what);
        }
    }
}
END_TEST

/* The workspace lies in memory, where there is room. */
START_TEST(test_overlapping_workspace)
{
    struct call c;
    make_call(&c);
    const size_t bytes = lf_fleet_workspace(&c.f, &c.options);
    char *all = malloc(bytes + 2 * 4096), *kept = malloc(bytes + 2 * 4096);
    ck_assert(all && kept && bytes > 0);
    memset(all, 0x5a, bytes + 2 * 4096);
    memcpy(kept, all, bytes + 2 * 4096);
    const size_t own = outputs[_i].bytes, step = _i == 7 ? 1 : 8;
    const size_t at[] = {4096, 4096 + (bytes - 1) / 8 * 8, 4096 - (own - 1) / step * step};
    for (size_t k = 0; k < sizeof at / sizeof at[0]; k++) {
        make_call(&c);
        c.options.workspace = all + 4096;
        move_output(&c, (size_t)_i, all + at[k]);
        expect_refusal(&c, "over the workspace");
        ck_assert_mem_eq(all, kept, bytes + 2 * 4096);
    }
    move_output(&c, (size_t)_i, all + 4096 - (own + 7) / 8 * 8);
    ck_assert_int_eq(run(&c), LF_OK);
    free(all);
    free(kept);
}
END_TEST

/* Elements of one output, and of outputs whose strides make them meet. */
START_TEST(test_overlapping_elements)
{
    static const size_t strides[][2] = {{1, 2}, {0, 4}, {1, 0}, {2, 1}, {4, 1}, {1, 3}};
    struct call c;
    for (size_t k = 0; k < sizeof strides / sizeof strides[0]; k++) {
        make_call(&c);
        c.r.standard_errors = c.r.t = c.r.p = NULL;
        c.r.coefficients = memory.spare;
        c.r.param_stride = strides[k][0];
        c.r.problem_stride = strides[k][1];
        expect_refusal(&c, "its own elements");
    }
    for (size_t shift = 0; shift < 9; shift++) {
        make_call(&c);
        c.r.t = c.r.p = NULL;
        c.r.coefficients = memory.spare;
        c.r.standard_errors = memory.spare + shift;
        c.r.param_stride = 4;
        c.r.problem_stride = 4 * PARAMS;
        if (shift % 4 == 0)
            expect_refusal(&c, "records that meet");
        else
            ck_assert_int_eq(run(&c), LF_OK);
    }
}
END_TEST

/* Records of a parameter, and planes of problems with other outputs between them: the same numbers.
 */
START_TEST(test_interleaved)
{
    struct call c;
    double *at = memory.spare;
    make_call(&c);
    ck_assert_int_eq(run(&c), LF_OK);
    before = memory;
    c.r = (struct lf_fleet_result){.coefficients = at,
                                   .standard_errors = at + 1,
                                   .t = at + 2,
                                   .p = at + 3,
                                   .param_stride = 4,
                                   .problem_stride = 4 * PARAMS};
    ck_assert_int_eq(run(&c), LF_OK);
    for (size_t i = 0; i < PROBLEMS * PARAMS; i++)
        ck_assert(memcmp(&at[4 * i], &before.coefficients[i], 8) == 0 &&
                  memcmp(&at[4 * i + 1], &before.standard_errors[i], 8) == 0 &&
                  memcmp(&at[4 * i + 2], &before.t[i], 8) == 0 &&
                  memcmp(&at[4 * i + 3], &before.p[i], 8) == 0);
    memset(memory.spare, 0x5a, sizeof memory.spare);
    c.r = (struct lf_fleet_result){.coefficients = at,
                                   .standard_errors = at + PROBLEMS,
                                   .t = at + 2 * PROBLEMS,
                                   .r_squared = at + 3 * PROBLEMS,
                                   .residual_sd = at + 3 * PROBLEMS + 4 * PROBLEMS,
                                   .rows_used = memory.rows_used,
                                   .param_stride = 4 * PROBLEMS,
                                   .problem_stride = 1};
    ck_assert_int_eq(run(&c), LF_OK);
    for (size_t q = 0; q < PROBLEMS; q++)
        for (size_t j = 0; j < PARAMS; j++) {
            const double *from = at + 4 * PROBLEMS * j + q;
            ck_assert_mem_eq(from, &before.coefficients[q * PARAMS + j], 8);
            ck_assert_mem_eq(from + PROBLEMS, &before.standard_errors[q * PARAMS + j], 8);
            ck_assert_mem_eq(from + 2 * PROBLEMS, &before.t[q * PARAMS + j], 8);
        }
    ck_assert_mem_eq(at + 3 * PROBLEMS, before.r_squared, sizeof before.r_squared);
    ck_assert_mem_eq(at + 7 * PROBLEMS, before.residual_sd, sizeof before.residual_sd);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("fleet_overlaps");
    TCase *tests = tcase_create("fleet_overlaps");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, test_overlapping_outputs, 0, OUTPUTS);
    tcase_add_loop_test(tests, test_overlapping_inputs, 0, OUTPUTS);
    tcase_add_loop_test(tests, test_overlapping_workspace, 0, OUTPUTS);
    tcase_add_test(tests, test_overlapping_elements);
    tcase_add_test(tests, test_interleaved);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
