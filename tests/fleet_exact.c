/* SPDX-License-Identifier: MIT */
#include "fleet_exact.h"

#include <math.h>
#include <string.h>

/* What long double is on Arm, and software on x86. */
#ifdef __SIZEOF_FLOAT128__
typedef __float128 quad;
#else
typedef long double quad;
#endif

enum { MOST = LF_FLEET_MOST_PARAMS };
#define UNIT 0x1p-53L

/* Sums with the terms' signs and with their magnitudes; column `columns` is y. */
struct system {
    size_t columns, used;
    quad weight, mean[MOST + 1], gram[MOST + 1][MOST + 1];
    long double mean_size[MOST + 1], largest[MOST + 1], size[MOST + 1][MOST + 1];
    quad inverse[MOST][MOST], b[MOST];
    long double g, ridge, square_y; /* square_y: about zero */
};

static quad magnitude(quad x)
{
    return x < 0 ? -x : x;
}

static long double size_of(quad x)
{
    return (long double)magnitude(x);
}

/* Row i, y the last; 0 where it does not take part. */
static int take_row(const struct lf_fleet *f, size_t q, size_t i, size_t columns, double *row,
                    double *weight)
{
    if (fleet_is_missing(f, i, q) || (*weight = fleet_weight(f, i, q)) == 0)
        return 0;
    for (size_t j = 0; j < columns; j++)
        row[j] = fleet_column(f, i, j, q);
    row[columns] = fleet_get(f, &f->y, i, 0, q);
    return 1;
}

static void sum_means(const struct lf_fleet *f, size_t q, struct system *s)
{
    double row[MOST + 1], weight;
    for (size_t i = 0; i < fleet_rows(f, q); i++) {
        if (!take_row(f, q, i, s->columns, row, &weight))
            continue;
        s->used++;
        s->weight += (quad)weight;
        s->square_y += (long double)weight * row[s->columns] * row[s->columns];
        for (size_t j = 0; j <= s->columns; j++) {
            s->mean[j] += (quad)weight * (quad)row[j];
            s->mean_size[j] += fabsl((long double)weight * row[j]);
            s->largest[j] = fmaxl(s->largest[j], fabsl((long double)row[j]));
        }
    }
    for (size_t j = 0; j <= s->columns; j++) {
        s->mean[j] = s->mean[j] / s->weight;
        s->mean_size[j] /= (long double)s->weight;
    }
}

static void sum_products(const struct lf_fleet *f, size_t q, struct system *s)
{
    double row[MOST + 1], weight;
    const size_t all = s->columns + 1;
    for (size_t i = 0; i < fleet_rows(f, q); i++) {
        quad value[MOST + 1];
        if (!take_row(f, q, i, s->columns, row, &weight))
            continue;
        for (size_t j = 0; j < all; j++)
            value[j] = (quad)row[j] - (f->no_intercept ? 0 : s->mean[j]);
        for (size_t j = 0; j < all; j++) {
            const quad weighted = (quad)weight * value[j];
            for (size_t k = j; k < all; k++) {
                const quad term = weighted * value[k];
                s->gram[j][k] += term;
                s->size[j][k] += size_of(term);
            }
        }
    }
    for (size_t j = 0; j < all; j++)
        for (size_t k = j; k < all; k++) {
            /* The means are off by (sqrt(n) + p) u as well, which shows in products of two. */
            if (!f->no_intercept)
                s->size[j][k] +=
                    s->g / 4096 * (long double)s->weight * s->largest[j] * s->largest[k];
            s->gram[k][j] = s->gram[j][k];
            s->size[k][j] = s->size[j][k];
        }
}

/* inverse = (gram + ridge)^-1, b = inverse times the products with y. */
static void solve(struct system *s)
{
    const size_t n = s->columns;
    static quad a[MOST][MOST];
    for (size_t j = 0; j < n; j++)
        for (size_t k = 0; k < n; k++) {
            a[j][k] = s->gram[j][k] + (j == k ? (quad)s->ridge : 0);
            s->inverse[j][k] = j == k;
        }
    for (size_t k = 0; k < n; k++) {
        const quad pivot = a[k][k];
        for (size_t i = 0; i < n; i++) {
            a[k][i] /= pivot;
            s->inverse[k][i] /= pivot;
        }
        for (size_t j = 0; j < n; j++) {
            const quad factor = a[j][k];
            for (size_t i = 0; j != k && i < n; i++) {
                a[j][i] -= factor * a[k][i];
                s->inverse[j][i] -= factor * s->inverse[k][i];
            }
        }
    }
    for (size_t j = 0; j < n; j++) {
        s->b[j] = 0;
        for (size_t k = 0; k < n; k++)
            s->b[j] += s->inverse[j][k] * s->gram[k][n];
    }
}

