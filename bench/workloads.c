/* SPDX-License-Identifier: MIT */
#include "workloads.h"

#include "../tests/bits.h"
#include "peers/rows.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

const struct workload workloads[] = {
    {"W1_raster_trend", 9000000, 300, 300, 1, 0, 1, 1, 0.05, 1},
    {"W1_complete", 9000000, 300, 300, 1, 0, 1, 1, 0, 1},
    {"W3_tiny", 10000000, 5, 5, 0, 1, 0, 0, 0, 0},
    {"W4_ragged", 100000, 100, 30, 0, 4, 0, 0, 0, 0},
    {"W6_genome", 50000, 20000, 20000, 10, 1, 1, 0, 0.01, 1},
    {"W10_calibration_16x2", 1, 16, 16, 0, 1, 0, 0, 0, 0},
    {"W10_calibration_80x3", 1, 80, 80, 0, 2, 0, 0, 0, 0},
};
const size_t workload_count = sizeof workloads / sizeof workloads[0];

static size_t value_size(int f32)
{
    return f32 ? sizeof(float) : sizeof(double);
}

/* Values of y, and of x, that a problem brings along: where one is shared by all, it is not. */
static size_t own_values(const struct workload *w)
{
    return w->rows * (w->shared > 0 && w->own > 0 ? w->own : w->own + 1);
}

size_t workload_problems(const struct workload *w)
{
    const double memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    const double fit = memory / 20 / (double)(own_values(w) * value_size(w->f32));
    return fit < (double)w->problems ? (size_t)fit : w->problems;
}

/* ---- Data ---------------------------------------------------------------------------------- */

struct maker {
    const struct workload *w;
    struct test_rng rng;
};

static void put(void *values, int f32, size_t i, double value)
{
    if (f32)
        ((float *)values)[i] = (float)value;
    else
        ((double *)values)[i] = value;
}

static int is_missing(struct maker *m)
{
    return m->w->missing > 0 && test_uniform(&m->rng, 0, 1) < m->w->missing;
}

/* An own column: a genotype, powers of a grid that is not quite even, or any number. */
static double own_value(struct maker *m, size_t row, size_t column, double *before)
{
    if (m->w->shared > 0)
        return is_missing(m) ? (double)NAN : (double)test_below(&m->rng, 3);
    if (m->w->fewest < m->w->rows)
        return test_uniform(&m->rng, -1, 1);
    return *before = column > 0
                         ? *before * *before
                         : ((double)row + test_uniform(&m->rng, -0.25, 0.25)) / (double)m->w->rows;
}

static void make_x(struct maker *m, const struct peer_fleet *f, void *x, size_t count)
{
    double before = 0;
    for (size_t r = 0; r < count; r++)
        for (size_t c = 0; c < f->own; c++)
            put(x, f->f32, r * f->own + c, own_value(m, r % f->rows, c, &before));
}

/* A trend over the rows, and noise. */
static void make_y(struct maker *m, const struct peer_fleet *f, void *y, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        const size_t r = m->w->images ? k / f->problems : k % f->rows;
        const double value = (double)r / (double)f->rows + test_uniform(&m->rng, -1, 1);
        put(y, f->f32, k, m->w->own == 0 && is_missing(m) ? (double)NAN : value);
    }
}

/* The only one is the time; the others are any numbers that x and y could be. */
static void make_z(struct maker *m, double *z, size_t rows, size_t shared, void *z_of_type)
{
    for (size_t k = 0; k < rows * shared; k++) {
        const double value = shared == 1 ? (double)k : test_uniform(&m->rng, -1, 1);
        z[k] = m->w->f32 ? (double)(float)value : value;
        put(z_of_type, m->w->f32, k, z[k]);
    }
}

static size_t *make_offsets(struct maker *m, size_t problems)
{
    size_t *offset = calloc(problems + 1, sizeof *offset);
    for (size_t i = 0; offset && i < problems; i++)
        offset[i + 1] =
            offset[i] + m->w->fewest + test_below(&m->rng, m->w->rows - m->w->fewest + 1);
    return offset;
}

/* In memory that is there: nobody's time shall have a page fault in it. */
static double *zeros(size_t n)
{
    double *values = malloc(n * sizeof *values);
    for (size_t i = 0; values && i < n; i++)
        ((volatile double *)values)[i] = 0;
    return values;
}

int workload_create(const struct workload *w, size_t problems, struct peer_fleet *f)
{
    struct maker m = {w, {1}};
    const int shares_y = w->shared > 0 && w->own > 0;
    *f = (struct peer_fleet){
        .problems = problems, .rows = w->rows, .shared = w->shared, .own = w->own, .f32 = w->f32};
    size_t rows = problems * w->rows, *offset = NULL;
    if (w->fewest < w->rows) {
        f->offset = offset = make_offsets(&m, problems);
        rows = offset ? offset[problems] : 0;
    }
    const size_t y_count = shares_y ? w->rows : rows, params = fleet_params(f);
    double *z = malloc((w->rows * w->shared + 1) * sizeof *z);
    void *z_of_type = malloc((w->rows * w->shared + 1) * value_size(w->f32));
    void *x = malloc((rows * w->own + 1) * value_size(w->f32));
    void *y = malloc((y_count + 1) * value_size(w->f32));
    f->z = z;
    f->z_of_type = z_of_type;
    f->x = x;
    f->y = y;
    f->x_row = w->own;
    f->x_problem = w->own > 0 && !offset ? w->rows * w->own : 0;
    f->y_row = w->images ? problems : 1;
    f->y_problem = w->images ? 1 : shares_y || offset ? 0 : w->rows;
    f->coefficients = zeros(problems * params);
    f->standard_errors = w->errors ? zeros(problems * params) : NULL;
    f->r_squared = w->errors ? zeros(problems) : NULL;
    if (!z || !z_of_type || !x || !y || (w->fewest < w->rows && !offset) || !f->coefficients ||
        (w->errors && (!f->standard_errors || !f->r_squared)))
        return 0;
    make_z(&m, z, w->rows, w->shared, z_of_type);
    make_x(&m, f, x, rows);
    make_y(&m, f, y, y_count);
    return 1;
}

void workload_destroy(struct peer_fleet *f)
{
    free((void *)f->offset);
    free((void *)f->z);
    free((void *)f->z_of_type);
    free((void *)f->x);
    free((void *)f->y);
    free(f->coefficients);
    free(f->standard_errors);
    free(f->r_squared);
    *f = (struct peer_fleet){0};
}

double workload_read(const struct peer_fleet *f)
{
    const double all =
        f->offset ? (double)f->offset[f->problems] : (double)f->problems * (double)f->rows;
    const double x = f->own > 0 ? all * (double)f->own : 0;
    const double y = f->shared > 0 && f->own > 0 ? (double)f->rows : all;
    return (x + y) * (double)value_size(f->f32) +
           sizeof(double) * (double)f->rows * (double)f->shared;
}

double workload_written(const struct peer_fleet *f)
{
    const size_t params = fleet_params(f);
    return sizeof(double) * (double)f->problems *
           (double)(params + (f->standard_errors ? params : 0) + (f->r_squared ? 1 : 0));
}
