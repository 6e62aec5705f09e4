/* SPDX-License-Identifier: MIT */
/* The post's experiments: PyTorch's floats in every step, on both paths; and what PyTorch does not
 * tell: pieces, lanes, divergence. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct lf_line_options post = {
    .seed = 1024, .lr = 0.01, .true_weight = 1.233, .true_bias = 0.988};

static struct lf_line *start(struct lf_line_options options)
{
    struct lf_line *line;
    options.kernels = tested;
    ck_assert_int_eq(lf_line_create(&line, &options), LF_OK);
    return line;
}

/* ---- Traces ------------------------------------------------------------------------------ */

static const char *const trace_files[] = {"torch/linear-seed0.csv", "torch/linear-seed1024.csv",
                                          "torch/shared-seed0.csv", "torch/shared-seed1024.csv"};

/* Loop index: file, and path. */
START_TEST(trace_of_pytorch)
{
    enum { STEPS = 5000 };
    FILE *file = open_data(trace_files[_i / 2]);
    struct lf_line_options options = post;
    options.model = _i / 2 < 2 ? LF_LINE_LINEAR : LF_LINE_SHARED;
    options.seed = _i / 2 % 2 ? 1024 : 0;
    options.path = _i % 2 ? LF_PATH_AUTOGRAD : LF_PATH_FUSED;
    struct lf_line *line = start(options);
    static struct lf_line_step steps[STEPS];
    char text[256];
    double weight, bias, expected[6];

    ck_assert_ptr_nonnull(fgets(text, sizeof text, file));
    ck_assert_ptr_nonnull(fgets(text, sizeof text, file));
    ck_assert_int_eq(sscanf(text, "0,,,,,%la,%la", &expected[0], &expected[1]), 2);
    lf_line_parameters(line, &weight, &bias);
    ck_assert_mem_eq(&weight, &expected[0], sizeof weight);
    ck_assert_mem_eq(&bias, &expected[1], sizeof bias);

    ck_assert_int_eq(lf_line_run(line, STEPS, steps), LF_OK);
    for (int i = 0; i < STEPS; i++) {
        ck_assert_ptr_nonnull(fgets(text, sizeof text, file));
        ck_assert_int_eq(sscanf(text, "%*d,%la,%la,%la,%la,%la,%la", &expected[0], &expected[1],
                                &expected[2], &expected[3], &expected[4], &expected[5]),
                         6);
        ck_assert_msg(memcmp(&steps[i], expected, sizeof expected) == 0, "%s, step %d",
                      trace_files[_i / 2], i + 1);
    }
    ck_assert_ptr_null(fgets(text, sizeof text, file));
    fclose(file);
    lf_line_destroy(line);
}
END_TEST

/* runs.csv: other seeds, step counts, rates, lines, and f64. With and without a trace. */
START_TEST(runs_of_pytorch)
{
    FILE *file = open_data("torch/runs.csv");
    char text[256], model[8], dtype[8], seed[32];
    unsigned long long count, expected;
    int lines = 0;
    ck_assert_ptr_nonnull(fgets(text, sizeof text, file));
    for (; fgets(text, sizeof text, file); lines++) {
        struct lf_line_options options = {.path = _i ? LF_PATH_AUTOGRAD : LF_PATH_FUSED};
        double end[2], got[2];
        ck_assert_int_eq(sscanf(text, "%7[^,],%7[^,],%31[^,],%llu,%lf,%lf,%lf,%la,%la,%llx", model,
                                dtype, seed, &count, &options.lr, &options.true_weight,
                                &options.true_bias, &end[0], &end[1], &expected),
                         10);
        options.model = strcmp(model, "shared") == 0 ? LF_LINE_SHARED : LF_LINE_LINEAR;
        options.dtype = strcmp(dtype, "f64") == 0 ? LF_F64 : LF_F32;
        options.seed = seed[0] == '-' ? 0 - strtoull(seed + 1, NULL, 10) : strtoull(seed, NULL, 10);

        struct lf_line *line = start(options);
        struct lf_line_step *steps = malloc(count * sizeof *steps);
        lf_line_parameters(line, &got[0], &got[1]);
        uint64_t hash = fnv1a(FNV1A_START, got, sizeof got);
        ck_assert_int_eq(lf_line_run(line, count, steps), LF_OK);
        hash = fnv1a(hash, steps, count * sizeof *steps);
        ck_assert_msg(hash == expected, "%s", text);
        free(steps);
        lf_line_destroy(line);

        line = start(options);
        ck_assert_int_eq(lf_line_run(line, count, NULL), LF_OK);
        lf_line_parameters(line, &got[0], &got[1]);
        ck_assert_msg(memcmp(got, end, sizeof got) == 0, "without a trace: %s", text);
        lf_line_destroy(line);
    }
    ck_assert_int_gt(lines, 100);
    fclose(file);
}
END_TEST

