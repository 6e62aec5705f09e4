/* SPDX-License-Identifier: MIT */
/* The rows of a problem of a fleet, for those who want them in a matrix of their own. */
#ifndef LANEFIT_BENCH_PEERS_ROWS_H
#define LANEFIT_BENCH_PEERS_ROWS_H

#include "peers.h"

static inline size_t fleet_params(const struct peer_fleet *f)
{
    return 1 + f->shared + f->own;
}

/* A problem as it lies: x at x + r x_row + c, y at y + r y_row, r from 0 to rows. */
struct fleet_problem {
    size_t rows, x, y; /* the latter as indices into the fleet's x and y */
};

static inline struct fleet_problem fleet_problem(const struct peer_fleet *f, size_t i)
{
    const size_t first = f->offset ? f->offset[i] : 0;
    struct fleet_problem p;
    p.rows = f->offset ? f->offset[i + 1] - first : f->rows;
    p.x = i * f->x_problem + first * f->x_row;
    p.y = i * f->y_problem + first * f->y_row;
    return p;
}

static inline double fleet_value(const struct peer_fleet *f, const void *values, size_t index)
{
    return f->f32 ? (double)((const float *)values)[index] : ((const double *)values)[index];
}

/* Row r of a problem: [1 z x] to row[], `step` apart, and its y. 0 where it is missing. */
static inline int fleet_row(const struct peer_fleet *f, const struct fleet_problem *p, size_t r,
                            double *row, size_t step, double *y)
{
    double sum = *y = fleet_value(f, f->y, p->y + r * f->y_row);
    row[0] = 1;
    for (size_t c = 0; c < f->shared; c++)
        row[(1 + c) * step] = f->z[r * f->shared + c];
    for (size_t c = 0; c < f->own; c++)
        sum += row[(1 + f->shared + c) * step] = fleet_value(f, f->x, p->x + r * f->x_row + c);
    return sum == sum; /* a NaN among them is one in the sum */
}

/* The rows that are there, as a design matrix whose rows and columns are so far apart, and their y;
 * returns how many. */
static inline size_t fleet_gather(const struct peer_fleet *f, size_t i, double *design,
                                  size_t row_step, size_t column_step, double *y)
{
    const struct fleet_problem p = fleet_problem(f, i);
    size_t n = 0;
    for (size_t r = 0; r < p.rows; r++)
        n += (size_t)fleet_row(f, &p, r, design + n * row_step, column_step, y + n);
    return n;
}

/* The sum of the squares of y about its mean. */
static inline double squares_about_mean(size_t n, const double *y)
{
    double mean = 0, squares = 0;
    for (size_t r = 0; r < n; r++)
        mean += y[r];
    mean /= (double)n;
    for (size_t r = 0; r < n; r++)
        squares += (y[r] - mean) * (y[r] - mean);
    return squares;
}

#endif
