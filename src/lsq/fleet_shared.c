/* SPDX-License-Identifier: MIT */
/* Problems of a line that share all columns but one, or all: one pass over what they don't share.
 * Each brings a series v, its y or its own column; what the rows where v is missing take away is
 * subtracted from the products of the shared columns. */
#include "fleet_plan.h"

#include <math.h>
#include <string.h>

enum { L = LF_FLEET_LANES };

/* `count` problems from `first` on; those from `packed` on are copied to worker->values. */
struct panel {
    struct lf_fleet_worker *worker;
    size_t first, count, size; /* size: count up to a multiple of 8 */
    size_t packed;
};

static const struct lf_fleet_array *series(const struct lf_fleet_plan *p)
{
    return p->form == FLEET_SHARED_X ? &p->fleet.y : &p->fleet.x;
}

/* ---- Blocks of rows ----------------------------------------------------------------------- */

/* Rows of problems from panel->packed on, eight at a time, a bit of 0 as NaN. */
static void pack(const struct panel *s, size_t first, size_t rows)
{
    struct lf_fleet_worker *w = s->worker;
    const struct lf_fleet_plan *p = w->plan;
    const struct lf_fleet_array *a = series(p);
    for (size_t i = s->packed; i < s->size; i += L) {
        const float *from32[L];
        const double *from64[L];
        LANE(l)
        {
            const size_t k = i + l < s->count ? i + l : s->count - 1;
            const ptrdiff_t at = lf_fleet_start(p, a, s->first + k) + (ptrdiff_t)first * a->row;
            from32[l] = (const float *)a->data + at;
            from64[l] = (const double *)a->data + at;
        }
        if (p->fleet.dtype == LF_F32)
            p->kernels->load_f32(rows, from32, a->row, 1, w->panel / L - 1, w->values + i);
        else
            p->kernels->load_f64(rows, from64, a->row, 1, w->panel / L - 1, w->values + i);
    }
    for (size_t i = s->packed; p->fleet.valid.data && i < s->count; i++)
        for (size_t r = 0; r < rows; r++)
            if (!lf_fleet_valid(p, s->first + i, first + r))
                w->values[r * w->panel + i] = (double)NAN;
}

/* The value near which the others are expected. */
static void find_about(const struct panel *s)
{
    struct lf_fleet_worker *w = s->worker;
    const struct lf_fleet_plan *p = w->plan;
    const struct lf_fleet_array *a = series(p);
    size_t first = 0, rows = 0;
    memset(w->about, 0, w->panel * sizeof *w->about);
    while (first < p->fleet.rows && !w->basis.there[first])
        first++;
    while (rows < FLEET_FIRST_ROWS && first + rows < p->fleet.rows && w->basis.there[first + rows])
        rows++;
    if (!p->intercept || rows == 0)
        return;
    const ptrdiff_t at = lf_fleet_start(p, a, s->first) + (ptrdiff_t)first * a->row;
    if (p->fleet.dtype == LF_F32)
        p->kernels->first_f32(rows, s->packed, (const float *)a->data + at, a->row, w->about);
    else
        p->kernels->first_f64(rows, s->packed, (const double *)a->data + at, a->row, w->about);
    pack(s, first, rows);
    p->kernels->first_f64(rows, s->size - s->packed, w->values + s->packed, (ptrdiff_t)w->panel,
                          w->about + s->packed);
}

/* One kernel on those that lie side by side, and on those that were copied. */
static void sum_block(const struct panel *s, size_t first, size_t rows, const double *basis,
                      int gaps)
{
    struct lf_fleet_worker *w = s->worker;
    const struct lf_fleet_plan *p = w->plan;
    const struct lf_fleet_kernels *k = p->kernels;
    const struct lf_fleet_array *a = series(p);
    const ptrdiff_t at = lf_fleet_start(p, a, s->first) + (ptrdiff_t)first * a->row;
    const size_t columns = w->basis.columns, rest = s->size - s->packed, size = w->panel;
    const float *v32 = (const float *)a->data + at;
    const double *v64 = (const double *)a->data + at, *copy = w->values + s->packed;
    double *sums = w->part + s->packed, *missing = w->missing_part + s->packed;
    const double *about = w->about + s->packed;
    if (!gaps) {
        if (p->fleet.dtype == LF_F32)
            k->shared_f32(rows, columns, s->packed, basis, v32, a->row, w->about, size, w->part);
        else
            k->shared_f64(rows, columns, s->packed, basis, v64, a->row, w->about, size, w->part);
        k->shared_f64(rows, columns, rest, basis, copy, (ptrdiff_t)size, about, size, sums);
        return;
    }
    if (p->fleet.dtype == LF_F32)
        k->shared_missing_f32(rows, columns, s->packed, basis, v32, a->row, w->about, size, w->part,
                              w->missing_part);
    else
        k->shared_missing_f64(rows, columns, s->packed, basis, v64, a->row, w->about, size, w->part,
                              w->missing_part);
    k->shared_missing_f64(rows, columns, rest, basis, copy, (ptrdiff_t)size, about, size, sums,
                          missing);
}

