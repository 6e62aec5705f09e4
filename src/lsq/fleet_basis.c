/* SPDX-License-Identifier: MIT */
/* The columns that problems share, once for all of them: about their means, and orthogonal, in
 * double-double, then rounded. In such columns every problem is well conditioned. */
#include "factor.h"
#include "fleet_plan.h"

#include <math.h>

/* While a basis is made. */
struct making {
    struct lf_fleet_worker *worker;
    struct lf_fleet_basis *basis;
    size_t problem;
    double *low, *high; /* [features] */
    int *exponent;      /* [features]: scaled columns are x 2^-exponent */
    lf_dd *mean, *row;  /* [features + 1] */
    struct lf_lsq_factor factor;
};

size_t lf_fleet_basis_spare(const struct lf_fleet_plan *p)
{
    const size_t n = p->features + 1;
    return lf_memory_bytes(5 * n, sizeof(lf_dd)) +
           lf_memory_bytes(2 * n * n + 2 * n, sizeof(lf_dd)) + 16 * LF_MEMORY_ALIGNMENT;
}

/* Of the shared columns; the one after the last is y. */
static double shared_value(const struct making *m, size_t r, size_t j)
{
    const struct lf_fleet_plan *p = m->worker->plan;
    ptrdiff_t at;
    const struct lf_fleet_array *a = &p->fleet.y;
    if (j < m->basis->features)
        a = lf_fleet_feature(p, m->problem, j, &at);
    else
        at = lf_fleet_start(p, a, m->problem);
    return lf_fleet_value(p, a, at + (ptrdiff_t)r * a->row);
}

/* Which rows are there, what their columns range over. 0 where a value is infinite. */
static int scan(struct making *m)
{
    struct lf_fleet_basis *b = m->basis;
    const size_t columns = b->columns;
    int is_finite = 1;
    b->rows = 0;
    for (size_t r = 0; r < m->worker->plan->fleet.rows; r++) {
        b->there[r] = 1;
        for (size_t j = 0; j < columns; j++)
            b->there[r] &= !isnan(shared_value(m, r, j));
        for (size_t j = 0; b->there[r] && j < columns; j++) {
            const double x = shared_value(m, r, j);
            is_finite &= isfinite(x);
            m->low[j] = b->rows == 0 || x < m->low[j] ? x : m->low[j];
            m->high[j] = b->rows == 0 || x > m->high[j] ? x : m->high[j];
        }
        b->rows += b->there[r];
    }
    return is_finite;
}

static lf_dd scaled(const struct making *m, size_t r, size_t j)
{
    return dd_of(ldexp(shared_value(m, r, j), -m->exponent[j]));
}

static void find_means(struct making *m, size_t j)
{
    lf_dd sum = dd_of(0);
    m->mean[j] = sum;
    if (!m->worker->plan->intercept)
        return;
    for (size_t r = 0; r < m->worker->plan->fleet.rows; r++)
        if (m->basis->there[r])
            sum = dd_add(sum, scaled(m, r, j));
    m->mean[j] = dd_divide(sum, dd_of((double)m->basis->rows));
}

static void center_row(struct making *m, size_t r)
{
    for (size_t j = 0; j < m->basis->columns; j++)
        m->row[j] = dd_subtract(scaled(m, r, j), m->mean[j]);
}

/* R of X = Q R, where the columns are independent. */
static enum lf_fit_status orthogonalize(struct making *m)
{
    struct lf_fleet_basis *b = m->basis;
    const size_t n = b->features;
    for (size_t r = 0; r < m->worker->plan->fleet.rows; r++) {
        if (!b->there[r])
            continue;
        center_row(m, r);
        for (size_t j = 0; j < n; j++)
            for (size_t k = j; k < n; k++)
                m->factor.upper[j * n + k] =
                    dd_add(m->factor.upper[j * n + k], dd_multiply(m->row[j], m->row[k]));
    }
    lf_lsq_factor_make(&m->factor);
    lf_lsq_factor_invert(&m->factor);
    return m->factor.rank < n ? LF_FIT_RANK_DEFICIENT : LF_FIT_OK;
}

static enum lf_fit_status constant_of(const struct making *m)
{
    const int intercept = m->worker->plan->intercept != 0;
    for (size_t j = 0; j < m->basis->features; j++)
        if (m->low[j] == m->high[j] && (intercept || m->low[j] == 0))
            return LF_FIT_CONSTANT_COLUMN;
    return LF_FIT_OK;
}

