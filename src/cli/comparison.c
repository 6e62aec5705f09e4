/* SPDX-License-Identifier: MIT */
#include "compare.h"

#include "../../tests/trial.h"
#include "../kernels/autovec.h"
#include "cli.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- Bits and errors ----------------------------------------------------------------------- */

/* One trial: what it adds to the comparison. 0 without memory. */
static int try_case(struct comparison *comparison, const struct lf_shape *shape, size_t offset,
                    int special, struct test_rng *rng)
{
    struct trial before = {0}, reference = {0}, got = {0};
    struct trial_place place;
    double error = -1;
    int ready = trial_create(comparison->c, shape, offset, &before) &&
                trial_create(comparison->c, shape, offset, &reference) &&
                trial_create(comparison->c, shape, offset, &got);
    if (ready) {
        trial_fill(&before, rng, special);
        trial_copy(&before, &reference);
        trial_copy(&before, &got);
        trial_run(&reference, lf_kernels_find("scalar"));
        trial_run(&got, comparison->kernels);
        error = special ? 0 : trial_error(&before, &got, &place);
        comparison->cases++;
        comparison->differing_bits += trial_differing_bits(&reference, &got, NULL);
        comparison->error = error > comparison->error ? error : comparison->error;
    }
    trial_destroy(&before);
    trial_destroy(&reference);
    trial_destroy(&got);
    return ready && error >= 0;
}

/* The shape itself, and others with fewer rows, odd strides and NaN among the operands. */
static int try_cases(struct comparison *comparison, int quick)
{
    size_t trials = quick ? 4 : 12;
    struct test_rng rng = {comparison->shape.rows + 1000 * comparison->shape.in};
    for (size_t i = 0; i < trials; i++) {
        struct lf_shape shape = comparison->shape;
        if (i > 0) {
            shape.rows = test_below(&rng, shape.rows + 1);
            shape.pad = test_below(&rng, 3);
            shape.no_bias = i % 4 == 1;
            shape.row_weights = i % 3 == 2;
            shape = lf_case_shape(comparison->c, &shape);
        }
        if (!try_case(comparison, &shape, test_below(&rng, 16), i % 4 == 3, &rng))
            return 0;
    }
    return 1;
}

/* ---- Times --------------------------------------------------------------------------------- */

enum { TIMED = 3, MOST_ROUNDS = 21 };

