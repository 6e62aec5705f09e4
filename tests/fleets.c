/* SPDX-License-Identifier: MIT */
#include "fleets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Powers of ten, for numbers that are the same with every libm. */
static const double tenth[] = {1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9};

static void *allocate(size_t bytes)
{
    void *memory = malloc(bytes + 1);
    if (!memory)
        abort(); /* Check's assertions are for its tests, and hashes are printed outside of them */
    memset(memory, 0xff, bytes + 1); /* NaN, and bits that say a row is there */
    return memory;
}

/* ---- By the formulas of the header -------------------------------------------------------- */

static size_t absolute_row(const struct lf_fleet *f, size_t i, size_t q)
{
    return f->offsets ? f->offsets[q] + i : i;
}

static ptrdiff_t index_of(const struct lf_fleet *f, const struct lf_fleet_array *a, size_t i,
                          size_t j, size_t q)
{
    const size_t width = f->width ? f->width : f->problems;
    ptrdiff_t at = (ptrdiff_t)absolute_row(f, i, q) * a->row + (ptrdiff_t)j * a->column;
    if (!f->offsets && a != &f->common)
        at += (ptrdiff_t)(q % width) * a->problem + (ptrdiff_t)(q / width) * a->line;
    return at;
}

double fleet_get(const struct lf_fleet *f, const struct lf_fleet_array *a, size_t i, size_t j,
                 size_t q)
{
    const ptrdiff_t at = index_of(f, a, i, j, q);
    return f->dtype == LF_F32 ? (double)((const float *)a->data)[at]
                              : ((const double *)a->data)[at];
}

void fleet_put(const struct lf_fleet *f, const struct lf_fleet_array *a, size_t i, size_t j,
               size_t q, double value)
{
    const ptrdiff_t at = index_of(f, a, i, j, q);
    if (f->dtype == LF_F32)
        ((float *)a->data)[at] = (float)value;
    else
        ((double *)a->data)[at] = value;
}

size_t fleet_rows(const struct lf_fleet *f, size_t q)
{
    return f->offsets ? f->offsets[q + 1] - f->offsets[q] : f->rows;
}

double fleet_weight(const struct lf_fleet *f, size_t i, size_t q)
{
    return f->weight.data ? fleet_get(f, &f->weight, i, 0, q) : 1;
}

double fleet_column(const struct lf_fleet *f, size_t i, size_t j, size_t q)
{
    return j < f->common_in ? fleet_get(f, &f->common, i, j, q)
                            : fleet_get(f, &f->x, i, j - f->common_in, q);
}

static size_t bit_of(const struct lf_fleet *f, size_t i, size_t q)
{
    const size_t width = f->width ? f->width : f->problems;
    const size_t at = f->valid.first + absolute_row(f, i, q) * f->valid.row;
    return f->offsets ? at : at + q % width * f->valid.problem + q / width * f->valid.line;
}

int fleet_is_missing(const struct lf_fleet *f, size_t i, size_t q)
{
    int missing = isnan(fleet_get(f, &f->y, i, 0, q)) || isnan(fleet_weight(f, i, q));
    if (f->valid.data) {
        const size_t bit = bit_of(f, i, q);
        missing |= !(f->valid.data[bit / 8] >> bit % 8 & 1);
    }
    for (size_t j = 0; j < f->common_in + f->in; j++)
        missing |= isnan(fleet_column(f, i, j, q));
    return missing;
}

double fleet_ridge(const struct lf_fleet *f, size_t q)
{
    return f->ridges ? f->ridges[q] : f->ridge;
}

/* ---- Where operands lie ------------------------------------------------------------------- */

enum { ROW, COLUMN, PROBLEM, LINE, AXES };

struct axis {
    int which, gap, reverse;
};

static const struct axis layouts[LAYOUTS][AXES] = {
    {{ROW, 0, 0}, {COLUMN, 0, 0}, {LINE, 0, 0}, {PROBLEM, 0, 0}},
    {{LINE, 0, 0}, {PROBLEM, 0, 0}, {ROW, 0, 0}, {COLUMN, 0, 0}},
    {{ROW, 0, 0}, {COLUMN, 0, 0}, {LINE, 2, 0}, {PROBLEM, 3, 0}},
    {{LINE, 0, 0}, {ROW, 1, 0}, {COLUMN, 0, 0}, {PROBLEM, 0, 0}},
    {{COLUMN, 0, 0}, {LINE, 0, 0}, {PROBLEM, 1, 0}, {ROW, 2, 0}},
    {{ROW, 0, 1}, {LINE, 0, 0}, {PROBLEM, 1, 1}, {COLUMN, 1, 0}},
};

/* Strides of the axes that are longer than 1, 0 for the others. Returns the elements from the first
 * to behind the last; *origin is where those of index 0 lie. */
