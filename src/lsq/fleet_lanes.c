/* SPDX-License-Identifier: MIT */
/* From the solved systems of eight problems to what the caller asked for. */
#include "fleet_plan.h"
#include "student.h"

#include <math.h>
#include <string.h>

enum { L = LF_FLEET_LANES };

/* Three digits are lost where a pivot is so much smaller than its diagonal element. */
#define LEAST_PIVOT 0x1p-20

/* Of a y so large no variation has a square of 0; where the mean is 0 its products tell. */
#define LEAST_MEAN 0x1p-400

/* 1, or 0, in doubles, of which vectors are made: whether each lane's sums are finite, and whether
 * its solution can be trusted, as far as the sums tell. */
static void find_sound(const struct lf_fleet_plan *p, const struct lf_fleet_system *s,
                       const double *least, double finite[L], double sound[L])
{
    double sum[L], solved[L], smallest[L], with_y[L] = {0};
    LANE(l)
    {
        const double mean = s->mean_y[l], total = s->total[l];
        const double needed = LF_FLEET_LEAST_TOTAL * s->mass[l] * mean * mean;
        const double enough = needed > LF_FLEET_LEAST_SQUARE ? needed : LF_FLEET_LEAST_SQUARE;
        sum[l] = mean + total;
        solved[l] = s->rss[l];
        smallest[l] = HUGE_VAL;
        sound[l] = total >= enough ? 1 : 0;
        sound[l] = total == 0 && (fabs(mean) > LEAST_MEAN || mean == 0) ? 1 : sound[l];
        sound[l] = least[l] >= LEAST_PIVOT ? sound[l] : 0;
    }
    for (size_t j = 0; j < p->features; j++) {
        const double *diagonal = s->gram + lf_fleet_packed(p->columns, j, j);
        const double *with = s->gram + lf_fleet_packed(p->columns, j, p->features);
        LANE(l)
        {
            smallest[l] = diagonal[l] < smallest[l] ? diagonal[l] : smallest[l];
            sum[l] += s->constant[j * L + l] + diagonal[l];
            with_y[l] += fabs(with[l]);
            solved[l] += s->b[j * L + l];
        }
    }
    LANE(l)
    {
        finite[l] = sum[l] - sum[l] == 0 ? 1 : 0;
        sound[l] = solved[l] - solved[l] == 0 ? sound[l] : 0;
        sound[l] = smallest[l] >= LF_FLEET_LEAST_SQUARE ? sound[l] : 0;
        sound[l] = s->total[l] == 0 && s->mean_y[l] == 0 && with_y[l] > 0 ? 0 : sound[l];
        sound[l] *= finite[l];
    }
}

double lf_fleet_needed_rows(const struct lf_fleet_plan *p, size_t q)
{
    return lf_fleet_has_ridge(p) && lf_fleet_ridge(p, q) > 0 ? 1 : (double)p->params;
}

void lf_fleet_judge(const struct lf_fleet_plan *p, struct lf_fleet_system *s, const double *least)
{
    double finite[L], sound[L], fine[L];
    find_sound(p, s, least, finite, sound);
    LANE(l)
    fine[l] = s->used[l] < (double)p->params ? 0 : sound[l];
    if (lf_fleet_lanes(fine) == L && lf_fleet_is_ok(s))
        return;
    LANE(l)
    {
        const int few = s->used[l] < lf_fleet_needed_rows(p, s->problem[l]);
        const int hard = s->status[l] == FLEET_HARD || !((few ? finite[l] : sound[l]) > 0);
        s->status[l] = hard ? FLEET_HARD : few ? LF_FIT_TOO_FEW_ROWS : LF_FIT_OK;
    }
}

/* ---- Results ------------------------------------------------------------------------------ */

static size_t index_of(const struct lf_fleet_plan *p, size_t q, size_t j)
{
    return q * p->result.problem_stride + j * p->result.param_stride;
}

static void put(const struct lf_fleet_plan *p, double *array, size_t q, size_t j, double value)
{
    if (array)
        array[index_of(p, q, j)] = value;
}

static void put_summary(const struct lf_fleet_plan *p, size_t q, enum lf_fit_status status,
                        size_t used, double r_squared, double residual_sd)
{
    const struct lf_fleet_result *r = &p->result;
    if (r->r_squared)
        r->r_squared[q] = r_squared;
    if (r->residual_sd)
        r->residual_sd[q] = residual_sd;
    if (r->rows_used)
        r->rows_used[q] = used;
    if (r->status)
        r->status[q] = (unsigned char)status;
}

void lf_fleet_tell_failed(const struct lf_fleet_plan *p, size_t q, enum lf_fit_status status,
                          size_t used)
{
    double *const arrays[] = {p->result.coefficients, p->result.standard_errors, p->result.t,
                              p->result.p};
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < p->params; j++)
            put(p, arrays[i], q, j, (double)NAN);
    put_summary(p, q, status, used, (double)NAN, (double)NAN);
}

/* One value of each lane; `is_row` where they are eight neighbours. */
static void put_lanes(const struct lf_fleet_plan *p, const struct lf_fleet_system *s, int is_row,
                      double *array, size_t j, const double value[L])
{
    if (!array)
        return;
    if (is_row) {
        const size_t stride = p->result.problem_stride;
        double *to = array + index_of(p, s->problem[0], j);
        LANE(l)
        to[l * stride] = value[l];
        return;
    }
    for (size_t l = 0; l < s->count; l++)
        array[index_of(p, s->problem[l], j)] = value[l];
}