static size_t missing_count(size_t columns)
{
    return 1 + columns + columns * (columns + 1) / 2;
}

/* Any sum of v that is not a number: a gap, or an infinity. */
static int has_gaps(const struct panel *s)
{
    double none[L] = {0}, sum = 0;
    for (size_t i = 0; i < s->size; i += L)
        LANE(l)
    none[l] += s->worker->part[i + l] - s->worker->part[i + l];
    LANE(l)
    sum += none[l];
    return isnan(sum);
}

static void add(size_t n, const double *part, double *sum)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += part[i];
}

/* Kernels add to what is there, and a block's sums are begun anew where gaps turn up. */
static void add_block(struct panel *s, size_t first, size_t rows, const double *basis)
{
    struct lf_fleet_worker *w = s->worker;
    const size_t columns = w->basis.columns, sums = (2 + columns) * w->panel;
    const size_t missing = missing_count(columns) * w->panel;
    if (s->packed < s->size)
        pack(s, first, rows);
    memset(w->part, 0, sums * sizeof *w->part);
    if (!w->gaps) {
        sum_block(s, first, rows, basis, 0);
        w->gaps = has_gaps(s);
        if (w->gaps)
            memset(w->part, 0, sums * sizeof *w->part);
    }
    if (w->gaps) {
        memset(w->missing_part, 0, missing * sizeof *w->missing_part);
        sum_block(s, first, rows, basis, 1);
        add(missing, w->missing_part, w->missing);
        double gaps[L] = {0}, sum = 0;
        for (size_t i = 0; i < s->size; i += L)
            LANE(l)
        gaps[l] += w->missing_part[i + l];
        LANE(l)
        sum += gaps[l];
        w->gaps = sum > 0;
    }
    add(sums, w->part, w->sums);
}

/* Over the rows that the basis has, in runs. */
static void sum_rows(struct panel *s)
{
    struct lf_fleet_worker *w = s->worker;
    const struct lf_fleet_basis *b = &w->basis;
    const size_t all = w->plan->fleet.rows;
    const double *basis = b->column;
    memset(w->sums, 0, (2 + b->columns) * w->panel * sizeof *w->sums);
    memset(w->missing, 0, missing_count(b->columns) * w->panel * sizeof *w->missing);
    for (size_t r = 0; r < all;) {
        size_t n = 0;
        while (n < FLEET_SHARED_ROWS && r + n < all && b->there[r + n])
            n++;
        if (n > 0)
            add_block(s, r, n, basis);
        basis += n * b->columns;
        r += n > 0 ? n : 1;
    }
}

/* ---- Systems ------------------------------------------------------------------------------ */

struct lanes {
    const struct lf_fleet_worker *worker;
    const double *sums, *missing; /* of the first of eight */
    double inverse[L];            /* 1 / rows, or 0 without an intercept */
    double column_sum[LF_FLEET_MOST_PARAMS + 1][L];
    double lost[L]; /* 1 where subtracting has lost too much */
};

static const double *sum_of(const struct lanes *s, size_t k)
{
    return s->sums + k * s->worker->panel;
}

static const double *missing_of(const struct lanes *s, size_t k)
{
    return s->missing + k * s->worker->panel;
}

/* The centred product of shared columns j and k, j <= k, over the rows that a problem has. */
static void shared_product(struct lanes *s, size_t j, size_t k, double *product)
{
    const struct lf_fleet_basis *b = &s->worker->basis;
    const double whole = b->gram[j * b->columns + k];
    const double *gone =
        missing_of(s, 1 + b->columns + lf_fleet_packed(b->columns, j, k) / LF_FLEET_LANES);
    LANE(l)
    {
        const double moved = s->column_sum[j][l] * s->inverse[l];
        product[l] = fma(-moved, s->column_sum[k][l], whole - gone[l]);
    }
    if (j == k)
        LANE(l)
    s->lost[l] = product[l] < FLEET_LEAST_LEFT * whole ? 1 : s->lost[l];
}

