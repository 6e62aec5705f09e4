/* SPDX-License-Identifier: MIT */
#include "groups.h"

#include <stdlib.h>
#include <string.h>

/* A row of sums begins at a whole vector: column k of row j is in vector k / LANES. */
enum { LANES = 4, CACHE_LINE = 64 };

/* Rows whose columns are made side by side, and how far ahead one is asked for. */
enum { TOGETHER = 16 };

/* What the nearest cache holds that is not shared, about: beyond, rows are ordered. */
enum { CACHE = 1 << 20 };

/* A group in memory: used, dropped, about[in + 1] and padding; then the sums: of row j its vectors
 * from j / LANES on, LANES high parts and LANES low parts each. */
enum { USED, DROPPED, ABOUT };

static size_t head(size_t in)
{
    const size_t line = CACHE_LINE / sizeof(double);
    return (ABOUT + in + 1 + line - 1) / line * line;
}

static double *group_at(const struct lf_lsq_groups *g, size_t i)
{
    return g->slab[i / LSQ_SLAB_GROUPS] + i % LSQ_SLAB_GROUPS * g->size;
}

int lf_lsq_groups_create(struct lf_lsq_groups *g, size_t in, const struct lf_lsq_options *options)
{
    *g = (struct lf_lsq_groups){.in = in, .options = *options};
    g->options.weight_is_last = 0;
    g->columns = lf_lsq_params(in, &g->options) + 1;
    g->options.weight_is_last = options->weight_is_last;
    g->padded = (g->columns + LANES - 1) / LANES * LANES;
    g->size = head(in);
    for (size_t j = 0; j < g->columns; j++)
        g->size += 2 * (g->padded - j / LANES * LANES);
    g->column = calloc(2 * TOGETHER * g->padded, sizeof *g->column);
    return g->column != NULL;
}

void lf_lsq_groups_destroy(struct lf_lsq_groups *g)
{
    for (size_t i = 0; i < g->slabs; i++)
        free(g->slab[i]);
    free(g->slab);
    free(g->column);
    *g = (struct lf_lsq_groups){0};
}

static int add_slab(struct lf_lsq_groups *g)
{
    if (g->slabs == g->slab_room) {
        const size_t room = g->slab_room ? 2 * g->slab_room : 16;
        double **slab = realloc(g->slab, room * sizeof *slab);
        if (!slab)
            return 0;
        g->slab = slab;
        g->slab_room = room;
    }
    const size_t bytes = LSQ_SLAB_GROUPS * g->size * sizeof(double);
    double *slab = aligned_alloc(CACHE_LINE, bytes);
    if (!slab)
        return 0;
    memset(slab, 0, bytes);
    g->slab[g->slabs++] = slab;
    return 1;
}

int lf_lsq_groups_grow(struct lf_lsq_groups *g, size_t count)
{
    while (g->slabs * LSQ_SLAB_GROUPS < count)
        if (!add_slab(g))
            return 0;
    g->count = count;
    return 1;
}

/* ---- Rows --------------------------------------------------------------------------------- */

/* Whether powers are about 0, which their ridge is meant for; so is all without an intercept. */
static int is_about_zero(const struct lf_lsq_groups *g)
{
    return g->options.no_intercept || (g->options.degree > 0 && g->options.ridge > 0);
}

static size_t put(double *column, size_t padded, size_t j, lf_dd value)
{
    column[j] = value.hi;
    column[padded + j] = value.lo;
    return j + 1;
}

/* The columns of a row: differences that are exact, and powers. */
static void fill(const struct lf_lsq_groups *g, const double *about, const double *row,
                 double *column)
{
    const size_t padded = g->padded;
    size_t j = g->options.no_intercept ? 0 : put(column, padded, 0, dd_of(1));
    for (size_t i = 0; i <= g->in; i++) {
        const lf_dd value = two_sum(row[i], -about[i]);
        lf_dd power = value;
        for (size_t k = 1; i < g->in && k < g->options.degree; k++) {
            j = put(column, padded, j, power);
            power = dd_multiply(power, value);
        }
        j = put(column, padded, j, power);
    }
}