/* ---- What must not matter ----------------------------------------------------------------- */

/* Loop index: model, type. */
static struct lf_line_options variant(int i)
{
    struct lf_line_options options = post;
    options.model = i % 2 ? LF_LINE_SHARED : LF_LINE_LINEAR;
    options.dtype = i / 2 ? LF_F64 : LF_F32;
    return options;
}

START_TEST(pieces_do_not_matter)
{
    enum { STEPS = 3000 };
    struct test_rng rng = test_rng(1);
    struct lf_line *whole = start(variant(_i));
    double expected[2], got[2];
    ck_assert_int_eq(lf_line_run(whole, STEPS, NULL), LF_OK);
    lf_line_parameters(whole, &expected[0], &expected[1]);
    for (int round = 0; round < 20; round++) {
        struct lf_line *line = start(variant(_i));
        struct lf_line_step steps[64];
        for (size_t done = 0, n; done < STEPS; done += n) {
            n = test_below(&rng, 64);
            n = n < STEPS - done ? n : STEPS - done;
            ck_assert_int_eq(lf_line_run(line, n, test_below(&rng, 2) ? steps : NULL), LF_OK);
        }
        ck_assert_uint_eq(lf_line_steps(line), STEPS);
        lf_line_parameters(line, &got[0], &got[1]);
        ck_assert_mem_eq(expected, got, sizeof got);
        lf_line_destroy(line);
    }
    lf_line_destroy(whole);
}
END_TEST

/* A run that ends early or late: same steps, same parameters, same generator behind it, whatever
 * the table. The rates from 1e-30 to 1e30 hold runs that diverge at once, slowly, and in
 * every place of a group of 16 steps. */
#define CHECK_AGAINST_SCALAR(real, type, dtype)                                                    \
    static void check_against_scalar_##type(int shared, double lr, double true_weight,             \
                                            uint64_t seed, size_t drawn)                           \
    {                                                                                              \
        struct lf_online_##type run[2];                                                            \
        struct lf_rng rng[2];                                                                      \
        uint32_t word[40], next[2];                                                                \
        size_t taken[2], first;                                                                    \
        for (int i = 0; i < 2; i++) {                                                              \
            const struct lf_kernels *k = i ? tested : scalar_table();                              \
            lf_rng_seed(&rng[i], seed);                                                            \
            k->words(&rng[i], drawn, word);                                                        \
            run[i] = (struct lf_online_##type){(real)0.3, (real)-0.2, (real)true_weight,           \
                                               (real)0.988, (real)lr};                             \
            taken[i] = (shared ? k->type.online_shared : k->type.online_linear)(&run[i], &rng[i],  \
                                                                                700, NULL);        \
            k->words(&rng[i], 1, &next[i]);                                                        \
        }                                                                                          \
        ck_assert_msg(taken[0] == taken[1], "lr %g: %zu steps, scalar %zu", lr, taken[1],          \
                      taken[0]);                                                                   \
        ck_assert_msg(next[0] == next[1], "lr %g: the generator stands elsewhere", lr);            \
        ck_assert_msg(same_bits(dtype, 5, &run[0], &run[1], &first), "lr %g: parameters differ",   \
                      lr);                                                                         \
    }