/* ---- How far errors lead ------------------------------------------------------------------ */

static long double size_with_ridge(const struct system *s, size_t j, size_t k)
{
    return s->size[j][k] + (j == k ? s->ridge : 0);
}

/* error = g |inverse| (size |b| + size of the products with y); half = g |inverse| size. */
static void move_errors(const struct system *s, long double *error, long double half[MOST][MOST])
{
    const size_t n = s->columns;
    for (size_t j = 0; j < n; j++) {
        error[j] = 0;
        for (size_t l = 0; l < n; l++) {
            half[j][l] = 0;
            for (size_t k = 0; k < n; k++)
                half[j][l] += s->g * size_of(s->inverse[j][k]) * size_with_ridge(s, k, l);
            error[j] += half[j][l] * size_of(s->b[l]);
            error[j] += s->g * size_of(s->inverse[j][l]) * s->size[l][n];
        }
    }
}

/* The largest row sum of half, with columns in units in which they are as long as each other. */
static double loss_of(const struct system *s, long double half[MOST][MOST])
{
    long double largest = 0;
    for (size_t j = 0; j < s->columns; j++) {
        long double sum = 0;
        for (size_t l = 0; l < s->columns; l++)
            sum += half[j][l] * sqrtl(size_with_ridge(s, j, j) / size_with_ridge(s, l, l));
        largest = fmaxl(largest, sum);
    }
    return (double)largest;
}

/* Of inverse[j][k]. */
static long double inverse_error(const struct system *s, long double half[MOST][MOST], size_t j,
                                 size_t k)
{
    long double sum = 0;
    for (size_t l = 0; l < s->columns; l++)
        sum += half[j][l] * size_of(s->inverse[l][k]);
    return sum;
}

/* The residual sum of squares is yy - 2 b'c + b'Gb, and least but for the ridge. */
static struct fleet_range residual_squares(const struct system *s, const long double *error)
{
    const size_t n = s->columns;
    quad rss = s->gram[n][n];
    long double lost = s->g * s->size[n][n];
    for (size_t j = 0; j < n; j++) {
        const long double b = size_of(s->b[j]);
        rss -= 2 * s->b[j] * s->gram[j][n];
        lost += 2 * s->g * b * s->size[j][n] + 2 * s->ridge * b * error[j];
        for (size_t k = 0; k < n; k++) {
            rss += s->b[j] * s->gram[j][k] * s->b[k];
            lost +=
                s->g * b * s->size[j][k] * size_of(s->b[k]) + error[j] * s->size[j][k] * error[k];
        }
    }
    const long double exact = fmaxl(0, (long double)rss);
    return (struct fleet_range){fmaxl(0, exact - lost), exact + lost};
}

static struct fleet_range around(long double value, long double error)
{
    error += 4 * UNIT * fabsl(value);
    return (struct fleet_range){value - error, value + error};
}

/* sqrt(a (variance +- error)) */
static struct fleet_range root_of(struct fleet_range a, long double variance, long double error)
{
    return (struct fleet_range){sqrtl(a.low * fmaxl(0, variance - error)) * (1 - 4 * UNIT),
                                sqrtl(a.high * (variance + error)) * (1 + 4 * UNIT)};
}

/* mean(y) - sum of b mean(x), and 1/W + mean(x)' inverse mean(x): the means are off by g as well.
 */