/* Whether the row counts, and then its columns. */
static inline int take_row(const struct lf_lsq_groups *g, double *group, const double *row,
                           double *column)
{
    const size_t width = g->in + 1 + (g->options.weight_is_last != 0);
    double *about = group + ABOUT;
    int missing = 0;
    for (size_t i = 0; i < width; i++)
        missing |= isnan(row[i]);
    group[DROPPED] += missing;
    if (missing || (g->options.weight_is_last && row[width - 1] == 0))
        return 0;
    if (group[USED] == 0 && !g->options.no_intercept)
        for (size_t i = is_about_zero(g) ? g->in : 0; i <= g->in; i++)
            about[i] = row[i];
    group[USED] += 1;
    fill(g, about, row, column);
    return 1;
}

/* sums += a v for a vector: the exact sum of the high parts, what it loses and what the product
 * has beside go to the low parts, and the two are made a double-double again. */
static inline void add_vector(lf_dd a, const double *restrict vh, const double *restrict vl,
                              double *restrict sum)
{
    for (size_t l = 0; l < LANES; l++) {
        const double p = a.hi * vh[l];
        const double e = fma(a.hi, vl[l], fma(a.lo, vh[l], fma(a.hi, vh[l], -p)));
        const double h = sum[l], s = h + p, c = s - h;
        const double rest = sum[LANES + l] + ((h - (s - c)) + (p - c)) + e;
        const double t = s + rest;
        sum[LANES + l] = rest - (t - s);
        sum[l] = t;
    }
}

/* weight: NULL where all are 1. */
static inline void add_products(size_t columns, size_t padded, const double *column,
                                const double *weight, double *sum)
{
    for (size_t j = 0; j < columns; j++) {
        lf_dd a = {column[j], column[padded + j]};
        if (weight)
            a = dd_multiply(a, dd_of(*weight));
        for (size_t k = j / LANES * LANES; k < padded; k += LANES, sum += 2 * LANES)
            add_vector(a, column + k, column + padded + k, sum);
    }
}

/* order = the rows, those of a group in their order behind each other: counted, then put there;
 * start[i] is then the end of group i's. */
static void find_order(size_t groups, size_t rows, const uint32_t *group, uint32_t *order,
                       uint32_t *start)
{
    memset(start, 0, (groups + 1) * sizeof *start);
    for (size_t r = 0; r < rows; r++)
        start[group[r] + 1]++;
    for (size_t i = 0; i < groups; i++)
        start[i + 1] += start[i];
    for (size_t r = 0; r < rows; r++)
        order[start[group[r]]++] = (uint32_t)r;
}

/* The rows in turn: as they stand, or by order, in which group i's end in front of end[i]. */
struct walk {
    const uint32_t *group, *order, *end;
    uint32_t at;
};

static inline size_t row_of(const struct walk *walk, size_t i)
{
    return walk->order ? walk->order[i] : i;
}

/* The group of the i-th, for one after the other; to look it up by row would wait for memory. */
static inline uint32_t group_of(struct walk *walk, size_t i)
{
    if (!walk->order)
        return walk->group[i];
    while (walk->end[walk->at] <= i)
        walk->at++;
    return walk->at;
}

/* Asks for a row and its group before they are needed. */
static inline void prefetch(const struct lf_lsq_groups *g, const double *group, const double *row)
{
    const size_t bytes = g->size * sizeof(double), most = (size_t)16 * CACHE_LINE;
    __builtin_prefetch(row);
    for (size_t i = 0; i < (bytes < most ? bytes : most); i += CACHE_LINE)
        __builtin_prefetch((const char *)group + i, 1);
}

/* Some rows are made columns before their products are added: what was just stored number by number
 * can't be loaded as vectors at once. */