CHECK_AGAINST_SCALAR(float, f32, LF_F32)
CHECK_AGAINST_SCALAR(double, f64, LF_F64)

START_TEST(divergence_is_the_same_everywhere)
{
    struct test_rng rng = test_rng(2);
    for (int round = 0; round < 4000; round++) {
        double lr = pow(10, test_uniform(&rng, -30, 30));
        if (round % 2)
            lr = test_uniform(&rng, 0, 8);
        double true_weight = round % 3 ? 1.233 : pow(10, test_uniform(&rng, -30, 38));
        size_t drawn = test_below(&rng, 40);
        check_against_scalar_f32(round / 2 % 2, lr, true_weight, (uint64_t)round, drawn);
        check_against_scalar_f64(round / 2 % 2, pow(lr, 8), true_weight, (uint64_t)round, drawn);
    }
    /* 2 d overflows, d does not: 0 * inf is NaN. */
    for (int shared = 0; shared < 2; shared++) {
        check_against_scalar_f32(shared, 0, 3e38, 1, 3);
        check_against_scalar_f64(shared, 0, 1.7e308, 1, 3);
    }
}
END_TEST

START_TEST(divergence_is_named)
{
    struct lf_line_options options = variant(_i);
    struct lf_line_step steps[2000];
    double weight, bias;
    options.lr = 50;
    for (int path = 0; path < 2; path++) {
        options.path = path ? LF_PATH_AUTOGRAD : LF_PATH_FUSED;
        struct lf_line *line = start(options);
        ck_assert_int_eq(lf_line_run(line, 2000, steps), LF_DIVERGED);
        size_t taken = lf_line_steps(line);
        ck_assert_uint_gt(taken, 1);
        ck_assert_uint_lt(taken, 2000);
        ck_assert(isfinite(steps[taken - 2].weight) && isfinite(steps[taken - 2].bias));
        ck_assert(!isfinite(steps[taken - 1].weight) || !isfinite(steps[taken - 1].bias));
        ck_assert_int_eq(lf_line_run(line, 10, NULL), LF_DIVERGED);
        ck_assert_uint_eq(lf_line_steps(line), taken);
        lf_line_parameters(line, &weight, &bias);
        ck_assert(!isfinite(weight) || !isfinite(bias));
        lf_line_destroy(line);
    }
}
END_TEST

/* A line that is used again is as good as new, after a divergence too. */
START_TEST(restart_is_a_new_start)
{
    struct lf_line_options options = variant(_i);
    for (int path = 0; path < 2; path++) {
        options.path = path ? LF_PATH_AUTOGRAD : LF_PATH_FUSED;
        options.lr = 50;
        struct lf_line *used = start(options);
        ck_assert_int_eq(lf_line_run(used, 2000, NULL), LF_DIVERGED);
        lf_line_restart(used, 5);
        ck_assert_uint_eq(lf_line_steps(used), 0);
        options.seed = 5;
        struct lf_line *fresh = start(options);
        struct lf_line_step a[2], b[2];
        ck_assert_int_eq(lf_line_run(used, 2, a), LF_OK);
        ck_assert_int_eq(lf_line_run(fresh, 2, b), LF_OK);
        ck_assert_mem_eq(a, b, sizeof a);
        ck_assert_uint_eq(lf_line_steps(used), 2);
        lf_line_destroy(used);
        lf_line_destroy(fresh);
    }
}
END_TEST

