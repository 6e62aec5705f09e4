/* SPDX-License-Identifier: MIT */
/* Problems of a fleet that eight lanes of doubles can't solve: lf_lsq_fit on their rows. */
#include "fit.h"
#include "fleet_plan.h"

#include <math.h>

struct rows {
    const struct lf_fleet_plan *plan;
    size_t problem, next;
};

static int seek_row(void *context, size_t row)
{
    ((struct rows *)context)->next = row;
    return 1;
}

static double value_at(const struct rows *from, const struct lf_fleet_array *a, size_t r)
{
    return lf_fleet_value(from->plan, a,
                          lf_fleet_start(from->plan, a, from->problem) + (ptrdiff_t)r * a->row);
}

/* The features, then the weight where there are weights. A row that is missing has no y, and its
 * weight may be negative. */
static int read_rows(void *context, size_t rows, void *x, void *y)
{
    struct rows *from = context;
    const struct lf_fleet_plan *p = from->plan;
    const struct lf_fleet *f = &p->fleet;
    double *value = x, *target = y;
    for (size_t r = from->next; r < from->next + rows; r++, target++) {
        *target = lf_fleet_valid(p, from->problem, r) ? value_at(from, &f->y, r) : (double)NAN;
        for (size_t j = 0; j < p->features; j++, value++) {
            ptrdiff_t at;
            const struct lf_fleet_array *a = lf_fleet_feature(p, from->problem, j, &at);
            *value = lf_fleet_value(p, a, at + (ptrdiff_t)r * a->row);
            *target = isnan(*value) ? *value : *target;
        }
        if (f->weight.data) {
            *value = isnan(*target) ? 0 : value_at(from, &f->weight, r);
            value++;
        }
    }
    from->next += rows;
    return 1;
}

void lf_fleet_single(struct lf_fleet_worker *w, size_t q)
{
    const struct lf_fleet_plan *p = w->plan;
    double value[4][LF_FLEET_MOST_PARAMS];
    struct rows rows = {p, q, 0};
    const struct lf_stream stream = {seek_row, read_rows, &rows};
    const struct lf_lsq_options options = {.no_intercept = p->fleet.no_intercept,
                                           .ridge = lf_fleet_ridge(p, q),
                                           .weight_is_last = p->fleet.weight.data != NULL};
    const struct lf_data data = lf_data_stream(
        LF_F64, lf_fleet_rows(p, q), p->features + (options.weight_is_last ? 1 : 0), 1, &stream);
    struct lf_memory memory = w->spare;
    struct lf_lsq_result r = {.coefficients = value[0],
                              .standard_errors = p->result.standard_errors ? value[1] : NULL,
                              .t = p->result.t ? value[2] : NULL,
                              .p = p->result.p ? value[3] : NULL};
    /* The workspace is large enough, and the rows are valid: nothing can go wrong. */
    if (lf_lsq_fit_with(&data, &options, &memory, &r) != LF_OK)
        r.status = LF_FIT_NON_FINITE;
    lf_fleet_tell_failed(p, q, r.status, r.rows_used);
    double *const to[] = {p->result.coefficients, p->result.standard_errors, p->result.t,
                          p->result.p};
    for (size_t i = 0; r.status == LF_FIT_OK && i < 4; i++)
        for (size_t j = 0; to[i] && j < p->params; j++)
            to[i][q * p->result.problem_stride + j * p->result.param_stride] = value[i][j];
    if (r.status == LF_FIT_OK && p->result.r_squared)
        p->result.r_squared[q] = r.r_squared;
    if (r.status == LF_FIT_OK && p->result.residual_sd)
        p->result.residual_sd[q] = r.residual_sd;
}