/* Parameter j, without the intercept, of all lanes. */
static void parameter(const struct lf_fleet_system *s, size_t j, double value[L])
{
    const int is_turned = s->back && j < s->order;
    const double scale = is_turned ? s->back[j * s->order + j] : 1;
    LANE(l)
    value[l] = s->b[j * L + l] * scale;
    for (size_t k = j + 1; is_turned && k < s->order; k++) {
        const double share = s->back[j * s->order + k];
        LANE(l)
        value[l] = fma(share, s->b[k * L + l], value[l]);
    }
}

static void intercept(const struct lf_fleet_plan *p, const struct lf_fleet_system *s,
                      double value[L])
{
    LANE(l)
    value[l] = s->mean_y[l];
    for (size_t k = 0; k < p->features; k++)
        LANE(l)
    value[l] = fma(-s->constant[k * L + l], s->b[k * L + l], value[l]);
}

/* v' (L D L')^-1 v of s->step; of one feature without a call. */
static void quadratic_form(const struct lf_fleet_plan *p, const struct lf_fleet_system *s,
                           double form[L])
{
    if (p->features != 1) {
        p->kernels->form(p->columns, s->factor, s->step, form);
        return;
    }
    LANE(l)
    form[l] = fma(s->step[l] * s->factor[l], s->step[l], 0.0);
}

/* Diagonal element j of the inverse of the normal equations, in the user's parameters. */
static void inverse(const struct lf_fleet_plan *p, const struct lf_fleet_system *s, size_t j,
                    double form[L])
{
    if (p->intercept && j == 0) {
        memcpy(s->step, s->constant, p->features * L * sizeof *s->step);
        quadratic_form(p, s, form);
        LANE(l)
        form[l] += 1 / s->mass[l];
        return;
    }
    const size_t feature = j - p->intercept;
    for (size_t k = 0; k < p->features; k++) {
        const int is_turned = s->back && feature < s->order && k < s->order;
        const double share = is_turned ? s->back[feature * s->order + k] : feature == k;
        LANE(l)
        s->step[k * L + l] = share;
    }
    quadratic_form(p, s, form);
}

/* `variance` of the residuals. */
static void tell_errors(const struct lf_fleet_plan *p, const struct lf_fleet_system *s, int is_row,
                        size_t j, const double variance[L], const double value[L])
{
    double form[L], error[L], t[L];
    inverse(p, s, j, form);
    LANE(l)
    error[l] = sqrt(variance[l] * form[l]);
    for (size_t l = 0; lf_fleet_has_ridge(p) && l < s->count; l++)
        error[l] = lf_fleet_ridge(p, s->problem[l]) > 0 ? (double)NAN : error[l];
    put_lanes(p, s, is_row, p->result.standard_errors, j, error);
    if (!p->result.t && !p->result.p)
        return;
    LANE(l)
    t[l] = value[l] == 0 && error[l] == 0 ? (double)NAN : value[l] / error[l];
    put_lanes(p, s, is_row, p->result.t, j, t);
    if (!p->result.p)
        return;
    double df[L], probability[L];
    LANE(l)
    df[l] = s->used[l] - (double)p->params;
    lf_lsq_student_p(s->count, t, df, probability);
    put_lanes(p, s, is_row, p->result.p, j, probability);
}

/* R2, the residual standard deviation and the rows, whatever has become of a lane. */
static void tell_summaries(const struct lf_fleet_plan *p, const struct lf_fleet_system *s,
                           const double variance[L])
{
    const struct lf_fleet_result *r = &p->result;
    double r_squared[L], deviation[L];
    LANE(l)
    {
        r_squared[l] = 1 - s->rss[l] / s->total[l];
        r_squared[l] = s->total[l] > 0 ? r_squared[l] : (double)NAN;
    }
    for (size_t l = 0; r->r_squared && l < s->count; l++)
        r->r_squared[s->problem[l]] = r_squared[l];
    if (r->residual_sd) {
        LANE(l)
        deviation[l] = sqrt(variance[l]);
        for (size_t l = 0; l < s->count; l++)
            r->residual_sd[s->problem[l]] = deviation[l];
    }
    for (size_t l = 0; r->rows_used && l < s->count; l++)
        r->rows_used[s->problem[l]] = (size_t)s->used[l];
    for (size_t l = 0; r->status && l < s->count; l++)
        r->status[s->problem[l]] = s->status[l];
}

/* The hard ones are written too, to be written again. */
void lf_fleet_tell(const struct lf_fleet_plan *p, struct lf_fleet_system *s)
{
    const struct lf_fleet_result *r = &p->result;
    double value[L], variance[L];
    int is_row = s->count == L;
    LANE(l)
    is_row &= s->problem[l] == s->problem[0] + l;
    LANE(l)
    {
        const double df = s->used[l] - (double)p->params;
        variance[l] = s->rss[l] / df;
        variance[l] = df > 0 ? variance[l] : (double)NAN;
    }
    for (size_t j = 0; j < p->params; j++) {
        if (p->intercept && j == 0)
            intercept(p, s, value);
        else
            parameter(s, j - p->intercept, value);
        put_lanes(p, s, is_row, r->coefficients, j, value);
        if (r->standard_errors || r->t || r->p)
            tell_errors(p, s, is_row, j, variance, value);
    }
    tell_summaries(p, s, variance);
    if (lf_fleet_is_ok(s))
        return;
    for (size_t l = 0; l < s->count; l++)
        if (s->status[l] != LF_FIT_OK)
            lf_fleet_tell_failed(p, s->problem[l], (enum lf_fit_status)s->status[l],
                                 (size_t)s->used[l]);
}
