/* SPDX-License-Identifier: MIT */
/* What a fleet's outputs are held against: the normal equations in long double, solved by
 * Gauss-Jordan elimination, and how far rounding to f64 can lead a solver away from them.
 *
 * A solver in f64 finds the exact solution of normal equations in which each entry of the Gram
 * matrix and of the right-hand side is off by at most g times the sum of the magnitudes of its
 * terms; g = 8 (sqrt(n) + p) u holds but with negligible probability (N. Higham, T. Mary, SIAM J.
 * Sci. Comput. 41, 2019). To first order, an error E of those moves the solution b by the inverse
 * of the Gram matrix times E; likewise for the inverse itself and the residual. */
#include "peers/rows.h"
#include "workloads.h"

#include <math.h>

enum { MOST = 16 };

struct solution {
    size_t params;
    long double n, y, yy, residual, total;
    long double gram[MOST][MOST], size[MOST][MOST]; /* with the terms, with their magnitudes */
    long double products[MOST], product_size[MOST];
    long double inverse[MOST][MOST], b[MOST];
};

static void accumulate(struct solution *s, const double *row, double y)
{
    for (size_t j = 0; j < s->params; j++) {
        for (size_t k = 0; k < s->params; k++) {
            s->gram[j][k] += (long double)row[j] * row[k];
            s->size[j][k] += fabsl((long double)row[j] * row[k]);
        }
        s->products[j] += (long double)row[j] * y;
        s->product_size[j] += fabsl((long double)row[j] * y);
    }
    s->n += 1;
    s->y += y;
    s->yy += (long double)y * y;
}

/* inverse = gram^-1. */
static void invert(struct solution *s)
{
    long double a[MOST][MOST];
    const size_t p = s->params;
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j < p; j++) {
            a[i][j] = s->gram[i][j];
            s->inverse[i][j] = i == j;
        }
    for (size_t k = 0; k < p; k++) {
        const long double pivot = a[k][k];
        for (size_t j = 0; j < p; j++) {
            a[k][j] /= pivot;
            s->inverse[k][j] /= pivot;
        }
        for (size_t i = 0; i < p; i++) {
            const long double factor = a[i][k];
            for (size_t j = 0; j < p && i != k; j++) {
                a[i][j] -= factor * a[k][j];
                s->inverse[i][j] -= factor * s->inverse[k][j];
            }
        }
    }
}

static void solve(struct solution *s)
{
    invert(s);
    s->residual = s->yy;
    s->total = s->yy - s->y * s->y / s->n;
    for (size_t i = 0; i < s->params; i++) {
        s->b[i] = 0;
        for (size_t j = 0; j < s->params; j++)
            s->b[i] += s->inverse[i][j] * s->products[j];
        s->residual -= s->b[i] * s->products[i];
    }
}

/* |inverse| (size |b| + product_size), row j: what an error of 1 in all of them does to b[j]. */
static long double coefficient_sensitivity(const struct solution *s, size_t j)
{
    long double sum = 0;
    for (size_t k = 0; k < s->params; k++) {
        long double error = s->product_size[k];
        for (size_t l = 0; l < s->params; l++)
            error += s->size[k][l] * fabsl(s->b[l]);
        sum += fabsl(s->inverse[j][k]) * error;
    }
    return sum;
}

/* (|inverse| size |inverse|)[j][j] / inverse[j][j]. */
static long double variance_sensitivity(const struct solution *s, size_t j)
{
    long double sum = 0;
    for (size_t k = 0; k < s->params; k++)
        for (size_t l = 0; l < s->params; l++)
            sum += fabsl(s->inverse[j][k]) * s->size[k][l] * fabsl(s->inverse[l][j]);
    return sum / s->inverse[j][j];
}

/* What the residual sum of squares loses when it is made from yy and b. */
static long double residual_sensitivity(const struct solution *s)
{
    long double sum = s->yy;
    for (size_t j = 0; j < s->params; j++)
        sum += fabsl(s->b[j]) * (s->product_size[j] + coefficient_sensitivity(s, j));
    return sum;
}

static int within(double value, long double exact, long double bound)
{
    return fabsl((long double)value - exact) <= bound;
}

int workload_holds(const struct peer_fleet *f, size_t i)
{
    struct solution s = {.params = fleet_params(f)};
    const struct fleet_problem p = fleet_problem(f, i);
    double row[MOST], y;
    for (size_t r = 0; r < p.rows; r++)
        if (fleet_row(f, &p, r, row, 1, &y))
            accumulate(&s, row, y);
    solve(&s);
    const long double g = 8 * (sqrtl(s.n) + (long double)s.params) * 0x1p-53L;
    const long double lost = g * residual_sensitivity(&s);
    for (size_t j = 0; j < s.params; j++) {
        const size_t at = i * s.params + j;
        if (!within(f->coefficients[at], s.b[j], g * coefficient_sensitivity(&s, j)))
            return 0;
        if (!f->standard_errors)
            continue;
        const long double error =
            sqrtl(s.residual / (s.n - (long double)s.params) * s.inverse[j][j]);
        if (!within(f->standard_errors[at], error,
                    error * (g * variance_sensitivity(&s, j) + lost / s.residual)))
            return 0;
    }
    return !f->r_squared ||
           within(f->r_squared[i], 1 - s.residual / s.total, 2 * (lost + g * s.yy) / s.total);
}
