/* SPDX-License-Identifier: MIT */
#include "fit.h"

#include "moments.h"
#include "student.h"

void lf_lsq_fit_residuals(const struct lf_lsq_fit *f, struct lf_lsq_column *residual)
{
    *residual = f->design.column[f->design.params];
    for (size_t j = 0; j < f->design.params; j++)
        lf_lsq_subtract(f->solution[j], f->design.column + j, residual);
}

/* ---- The user's units --------------------------------------------------------------------- */

/* Parameter j is 2^unit times the scaled one. */
static int unit_of(const struct lf_lsq_design *d, size_t j)
{
    const size_t intercept = !d->options.no_intercept;
    if (intercept && j == 0)
        return d->y_exponent;
    if (d->options.degree > 0)
        return d->y_exponent + (int)(j + 1 - intercept) * (d->stretch - d->exponent[0]);
    return d->y_exponent - d->exponent[j - intercept];
}

/* Whether the parameters are not those of the columns as the data have them. */
static int is_moved(const struct lf_lsq_fit *f)
{
    return f->about || lf_lsq_design_is_shifted(&f->design);
}

/* The powers of a feature from those of t = x - shift: b_i = sum over k >= i of C(k,i) (-shift)^(k
 * - i) a_k. */
static void expand_powers(size_t n, lf_dd shift, lf_dd *back)
{
    for (size_t k = 1; k < n; k++)
        for (size_t i = 0; i < k; i++) {
            const lf_dd same = dd_multiply(shift, back[i * n + k - 1]);
            back[i * n + k] = i > 0 ? dd_add(same, back[(i - 1) * n + k - 1]) : same;
        }
}

/* back[params,params]: the parameters are back times the solution, and what y was taken about. NULL
 * when memory is out. */
static lf_dd *back_of(const struct lf_lsq_fit *f)
{
    const struct lf_lsq_design *d = &f->design;
    const size_t n = d->params;
    lf_dd *back = lf_memory_new(d->memory, n * n, sizeof *back);
    for (size_t k = 0; back && k < n; k++) {
        back[k * n + k] = dd_of(1);
        if (f->about && k > 0)
            back[k] = dd_of(-scale_by(f->about[k - 1], -d->exponent[k - 1]));
    }
    if (back && lf_lsq_design_is_shifted(d))
        expand_powers(n, dd_of(-scale_by(d->center, d->stretch)), back);
    return back;
}

/* The coefficients, and the largest of their errors, relative to them. One that can't be told from
 * 0, and is below a rounding of the largest, is 0 for all that is known. */
static double go_back(const struct lf_lsq_fit *f, const lf_dd *back, lf_dd *coefficient)
{
    const size_t n = f->design.params;
    double largest = 0, worst = 0;
    for (size_t i = 0; i < n; i++) {
        coefficient[i] = dd_of(i == 0 ? scale_by(f->about_y, -f->design.y_exponent) : 0);
        for (size_t k = i; k < n; k++)
            coefficient[i] = dd_add(coefficient[i], dd_multiply(back[i * n + k], f->solution[k]));
        largest = larger_of(largest, fabs(coefficient[i].hi));
    }
    for (size_t i = 0; i < n; i++) {
        const double size = fabs(coefficient[i].hi);
        double error = 0;
        for (size_t k = i; k < n; k++)
            error += fabs(back[i * n + k].hi) * f->error[k];
        if (size > 0 && (error < size || size > 0x1p-52 * largest))
            worst = larger_of(worst, error / size);
    }
    return worst;
}

/* Element (i,j) of back G^-1 back'. */
static lf_dd covariance_of(const struct lf_lsq_fit *f, const lf_dd *back, const lf_dd *inverse,
                           size_t i, size_t j)
{
    const size_t n = f->design.params;
    if (!is_moved(f))
        return lf_lsq_factor_element(&f->factor, i, j);
    lf_dd sum = dd_of(0);
    for (size_t k = i; k < n; k++)
        for (size_t l = j; back[i * n + k].hi != 0 && l < n; l++)
            sum = dd_add(sum, dd_multiply(dd_multiply(back[i * n + k], back[j * n + l]),
                                          inverse[k * n + l]));
    return sum;
}