static void tell_intercept(const struct system *s, const long double *error,
                           long double half[MOST][MOST], struct fleet_range variance,
                           struct fleet_exact *exact)
{
    const size_t n = s->columns;
    quad value = s->mean[n], square = 1 / s->weight;
    long double value_error = s->g * s->mean_size[n], square_error = s->g / (long double)s->weight;
    for (size_t j = 0; j < n; j++) {
        value -= s->b[j] * s->mean[j];
        value_error += size_of(s->mean[j]) * error[j] + s->g * size_of(s->b[j]) * s->mean_size[j];
        for (size_t k = 0; k < n; k++) {
            square += s->mean[j] * s->inverse[j][k] * s->mean[k];
            square_error +=
                size_of(s->mean[j]) * inverse_error(s, half, j, k) * size_of(s->mean[k]);
            square_error +=
                3 * s->g * s->mean_size[j] * size_of(s->inverse[j][k]) * s->mean_size[k];
        }
    }
    exact->b[0] = around((long double)value, value_error);
    exact->se[0] = root_of(variance, (long double)square, square_error);
}

/* Columns that are shared and made orthogonal leave a basis whose pivots are more than 2^-20 of
 * their diagonal: an error g of the magnitudes of the products with y moves parameter j by 2^10 g
 * p sqrt(yy inverse[j][j]) at most, and squares, which are taken anew below 2^-16, by 2^20 g p of
 * themselves. */
static int is_orthogonal(const struct lf_fleet *f)
{
    const int shares = f->common_in > 0 || (f->in > 0 && f->x.problem == 0);
    const int is_one_pass = f->x.problem == 0 || f->in == 0 || (f->in == 1 && f->y.problem == 0);
    return shares && is_one_pass && !f->offsets && !f->weight.data && !f->ridges && f->ridge == 0;
}

static struct fleet_range orthogonal_errors(const struct system *s, long double *error,
                                            long double half[MOST][MOST])
{
    const size_t n = s->columns;
    const long double share = 0x1p20L * s->g * (long double)(n + 1);
    quad rss = s->gram[n][n];
    for (size_t j = 0; j < n; j++) {
        rss -= s->b[j] * s->gram[j][n];
        error[j] = 0x1p-10L * share * sqrtl(s->size[n][n] * size_of(s->inverse[j][j]));
        memset(half[j], 0, n * sizeof half[j][0]);
        half[j][j] = share;
    }
    return (struct fleet_range){(long double)rss * (1 - share), (long double)rss * (1 + share)};
}

void fleet_solve_exactly(const struct lf_fleet *f, size_t q, struct fleet_exact *exact)
{
    static struct system s;
    static long double half[MOST][MOST];
    long double error[MOST];
    const struct fleet_range none = {NAN, NAN};
    memset(&s, 0, sizeof s);
    s.columns = f->common_in + f->in;
    s.ridge = fleet_ridge(f, q);
    const size_t n = s.columns, first = !f->no_intercept;
    sum_means(f, q, &s);
    s.g = 64 * (sqrtl((long double)s.used) + (long double)(n + first)) * UNIT;
    sum_products(f, q, &s);
    solve(&s);
    move_errors(&s, error, half);
    *exact = (struct fleet_exact){.params = n + first, .used = s.used, .loss = loss_of(&s, half)};
    exact->is_orthogonal = exact->loss >= 0.1 && is_orthogonal(f);
    const struct fleet_range rss =
        exact->is_orthogonal ? orthogonal_errors(&s, error, half) : residual_squares(&s, error);
    const long double df = (long double)s.used - (long double)exact->params;
    const struct fleet_range variance = {rss.low / df, rss.high / df};
    for (size_t j = 0; j < n; j++) {
        exact->b[first + j] = around((long double)s.b[j], error[j]);
        exact->se[first + j] =
            root_of(variance, (long double)s.inverse[j][j], inverse_error(&s, half, j, j));
    }
    if (first)
        tell_intercept(&s, error, half, variance, exact);
    exact->residual_sd = df > 0 ? root_of(variance, 1, 0) : none;
    for (size_t j = 0; j < exact->params; j++)
        if (!(df > 0) || s.ridge > 0)
            exact->se[j] = none;
    /* y that varies by nothing but rounding */
    const long double yy = (long double)s.gram[n][n];
    exact->r_squared = none;
    if (yy > 0x1p-96L * s.square_y)
        exact->r_squared = (struct fleet_range){1 - rss.high / yy * (1 + s.g) - 4 * UNIT,
                                                1 - rss.low / yy * (1 - s.g) + 4 * UNIT};
}