/* Side by side, each run has the bits of the run alone, those that diverge included. */
START_TEST(lanes_do_not_matter)
{
    enum { RUNS = 37, STEPS = 1000 };
    static const double rates[] = {0.01, 0.4, 3};
    uint64_t seeds[RUNS];
    struct lf_line_fate fates[RUNS];
    int diverged = 0;
    for (size_t i = 0; i < RUNS; i++)
        seeds[i] = i * 7919 - 5;
    for (size_t r = 0; r < 3; r++) {
        struct lf_line_options options = variant(_i);
        options.lr = rates[r];
        options.kernels = tested;
        ck_assert_int_eq(lf_line_fates(&options, STEPS, RUNS, seeds, fates), LF_OK);
        for (size_t i = 0; i < RUNS; i++) {
            options.seed = seeds[i];
            struct lf_line *line = start(options);
            struct lf_line_fate alone;
            size_t first;
            lf_line_parameters(line, &alone.start_weight, &alone.start_bias);
            diverged += lf_line_run(line, STEPS, NULL) == LF_DIVERGED;
            lf_line_parameters(line, &alone.weight, &alone.bias);
            ck_assert_msg(same_bits(LF_F64, 4, &alone, &fates[i], &first), "lr %g, seed %zu",
                          rates[r], i);
            lf_line_destroy(line);
        }
    }
    ck_assert_int_gt(diverged, 0);
}
END_TEST

/* ---- Arguments ---------------------------------------------------------------------------- */

START_TEST(bad_options)
{
    const double bad[] = {NAN, INFINITY, -INFINITY, 1e39};
    struct lf_line *line = (struct lf_line *)1;
    ck_assert_int_eq(lf_line_create(NULL, &post), LF_INVALID);
    ck_assert_int_eq(lf_line_create(&line, NULL), LF_INVALID);
    ck_assert_ptr_null(line);
    for (size_t i = 0; i < 4; i++)
        for (int field = 0; field < 3; field++) {
            struct lf_line_options options = post;
            double *fields[] = {&options.lr, &options.true_weight, &options.true_bias};
            *fields[field] = bad[i];
            line = (struct lf_line *)1;
            ck_assert_int_eq(lf_line_create(&line, &options), LF_INVALID);
            ck_assert_ptr_null(line);
        }
    struct lf_line_options options = post;
    options.lr = -0.01;
    ck_assert_int_eq(lf_line_create(&line, &options), LF_INVALID);
    options = post;
    options.dtype = (enum lf_dtype)2;
    ck_assert_int_eq(lf_line_create(&line, &options), LF_INVALID);
    ck_assert_int_eq(lf_line_run(NULL, 1, NULL), LF_INVALID);
    ck_assert_int_eq(lf_line_fates(&post, 1, 1, NULL, NULL), LF_INVALID);
    ck_assert_int_eq(lf_line_fates(&post, 1, 0, NULL, NULL), LF_OK);
    lf_line_destroy(NULL);
    lf_line_restart(NULL, 1);
    ck_assert_uint_eq(lf_line_steps(NULL), 0);
    double weight, bias;
    lf_line_parameters(NULL, &weight, &bias);
    ck_assert(isnan(weight) && isnan(bias));
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("line");
    TCase *traces = tcase_create("traces"), *runs = tcase_create("runs");
    tcase_set_timeout(traces, 300);
    tcase_set_timeout(runs, 300);
    tcase_add_loop_test(traces, trace_of_pytorch, 0, 8);
    tcase_add_loop_test(traces, runs_of_pytorch, 0, 2);
    tcase_add_loop_test(runs, pieces_do_not_matter, 0, 4);
    tcase_add_test(runs, divergence_is_the_same_everywhere);
    tcase_add_loop_test(runs, divergence_is_named, 0, 4);
    tcase_add_loop_test(runs, restart_is_a_new_start, 0, 4);
    tcase_add_loop_test(runs, lanes_do_not_matter, 0, 4);
    tcase_add_test(runs, bad_options);
    suite_add_tcase(suite, traces);
    suite_add_tcase(suite, runs);
    return run_suite(suite, argc, argv);
}
