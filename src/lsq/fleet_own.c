/* SPDX-License-Identifier: MIT */
/* Problems that bring everything along, eight at a time: centred columns, normal equations, one
 * step of refinement by the residuals. */
#include "fleet_plan.h"

#include <math.h>
#include <string.h>

enum { L = LF_FLEET_LANES };

/* Where a lane's operands begin, as indices. */
struct lane {
    size_t rows;
    ptrdiff_t x, common, y, weight;
};

struct group {
    const struct lf_fleet_plan *plan;
    struct lane lane[L];
    size_t rows, least; /* of the longest, and of the shortest */
    int masked;         /* the weights of all rows are looked at, not just where some lanes end */
    int weighted;       /* they are not just 0 and 1 */
    int packed;         /* the tile holds the rows of the only block */
};

/* ---- Rows to a tile ----------------------------------------------------------------------- */

void lf_fleet_load(const struct lf_fleet_plan *p, size_t n, const struct lf_fleet_array *a,
                   const ptrdiff_t start[L], ptrdiff_t stride, size_t run, size_t skip, double *to)
{
    if (p->fleet.dtype == LF_F32) {
        const float *from[L];
        LANE(l)
        from[l] = (const float *)a->data + start[l];
        p->kernels->load_f32(n, from, stride, run, skip, to);
    } else {
        const double *from[L];
        LANE(l)
        from[l] = (const double *)a->data + start[l];
        p->kernels->load_f64(n, from, stride, run, skip, to);
    }
}

/* Column j of the tile's columns: its array, and where row `first` of each lane is. */
static const struct lf_fleet_array *column(const struct group *g, size_t j, size_t first,
                                           ptrdiff_t start[L])
{
    const struct lf_fleet *f = &g->plan->fleet;
    const int is_common = j < f->common_in, is_x = !is_common && j < g->plan->features;
    const struct lf_fleet_array *a = is_common ? &f->common : is_x ? &f->x : &f->y;
    const ptrdiff_t at =
        (ptrdiff_t)first * a->row +
        (is_common || is_x ? (ptrdiff_t)(is_common ? j : j - f->common_in) * a->column : 0);
    LANE(l)
    start[l] = at + (is_common ? g->lane[l].common : is_x ? g->lane[l].x : g->lane[l].y);
    return a;
}

/* n rows that every lane has. */
static void load_rows(const struct group *g, size_t first, size_t n, double *tile)
{
    const struct lf_fleet_plan *p = g->plan;
    const struct lf_fleet *f = &p->fleet;
    const int is_dense = f->in > 1 && f->x.column == 1 && f->x.row == (ptrdiff_t)f->in;
    for (size_t j = 0; j < p->columns && n > 0; j++) {
        ptrdiff_t start[L];
        const struct lf_fleet_array *a = column(g, j, first, start);
        if (is_dense && j == f->common_in) {
            lf_fleet_load(p, n * f->in, a, start, 1, f->in, p->columns - f->in, tile + j * L);
            j += f->in - 1;
        } else {
            lf_fleet_load(p, n, a, start, a->row, 1, p->columns - 1, tile + j * L);
        }
    }
}

/* Rows that only some lanes have; 0 in the others. */
static void load_ragged(const struct group *g, size_t first, size_t from, size_t to, double *tile)
{
    const struct lf_fleet_plan *p = g->plan;
    for (size_t j = 0; j < p->columns; j++) {
        ptrdiff_t start[L];
        const struct lf_fleet_array *a = column(g, j, first, start);
        for (size_t r = from; r < to; r++)
            LANE(l)
        tile[(r * p->columns + j) * L + l] =
            first + r < g->lane[l].rows ? lf_fleet_value(p, a, start[l] + (ptrdiff_t)r * a->row)
                                        : 0;
    }
}

static double weight_of(const struct group *g, const size_t *problem, size_t l, size_t r)
{
    const struct lf_fleet *f = &g->plan->fleet;
    if (r >= g->lane[l].rows || !lf_fleet_valid(g->plan, problem[l], r))
        return 0;
    return f->weight.data ? lf_fleet_value(g->plan, &f->weight,
                                           g->lane[l].weight + (ptrdiff_t)r * f->weight.row)
                          : 1;
}

