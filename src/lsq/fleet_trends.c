/* SPDX-License-Identifier: MIT */
/* Lines through one shared column, as images and panels of series have them: the operations of
 * fleet_shared.c and fleet_lanes.c on each problem, of which one loop makes vectors that stay in
 * registers. What doesn't go well here goes the other way, and nothing of it is written. */
#include "fleet_plan.h"
#include "student.h"

#include <math.h>

enum { N = FLEET_TRENDS, L = LF_FLEET_LANES };

/* y = intercept + slope x. */
struct trends {
    double used[N], inverse[N];            /* rows, and 1 / rows */
    double factor[N], constant[N];         /* 1 / x'x about the mean, which is `constant` */
    double intercept[N], slope[N], rss[N]; /* slope: of the basis */
    double total[N], variance[N];
    double fine[N]; /* 1, or 0 where nothing else means anything */
};

int lf_fleet_are_trends(const struct lf_fleet_worker *w)
{
    const struct lf_fleet_plan *p = w->plan;
    return p->form == FLEET_SHARED_X && p->features == 1 && p->intercept &&
           !lf_fleet_has_ridge(p) && w->basis.status == LF_FIT_OK;
}

/* N problems of which the worker has the sums. */
static void solve(const struct lf_fleet_worker *w, size_t first, struct trends *t)
{
    const struct lf_fleet_basis *b = &w->basis;
    const double rows = (double)b->rows, b_sum = b->sum[0], whole = b->gram[0];
    const double b_mean = b->constant[0];
    const double *about = w->about + first, *sum = w->sums + first;
    const double *square = sum + w->panel, *with_x = square + w->panel;
    const double *gone = w->missing + first, *gone_x = gone + w->panel;
    const double *gone_xx = gone_x + w->panel;
    for (size_t i = 0; i < N; i++) {
        const double used = rows - gone[i], inverse = 1 / used, x_sum = b_sum - gone_x[i];
        const double x_moved = x_sum * inverse, y_moved = sum[i] * inverse;
        const double xx = fma(-x_moved, x_sum, whole - gone_xx[i]);
        const double xy = fma(-x_moved, sum[i], with_x[i]);
        const double yy = fma(-y_moved, sum[i], square[i]);
        const double constant = fma(x_sum, inverse, b_mean), mean = fma(sum[i], inverse, about[i]);
        const double factor = 1 / xx, slope = xy * factor, rss = fma(-slope, xy, yy);
        const double noise = LF_FLEET_LEAST_TOTAL * used * mean * mean;
        const double all = (mean + yy) + (constant + xx) + (rss + slope);
        double fine = used > 2 && xx >= FLEET_LEAST_LEFT * whole ? 1 : 0;
        fine = yy >= FLEET_LEAST_SERIES * square[i] ? fine : 0;
        fine = rss >= FLEET_LEAST_RSS * yy ? fine : 0;
        fine = xx >= LF_FLEET_LEAST_SQUARE && yy >= LF_FLEET_LEAST_SQUARE ? fine : 0;
        fine = yy >= noise && all - all == 0 ? fine : 0;
        t->fine[i] = fine;
        t->used[i] = used;
        t->inverse[i] = inverse;
        t->factor[i] = factor;
        t->constant[i] = constant;
        t->intercept[i] = fma(-constant, slope, mean);
        t->slope[i] = slope;
        t->rss[i] = rss;
        t->total[i] = yy;
        t->variance[i] = rss / (used - 2);
    }
}

/* ---- Results ------------------------------------------------------------------------------ */

/* Of N problems from `first` on those whose eight are to be told. */
struct telling {
    const struct lf_fleet_result *result;
    size_t first, count;
    const unsigned char *told; /* [N / 8] */
};

static void put(const struct telling *to, double *array, size_t stride, const double *value)
{
    for (size_t i = 0; array && i < to->count; i += L) {
        const size_t n = to->count - i < L ? to->count - i : L;
        double *at = array + (to->first + i) * stride;
        for (size_t l = 0; to->told[i / L] && l < n; l++)
            at[l * stride] = value[i + l];
    }
}

/* Parameter `at` / param_stride: its standard error is that of `step` columns, and of the mean. */
static void tell_parameter(const struct telling *to, const struct trends *t, size_t at,
                           const double *value, const double *step, const double *mean)
{
    const struct lf_fleet_result *r = to->result;
    double error[N], ratio[N], df[N], p[N];
    put(to, r->coefficients ? r->coefficients + at : NULL, r->problem_stride, value);
    if (!r->standard_errors && !r->t && !r->p)
        return;
    for (size_t i = 0; i < N; i++)
        error[i] = sqrt(t->variance[i] * (fma(step[i] * t->factor[i], step[i], 0.0) + mean[i]));
    put(to, r->standard_errors ? r->standard_errors + at : NULL, r->problem_stride, error);
    if (!r->t && !r->p)
        return;
    for (size_t i = 0; i < N; i++)
        ratio[i] = value[i] / error[i];
    put(to, r->t ? r->t + at : NULL, r->problem_stride, ratio);
    if (!r->p)
        return;
    for (size_t i = 0; i < N; i++)
        df[i] = t->used[i] - 2;
    lf_lsq_student_p(to->count, ratio, df, p);
    put(to, r->p + at, r->problem_stride, p);
}

static void tell_summaries(const struct telling *to, const struct trends *t)
{
    const struct lf_fleet_result *r = to->result;
    double value[N];
    for (size_t i = 0; r->r_squared && i < N; i++)
        value[i] = 1 - t->rss[i] / t->total[i];
    put(to, r->r_squared, 1, value);
    for (size_t i = 0; r->residual_sd && i < N; i++)
        value[i] = sqrt(t->variance[i]);
    put(to, r->residual_sd, 1, value);
    for (size_t i = 0; i < to->count; i++) {
        if (r->rows_used && to->told[i / L])
            r->rows_used[to->first + i] = (size_t)t->used[i];
        if (r->status && to->told[i / L])
            r->status[to->first + i] = LF_FIT_OK;
    }
}

void lf_fleet_trends(const struct lf_fleet_worker *w, size_t first, size_t at, size_t count,
                     unsigned char told[N / L])
{
    const double back = w->basis.back[0];
    const struct telling to = {&w->plan->result, first + at, count, told};
    struct trends t;
    double slope[N], step[N], none[N];
    solve(w, at, &t);
    for (size_t i = 0; i < N; i += L)
        told[i / L] = lf_fleet_lanes(t.fine + i) == L;
    for (size_t i = 0; i < N; i++) {
        slope[i] = t.slope[i] * back;
        step[i] = back;
        none[i] = 0;
    }
    tell_parameter(&to, &t, 0, t.intercept, t.constant, t.inverse);
    tell_parameter(&to, &t, w->plan->result.param_stride, slope, step, none);
    tell_summaries(&to, &t);
}