static size_t set_strides(enum fleet_layout layout, const size_t count[AXES],
                          ptrdiff_t stride[AXES], ptrdiff_t *origin)
{
    size_t step = 1, last = 0;
    *origin = 0;
    for (size_t k = AXES; k-- > 0;) {
        const struct axis axis = layouts[layout][k];
        const size_t n = count[axis.which];
        if (n == 0)
            return 0;
        stride[axis.which] = n > 1 ? (axis.reverse ? -(ptrdiff_t)step : (ptrdiff_t)step) : 0;
        *origin += axis.reverse ? (ptrdiff_t)((n - 1) * step) : 0;
        last += (n - 1) * step;
        step *= n > 1 ? n + (size_t)axis.gap : 1;
    }
    return last + 1;
}

/* Elements may begin at any multiple of their size. */
static void place(struct lf_fleet *f, enum fleet_layout layout, size_t rows, size_t columns,
                  int own, size_t lead, struct lf_fleet_array *a, struct fleet_operand *o)
{
    const size_t size = element_size(f->dtype), width = f->width ? f->width : f->problems;
    const int side_by_side = own && !f->offsets && f->problems > 0;
    const size_t count[AXES] = {rows, columns, side_by_side ? width : 1,
                                side_by_side ? (f->problems + width - 1) / width : 1};
    ptrdiff_t stride[AXES] = {0};
    const size_t elements = set_strides(layout, count, stride, &o->origin);
    o->bytes = elements * size;
    o->memory = allocate((elements + lead) * size);
    o->begin = (char *)o->memory + lead * size;
    *a = (struct lf_fleet_array){o->begin + o->origin * (ptrdiff_t)size, stride[ROW],
                                 stride[COLUMN], stride[PROBLEM], stride[LINE]};
    if (own && side_by_side && a->problem == 0)
        a->problem = 1; /* a line of one problem is not one that all share */
    if (f->offsets || a == &f->common) {
        a->problem = 12345; /* doesn't count */
        a->line = -54321;
    }
}

static void place_bits(struct lf_fleet *f, enum fleet_layout layout, size_t rows, size_t first,
                       struct fleet_operand *o)
{
    const size_t width = f->width ? f->width : f->problems;
    const int side_by_side = !f->offsets && f->problems > 0;
    const size_t count[AXES] = {rows, 1, side_by_side ? width : 1,
                                side_by_side ? (f->problems + width - 1) / width : 1};
    ptrdiff_t stride[AXES] = {0}, origin;
    /* None may be negative. */
    const size_t bits =
        set_strides(layout == LAYOUT_BACKWARDS ? LAYOUT_LINES : layout, count, stride, &origin);
    o->bytes = bits > 0 ? (first + bits - 1) / 8 + 1 : 0;
    o->memory = o->begin = allocate(o->bytes);
    f->valid = (struct lf_fleet_bits){(unsigned char *)o->begin, first, (size_t)stride[ROW],
                                      (size_t)stride[PROBLEM], (size_t)stride[LINE]};
    if (f->offsets)
        f->valid.problem = 999;
}

static void clear_bit(const struct lf_fleet *f, size_t i, size_t q)
{
    const size_t bit = bit_of(f, i, q);
    unsigned char *bytes = (unsigned char *)f->valid.data;
    bytes[bit / 8] &= (unsigned char)~(1u << bit % 8);
}

/* ---- What is in them ---------------------------------------------------------------------- */

struct column {
    double center, spread, share; /* share of something new beside the column before; 0: all */
    int whole;                    /* a small number of values */
};

enum { MOST_COLUMNS = LF_FLEET_MOST_PARAMS };

static void draw_columns(const struct fleet_spec *s, struct test_rng *rng, struct column *column)
{
    const int f32 = s->dtype == LF_F32;
    for (size_t j = 0; j < s->common_in + s->in; j++) {
        struct column *c = column + j;
        const size_t kind = s->hard ? test_below(rng, 8) : 0;
        *c = (struct column){0, 1, 0, 0};
        if (kind == 1) /* Unix times */
            *c = (struct column){1.7e9, f32 ? 1e7 : test_below(rng, 2) ? 1e6 : 60, 0, 0};
        else if (kind == 2) /* Kelvin */
            *c = (struct column){288, 20, 0, 0};
        else if (kind == 3)
            c->spread = ldexp(1, (f32 ? -30 : -200) + (int)test_below(rng, f32 ? 60 : 400));
        else if (kind == 4)
            *c = (struct column){1, 1, 0, 1};
        else if (kind >= 6 && j > 0) {
            /* Columns with a large mean have few digits left for it. */
            const size_t most = c[-1].center > 1e3 ? 3 : c[-1].share > 0 ? 1 : 10;
            *c = (struct column){c[-1].center, c[-1].spread, tenth[test_below(rng, most)], 0};
        }
    }
}