/* ---- What is told ------------------------------------------------------------------------- */

static void fill(size_t n, double value, double *out)
{
    for (size_t i = 0; out && i < n; i++)
        out[i] = value;
}

static void nothing(struct lf_lsq_result *r, size_t params, size_t rows)
{
    fill(params, NAN, r->coefficients);
    fill(params, NAN, r->standard_errors);
    fill(params, NAN, r->t);
    fill(params, NAN, r->p);
    fill(params * params, NAN, r->covariance);
    fill(rows, NAN, r->residuals);
    fill(rows, NAN, r->leverages);
    if (r->undetermined)
        memset(r->undetermined, 0, params);
    r->rank = 0;
    r->condition = r->r_squared = r->adjusted_r_squared = r->residual_sd = NAN;
    r->digits = 0;
}

/* Standard errors and what follows, of the residual variance in scaled units. */
static void tell_errors(const struct lf_lsq_fit *f, const lf_dd *back, const lf_dd *inverse,
                        const lf_dd *coefficient, double df, struct lf_lsq_result *r)
{
    const struct lf_lsq_design *d = &f->design;
    const lf_dd variance = dd_divide(f->rss, dd_of(df));
    for (size_t j = 0; j < d->params; j++) {
        const lf_dd square = dd_multiply(covariance_of(f, back, inverse, j, j), variance);
        const double error = sqrt(larger_of(0, dd_value(square))), b = dd_value(coefficient[j]);
        const double t = b == 0 && error == 0 ? (double)NAN : b / error;
        if (r->standard_errors)
            r->standard_errors[j] = scale_by(error, unit_of(d, j));
        if (r->t)
            r->t[j] = t;
        if (r->p)
            lf_lsq_student_p(1, &t, &df, &r->p[j]);
        for (size_t k = 0; r->covariance && k < d->params; k++)
            r->covariance[j * d->params + k] =
                scale_by(dd_value(dd_multiply(covariance_of(f, back, inverse, j, k), variance)),
                         unit_of(d, j) + unit_of(d, k));
    }
}

/* The sum of squares that R2 compares with. */
static lf_dd total_squares(const struct lf_lsq_fit *f)
{
    if (f->design.options.no_intercept)
        return f->square_y;
    const lf_dd mean = dd_divide(f->sum_y, f->sum_weight);
    return dd_subtract(f->square_y, dd_multiply(mean, f->sum_y));
}

static void tell_summary(const struct lf_lsq_fit *f, double df, struct lf_lsq_result *r)
{
    const struct lf_lsq_design *d = &f->design;
    const lf_dd total = total_squares(f);
    const double intercept = !d->options.no_intercept;
    if (total.hi > 0x1p-96 * f->square_y.hi) {
        const lf_dd unexplained = dd_divide(f->rss, total);
        r->r_squared = dd_value(dd_subtract(dd_of(1), unexplained));
        if (df > 0)
            r->adjusted_r_squared =
                1 - dd_value(unexplained) * (((double)d->used - intercept) / df);
    }
    if (df > 0)
        r->residual_sd = scale_by(sqrt(larger_of(0, dd_value(dd_divide(f->rss, dd_of(df))))),
                                  d->y_exponent + d->weight_exponent / 2);
    r->condition = 0;
    for (size_t j = 0; j < d->params; j++) {
        const lf_dd index = dd_multiply(f->diagonal[j], lf_lsq_factor_element(&f->factor, j, j));
        r->condition = larger_of(r->condition, sqrt(dd_value(index)));
    }
}

/* Correct digits: what the relative error leaves, and the rounding at the end. */
static double digits_of(double error)
{
    double digits = 0;
    for (double limit = 1; digits < 15 && error < limit / 10; limit /= 10)
        digits++;
    return digits;
}

/* ---- Rows --------------------------------------------------------------------------------- */