/* That of shared column j and v. */
static void series_product(const struct lanes *s, size_t j, double *product)
{
    const double *with = sum_of(s, 2 + j), *sum = sum_of(s, 0);
    LANE(l)
    product[l] = fma(-(s->column_sum[j][l] * s->inverse[l]), sum[l], with[l]);
}

static void series_square(struct lanes *s, double *square)
{
    const double *sum = sum_of(s, 0), *squares = sum_of(s, 1);
    LANE(l)
    {
        square[l] = fma(-(sum[l] * s->inverse[l]), sum[l], squares[l]);
        s->lost[l] = square[l] < FLEET_LEAST_SERIES * squares[l] ? 1 : s->lost[l];
    }
}

static void begin(struct lanes *s, struct lf_fleet_system *system)
{
    const struct lf_fleet_basis *b = &s->worker->basis;
    const double *gone = missing_of(s, 0), rows = (double)b->rows;
    LANE(l)
    {
        system->used[l] = system->mass[l] = rows - gone[l];
        s->lost[l] = s->inverse[l] = 0;
    }
    if (s->worker->plan->intercept)
        LANE(l)
        {
            s->inverse[l] = 1 / system->used[l];
            s->inverse[l] = system->used[l] > 0 ? s->inverse[l] : 0;
        }
    for (size_t j = 0; j < b->columns; j++) {
        const double *less = missing_of(s, 1 + j), sum = b->sum[j];
        LANE(l)
        s->column_sum[j][l] = sum - less[l];
    }
}

/* The normal equations of eight problems: the shared columns, then v and y, one of them the
 * target. */
static void set_system(struct lanes *s, struct lf_fleet_system *system)
{
    const struct lf_fleet_plan *p = s->worker->plan;
    const size_t shared = s->worker->basis.features, n = p->columns;
    const size_t v = p->form == FLEET_SHARED_X ? n - 1 : n - 2;
    begin(s, system);
    for (size_t j = 0; j < shared; j++) {
        for (size_t k = j; k < shared; k++)
            shared_product(s, j, k, system->gram + lf_fleet_packed(n, j, k));
        series_product(s, j, system->gram + lf_fleet_packed(n, j, v));
        if (v < n - 1)
            shared_product(s, j, shared, system->gram + lf_fleet_packed(n, j, n - 1));
    }
    series_square(s, system->gram + lf_fleet_packed(n, v, v));
    if (v < n - 1) {
        series_product(s, shared, system->gram + lf_fleet_packed(n, v, n - 1));
        shared_product(s, shared, shared, system->gram + lf_fleet_packed(n, n - 1, n - 1));
    }
}

/* The means of the columns about those of all rows, and what the intercept is less by. */
static void set_means(const struct lanes *s, size_t first, struct lf_fleet_system *system)
{
    const struct lf_fleet_worker *w = s->worker;
    const struct lf_fleet_basis *b = &w->basis;
    const double *about = w->about + first, *sum = sum_of(s, 0);
    const size_t y = b->features;
    double *mean = b->columns > y ? system->constant + y * L : system->mean_y;
    for (size_t j = 0; j < b->features; j++) {
        const double constant = b->constant[j];
        LANE(l)
        system->constant[j * L + l] = fma(s->column_sum[j][l], s->inverse[l], constant);
    }
    LANE(l)
    mean[l] = fma(sum[l], s->inverse[l], about[l]);
    if (b->columns > y)
        LANE(l)
    system->mean_y[l] = fma(s->column_sum[y][l], s->inverse[l], b->mean_y);
}

/* rss = y'y - b'X'y - ridge b'b. */
static void sum_rest(const struct lf_fleet_plan *p, const double *ridge, struct lf_fleet_system *s)
{
    const size_t n = p->columns;
    memcpy(s->total, s->gram + lf_fleet_packed(n, n - 1, n - 1), sizeof s->total);
    memcpy(s->rss, s->total, sizeof s->rss);
    for (size_t j = 0; j + 1 < n; j++) {
        const double *with = s->gram + lf_fleet_packed(n, j, n - 1), *b = s->b + j * L;
        if (ridge)
            LANE(l)
        s->rss[l] = fma(-b[l], fma(ridge[l], b[l], with[l]), s->rss[l]);
        else LANE(l) s->rss[l] = fma(-b[l], with[l], s->rss[l]);
    }
}

/* Adds ridges to the diagonal, and keeps them; NULL where there are none. */
static const double *add_ridges(const struct lf_fleet_plan *p, struct lf_fleet_system *s,
                                double ridge[L])
{
    if (!lf_fleet_has_ridge(p))
        return NULL;
    LANE(l)
    ridge[l] = lf_fleet_ridge(p, s->problem[l]);
    for (size_t j = 0; j < p->features; j++)
        LANE(l)
    s->gram[lf_fleet_packed(p->columns, j, j) + l] += ridge[l];
    return ridge;
}