/* How many of n rows from `first` on are in every lane, and how many need no look at weights. */
static size_t common_rows(const struct group *g, size_t first, size_t n)
{
    const size_t common = g->least > first ? g->least - first : 0;
    return common < n ? common : n;
}

static size_t plain_rows(const struct group *g, size_t first, size_t n)
{
    return g->masked ? 0 : common_rows(g, first, n);
}

static void load_weights(struct lf_fleet_worker *w, const struct group *g, size_t first, size_t n)
{
    const struct lf_fleet *f = &g->plan->fleet;
    size_t r = plain_rows(g, first, n);
    if (f->weight.data && !f->valid.data) {
        ptrdiff_t start[L];
        r = common_rows(g, first, n);
        LANE(l)
        start[l] = g->lane[l].weight + (ptrdiff_t)first * f->weight.row;
        if (r > 0)
            lf_fleet_load(g->plan, r, &f->weight, start, f->weight.row, 1, 0, w->weight);
    }
    for (; r < n; r++)
        LANE(l)
    w->weight[r * L + l] = weight_of(g, w->system.problem, l, first + r);
}

/* n rows from `first` on as they are, those that are missing masked. */
static void pack(struct lf_fleet_worker *w, const struct group *g, size_t first, size_t n)
{
    const size_t all = common_rows(g, first, n), plain = plain_rows(g, first, n);
    load_rows(g, first, all, w->tile);
    if (all < n)
        load_ragged(g, first, all, n, w->tile);
    if (plain == n)
        return;
    load_weights(w, g, first, n);
    if (g->masked)
        g->plan->kernels->mask(n, g->plan->columns, w->tile, w->weight);
}

/* ---- Sums over rows ----------------------------------------------------------------------- */

static size_t rows_from(const struct group *g, size_t first)
{
    return g->rows - first < FLEET_OWN_ROWS ? g->rows - first : FLEET_OWN_ROWS;
}

/* The columns of the first row that a lane uses, for lanes that have not met it yet. */
static void look_for_first(struct lf_fleet_worker *w, const struct group *g, size_t first, size_t n,
                           unsigned char met[L])
{
    const size_t columns = g->plan->columns, plain = plain_rows(g, first, n);
    if (first == 0 && plain > 0) {
        memcpy(w->first, w->tile, columns * L * sizeof(double));
        memset(met, 1, L);
    }
    LANE(l)
    for (size_t r = plain; r < n && !met[l]; r++) {
        if (!(w->weight[r * L + l] > 0))
            continue;
        met[l] = 1;
        for (size_t j = 0; j < columns; j++)
            w->first[j * L + l] = w->tile[(r * columns + j) * L + l];
    }
}

static void sum_block(struct lf_fleet_worker *w, const struct group *g, size_t first, size_t n)
{
    const size_t plain = plain_rows(g, first, n), c = g->plan->columns;
    struct lf_fleet_system *s = &w->system;
    if (plain > 0)
        g->plan->kernels->sums(plain, c, w->tile, NULL, w->first, w->sum, s->used, s->mass);
    if (plain < n)
        g->plan->kernels->sums(n - plain, c, w->tile + plain * c * L, w->weight + plain * L,
                               w->first, w->sum, s->used, s->mass);
}

