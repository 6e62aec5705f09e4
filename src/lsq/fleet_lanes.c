/* SPDX-License-Identifier: MIT */
/* From the solved systems of eight problems to what the caller asked for. */
#include "fleet_plan.h"
#include "student.h"

#include <math.h>

enum { L = LF_FLEET_LANES };

#define LANE(l) for (size_t l = 0; l < L; l++)

/* Three digits are lost where a pivot is so much smaller than its diagonal element. */
#define LEAST_PIVOT 0x1p-20

/* Whether each lane's sums are finite and its solution can be trusted, as far as the sums tell. */
static void find_sound(const struct lf_fleet_plan *p, const struct lf_fleet_system *s,
                       const double *least, int finite[L], int sound[L])
{
    double sum[L], solved[L];
    LANE(l)
    {
        const double mean = s->mean_y[l], total = s->total[l];
        sum[l] = mean + total;
        solved[l] = s->rss[l];
        sound[l] = (least[l] >= LEAST_PIVOT) &
                   ((total == 0) | ((total >= LF_FLEET_LEAST_SQUARE) &
                                    (total >= LF_FLEET_LEAST_TOTAL * s->mass[l] * mean * mean)));
    }
    for (size_t j = 0; j < p->features; j++) {
        const double *diagonal = s->gram + lf_fleet_packed(p->columns, j, j);
        LANE(l)
        {
            sound[l] &= diagonal[l] >= LF_FLEET_LEAST_SQUARE;
            sum[l] += s->constant[j * L + l] + diagonal[l];
            solved[l] += s->b[j * L + l];
        }
    }
    LANE(l)
    {
        finite[l] = sum[l] - sum[l] == 0;
        sound[l] &= finite[l] & (solved[l] - solved[l] == 0);
    }
}

void lf_fleet_judge(const struct lf_fleet_plan *p, struct lf_fleet_system *s, const double *least)
{
    int finite[L], sound[L];
    find_sound(p, s, least, finite, sound);
    LANE(l)
    {
        const double needed = lf_fleet_ridge(p, s->problem[l]) > 0 ? 1 : (double)p->params;
        const int few = s->used[l] < needed;
        const int hard = s->status[l] == FLEET_HARD || !(few ? finite[l] : sound[l]);
        s->status[l] = hard ? FLEET_HARD : few ? LF_FIT_TOO_FEW_ROWS : LF_FIT_OK;
    }
}

/* ---- Results ------------------------------------------------------------------------------------
 */

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

/* Parameter j, without the intercept, of all lanes. */
static void parameter(const struct lf_fleet_system *s, size_t j, double value[L])
{
    const int is_turned = s->back && j < s->order;
    LANE(l)
    value[l] = s->b[j * L + l] * (is_turned ? s->back[j * s->order + j] : 1);
    for (size_t k = j + 1; is_turned && k < s->order; k++)
        LANE(l)
    value[l] = fma(s->back[j * s->order + k], s->b[k * L + l], value[l]);
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

/* Diagonal element j of the inverse of the normal equations, in the user's parameters. */
static void inverse(const struct lf_fleet_plan *p, const struct lf_fleet_system *s, size_t j,
                    double form[L])
{
    const size_t feature = j - p->intercept;
    for (size_t k = 0; k < p->features; k++)
        LANE(l)
        {
            const int is_turned = s->back && feature < s->order && k < s->order;
            s->step[k * L + l] = p->intercept && j == 0 ? s->constant[k * L + l]
                                 : is_turned            ? s->back[feature * s->order + k]
                                                        : feature == k;
        }
    p->kernels->form(p->columns, s->factor, s->step, form);
    LANE(l)
    form[l] += p->intercept && j == 0 ? 1 / s->mass[l] : 0;
}

static void tell_errors(const struct lf_fleet_plan *p, const struct lf_fleet_system *s, size_t j,
                        const double value[L])
{
    double form[L], error[L], t[L];
    inverse(p, s, j, form);
    LANE(l)
    {
        const double df = s->used[l] - (double)p->params;
        const double square = df > 0 ? s->rss[l] / df * form[l] : (double)NAN;
        error[l] = sqrt(square);
    }
    for (size_t l = 0; lf_fleet_has_ridge(p) && l < s->count; l++)
        error[l] = lf_fleet_ridge(p, s->problem[l]) > 0 ? (double)NAN : error[l];
    LANE(l)
    t[l] = value[l] == 0 && error[l] == 0 ? (double)NAN : value[l] / error[l];
    for (size_t l = 0; l < s->count; l++) {
        const size_t q = s->problem[l];
        put(p, p->result.standard_errors, q, j, error[l]);
        put(p, p->result.t, q, j, t[l]);
        if (p->result.p && s->status[l] == LF_FIT_OK)
            put(p, p->result.p, q, j, lf_lsq_student_p(t[l], s->used[l] - (double)p->params));
    }
}

/* R2 and the residual standard deviation, whatever has become of a lane. */
static void tell_summaries(const struct lf_fleet_plan *p, const struct lf_fleet_system *s)
{
    double r_squared[L], deviation[L];
    LANE(l)
    {
        const double df = s->used[l] - (double)p->params;
        r_squared[l] = s->total[l] > 0 ? 1 - s->rss[l] / s->total[l] : (double)NAN;
        deviation[l] = df > 0 ? sqrt(s->rss[l] / df) : (double)NAN;
    }
    for (size_t l = 0; l < s->count; l++)
        put_summary(p, s->problem[l], (enum lf_fit_status)s->status[l], (size_t)s->used[l],
                    r_squared[l], deviation[l]);
}

/* The hard ones are written too, to be written again. */
void lf_fleet_tell(const struct lf_fleet_plan *p, struct lf_fleet_system *s)
{
    const struct lf_fleet_result *r = &p->result;
    for (size_t j = 0; j < p->params; j++) {
        double value[L];
        if (p->intercept && j == 0)
            intercept(p, s, value);
        else
            parameter(s, j - p->intercept, value);
        for (size_t l = 0; r->coefficients && l < s->count; l++)
            r->coefficients[index_of(p, s->problem[l], j)] = value[l];
        if (r->standard_errors || r->t || r->p)
            tell_errors(p, s, j, value);
    }
    tell_summaries(p, s);
    for (size_t l = 0; l < s->count; l++)
        if (s->status[l] != LF_FIT_OK)
            lf_fleet_tell_failed(p, s->problem[l], (enum lf_fit_status)s->status[l],
                                 (size_t)s->used[l]);
}
