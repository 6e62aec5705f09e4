/* SPDX-License-Identifier: MIT */
/* The columns that problems share, once for all of them: about their means, and orthogonal, in
 * double-double, then rounded. In such columns every problem is well conditioned. */
#include "factor.h"
#include "fleet_plan.h"
#include "moments.h"

#include <float.h>
#include <math.h>

/* So that 2^-exponent is a double; columns beyond are 2^-174 to 2^124 when scaled. */
enum { MOST_EXPONENT = 900 };

/* While a basis is made. */
struct making {
    struct lf_fleet_worker *worker;
    struct lf_fleet_basis *basis;
    size_t problem;
    double *low, *high; /* [features + 1] */
    int *exponent;      /* [features + 1]: scaled columns are x 2^-exponent */
    lf_dd *mean, *sum;  /* [features + 1] */
    lf_dd *product;     /* [features + 1,features + 1] */
    struct lf_lsq_factor factor;
    struct lf_lsq_column *column, *ones; /* [features + 1]: of a block; rows that are not are 0 */
};

size_t lf_fleet_basis_spare(const struct lf_fleet_plan *p)
{
    const size_t n = p->features + 1;
    return lf_memory_bytes(n + 1, sizeof(struct lf_lsq_column)) +
           lf_memory_bytes(5 * n, sizeof(lf_dd)) +
           lf_memory_bytes(3 * n * n + 2 * n, sizeof(lf_dd)) + 16 * LF_MEMORY_ALIGNMENT;
}

/* ---- Blocks of rows ----------------------------------------------------------------------- */

/* `rows` values of a shared column, of which the one after the last is y. */
static void load_column(const struct making *m, size_t j, size_t first, size_t rows, double *to)
{
    const struct lf_fleet_plan *p = m->worker->plan;
    ptrdiff_t at;
    const struct lf_fleet_array *a = &p->fleet.y;
    if (j < m->basis->features)
        a = lf_fleet_feature(p, m->problem, j, &at);
    else
        at = lf_fleet_start(p, a, m->problem);
    at += (ptrdiff_t)first * a->row;
    if (p->fleet.dtype == LF_F32)
        for (size_t r = 0; r < rows; r++)
            to[r] = (double)((const float *)a->data + at)[(ptrdiff_t)r * a->row];
    else
        for (size_t r = 0; r < rows; r++)
            to[r] = ((const double *)a->data + at)[(ptrdiff_t)r * a->row];
}

static size_t block_rows(const struct making *m, size_t first)
{
    const size_t left = m->worker->plan->fleet.rows - first;
    return left < LSQ_BLOCK ? left : (size_t)LSQ_BLOCK;
}

/* What the column ranges over, where `gap` is 0 and not NaN. */
static void widen_range(const double *value, const double *gap, double *low, double *high)
{
    double least[LSQ_LANES], most[LSQ_LANES];
    for (size_t l = 0; l < LSQ_LANES; l++) {
        least[l] = *low;
        most[l] = *high;
    }
    for (size_t r = 0; r < LSQ_BLOCK; r += LSQ_LANES)
        for (size_t l = 0; l < LSQ_LANES; l++) {
            const double x = value[r + l] + gap[r + l];
            least[l] = x < least[l] ? x : least[l];
            most[l] = x > most[l] ? x : most[l];
        }
    for (size_t l = 0; l < LSQ_LANES; l++) {
        *low = least[l] < *low ? least[l] : *low;
        *high = most[l] > *high ? most[l] : *high;
    }
}

/* Which rows of a block are there. */
static void scan_block(struct making *m, size_t first)
{
    struct lf_fleet_basis *b = m->basis;
    const size_t rows = block_rows(m, first);
    double *gap = m->ones->lo;
    for (size_t r = 0; r < LSQ_BLOCK; r++)
        gap[r] = r < rows ? 0 : (double)NAN;
    for (size_t j = 0; j < b->columns; j++) {
        double *x = m->column[j].hi;
        load_column(m, j, first, rows, x);
        for (size_t r = 0; r < LSQ_BLOCK; r++)
            gap[r] = x[r] == x[r] ? gap[r] : (double)NAN;
    }
    for (size_t j = 0; j < b->columns; j++)
        widen_range(m->column[j].hi, gap, m->low + j, m->high + j);
    for (size_t r = 0; r < rows; r++) {
        b->there[first + r] = gap[r] == 0;
        b->rows += gap[r] == 0;
    }
}

/* Which rows are there, what their columns range over. 0 where a value is infinite. */
static int scan(struct making *m)
{
    struct lf_fleet_basis *b = m->basis;
    int is_finite = 1;
    b->rows = 0;
    for (size_t j = 0; j < b->columns; j++) {
        m->low[j] = HUGE_VAL;
        m->high[j] = -HUGE_VAL;
    }
    for (size_t r = 0; r < m->worker->plan->fleet.rows; r += LSQ_BLOCK)
        scan_block(m, r);
    memset(m->ones->lo, 0, sizeof m->ones->lo);
    for (size_t r = 0; r < LSQ_BLOCK; r++)
        m->ones->hi[r] = 1;
    for (size_t j = 0; j < b->columns; j++) {
        if (b->rows == 0)
            m->low[j] = m->high[j] = 0;
        is_finite &= m->low[j] >= -DBL_MAX && m->high[j] <= DBL_MAX;
    }
    return is_finite;
}

