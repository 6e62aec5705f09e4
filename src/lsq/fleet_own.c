/* SPDX-License-Identifier: MIT */
/* Problems that bring everything along, eight at a time: centred columns, normal equations, one
 * step of refinement by the residuals. */
#include "fleet_plan.h"

#include <math.h>
#include <string.h>

enum { L = LF_FLEET_LANES };

struct group {
    const struct lf_fleet_plan *plan;
    ptrdiff_t x[L], common[L], y[L], weight[L]; /* where each lane's begins, as an index */
    size_t rows_of[L];
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
    const ptrdiff_t *lane = is_common ? g->common : is_x ? g->x : g->y;
    const ptrdiff_t at =
        (ptrdiff_t)first * a->row +
        (is_common || is_x ? (ptrdiff_t)(is_common ? j : j - f->common_in) * a->column : 0);
    LANE(l)
    start[l] = at + lane[l];
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
            first + r < g->rows_of[l] ? lf_fleet_value(p, a, start[l] + (ptrdiff_t)r * a->row) : 0;
    }
}

static double weight_of(const struct group *g, const size_t *problem, size_t l, size_t r)
{
    const struct lf_fleet *f = &g->plan->fleet;
    if (r >= g->rows_of[l] || !lf_fleet_valid(g->plan, problem[l], r))
        return 0;
    return f->weight.data
               ? lf_fleet_value(g->plan, &f->weight, g->weight[l] + (ptrdiff_t)r * f->weight.row)
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
        start[l] = g->weight[l] + (ptrdiff_t)first * f->weight.row;
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
    const double rows = g->masked ? 0 : (double)g->least;
    LANE(l)
    s->used[l] = s->mass[l] = rows;
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

/* Rows from `first` on, as they are; where there is but one block they are still there. */
static size_t load_block(struct lf_fleet_worker *w, const struct group *g, size_t first)
{
    const size_t n = rows_from(g, first);
    if (!g->packed)
        pack(w, g, first, n);
    return n;
}

/* n rows from `first` on that are looked at one by one, `at` the place of the first of them. */
static void center_masked(struct lf_fleet_worker *w, const struct group *g, size_t at, size_t n)
{
    const struct lf_fleet_plan *p = g->plan;
    const size_t value = at * p->columns * L;
    if ((p->intercept || g->weighted) && n > 0)
        p->kernels->center(n, p->columns, w->tile + value, w->weight + at * L, w->mean,
                           g->weighted ? w->weighted + value : NULL);
}

static void sum_products(struct lf_fleet_worker *w, const struct group *g)
{
    const struct lf_fleet_plan *p = g->plan;
    double *tile = w->tile, *left = g->weighted ? w->weighted : tile;
    memset(w->system.gram, 0, lf_fleet_packed(p->columns, p->columns, p->columns) * sizeof(double));
    for (size_t first = 0; first < g->rows; first += FLEET_OWN_ROWS) {
        const size_t n = load_block(w, g, first), plain = plain_rows(g, first, n);
        const size_t at = plain * p->columns * L;
        if (plain > 0)
            p->kernels->gram(plain, p->columns, tile, tile, p->intercept ? w->mean : NULL,
                             w->system.gram);
        center_masked(w, g, plain, n - plain);
        if (plain < n)
            p->kernels->gram(n - plain, p->columns, left + at, tile + at, NULL, w->system.gram);
    }
}

/* The same rows once more, centred: where there was but one block they are. */
static size_t load_centred(struct lf_fleet_worker *w, const struct group *g, size_t first)
{
    const struct lf_fleet_plan *p = g->plan;
    const size_t n = load_block(w, g, first), plain = plain_rows(g, first, n);
    if (g->packed)
        return n;
    if (p->intercept && plain > 0)
        p->kernels->center(plain, p->columns, w->tile, NULL, w->mean, NULL);
    center_masked(w, g, plain, n - plain);
    return n;
}

static void sum_residuals(struct lf_fleet_worker *w, const struct group *g)
{
    const struct lf_fleet_plan *p = g->plan;
    memset(w->system.dots, 0, p->columns * L * sizeof(double));
    for (size_t first = 0; first < g->rows; first += FLEET_OWN_ROWS) {
        const size_t n = load_centred(w, g, first);
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

static void find_starts(const struct lf_fleet_worker *w, const struct lf_fleet_array *a,
                        ptrdiff_t start[L])
{
    const struct lf_fleet_system *s = &w->system;
    for (size_t l = 0; l < s->count; l++)
        start[l] = lf_fleet_start(w->plan, a, s->problem[l]);
    for (size_t l = s->count; l < L; l++)
        start[l] = start[s->count - 1];
}

/* Lanes from `count` on repeat the last. */
static void begin(struct lf_fleet_worker *w, struct group *g, const size_t *problems, size_t count)
{
    const struct lf_fleet_plan *p = w->plan;
    const struct lf_fleet *f = &p->fleet;
    struct lf_fleet_system *s = &w->system;
    s->count = count;
    s->back = NULL;
    LANE(l)
    s->problem[l] = problems[l < count ? l : count - 1];
    g->plan = p;
    g->masked = p->masked;
    g->weighted = f->weight.data != NULL;
    g->packed = 0;
    g->rows = 0;
    g->least = SIZE_MAX;
    LANE(l)
    {
        g->rows_of[l] = lf_fleet_rows(p, s->problem[l]);
        g->common[l] = 0;
        g->rows = g->rows_of[l] > g->rows ? g->rows_of[l] : g->rows;
        g->least = g->rows_of[l] < g->least ? g->rows_of[l] : g->least;
    }
    find_starts(w, &f->x, g->x);
    find_starts(w, &f->y, g->y);
    if (f->weight.data)
        find_starts(w, &f->weight, g->weight);
    if (f->offsets)
        find_starts(w, &f->common, g->common);
}

static void solve(struct lf_fleet_worker *w, const struct group *g)
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
    sum_residuals(w, g);
    memcpy(s->step, s->dots, p->features * L * sizeof(double));
    for (size_t j = 0; lf_fleet_has_ridge(p) && j < p->features; j++)
        LANE(l)
    s->step[j * L + l] =
        fma(-lf_fleet_ridge(p, s->problem[l]), s->b[j * L + l], s->step[j * L + l]);
    p->kernels->solve(n, s->factor, s->step);
    for (size_t j = 0; j < p->features; j++)
        LANE(l)
    s->b[j * L + l] += s->step[j * L + l];
    memcpy(s->rss, s->dots + p->features * L, sizeof s->rss);
    memcpy(s->total, s->gram + lf_fleet_packed(n, p->features, p->features), sizeof s->total);
    memcpy(s->mean_y, w->mean + p->features * L, sizeof s->mean_y);
    memset(s->status, LF_FIT_OK, sizeof s->status);
    lf_fleet_judge(p, s, least);
}

void lf_fleet_group(struct lf_fleet_worker *w, const size_t *problems, size_t count)
{
    struct lf_fleet_system *s = &w->system;
    struct group g;
    begin(w, &g, problems, count);
    find_means(w, &g);
    sum_products(w, &g);
    if (!g.masked && !all_finite(w->plan, s->gram)) { /* something is missing, or infinite */
        g.masked = 1;
        find_means(w, &g);
        sum_products(w, &g);
    }
    solve(w, &g);
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
    const size_t *order = w->plan->fleet.offsets ? by_rows(w, problems, count) : problems;
    for (size_t i = 0; i < count; i += L)
        lf_fleet_group(w, order + i, count - i < L ? count - i : L);
}