static double leverage_of(const struct lf_lsq_fit *f, size_t r, lf_dd *row)
{
    const struct lf_lsq_design *d = &f->design;
    const size_t n = d->params;
    lf_dd sum = dd_of(0);
    for (size_t k = 0; k < n; k++)
        row[k] = (lf_dd){d->column[k].hi[r], d->column[k].lo[r]};
    for (size_t k = 0; k < n; k++) {
        sum = dd_add(sum, dd_divide(dd_multiply(row[k], row[k]), f->factor.pivot[k]));
        for (size_t i = k + 1; i < n; i++)
            row[i] = dd_subtract(row[i], dd_multiply(row[k], f->factor.upper[k * n + i]));
    }
    return dd_value(dd_multiply(sum, dd_of(d->weight[r])));
}

static lf_status tell_rows(struct lf_lsq_fit *f, lf_dd *row, struct lf_lsq_result *result)
{
    struct lf_lsq_design *d = &f->design;
    for (size_t first = 0; first < d->data.rows; first += LSQ_BLOCK) {
        const lf_status status = lf_lsq_design_block(d, first);
        if (status != LF_OK)
            return status;
        lf_lsq_fit_residuals(f, &f->residual);
        for (size_t r = 0; r < d->rows; r++) {
            const int used = d->state[r] == LSQ_USED;
            if (used && result->residuals)
                result->residuals[first + r] =
                    scale_by(f->residual.hi[r] + f->residual.lo[r], d->y_exponent);
            if (used && result->leverages)
                result->leverages[first + r] = leverage_of(f, r, row);
        }
    }
    return LF_OK;
}

/* ---- All ---------------------------------------------------------------------------------- */

static void tell_undetermined(const struct lf_lsq_fit *f, struct lf_lsq_result *r)
{
    r->rank = f->factor.rank;
    if (r->undetermined)
        memcpy(r->undetermined, f->factor.undetermined, f->design.params);
}

static enum lf_fit_status tell(struct lf_lsq_fit *f, const lf_dd *back, const lf_dd *inverse,
                               lf_dd *coefficient, struct lf_lsq_result *r)
{
    const struct lf_lsq_design *d = &f->design;
    const double df = (double)d->used - (double)d->params;
    const double error = go_back(f, back, coefficient);
    int finite = 1;
    for (size_t j = 0; j < d->params; j++) {
        const double b = scale_by(dd_value(coefficient[j]), unit_of(d, j));
        finite &= isfinite(b);
        if (r->coefficients)
            r->coefficients[j] = b;
    }
    if (!finite) {
        fill(d->params, NAN, r->coefficients);
        return LF_FIT_NON_FINITE;
    }
    r->digits = digits_of(error + 0x1p-90);
    tell_summary(f, df, r);
    if (d->options.ridge == 0 && df > 0)
        tell_errors(f, back, inverse, coefficient, df, r);
    return LF_FIT_OK;
}

lf_status lf_lsq_fit_report(struct lf_lsq_fit *f, enum lf_fit_status status,
                            struct lf_lsq_result *r)
{
    const size_t n = f->design.params;
    struct lf_memory *memory = f->design.memory;
    lf_dd *back = back_of(f), *coefficient = lf_memory_new(memory, n, sizeof *coefficient);
    lf_dd *inverse = lf_memory_new(memory, n * n, sizeof *inverse);
    lf_status done = back && coefficient && inverse ? LF_OK : LF_NO_MEMORY;
    if (done == LF_OK) {
        nothing(r, n, f->design.data.rows);
        r->rows_used = f->design.used;
        r->rows_dropped = f->design.dropped;
        if (status == LF_FIT_OK || status == LF_FIT_CONSTANT_COLUMN ||
            status == LF_FIT_RANK_DEFICIENT)
            tell_undetermined(f, r);
        for (size_t k = 0; is_moved(f) && status == LF_FIT_OK && k < n; k++)
            for (size_t l = 0; l < n; l++)
                inverse[k * n + l] = lf_lsq_factor_element(&f->factor, k, l);
        if (status == LF_FIT_OK)
            status = tell(f, back, inverse, coefficient, r);
        r->status = status;
        if (status == LF_FIT_OK && (r->residuals || r->leverages))
            done = tell_rows(f, coefficient, r);
    }
    lf_memory_free(memory, back);
    lf_memory_free(memory, coefficient);
    lf_memory_free(memory, inverse);
    return done;
}
