/* SPDX-License-Identifier: MIT */
/* What lf_fleet_fit refuses, before it writes anything. */
#include "../autograd/model.h"
#include "fleet_plan.h"

#include <math.h>

/* ---- Sizes -------------------------------------------------------------------------------- */

/* The indices that a walk of so many steps of a stride reaches, added to [low, high]; 0 where they
 * are too large. */
static int walk(ptrdiff_t stride, size_t count, ptrdiff_t *low, ptrdiff_t *high)
{
    ptrdiff_t end;
    if (count < 2)
        return 1;
    if (count - 1 > PTRDIFF_MAX || __builtin_mul_overflow(stride, (ptrdiff_t)(count - 1), &end))
        return 0;
    return end < 0 ? !__builtin_add_overflow(*low, end, low)
                   : !__builtin_add_overflow(*high, end, high);
}

struct counts {
    size_t rows, width, lines, first; /* rows from the first on */
};

static struct counts counts_of(const struct lf_fleet *f)
{
    if (!f->offsets) {
        const size_t lines = f->problems > f->width ? (f->problems - 1) / f->width + 1 : 1;
        return (struct counts){f->rows, f->width, lines, 0};
    }
    const size_t first = f->offsets[0];
    return (struct counts){f->offsets[f->problems] - first, 1, 1, first};
}

static void add(struct lf_fleet_inputs *inputs, const void *data, ptrdiff_t first, size_t bytes)
{
    inputs->at[inputs->count++] =
        (struct lf_fleet_range){(uintptr_t)data + (uintptr_t)first, bytes};
}

/* Where an array lies, if it has columns; 0 where that is no place in memory. */
static int find_array(const struct lf_fleet_array *a, const struct counts *n, size_t columns,
                      enum lf_dtype dtype, struct lf_fleet_inputs *inputs)
{
    const ptrdiff_t size = (ptrdiff_t)lf_dtype_size(dtype), most = PTRDIFF_MAX / 4 / size;
    ptrdiff_t low = 0, high = 0;
    if (columns == 0)
        return 1;
    if (!a->data || n->first > PTRDIFF_MAX ||
        __builtin_mul_overflow(a->row, (ptrdiff_t)n->first, &low))
        return 0;
    high = low;
    if (!walk(a->row, n->rows, &low, &high) || !walk(a->column, columns, &low, &high) ||
        !walk(a->problem, n->width, &low, &high) || !walk(a->line, n->lines, &low, &high))
        return 0;
    if (low < -most || high > most)
        return 0;
    add(inputs, a->data, low * size, (size_t)((high - low + 1) * size));
    return 1;
}

static int find_bits(const struct lf_fleet_bits *bits, const struct counts *n,
                     struct lf_fleet_inputs *inputs)
{
    const size_t stride[] = {bits->row, bits->problem, bits->line};
    const size_t count[] = {n->rows, n->width, n->lines};
    size_t first = 0, last = 0, far;
    if (!bits->data)
        return 1;
    if (__builtin_mul_overflow(bits->row, n->first, &first) ||
        __builtin_add_overflow(first, bits->first, &first))
        return 0;
    last = first;
    for (size_t i = 0; i < 3; i++)
        if (count[i] > 1 && (__builtin_mul_overflow(stride[i], count[i] - 1, &far) ||
                             __builtin_add_overflow(last, far, &last)))
            return 0;
    add(inputs, bits->data, (ptrdiff_t)(first / 8), last / 8 - first / 8 + 1);
    return last <= SIZE_MAX - 8;
}

/* Of a fleet whose width is not 0. 0 where an array can't lie anywhere, or isn't there. */
int lf_fleet_find_inputs(const struct lf_fleet *f, struct lf_fleet_inputs *inputs)
{
    const struct counts n = counts_of(f), once = {n.rows, 1, 1, n.first};
    inputs->count = 0;
    if (f->ridges)
        add(inputs, f->ridges, 0, f->problems * sizeof *f->ridges);
    if (f->offsets)
        add(inputs, f->offsets, 0, (f->problems + 1) * sizeof *f->offsets);
    if (f->problems == 0 || n.rows == 0)
        return 1;
    return find_array(&f->x, &n, f->in, f->dtype, inputs) &&
           find_array(&f->common, &once, f->common_in, f->dtype, inputs) &&
           find_array(&f->y, &n, 1, f->dtype, inputs) &&
           find_array(&f->weight, &n, f->weight.data ? 1 : 0, f->dtype, inputs) &&
           find_bits(&f->valid, &n, inputs);
}