/* Rows used, their mass, and the means that columns are taken about. */
static void find_means(struct lf_fleet_worker *w, struct group *g)
{
    const struct lf_fleet_plan *p = g->plan;
    struct lf_fleet_system *s = &w->system;
    unsigned char met[L] = {0};
    const size_t bytes = p->columns * L * sizeof(double);
    memset(w->first, 0, bytes);
    memset(w->sum, 0, bytes);
    memset(w->mean, 0, bytes);
    LANE(l)
    s->used[l] = s->mass[l] = g->masked ? 0 : (double)g->least;
    for (size_t first = 0; first < g->rows; first += FLEET_OWN_ROWS) {
        const size_t n = rows_from(g, first);
        pack(w, g, first, n);
        if (p->intercept)
            look_for_first(w, g, first, n, met);
        sum_block(w, g, first, n);
    }
    g->packed = g->rows <= FLEET_OWN_ROWS;
    for (size_t j = 0; p->intercept && j < p->columns; j++)
        LANE(l)
        {
            const double mean = w->first[j * L + l] + w->sum[j * L + l] * (1 / s->mass[l]);
            w->mean[j * L + l] = s->used[l] > 0 ? mean : 0;
        }
}

/* Rows from `first` on, centred and weighted; where there is but one block it is done once. */
static size_t center(struct lf_fleet_worker *w, struct group *g, size_t first, int *is_centred)
{
    const struct lf_fleet_plan *p = g->plan;
    const size_t n = rows_from(g, first);
    if (*is_centred && g->rows <= FLEET_OWN_ROWS)
        return n;
    if (!g->packed)
        pack(w, g, first, n);
    const size_t plain = plain_rows(g, first, n), at = plain * p->columns * L;
    if (p->intercept && plain > 0)
        p->kernels->center(plain, p->columns, w->tile, NULL, w->mean, NULL);
    if ((p->intercept || g->weighted) && plain < n)
        p->kernels->center(n - plain, p->columns, w->tile + at, w->weight + plain * L, w->mean,
                           g->weighted ? w->weighted + at : NULL);
    *is_centred = 1;
    return n;
}

static void sum_products(struct lf_fleet_worker *w, struct group *g, int *is_centred)
{
    const struct lf_fleet_plan *p = g->plan;
    memset(w->system.gram, 0, lf_fleet_packed(p->columns, p->columns, p->columns) * sizeof(double));
    for (size_t first = 0; first < g->rows; first += FLEET_OWN_ROWS) {
        const size_t n = center(w, g, first, is_centred);
        p->kernels->gram(n, p->columns, g->weighted ? w->weighted : w->tile, w->tile,
                         w->system.gram);
    }
}

static void sum_residuals(struct lf_fleet_worker *w, struct group *g, int *is_centred)
{
    const struct lf_fleet_plan *p = g->plan;
    memset(w->system.dots, 0, p->columns * L * sizeof(double));
    for (size_t first = 0; first < g->rows; first += FLEET_OWN_ROWS) {
        const size_t n = center(w, g, first, is_centred);
        p->kernels->residuals(n, p->columns, g->weighted ? w->weighted : w->tile, w->tile,
                              g->weighted ? w->weight : NULL, w->system.b, w->system.dots);
    }
}

/* ---- Eight problems ----------------------------------------------------------------------- */

static int all_finite(const struct lf_fleet_plan *p, const double *gram)
{
    double sum[L] = {0}, all = 0;
    for (size_t j = 0; j < p->columns; j++)
        LANE(l)
    sum[l] += gram[lf_fleet_packed(p->columns, j, j) + l];
    LANE(l)
    all += sum[l] - sum[l];
    return all == 0;
}

static void begin(struct lf_fleet_worker *w, struct group *g)
{
    const struct lf_fleet_plan *p = w->plan;
    const struct lf_fleet *f = &p->fleet;
    *g = (struct group){
        .plan = p, .least = SIZE_MAX, .masked = p->masked, .weighted = f->weight.data != NULL};
    LANE(l)
    {
        const size_t q = w->system.problem[l];
        g->lane[l] = (struct lane){.rows = lf_fleet_rows(p, q),
                                   .x = lf_fleet_start(p, &f->x, q),
                                   .common = f->offsets ? lf_fleet_start(p, &f->common, q) : 0,
                                   .y = lf_fleet_start(p, &f->y, q),
                                   .weight = lf_fleet_start(p, &f->weight, q)};
        g->rows = g->lane[l].rows > g->rows ? g->lane[l].rows : g->rows;
        g->least = g->lane[l].rows < g->least ? g->lane[l].rows : g->least;
    }
}

