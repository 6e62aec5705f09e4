/* SPDX-License-Identifier: MIT */
#include "sums.h"

#include <stdlib.h>
#include <string.h>

/* Of a column about its mean, as of one besides those before (factor.h). */
#define CONSTANT 0x1p-90

struct lf_lsq_fit *lf_lsq_sums_create(size_t in, const struct lf_lsq_options *options)
{
    struct lf_lsq_fit *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->design.data.in = in;
    f->design.options = *options;
    f->design.params = lf_lsq_params(in, options);
    f->design.exponent = calloc(in + 1, sizeof *f->design.exponent);
    if (f->design.exponent && lf_lsq_fit_create(f))
        return f;
    lf_lsq_fit_destroy(f);
    return NULL;
}

/* ---- Scaling ------------------------------------------------------------------------------ */

/* Where the square of column j stands among the products of params + 1 columns. */
static size_t square_at(size_t params, size_t j)
{
    return lf_lsq_packed(params + 1) - lf_lsq_packed(params + 1 - j);
}

/* e such that x 2^-e is in [1/4, 1); 0 for a 0. */
static int exponent_of(double x)
{
    int exponent;
    frexp(x, &exponent);
    return exponent;
}

/* e / n, rounded down. */
static int part_of(int e, int n)
{
    return (e - (e % n + n) % n) / n;
}

/* Column j is scaled by 2^-(its exponent). */
static int column_exponent(const struct lf_lsq_design *d, size_t j)
{
    const size_t intercept = !d->options.no_intercept;
    if (j == d->params)
        return d->y_exponent;
    if (j < intercept)
        return 0;
    return d->options.degree > 0 ? (int)(j + 1 - intercept) * d->exponent[0]
                                 : d->exponent[j - intercept];
}

static void find_scaling(struct lf_lsq_fit *f, const lf_dd *product)
{
    struct lf_lsq_design *d = &f->design;
    const size_t n = d->params, intercept = !d->options.no_intercept;
    d->y_exponent = part_of(exponent_of(product[square_at(n, n)].hi), 2);
    for (size_t i = 0; i < d->data.in; i++) {
        const size_t power = d->options.degree > 0 ? d->options.degree : 1;
        const double square = product[square_at(n, intercept + i + power - 1)].hi;
        d->exponent[i] =
            part_of(exponent_of(square + d->options.ridge) - d->weight_exponent, 2 * (int)power);
    }
}

/* scaled[params + 1 columns] = the products; size[params + 1] = the roots of the squares. */
static void scale(const struct lf_lsq_design *d, const struct lf_lsq_sums *sums, lf_dd *scaled,
                  double *size)
{
    const lf_dd *product = sums->product;
    for (size_t j = 0; j <= d->params; j++) {
        const int e = -column_exponent(d, j);
        size[j] = sqrt(scale_by(sums->square[j], 2 * e));
        for (size_t k = j; k <= d->params; k++)
            *scaled++ = dd_scale(*product++, e - column_exponent(d, k));
    }
}

/* ---- What the sums tell ------------------------------------------------------------------- */

static int are_finite(const struct lf_lsq_sums *sums, size_t columns)
{
    int finite = 1;
    for (size_t i = 0; i < lf_lsq_packed(columns); i++)
        finite &= isfinite(sums->product[i].hi) && isfinite(sums->product[i].lo);
    return finite;
}

/* The square of column j about its mean, where there is an intercept. */
static lf_dd varying(const lf_dd *scaled, size_t params, size_t j, int no_intercept)
{
    const lf_dd square = scaled[square_at(params, j)];
    if (no_intercept)
        return square;
    return dd_subtract(square, dd_multiply(dd_divide(scaled[j], scaled[0]), scaled[j]));
}

/* What is left of a column after rows were taken out, and is below the error of the sums, is
 * nothing; and what varies by so little is constant. */
static int varies(const struct lf_lsq_design *d, const lf_dd *scaled, const double *size, size_t j)
{
    return varying(scaled, d->params, j, d->options.no_intercept).hi > CONSTANT * size[j] * size[j];
}

static void clean(const struct lf_lsq_design *d, double error, lf_dd *scaled, const double *size)
{
    for (size_t j = 0; j <= d->params; j++) {
        lf_dd *square = &scaled[square_at(d->params, j)];
        if (!(square->hi > error * size[j] * size[j]))
            *square = dd_of(0);
    }
}

/* Powers of a feature that varies need not. */
static enum lf_fit_status status_of(const struct lf_lsq_design *d, const lf_dd *scaled,
                                    const double *size)
{
    const size_t intercept = !d->options.no_intercept;
    for (size_t i = 0; d->options.ridge == 0 && i < d->data.in; i++)
        if (!varies(d, scaled, size, intercept + i))
            return LF_FIT_CONSTANT_COLUMN;
    return LF_FIT_OK;
}