int lf_fleet_check_sizes(const struct lf_fleet *f)
{
    if (lf_fleet_params(f) == 0 || (f->dtype != LF_F32 && f->dtype != LF_F64))
        return 0;
    if (f->problems > PTRDIFF_MAX / sizeof(double) / LF_FLEET_MOST_PARAMS)
        return 0;
    for (size_t q = 0; f->offsets && q < f->problems; q++)
        if (f->offsets[q + 1] < f->offsets[q])
            return 0;
    return f->offsets || f->rows <= PTRDIFF_MAX / sizeof(double) / (LF_FLEET_MOST_PARAMS + 1);
}

/* ---- Outputs ------------------------------------------------------------------------------ */

static int overlap(struct lf_fleet_range a, struct lf_fleet_range b)
{
    if (a.bytes == 0 || b.bytes == 0)
        return 0;
    return a.start < b.start ? b.start - a.start < a.bytes : a.start - b.start < b.bytes;
}

/* An output: stretches of memory, one every `step` bytes. */
struct planes {
    struct lf_fleet_range first;
    size_t count, step;
};

static struct lf_fleet_range plane(const struct planes *p, size_t i)
{
    return (struct lf_fleet_range){p->first.start + i * p->step, p->first.bytes};
}

/* From the first to the last. */
static struct lf_fleet_range whole(const struct planes *p)
{
    return (struct lf_fleet_range){p->first.start, (p->count - 1) * p->step + p->first.bytes};
}

static int planes_overlap(const struct planes *a, const struct planes *b)
{
    for (size_t i = 0; i < a->count; i++)
        for (size_t j = 0; j < b->count; j++)
            if (overlap(plane(a, i), plane(b, j)))
                return 1;
    return 0;
}

static int planes_overlap_range(const struct planes *a, struct lf_fleet_range b)
{
    for (size_t i = 0; i < a->count; i++)
        if (overlap(plane(a, i), b))
            return 1;
    return 0;
}

/* The outputs that are asked for, those by parameters first. */
struct outputs {
    struct planes at[8];
    size_t by_params, count;
};

/* 0 where elements of one are the same, or too far. */
static int find_params(const struct lf_fleet_plan *p, struct outputs *o)
{
    const struct lf_fleet_result *r = &p->result;
    const void *const start[] = {r->coefficients, r->standard_errors, r->t, r->p};
    const size_t n = p->fleet.problems, limit = PTRDIFF_MAX / sizeof(double) / 4;
    size_t line, record;
    if (__builtin_mul_overflow(r->problem_stride, n - 1, &line) || line > limit ||
        __builtin_mul_overflow(r->param_stride, p->params - 1, &record) || record > limit)
        return 0;
    const int by_planes =
        (p->params < 2 || r->param_stride > line) && (n < 2 || r->problem_stride > 0);
    const int by_records =
        (n < 2 || r->problem_stride > record) && (p->params < 2 || r->param_stride > 0);
    for (size_t i = 0; i < sizeof start / sizeof start[0]; i++) {
        if (!start[i])
            continue;
        if (!by_planes && !by_records)
            return 0;
        const size_t bytes = (line + 1 + (by_planes ? 0 : record)) * sizeof(double);
        o->at[o->count++] = (struct planes){{(uintptr_t)start[i], bytes},
                                            by_planes ? p->params : 1,
                                            r->param_stride * sizeof(double)};
    }
    o->by_params = o->count;
    return 1;
}

static int find_outputs(const struct lf_fleet_plan *p, struct outputs *o)
{
    const struct lf_fleet_result *r = &p->result;
    const void *const start[] = {r->r_squared, r->residual_sd, r->rows_used, r->status};
    const size_t size[] = {sizeof(double), sizeof(double), sizeof(size_t), 1};
    o->count = 0;
    if (!find_params(p, o))
        return 0;
    for (size_t i = 0; i < sizeof start / sizeof start[0]; i++)
        if (start[i])
            o->at[o->count++] =
                (struct planes){{(uintptr_t)start[i], p->fleet.problems * size[i]}, 1, 0};
    return 1;
}

/* Whether two outputs by parameters, which have the same strides, share a byte. */
static int lattices_overlap(const struct lf_fleet_plan *p, uintptr_t a, uintptr_t b)
{
    const ptrdiff_t step = (ptrdiff_t)(p->result.param_stride * sizeof(double));
    const ptrdiff_t stride = (ptrdiff_t)(p->result.problem_stride * sizeof(double));
    const ptrdiff_t size = sizeof(double), params = (ptrdiff_t)p->params;
    const ptrdiff_t problems = (ptrdiff_t)p->fleet.problems;
    for (ptrdiff_t j = 1 - params; j < params; j++) {
        const ptrdiff_t off = (ptrdiff_t)(a - b) - j * step;
        const ptrdiff_t low = stride > 0 ? off / stride - 1 : 0, high = stride > 0 ? low + 2 : 0;
        for (ptrdiff_t k = low; k <= high; k++) {
            const ptrdiff_t rest = off - k * stride;
            if (k > -problems && k < problems && rest > -size && rest < size)
                return 1;
        }
    }
    return 0;
}