static void solve(struct lf_fleet_worker *w, struct group *g, int is_centred)
{
    const struct lf_fleet_plan *p = w->plan;
    struct lf_fleet_system *s = &w->system;
    const size_t n = p->columns;
    double least[L];
    memcpy(s->constant, w->mean, p->features * L * sizeof(double));
    for (size_t j = 0; lf_fleet_has_ridge(p) && j < p->features; j++)
        LANE(l)
    s->gram[lf_fleet_packed(n, j, j) + l] += lf_fleet_ridge(p, s->problem[l]);
    memcpy(s->factor, s->gram, lf_fleet_packed(n, n, n) * sizeof(double));
    p->kernels->factor(n, s->factor, s->b, least);
    sum_residuals(w, g, &is_centred);
    memcpy(s->step, s->dots, p->features * L * sizeof(double));
    for (size_t j = 0; lf_fleet_has_ridge(p) && j < p->features; j++)
        LANE(l)
    s->step[j * L + l] =
        fma(-lf_fleet_ridge(p, s->problem[l]), s->b[j * L + l], s->step[j * L + l]);
    p->kernels->solve(n, s->factor, s->step);
    LANE(l)
    {
        for (size_t j = 0; j < p->features; j++)
            s->b[j * L + l] += s->step[j * L + l];
        s->rss[l] = s->dots[p->features * L + l];
        s->total[l] = s->gram[lf_fleet_packed(n, p->features, p->features) + l];
        s->mean_y[l] = w->mean[p->features * L + l];
        s->status[l] = LF_FIT_OK;
    }
    lf_fleet_judge(p, s, least);
}

void lf_fleet_group(struct lf_fleet_worker *w, const size_t *problems, size_t count)
{
    struct lf_fleet_system *s = &w->system;
    struct group g;
    int is_centred = 0;
    s->count = count;
    s->back = NULL;
    LANE(l)
    s->problem[l] = problems[l < count ? l : count - 1];
    begin(w, &g);
    find_means(w, &g);
    sum_products(w, &g, &is_centred);
    if (!g.masked && !all_finite(w->plan, s->gram)) { /* something is missing, or infinite */
        g.masked = 1;
        is_centred = 0;
        find_means(w, &g);
        sum_products(w, &g, &is_centred);
    }
    solve(w, &g, is_centred);
    lf_fleet_tell(w->plan, s);
    for (size_t l = 0; l < count; l++)
        if (s->status[l] == FLEET_HARD)
            lf_fleet_single(w, s->problem[l]);
}

/* Problems in the order of their rows, as far as so many kinds tell, so that lanes side by side
 * have about as many. */
static const size_t *by_rows(struct lf_fleet_worker *w, const size_t *problems, size_t count)
{
    enum { KINDS = 256 };
    const struct lf_fleet_plan *p = w->plan;
    size_t start[KINDS + 1] = {0}, least = SIZE_MAX, most = 0;
    int shift = 0;
    if (!p->fleet.offsets)
        return problems;
    for (size_t i = 0; i < count; i++) {
        const size_t rows = lf_fleet_rows(p, problems[i]);
        least = rows < least ? rows : least;
        most = rows > most ? rows : most;
    }
    while (count > 0 && (most - least) >> shift >= KINDS)
        shift++;
    for (size_t i = 0; i < count; i++)
        start[((lf_fleet_rows(p, problems[i]) - least) >> shift) + 1]++;
    for (size_t k = 0; k < KINDS; k++)
        start[k + 1] += start[k];
    for (size_t i = 0; i < count; i++)
        w->order[start[(lf_fleet_rows(p, problems[i]) - least) >> shift]++] = problems[i];
    return w->order;
}

void lf_fleet_own(struct lf_fleet_worker *w, const size_t *problems, size_t count)
{
    const size_t *order = by_rows(w, problems, count);
    for (size_t i = 0; i < count; i += L)
        lf_fleet_group(w, order + i, count - i < L ? count - i : L);
}