static void solve(struct panel *panel, size_t i)
{
    struct lf_fleet_worker *w = panel->worker;
    const struct lf_fleet_plan *p = w->plan;
    struct lf_fleet_system *s = &w->system;
    const size_t n = p->columns;
    const double params = (double)p->params;
    struct lanes lanes;
    double least[L], ridge[L];
    lanes.worker = w;
    lanes.sums = w->sums + i;
    lanes.missing = w->missing + i;
    set_system(&lanes, s);
    set_means(&lanes, i, s);
    const double *ridges = add_ridges(p, s, ridge);
    memcpy(s->factor, s->gram, lf_fleet_packed(n, n, n) * sizeof(double));
    p->kernels->factor(n, s->factor, s->b, least);
    sum_rest(p, ridges, s);
    LANE(l)
    {
        lanes.lost[l] = s->rss[l] < FLEET_LEAST_RSS * s->total[l] ? 1 : lanes.lost[l];
        const int few = s->used[l] < params && s->used[l] < lf_fleet_needed_rows(p, s->problem[l]);
        lanes.lost[l] = few ? 0 : lanes.lost[l];
    }
    memset(s->status, LF_FIT_OK, sizeof s->status);
    if (lf_fleet_lanes(lanes.lost) > 0)
        LANE(l)
    s->status[l] = lanes.lost[l] > 0 ? FLEET_HARD : LF_FIT_OK;
    lf_fleet_judge(p, s, least);
}

/* Columns that don't determine a fit, with all rows: with fewer they don't either. */
static void fail(struct panel *panel, size_t i)
{
    struct lf_fleet_worker *w = panel->worker;
    struct lf_fleet_system *s = &w->system;
    LANE(l)
    {
        const double used = (double)w->basis.rows - w->missing[i + l];
        s->used[l] = used;
        s->status[l] = (unsigned char)w->basis.status;
        if (used < (double)w->basis.rows || !isfinite(w->sums[w->panel + i + l]))
            s->status[l] = FLEET_HARD;
        else if (used < (double)w->plan->params)
            s->status[l] = LF_FIT_TOO_FEW_ROWS;
    }
}

/* ---- Problems side by side ---------------------------------------------------------------- */

static void fit_panel(struct lf_fleet_worker *w, size_t first, size_t count)
{
    const struct lf_fleet_plan *p = w->plan;
    const struct lf_fleet_array *a = series(p);
    const int is_direct = a->problem == 1 && !p->fleet.valid.data;
    struct panel panel = {.worker = w,
                          .first = first,
                          .count = count,
                          .size = (count + L - 1) / L * L,
                          .packed = is_direct ? count / L * L : 0};
    size_t hard[FLEET_PIECE], hard_count = 0;
    unsigned char told[FLEET_TRENDS / L] = {0};
    find_about(&panel);
    sum_rows(&panel);
    for (size_t i = 0; i < count; i += L) {
        struct lf_fleet_system *s = &w->system;
        if (i % FLEET_TRENDS == 0 && lf_fleet_are_trends(w))
            lf_fleet_trends(w, first, i, count - i < FLEET_TRENDS ? count - i : FLEET_TRENDS, told);
        if (told[i % FLEET_TRENDS / L])
            continue;
        s->count = count - i < L ? count - i : L;
        s->back = w->basis.back;
        s->order = w->basis.features;
        LANE(l)
        s->problem[l] = first + (i + l < count ? i + l : count - 1);
        if (w->basis.status == LF_FIT_OK)
            solve(&panel, i);
        else
            fail(&panel, i);
        for (size_t l = 0; l < s->count && !lf_fleet_is_ok(s); l++)
            if (s->status[l] == FLEET_HARD)
                hard[hard_count++] = s->problem[l];
        lf_fleet_tell(p, s);
    }
    lf_fleet_own(w, hard, hard_count);
}

void lf_fleet_shared(struct lf_fleet_worker *w, size_t first, size_t count)
{
    lf_fleet_basis_make(w, first);
    if (w->basis.status == LF_FIT_NON_FINITE) {
        size_t all[FLEET_PIECE];
        for (size_t i = 0; i < count; i++)
            all[i] = first + i;
        lf_fleet_own(w, all, count);
        return;
    }
    for (size_t i = 0; i < count; i += w->panel)
        fit_panel(w, first + i, count - i < w->panel ? count - i : w->panel);
}
