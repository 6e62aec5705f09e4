/* SPDX-License-Identifier: MIT */
/* The loops that a user would write for many regressions: the sums of a line where they are enough,
 * side by side for a stack of images, and normal equations with Cholesky for the rest. Built with
 * -O3 -march=native -ffast-math, but for the test of a NaN. */
#include "plain.h"

#include "rows.h"

#include <math.h>
#include <string.h>

enum { MOST = 16, SIDE_BY_SIDE = 512 };

/* Of n rows: the sums of x, y and their products. */
struct sums {
    double n, x, y, xx, xy, yy;
};

static void solve_line(const struct peer_fleet *f, size_t i, const struct sums *s)
{
    const double xx = s->xx - s->x * s->x / s->n, xy = s->xy - s->x * s->y / s->n;
    const double yy = s->yy - s->y * s->y / s->n, slope = xy / xx, residual = yy - slope * xy;
    f->coefficients[2 * i] = (s->y - slope * s->x) / s->n;
    f->coefficients[2 * i + 1] = slope;
    if (f->standard_errors) {
        const double variance = residual / (s->n - 2);
        f->standard_errors[2 * i] = sqrt(variance * s->xx / (s->n * xx));
        f->standard_errors[2 * i + 1] = sqrt(variance / xx);
    }
    if (f->r_squared)
        f->r_squared[i] = 1 - residual / yy;
}

/* Lines over an x of their own, in f64 and without gaps. */
static void own_lines(const struct peer_fleet *f, size_t first, size_t last)
{
    for (size_t i = first; i < last; i++) {
        const double *x = (const double *)f->x + i * f->x_problem;
        const double *y = (const double *)f->y + i * f->y_problem;
        struct sums s = {(double)f->rows, 0, 0, 0, 0, 0};
        for (size_t r = 0; r < f->rows; r++) {
            s.x += x[r];
            s.y += y[r];
            s.xx += x[r] * x[r];
            s.xy += x[r] * y[r];
            s.yy += y[r] * y[r];
        }
        solve_line(f, i, &s);
    }
}

/* Lines over one x, in f32, problem beside problem. */
static void lines_of_images(const struct peer_fleet *f, size_t first, size_t last)
{
    for (size_t i = first; i < last; i += SIDE_BY_SIDE) {
        const size_t count = last - i < SIDE_BY_SIDE ? last - i : SIDE_BY_SIDE;
        double n[SIDE_BY_SIDE] = {0}, sx[SIDE_BY_SIDE] = {0}, sy[SIDE_BY_SIDE] = {0};
        double xx[SIDE_BY_SIDE] = {0}, xy[SIDE_BY_SIDE] = {0}, yy[SIDE_BY_SIDE] = {0};
        for (size_t r = 0; r < f->rows; r++) {
            const float *row = (const float *)f->y + r * f->y_row + i;
            const double x = f->z[r];
            for (size_t k = 0; k < count; k++) {
                const double there = row[k] == row[k], y = row[k] == row[k] ? (double)row[k] : 0;
                n[k] += there;
                sx[k] += there * x;
                xx[k] += there * x * x;
                sy[k] += y;
                xy[k] += x * y;
                yy[k] += y * y;
            }
        }
        for (size_t k = 0; k < count; k++)
            solve_line(f, i + k, &(struct sums){n[k], sx[k], sy[k], xx[k], xy[k], yy[k]});
    }
}

/* The lower triangle of gram = l l^T. */
static void cholesky(size_t n, double gram[MOST][MOST])
{
    for (size_t j = 0; j < n; j++) {
        for (size_t k = 0; k < j; k++)
            for (size_t i = j; i < n; i++)
                gram[i][j] -= gram[i][k] * gram[j][k];
        const double root = sqrt(gram[j][j]);
        for (size_t i = j; i < n; i++)
            gram[i][j] /= root;
    }
}

/* b = (l l^T)^-1 b. */
static void substitute(size_t n, double l[MOST][MOST], double *b)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++)
            b[i] -= l[i][k] * b[k];
        b[i] /= l[i][i];
    }
    for (size_t i = n; i-- > 0;) {
        for (size_t k = i + 1; k < n; k++)
            b[i] -= l[k][i] * b[k];
        b[i] /= l[i][i];
    }
}

static void report(const struct peer_fleet *f, size_t i, double n, double residual, double total,
                   double l[MOST][MOST])
{
    const size_t params = fleet_params(f);
    for (size_t j = 0; f->standard_errors && j < params; j++) {
        double column[MOST] = {0};
        column[j] = 1;
        substitute(params, l, column);
        f->standard_errors[i * params + j] = sqrt(residual / (n - (double)params) * column[j]);
    }
    if (f->r_squared)
        f->r_squared[i] = 1 - residual / total;
}

static void general(const struct peer_fleet *f, size_t first, size_t last)
{
    const size_t params = fleet_params(f);
    for (size_t i = first; i < last; i++) {
        const struct fleet_problem p = fleet_problem(f, i);
        double gram[MOST][MOST] = {{0}}, products[MOST] = {0}, row[MOST] = {0};
        double *b = f->coefficients + i * params, n = 0, y, sum = 0, squares = 0;
        for (size_t r = 0; r < p.rows; r++) {
            if (!fleet_row(f, &p, r, row, 1, &y))
                continue;
            for (size_t j = 0; j < params; j++)
                for (size_t k = 0; k < MOST; k++)
                    gram[j][k] += row[j] * row[k];
            for (size_t k = 0; k < MOST; k++)
                products[k] += row[k] * y;
            sum += y;
            squares += y * y;
            n++;
        }
        memcpy(b, products, params * sizeof *b);
        cholesky(params, gram);
        substitute(params, gram, b);
        double residual = squares;
        for (size_t j = 0; j < params; j++)
            residual -= b[j] * products[j];
        report(f, i, n, residual, squares - sum * sum / n, gram);
    }
}

void plain_fit(const struct peer_fleet *f, size_t first, size_t last)
{
    if (f->shared == 1 && f->own == 0 && f->f32 && f->y_problem == 1)
        lines_of_images(f, first, last);
    else if (f->shared == 0 && f->own == 1 && !f->f32 && !f->offset)
        own_lines(f, first, last);
    else
        general(f, first, last);
}