/* The sum of w r^2: y'y - b'Gb - the ridge's share, G being R'DR; below 0 it is 0. */
static lf_dd residual_squares(const struct lf_lsq_fit *f)
{
    const size_t n = f->design.params;
    lf_dd rss = f->square_y;
    for (size_t k = 0; k < n; k++) {
        const lf_dd b = f->solution[k];
        const lf_dd ridge = dd_of(lf_lsq_fit_ridge(&f->design, k));
        lf_dd z = dd_of(0);
        for (size_t i = k; i < n; i++)
            z = dd_add(z, dd_multiply(f->factor.upper[k * n + i], f->solution[i]));
        rss = dd_subtract(rss, dd_multiply(dd_multiply(z, z), f->factor.pivot[k]));
        rss = dd_subtract(rss, dd_multiply(dd_multiply(b, b), ridge));
    }
    return rss.hi > 0 ? rss : dd_of(0);
}

/* The solution's errors. Where every product of columns j and k is off by e s_j s_k at most, s
 * being the roots of their squares, those of G b = r are off by dG b - dr, at most e s_j (sum of
 * s_k |b_k|
 * + s_y); with |(G^-1)_jk| <= v_j v_k, v being the roots of G^-1's diagonal, and c = sum of s_k
 * v_k, b_j is off by e c v_j (sum of s_k |b_k| + s_y) / (1 - e c^2) at most. */
static void find_errors(struct lf_lsq_fit *f, double error, const double *size)
{
    const size_t n = f->design.params;
    double sum = size[n], condition = 0;
    for (size_t k = 0; k < n; k++) {
        f->error[k] = sqrt(dd_value(lf_lsq_factor_element(&f->factor, k, k)));
        sum += size[k] * fabs(f->solution[k].hi);
        condition += size[k] * f->error[k];
    }
    const double share = error * condition * condition;
    for (size_t k = 0; k < n; k++)
        f->error[k] *= share < 0.5 ? error * condition * sum / (1 - share) : (double)INFINITY;
}

/* ---- The fit ------------------------------------------------------------------------------ */

static enum lf_fit_status solve(struct lf_lsq_fit *f, const struct lf_lsq_sums *sums, lf_dd *scaled,
                                double *size)
{
    const struct lf_lsq_design *d = &f->design;
    const size_t n = d->params;
    /* Factors and solution are those of products that are off by so much more. */
    const double error = sums->error + (double)n * 0x1p-100;
    find_scaling(f, sums->product);
    scale(d, sums, scaled, size);
    clean(d, error, scaled, size);
    lf_lsq_fit_set(f, scaled);
    const enum lf_fit_status status = status_of(d, scaled, size);
    if (!lf_lsq_fit_solve(f))
        return status == LF_FIT_OK ? LF_FIT_RANK_DEFICIENT : status;
    f->rss = residual_squares(f);
    find_errors(f, error, size);
    if (!varies(d, scaled, size, n)) /* no R2 */
        f->square_y = f->sum_y = dd_of(0);
    return status;
}

/* What y and the columns were taken about; powers know it as their center. */
static void set_origin(struct lf_lsq_fit *f, const double *about)
{
    struct lf_lsq_design *d = &f->design;
    const int powers = d->options.degree > 0;
    f->about = powers || d->options.no_intercept ? NULL : about;
    f->about_y = about ? about[d->data.in] : 0;
    d->center = about && powers ? scale_by(about[0], -d->exponent[0]) : 0;
}

lf_status lf_lsq_sums_fit(struct lf_lsq_fit *f, const struct lf_lsq_sums *sums, double ridge,
                          struct lf_lsq_result *result)
{
    struct lf_lsq_design *d = &f->design;
    const size_t columns = d->params + 1;
    lf_dd *scaled = malloc(lf_lsq_packed(columns) * sizeof *scaled);
    double *size = malloc(columns * sizeof *size);
    lf_status status = scaled && size ? LF_OK : LF_NO_MEMORY;
    if (status == LF_OK) {
        enum lf_fit_status found = LF_FIT_OK;
        d->options.ridge = ridge;
        d->used = sums->used;
        d->dropped = sums->dropped;
        if (!are_finite(sums, columns))
            found = LF_FIT_NON_FINITE;
        else if (d->used < (ridge > 0 ? 1 : d->params))
            found = LF_FIT_TOO_FEW_ROWS;
        else
            found = solve(f, sums, scaled, size);
        set_origin(f, sums->about);
        status = lf_lsq_fit_report(f, found, result);
    }
    free(scaled);
    free(size);
    return status;
}