static void add_rows(struct lf_lsq_groups *g, size_t rows, const double *row, struct walk *walk)
{
    const size_t width = g->in + 1 + (g->options.weight_is_last != 0), sums = head(g->in);
    double *group[TOGETHER], *to[TOGETHER];
    const double *weight[TOGETHER];
    for (size_t i = 0; i < TOGETHER && i < rows; i++)
        group[i] = group_at(g, group_of(walk, i));
    for (size_t first = 0; first < rows; first += TOGETHER) {
        double *column = g->column;
        size_t taken = 0;
        for (size_t i = first; i < first + TOGETHER && i < rows; i++) {
            const double *values = row + row_of(walk, i) * width;
            to[taken] = group[i - first];
            if (i + TOGETHER < rows) {
                group[i - first] = group_at(g, group_of(walk, i + TOGETHER));
                prefetch(g, group[i - first], row + row_of(walk, i + TOGETHER) * width);
            }
            weight[taken] = g->options.weight_is_last ? values + width - 1 : NULL;
            if (take_row(g, to[taken], values, column + 2 * taken * g->padded))
                taken++;
        }
        for (size_t i = 0; i < taken; i++, column += 2 * g->padded)
            if (g->padded == LANES) /* known when the loops are made */
                add_products(g->columns, LANES, column, weight[i], to[i] + sums);
            else
                add_products(g->columns, g->padded, column, weight[i], to[i] + sums);
    }
}

void lf_lsq_groups_add(struct lf_lsq_groups *g, size_t rows, const uint32_t *group,
                       const double *row, uint32_t *order, uint32_t *start)
{
    struct walk walk = {.group = group};
    if (g->count * g->size * sizeof(double) > CACHE) {
        find_order(g->count, rows, group, order, start);
        walk.order = order;
        walk.end = start;
    }
    add_rows(g, rows, row, &walk);
}

/* ---- Solutions ---------------------------------------------------------------------------- */

int lf_lsq_solver_create(struct lf_lsq_solver *solver, const struct lf_lsq_groups *g)
{
    struct lf_lsq_options options = g->options;
    options.weight_is_last = 0;
    solver->fit = lf_lsq_sums_create(g->in, &options);
    solver->product = malloc(lf_lsq_packed(g->columns) * sizeof *solver->product);
    solver->square = malloc(g->columns * sizeof *solver->square);
    if (solver->fit && solver->product && solver->square)
        return 1;
    lf_lsq_solver_destroy(solver);
    return 0;
}

void lf_lsq_solver_destroy(struct lf_lsq_solver *solver)
{
    if (solver->fit)
        lf_lsq_fit_destroy(solver->fit);
    free(solver->product);
    free(solver->square);
    *solver = (struct lf_lsq_solver){0};
}

lf_status lf_lsq_groups_fit(const struct lf_lsq_groups *g, size_t group,
                            struct lf_lsq_solver *solver, struct lf_lsq_result *result)
{
    const double *at = group_at(g, group), *sum = at + head(g->in);
    lf_dd *product = solver->product;
    for (size_t j = 0; j < g->columns; j++) {
        const size_t first = j / LANES * LANES;
        solver->square[j] = sum[j % LANES];
        for (size_t k = j; k < g->columns; k++) {
            const double *vector = sum + 2 * (k / LANES * LANES - first);
            *product++ = (lf_dd){vector[k % LANES], vector[LANES + k % LANES]};
        }
        sum += 2 * (g->padded - first);
    }
    /* Each row adds a product that is off by 2^-100, if it is of powers, and less than 13 roundings
     * of low parts that are at most 2^-53 of the sum of the magnitudes so far. */
    const struct lf_lsq_sums sums = {.product = solver->product,
                                     .square = solver->square,
                                     .error = 0x1p-98 + at[USED] * 0x1p-102,
                                     .about = at + ABOUT,
                                     .used = (size_t)at[USED],
                                     .dropped = (size_t)at[DROPPED]};
    return lf_lsq_sums_fit(solver->fit, &sums, g->options.ridge, result);
}