/* The rows of a block that are there, scaled and less the means, in order; returns how many. */
static size_t center_block(struct making *m, size_t first)
{
    const unsigned char *there = m->basis->there + first;
    const size_t rows = block_rows(m, first);
    double value[LSQ_BLOCK];
    size_t count = 0;
    for (size_t j = 0; j < m->basis->columns; j++) {
        const double scale = ldexp(1, -m->exponent[j]);
        const lf_dd mean = m->mean[j];
        struct lf_lsq_column *c = m->column + j;
        load_column(m, j, first, rows, value);
        count = 0;
        for (size_t r = 0; r < rows; r++) {
            value[count] = value[r];
            count += there[r];
        }
        for (size_t r = 0; r < count; r++) {
            const lf_dd x = dd_subtract(dd_of(value[r] * scale), mean);
            c->hi[r] = x.hi;
            c->lo[r] = x.lo;
        }
        memset(c->hi + count, 0, (LSQ_BLOCK - count) * sizeof *c->hi);
        memset(c->lo + count, 0, (LSQ_BLOCK - count) * sizeof *c->lo);
    }
    return count;
}

/* ---- The basis ---------------------------------------------------------------------------- */

static void find_means(struct making *m)
{
    const size_t columns = m->basis->columns;
    if (!m->worker->plan->intercept)
        return;
    for (size_t r = 0; r < m->worker->plan->fleet.rows; r += LSQ_BLOCK) {
        center_block(m, r); /* the means are 0 as yet */
        for (size_t j = 0; j < columns; j++)
            m->sum[j] = dd_add(m->sum[j], lf_lsq_dot(m->column + j, m->ones));
    }
    for (size_t j = 0; j < columns; j++) {
        m->mean[j] = dd_divide(m->sum[j], dd_of((double)m->basis->rows));
        m->sum[j] = dd_of(0);
    }
}

/* product[columns,columns] += those of a block, on and above the diagonal. */
static void add_products(struct making *m, size_t columns, lf_dd *product)
{
    for (size_t j = 0; j < columns; j++)
        for (size_t k = j; k < columns; k++) {
            lf_dd *to = product + j * columns + k;
            *to = dd_add(*to, lf_lsq_dot(m->column + j, m->column + k));
        }
}

/* R of X = Q R, where the columns are independent. */
static enum lf_fit_status orthogonalize(struct making *m)
{
    const size_t n = m->basis->features;
    for (size_t r = 0; r < m->worker->plan->fleet.rows; r += LSQ_BLOCK) {
        center_block(m, r);
        add_products(m, n, m->factor.upper);
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

/* A block of the basis: Q = X R^-1, or X itself, the last column first; rounded. */
static void turn_block(struct making *m, int is_turned)
{
    const size_t n = m->basis->features;
    for (size_t k = m->basis->columns; k-- > 0;) {
        struct lf_lsq_column *c = m->column + k;
        for (size_t i = 0; is_turned && k < n && i < k; i++)
            lf_lsq_subtract(dd_negative(m->factor.inverse[i * n + k]), m->column + i, c);
        for (size_t r = 0; r < LSQ_BLOCK; r++)
            c->hi[r] += c->lo[r];
        memset(c->lo, 0, sizeof c->lo);
    }
}

/* Row by row, with sums and products of the columns as they have been rounded. */
static void fill_columns(struct making *m, int is_turned)
{
    struct lf_fleet_basis *b = m->basis;
    const size_t columns = b->columns;
    double *to = b->column;
    for (size_t first = 0; first < m->worker->plan->fleet.rows; first += LSQ_BLOCK) {
        const size_t rows = center_block(m, first);
        turn_block(m, is_turned);
        for (size_t j = 0; j < columns; j++) {
            m->sum[j] = dd_add(m->sum[j], lf_lsq_dot(m->column + j, m->ones));
            for (size_t r = 0; r < rows; r++)
                to[r * columns + j] = m->column[j].hi[r];
        }
        add_products(m, columns, m->product);
        to += rows * columns;
    }
    for (size_t j = 0; j < columns; j++) {
        b->sum[j] = dd_value(m->sum[j]);
        for (size_t k = j; k < columns; k++)
            b->gram[j * columns + k] = b->gram[k * columns + j] =
                dd_value(m->product[j * columns + k]);
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
    m->sum = lf_memory_new(&memory, n, sizeof *m->sum);
    m->product = lf_memory_new(&memory, n * n, sizeof *m->product);
    m->column = lf_memory_new(&memory, n, sizeof *m->column);
    m->ones = lf_memory_new(&memory, 1, sizeof *m->ones);
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
        m.exponent[j] = m.exponent[j] < MOST_EXPONENT ? m.exponent[j] : MOST_EXPONENT;
        m.exponent[j] = m.exponent[j] > -MOST_EXPONENT ? m.exponent[j] : -MOST_EXPONENT;
    }
    find_means(&m);
    if (is_turned) {
        b->status = orthogonalize(&m);
        b->status = constant_of(&m) != LF_FIT_OK ? LF_FIT_CONSTANT_COLUMN : b->status;
    }
    if (b->status != LF_FIT_OK)
        return;
    fill_columns(&m, is_turned);
    fill_back(&m, is_turned);
}