static int outputs_overlap(const struct lf_fleet_plan *p, const void *workspace, size_t bytes)
{
    const struct lf_fleet_range work = {(uintptr_t)workspace, workspace ? bytes : 0};
    struct outputs o;
    if (p->fleet.problems == 0)
        return 0;
    if (!find_outputs(p, &o))
        return 1;
    for (size_t i = 0; i < o.count; i++) {
        const struct planes *a = &o.at[i];
        const struct lf_fleet_range all = whole(a);
        for (size_t k = 0; k < i; k++)
            if (overlap(all, whole(&o.at[k])) &&
                (i < o.by_params ? lattices_overlap(p, a->first.start, o.at[k].first.start)
                                 : planes_overlap(a, &o.at[k])))
                return 1;
        for (size_t k = 0; k < p->inputs.count; k++)
            if (overlap(all, p->inputs.at[k]) && planes_overlap_range(a, p->inputs.at[k]))
                return 1;
        if (overlap(all, work) && planes_overlap_range(a, work))
            return 1;
    }
    return 0;
}

/* ---- Values ------------------------------------------------------------------------------- */

static int are_ridges_sound(const struct lf_fleet *f)
{
    if (!(f->ridge >= 0) || isinf(f->ridge))
        return 0;
    for (size_t q = 0; f->ridges && q < f->problems; q++)
        if (!(f->ridges[q] >= 0) || isinf(f->ridges[q]))
            return 0;
    return 1;
}

/* Whether row r of problem q is missing, so that its weight does not matter. */
static int is_missing(const struct lf_fleet_plan *p, size_t q, size_t r)
{
    const struct lf_fleet *f = &p->fleet;
    const ptrdiff_t y = lf_fleet_start(p, &f->y, q) + (ptrdiff_t)r * f->y.row;
    int missing = !lf_fleet_valid(p, q, r) || isnan(lf_fleet_value(p, &f->y, y));
    for (size_t j = 0; !missing && j < p->features; j++) {
        ptrdiff_t at;
        const struct lf_fleet_array *a = lf_fleet_feature(p, q, j, &at);
        missing = isnan(lf_fleet_value(p, a, at + (ptrdiff_t)r * a->row));
    }
    return missing;
}

/* Whether a weight is negative where it counts. */
static int is_one_negative(const struct lf_fleet_plan *p)
{
    const struct lf_fleet_array *a = &p->fleet.weight;
    for (size_t q = 0; q < p->fleet.problems; q++)
        for (size_t r = 0; r < lf_fleet_rows(p, q); r++)
            if (lf_fleet_value(p, a, lf_fleet_start(p, a, q) + (ptrdiff_t)r * a->row) < 0 &&
                !is_missing(p, q, r))
                return 1;
    return 0;
}

/* The smallest of n weights, a stride apart, or more than 0. */
static double smallest(const struct lf_fleet_plan *p, ptrdiff_t at, size_t n, ptrdiff_t stride)
{
    double least = 0;
    for (size_t i = 0; i < n; i++, at += stride) {
        const double weight = lf_fleet_value(p, &p->fleet.weight, at);
        least = weight < least ? weight : least;
    }
    return least;
}

static int are_weights_sound(const struct lf_fleet_plan *p)
{
    const struct lf_fleet_array *a = &p->fleet.weight;
    if (!a->data || p->fleet.problems == 0)
        return 1;
    const struct counts n = counts_of(&p->fleet);
    const size_t width = a->problem == 0 ? 1 : n.width, lines = a->line == 0 ? 1 : n.lines;
    double least = 0;
    for (size_t line = 0; line < lines; line++) {
        const ptrdiff_t start = (ptrdiff_t)line * a->line + (ptrdiff_t)n.first * a->row;
        const size_t left = p->fleet.problems - line * n.width;
        const size_t side = p->fleet.offsets || left > width ? width : left;
        const int by_rows = a->problem == 1;
        for (size_t i = 0; i < (by_rows ? n.rows : side); i++) {
            const double found =
                by_rows ? smallest(p, start + (ptrdiff_t)i * a->row, side, 1)
                        : smallest(p, start + (ptrdiff_t)i * a->problem, n.rows, a->row);
            least = found < least ? found : least;
        }
    }
    return least >= 0 || !is_one_negative(p);
}

int lf_fleet_check_values(const struct lf_fleet_plan *p, const void *workspace, size_t bytes)
{
    return are_ridges_sound(&p->fleet) && !outputs_overlap(p, workspace, bytes) &&
           are_weights_sound(p);
}
