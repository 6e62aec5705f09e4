/* SPDX-License-Identifier: MIT */
#include "fleet_check.h"

#include "../src/lsq/student.h"
#include "fleet_exact.h"

#include <math.h>

struct checked {
    const struct lf_fleet *fleet;
    size_t q;
    const struct fleet_outputs *outputs;
    const struct fleet_outputs *single; /* NULL: it says that there is no solution */
};

struct fleet_counts fleet_counts;

static int lies_in(double value, struct fleet_range range)
{
    return isnan(range.low) ? isnan(value) : value >= range.low && value <= range.high;
}

/* NULL, or the output that is too far off. */
static const char *too_far(const struct checked *c, const struct fleet_exact *exact)
{
    const struct lf_fleet_result *r = &c->outputs->result;
    const size_t n = exact->params;
    for (size_t j = 0; j < n; j++) {
        if (!lies_in(r->coefficients[c->q * n + j], exact->b[j]))
            return "coefficients";
        if (!lies_in(r->standard_errors[c->q * n + j], exact->se[j]))
            return "standard errors";
    }
    if (!lies_in(r->residual_sd[c->q], exact->residual_sd))
        return "residual sd";
    return lies_in(r->r_squared[c->q], exact->r_squared) ? NULL : "R2";
}

/* t and p follow from the other outputs. */
static void check_t(const struct checked *c)
{
    const struct lf_fleet_result *r = &c->outputs->result;
    const size_t n = c->outputs->params;
    const double df = (double)r->rows_used[c->q] - (double)n;
    for (size_t j = 0; j < n; j++) {
        const size_t at = c->q * n + j;
        const double t = r->t[at], p = r->p[at],
                     ratio = r->coefficients[at] / r->standard_errors[at];
        if (isnan(ratio)) {
            ck_assert(isnan(t) && isnan(p));
            continue;
        }
        ck_assert_msg(t == ratio || fabs(t - ratio) <= 0x1p-51 * fabs(ratio),
                      "t %.17g is not %.17g", t, ratio);
        double expected;
        lf_lsq_student_p(1, &t, &df, &expected);
        ck_assert_msg(fabs(p - expected) <= 1e-11 * expected + 1e-300,
                      "p %.17g is not %.17g of t %g, df %g", p, expected, t, df);
    }
}

static void check_failed(const struct checked *c)
{
    const struct lf_fleet_result *r = &c->outputs->result;
    const size_t n = c->outputs->params;
    for (size_t j = c->q * n; j < (c->q + 1) * n; j++)
        ck_assert(isnan(r->coefficients[j]) && isnan(r->standard_errors[j]) && isnan(r->t[j]) &&
                  isnan(r->p[j]));
    ck_assert(isnan(r->r_squared[c->q]) && isnan(r->residual_sd[c->q]));
    fleet_counts.failed++;
}

/* Beyond first order it has to be the single solver's bits, of rows that are left out or stay. */
static void check_solution(const struct checked *c, const char *name)
{
    static struct fleet_exact exact;
    fleet_solve_exactly(c->fleet, c->q, &exact);
    check_t(c);
    fleet_counts.solved++;
    const int is_bounded = exact.loss < 0.1 || exact.is_orthogonal || !c->single;
    const char *far = is_bounded ? too_far(c, &exact) : "";
    if (!far)
        return;
    const char *other = c->single ? fleet_difference(c->outputs, c->q, c->single, 0) : far;
    if (other && c->single) {
        struct fleet_outputs in_place = fleet_single(c->fleet, c->q, 1);
        other = fleet_difference(c->outputs, c->q, &in_place, 0);
        fleet_outputs_free(&in_place);
    }
    fleet_counts.handed_over++;
    ck_assert_msg(!other,
                  "%s, problem %zu of %zu, %zu rows of %zu, %zu parameters: %s beyond the bound, "
                  "which is a share of %.2g, and %s not the single solver's",
                  name, c->q, c->fleet->problems, exact.used, fleet_rows(c->fleet, c->q),
                  exact.params, far, exact.loss, other);
}

void fleet_check(const struct lf_fleet *f, const struct fleet_outputs *o, size_t q,
                 const char *name)
{
    struct fleet_outputs single = fleet_single(f, q, 0);
    const enum lf_fit_status expected = (enum lf_fit_status) * single.result.status;
    const enum lf_fit_status status = (enum lf_fit_status)o->result.status[q];
    /* Centred columns with a ridge have a solution where plain ones may be too close to dependent.
     */
    const int is_solved = status == LF_FIT_OK && expected == LF_FIT_RANK_DEFICIENT &&
                          fleet_ridge(f, q) > 0 && !f->no_intercept;
    ck_assert_msg(status == expected || is_solved, "%s, problem %zu: %s, not %s", name, q,
                  lf_fit_status_string(status), lf_fit_status_string(expected));
    ck_assert_uint_eq(o->result.rows_used[q], *single.result.rows_used);
    const struct checked c = {f, q, o, is_solved ? NULL : &single};
    if (status == LF_FIT_OK)
        check_solution(&c, name);
    else
        check_failed(&c);
    fleet_outputs_free(&single);
}