static double draw_value(const struct column *c, struct test_rng *rng, double before)
{
    if (c->whole)
        return c->center + (double)test_below(rng, 4);
    const double fresh = c->spread * test_uniform(rng, -1, 1);
    return c->share > 0 ? before + c->share * fresh : c->center + fresh;
}

/* The columns that are this problem's to set, and a y that goes with them. */
static void draw_row(const struct test_fleet *t, const struct fleet_spec *s,
                     const struct column *column, double noise, struct test_rng *rng, size_t i,
                     size_t q)
{
    const struct lf_fleet *f = &t->fleet;
    const int first = q == 0 || f->offsets;
    double y = noise * test_uniform(rng, -1, 1) + (s->hard ? 280 : 0), before = 0;
    for (size_t j = 0; j < f->common_in + f->in; j++) {
        const struct column *c = column + j;
        const int is_common = j < f->common_in;
        if (first || (!is_common && !s->shares_x)) {
            const double value = draw_value(c, rng, before);
            if (is_common)
                fleet_put(f, &f->common, i, j, q, value);
            else
                fleet_put(f, &f->x, i, j - f->common_in, q, value);
        }
        before = fleet_column(f, i, j, q);
        y += (before - c->center) / c->spread * (double)(1 + j % 3);
    }
    if (first || !s->shares_y)
        fleet_put(f, &f->y, i, 0, q, y);
    if (s->weights == FLEET_OWN || (s->weights == FLEET_SHARED && first))
        fleet_put(f, &f->weight, i, 0, q,
                  test_below(rng, 8) ? test_uniform(rng, 0.1, 4) * tenth[test_below(rng, 3)] : 0);
}

/* What stands in a row that is missing by something else. */
static double garbage(const struct lf_fleet *f, struct test_rng *rng)
{
    const double huge = f->dtype == LF_F32 ? 3e38 : 1e300;
    const double kinds[] = {HUGE_VAL, -HUGE_VAL, huge, -huge, NAN, 0};
    return kinds[test_below(rng, sizeof kinds / sizeof kinds[0])];
}

static void lose_row(const struct test_fleet *t, const struct fleet_spec *s, struct test_rng *rng,
                     size_t i, size_t q)
{
    const struct lf_fleet *f = &t->fleet;
    const int first = q == 0 || f->offsets;
    const int own_x = f->in > 0 && (!s->shares_x || f->offsets);
    const int own_y = !s->shares_y || f->offsets, own_weight = s->weights == FLEET_OWN;
    unsigned kind = 1u << test_below(rng, 4);
    const int may = (kind == MISSING_Y && (own_y || first)) ||
                    (kind == MISSING_X && f->in > 0 && (own_x || first)) ||
                    (kind == MISSING_WEIGHT && (own_weight || (s->weights && first))) ||
                    kind == MISSING_BITS;
    if (!(s->missing & kind) || !may)
        return;
    if (test_below(rng, 2)) {
        for (size_t j = 0; own_x && j < f->in; j++)
            fleet_put(f, &f->x, i, j, q, garbage(f, rng));
        if (own_y)
            fleet_put(f, &f->y, i, 0, q, garbage(f, rng));
        if (own_weight)
            fleet_put(f, &f->weight, i, 0, q, test_below(rng, 2) ? -1 : HUGE_VAL);
    }
    if (kind == MISSING_Y)
        fleet_put(f, &f->y, i, 0, q, NAN);
    else if (kind == MISSING_X && first && f->common_in > 0 && test_below(rng, 2))
        fleet_put(f, &f->common, i, test_below(rng, f->common_in), q, NAN);
    else if (kind == MISSING_X)
        fleet_put(f, &f->x, i, test_below(rng, f->in), q, NAN);
    else if (kind == MISSING_WEIGHT)
        fleet_put(f, &f->weight, i, 0, q, NAN);
    else
        clear_bit(f, i, q);
}

/* ---- Fleets ------------------------------------------------------------------------------- */

static size_t draw_offsets(struct test_fleet *t, const struct fleet_spec *s, struct test_rng *rng)
{
    size_t at = test_below(rng, 3);
    t->offsets = allocate((s->problems + 1) * sizeof *t->offsets);
    for (size_t q = 0; q <= s->problems; q++) {
        t->offsets[q] = at;
        at += test_below(rng, 5) ? test_below(rng, s->rows + 1) : test_below(rng, 2) * s->rows;
    }
    t->fleet.offsets = t->offsets;
    t->fleet.rows = 77777; /* doesn't count */
    return t->offsets[s->problems];
}