static double seconds_of(struct trial *trial, const struct lf_kernels *kernels, size_t calls)
{
    double start = seconds();
    for (size_t i = 0; i < calls; i++)
        trial_run(trial, kernels);
    return seconds() - start;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Nanoseconds a call of each table: medians over rounds in which they take turns, so that a slow
 * moment of the machine meets all of them. */
static int time_tables(struct comparison *comparison, const struct lf_kernels *const tables[TIMED],
                       int quick, double ns[TIMED])
{
    double times[TIMED][MOST_ROUNDS], enough = quick ? 5e-5 : 2e-4;
    size_t rounds = quick ? 5 : MOST_ROUNDS, calls[TIMED];
    struct test_rng rng = {1};
    struct trial trial;
    if (!trial_create(comparison->c, &comparison->shape, 0, &trial))
        return 0;
    trial_fill(&trial, &rng, 0);
    for (size_t t = 0; t < TIMED; t++) {
        calls[t] = 1;
        while (seconds_of(&trial, tables[t], calls[t]) < enough && calls[t] < (size_t)1 << 24)
            calls[t] *= 2;
    }
    for (size_t r = 0; r < rounds; r++)
        for (size_t t = 0; t < TIMED; t++)
            times[t][r] = 1e9 * seconds_of(&trial, tables[t], calls[t]) / (double)calls[t];
    for (size_t t = 0; t < TIMED; t++) {
        qsort(times[t], rounds, sizeof times[t][0], by_size);
        ns[t] = times[t][rounds / 2];
    }
    trial_destroy(&trial);
    return 1;
}

int comparison_run(struct comparison *comparison, int quick)
{
    const struct lf_kernels *const tables[TIMED] = {
        lf_kernels_find("scalar"), autovec_find(comparison->kernels->name), comparison->kernels};
    double ns[TIMED];
    if (!try_cases(comparison, quick) || !time_tables(comparison, tables, quick, ns))
        return 0;
    comparison->ns_scalar = ns[0];
    comparison->ns_autovec = ns[1];
    comparison->ns_simd = ns[2];
    return 1;
}

/* ---- Output -------------------------------------------------------------------------------- */

void comparison_head(int json)
{
    if (json)
        fputs("[", stdout);
}

/* Three digits or more, right-aligned in the width; '-' for nothing at all. */
static void print_number(int width, double x)
{
    if (x == 0)
        printf(" %*s", width, "-");
    else
        printf(" %*.*f", width, x < 9.995 ? 2 : x < 99.95 ? 1 : 0, x);
}

/* The lines of one kernel, type and table have a heading. At most 80 columns, as long as a call
 * takes no 10 ms. */
static void print_line(const struct comparison *c, const char *shape, const struct lf_case *before,
                       const struct lf_kernels *kernels_before)
{
    if (c->c != before || c->kernels != kernels_before)
        printf("%s %s %s: %zu cases a shape, times in ns a call\n"
               "  %-18s %4s %5s %7s %7s %7s %5s %5s %4s %6s\n",
               c->c->name, c->c->dtype == LF_F32 ? "f32" : "f64", c->kernels->name, c->cases,
               "shape", "bits", "error", "scalar", "autovec", "this", "GF/s", "GB/s", "x-sc",
               "x-auto");
    printf("  %-18s %4zu %5.3f", shape, c->differing_bits, c->error);
    print_number(7, c->ns_scalar);
    print_number(7, c->ns_autovec);
    print_number(7, c->ns_simd);
    print_number(5, c->c->flops(&c->shape) / c->ns_simd);
    print_number(5, lf_case_bytes(c->c, &c->shape) / c->ns_simd);
    print_number(4, c->ns_scalar / c->ns_simd);
    print_number(6, c->ns_autovec / c->ns_simd);
    putchar('\n');
}

/* 0 without memory. */
static int print_json(const struct comparison *c, const char *shape, int first)
{
    cJSON *object = cJSON_CreateObject();
    char *text = NULL;
    /* JSON knows no infinity */
    cJSON *error = isfinite(c->error) ? cJSON_CreateNumber(c->error) : cJSON_CreateNull();
    if (cJSON_AddStringToObject(object, "kernel", c->c->name) &&
        cJSON_AddStringToObject(object, "dtype", c->c->dtype == LF_F32 ? "f32" : "f64") &&
        cJSON_AddStringToObject(object, "isa", c->kernels->name) &&
        cJSON_AddStringToObject(object, "shape", shape) &&
        cJSON_AddNumberToObject(object, "cases", (double)c->cases) &&
        cJSON_AddNumberToObject(object, "mismatched_bits", (double)c->differing_bits) &&
        cJSON_AddItemToObject(object, "max_error_over_bound", error) &&
        cJSON_AddNumberToObject(object, "ns_scalar", c->ns_scalar) &&
        cJSON_AddNumberToObject(object, "ns_autovec", c->ns_autovec) &&
        cJSON_AddNumberToObject(object, "ns_simd", c->ns_simd) &&
        cJSON_AddNumberToObject(object, "speedup_scalar", c->ns_scalar / c->ns_simd) &&
        cJSON_AddNumberToObject(object, "speedup_autovec", c->ns_autovec / c->ns_simd))
        text = cJSON_PrintUnformatted(object);
    if (text)
        printf("%s\n  %s", first ? "" : ",", text);
    cJSON_free(text);
    cJSON_Delete(object);
    return text != NULL;
}

int comparison_print(const struct comparison *c, int json, struct comparison_sum *sum)
{
    char shape[32];
    int printed = 1;
    lf_shape_name(c->c, &c->shape, sizeof shape, shape);
    if (json)
        printed = print_json(c, shape, sum->lines == 0);
    else
        print_line(c, shape, sum->last_case, sum->last_kernels);
    sum->last_case = c->c;
    sum->last_kernels = c->kernels;
    sum->lines++;
    sum->cases += c->cases;
    sum->differing_bits += c->differing_bits;
    sum->failed += c->differing_bits > 0 || !(c->error <= 1);
    /* scalar is built without vectors on purpose: that autovec is faster says nothing. */
    if (c->kernels != lf_kernels_find("scalar")) {
        sum->timed++;
        sum->slower += c->ns_simd > 1.05 * c->ns_autovec;
    }
    sum->error = c->error > sum->error ? c->error : sum->error;
    return printed;
}

void comparison_foot(int json, const struct comparison_sum *sum)
{
    if (json) {
        fputs("\n]\n", stdout);
        return;
    }
    printf("%zu cases: %zu bits differ, the largest error is %.3f of its bound\n", sum->cases,
           sum->differing_bits, sum->error);
    if (sum->timed > 0)
        printf("%zu of %zu times of vector tables are more than 5 %% above autovec's\n",
               sum->slower, sum->timed);
}