/* Each row of the basis: Q = X R^-1, or X itself. */
static void fill_columns(struct making *m, int is_turned)
{
    struct lf_fleet_basis *b = m->basis;
    const size_t n = b->features;
    double *to = b->column;
    for (size_t r = 0; r < m->worker->plan->fleet.rows; r++) {
        if (!b->there[r])
            continue;
        center_row(m, r);
        for (size_t k = 0; k < b->columns; k++) {
            lf_dd value = m->row[k];
            for (size_t i = 0; is_turned && k < n && i < k; i++)
                value = dd_add(value, dd_multiply(m->row[i], m->factor.inverse[i * n + k]));
            *to++ = dd_value(value);
        }
    }
}

/* Sums and products of the columns as they have been rounded. */
static void sum_columns(struct lf_fleet_basis *b)
{
    for (size_t j = 0; j < b->columns; j++)
        for (size_t k = j; k < b->columns; k++) {
            lf_dd sum = dd_of(0), product = dd_of(0);
            for (size_t r = 0; r < b->rows; r++) {
                const double *row = b->column + r * b->columns;
                sum = dd_add(sum, dd_of(row[j]));
                product = dd_add(product, two_product(row[j], row[k]));
            }
            b->sum[j] = dd_value(sum);
            b->gram[j * b->columns + k] = b->gram[k * b->columns + j] = dd_value(product);
        }
}

/* What takes a solution in the basis to the user's parameters. */
static void fill_back(struct making *m, int is_turned)
{
    struct lf_fleet_basis *b = m->basis;
    const size_t n = b->features;
    for (size_t k = 0; k < n; k++) {
        lf_dd constant = dd_of(0);
        for (size_t j = 0; j < n; j++) {
            const lf_dd share = is_turned ? m->factor.inverse[j * n + k] : dd_of(j == k);
            b->back[j * n + k] = ldexp(dd_value(share), -m->exponent[j]);
            constant = dd_add(constant, dd_multiply(share, m->mean[j]));
        }
        b->constant[k] = dd_value(constant);
    }
    b->mean_y = b->columns > n ? dd_value(m->mean[n]) : 0;
}

static void begin(struct making *m)
{
    struct lf_memory memory = m->worker->spare;
    const size_t n = m->basis->features + 1;
    m->low = lf_memory_new(&memory, n, sizeof *m->low);
    m->high = lf_memory_new(&memory, n, sizeof *m->high);
    m->exponent = lf_memory_new(&memory, n, sizeof *m->exponent);
    m->mean = lf_memory_new(&memory, n, sizeof *m->mean);
    m->row = lf_memory_new(&memory, n, sizeof *m->row);
    lf_lsq_factor_create(&m->factor, n - 1, &memory);
    m->factor.memory = NULL; /* it goes with this function */
}

void lf_fleet_basis_make(struct lf_fleet_worker *w, size_t problem)
{
    const struct lf_fleet_plan *p = w->plan;
    struct lf_fleet_basis *b = &w->basis;
    const struct lf_fleet_array *x = p->form == FLEET_SHARED_X ? &p->fleet.x : &p->fleet.y;
    const size_t line = x->line == 0 ? 0 : problem / p->fleet.width;
    const int is_turned = !lf_fleet_has_ridge(p);
    struct making m = {.worker = w, .basis = b, .problem = problem};
    if (b->line == line)
        return;
    b->line = line;
    begin(&m);
    b->status = scan(&m) ? LF_FIT_OK : LF_FIT_NON_FINITE;
    if (b->status != LF_FIT_OK)
        return;
    for (size_t j = 0; j < b->columns; j++) {
        const double size = fmax(fabs(m.low[j]), fabs(m.high[j]));
        if (is_turned && j < b->features && size > 0)
            frexp(size, &m.exponent[j]);
        find_means(&m, j);
    }
    if (is_turned) {
        b->status = orthogonalize(&m);
        b->status = constant_of(&m) != LF_FIT_OK ? LF_FIT_CONSTANT_COLUMN : b->status;
    }
    if (b->status != LF_FIT_OK)
        return;
    fill_columns(&m, is_turned);
    sum_columns(b);
    fill_back(&m, is_turned);
}