static void draw_ridges(struct test_fleet *t, const struct fleet_spec *s, struct test_rng *rng)
{
    if (s->ridge == RIDGE_FOR_ALL)
        t->fleet.ridge = test_uniform(rng, 0.5, 2) * tenth[test_below(rng, 4)];
    if (s->ridge != RIDGE_EACH)
        return;
    t->ridges = allocate((s->problems + 1) * sizeof *t->ridges);
    for (size_t q = 0; q < s->problems; q++)
        t->ridges[q] =
            test_below(rng, 3) ? test_uniform(rng, 0, 10) * tenth[test_below(rng, 6)] : 0;
    t->fleet.ridges = t->ridges;
    t->fleet.ridge = 5; /* doesn't count */
}

struct test_fleet fleet_draw(const struct fleet_spec *s, struct test_rng *rng)
{
    struct test_fleet t = {.fleet = {.dtype = s->dtype,
                                     .problems = s->problems,
                                     .rows = s->rows,
                                     .in = s->in,
                                     .common_in = s->common_in,
                                     .no_intercept = s->no_intercept}};
    struct lf_fleet *f = &t.fleet;
    struct column column[MOST_COLUMNS];
    const double noise = tenth[s->hard ? test_below(rng, 8) : 0];
    if (s->layout == LAYOUT_IMAGES || s->layout == LAYOUT_LINES)
        f->width = 1 + test_below(rng, s->problems + 2);
    const size_t rows = s->ragged ? draw_offsets(&t, s, rng) : s->rows;
    place(f, s->layout, rows, s->in, !s->shares_x, test_below(rng, 9), &f->x, &t.x);
    place(f, s->layout, rows, s->common_in, 0, test_below(rng, 9), &f->common, &t.common);
    place(f, s->layout, rows, 1, !s->shares_y, test_below(rng, 9), &f->y, &t.y);
    if (s->weights)
        place(f, s->layout, rows, 1, s->weights == FLEET_OWN, test_below(rng, 9), &f->weight,
              &t.weight);
    if (s->missing & MISSING_BITS)
        place_bits(f, s->layout, rows, test_below(rng, 20), &t.valid);
    draw_ridges(&t, s, rng);
    draw_columns(s, rng, column);
    for (size_t q = 0; q < s->problems; q++)
        for (size_t i = 0; i < fleet_rows(f, q); i++)
            draw_row(&t, s, column, noise, rng, i, q);
    for (size_t q = 0; q < s->problems; q++)
        for (size_t i = 0; s->missing && i < fleet_rows(f, q); i++)
            if (q % 7 == 3 ? test_below(rng, 8) : !test_below(rng, 4))
                lose_row(&t, s, rng, i, q);
    return t;
}

void fleet_free(struct test_fleet *t)
{
    free(t->x.memory);
    free(t->common.memory);
    free(t->y.memory);
    free(t->weight.memory);
    free(t->valid.memory);
    free(t->offsets);
    free(t->ridges);
    *t = (struct test_fleet){0};
}

struct fleet_spec fleet_form(size_t form, enum lf_dtype dtype)
{
    static const struct fleet_spec forms[FLEET_FORMS] = {
        {.rows = 14, .in = 1, .shares_x = 1},
        {.rows = 13, .in = 2, .layout = LAYOUT_PROBLEMS},
        {.rows = 15, .in = 1, .common_in = 2, .shares_y = 1, .layout = LAYOUT_PROBLEMS},
        {.rows = 17, .in = 2, .common_in = 1},
        {.rows = 16, .in = 3, .ragged = 1, .layout = LAYOUT_PROBLEMS},
    };
    struct fleet_spec spec = forms[form];
    spec.dtype = dtype;
    return spec;
}

struct fleet_spec fleet_draw_spec(struct test_rng *rng)
{
    struct fleet_spec s =
        fleet_form(test_below(rng, FLEET_FORMS), (enum lf_dtype)test_below(rng, 2));
    static const size_t most_rows[] = {3, 12, 40, 160, 400};
    s.problems = 1 + test_below(rng, 20);
    s.rows = test_below(rng, most_rows[test_below(rng, 5)] + 1);
    s.layout = (enum fleet_layout)test_below(rng, LAYOUTS);
    s.no_intercept = !test_below(rng, 4);
    s.common_in = s.common_in ? test_below(rng, 6) : 0;
    if (!s.shares_y)
        s.in = test_below(rng, 4) ? 1 + test_below(rng, 4) : test_below(rng, 12 - s.common_in);
    if (s.in + s.common_in == 0)
        s.no_intercept = 0;
    s.weights = test_below(rng, 2) ? (enum fleet_sharing)test_below(rng, 3) : FLEET_NONE;
    if (s.ragged && s.weights == FLEET_SHARED)
        s.weights = FLEET_OWN;
    s.missing = test_below(rng, 3) ? (unsigned)test_below(rng, 16) : 0;
    s.ridge = test_below(rng, 2) ? (enum fleet_ridge)test_below(rng, 3) : RIDGE_NONE;
    s.hard = (int)test_below(rng, 2);
    return s;
}
