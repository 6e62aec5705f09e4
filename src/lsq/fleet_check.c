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

/* Memory from `start` on, so many bytes. */
struct range {
    uintptr_t start, bytes;
};

struct counts {
    size_t rows, columns, width, lines, first; /* rows from the first on */
};

/* Where an array lies; 0 where that is no place in memory. */
static int range_of(const struct lf_fleet_array *a, const struct counts *n, size_t size,
                    struct range *range)
{
    ptrdiff_t low = 0, high = 0;
    if (n->first > PTRDIFF_MAX || __builtin_mul_overflow(a->row, (ptrdiff_t)n->first, &low))
        return 0;
    high = low;
    if (!walk(a->row, n->rows, &low, &high) || !walk(a->column, n->columns, &low, &high) ||
        !walk(a->problem, n->width, &low, &high) || !walk(a->line, n->lines, &low, &high))
        return 0;
    const ptrdiff_t most = PTRDIFF_MAX / 4 / (ptrdiff_t)size;
    if (low < -most || high > most)
        return 0;
    *range = (struct range){(uintptr_t)a->data + (uintptr_t)low * size,
                            (uintptr_t)(high - low + 1) * size};
    return 1;
}

static struct counts counts_of(const struct lf_fleet *f, size_t columns)
{
    const size_t width = f->width == 0 || f->width > f->problems ? f->problems : f->width;
    const size_t lines = width > 0 ? (f->problems - 1) / width + 1 : 0;
    if (!f->offsets)
        return (struct counts){f->rows, columns, width, lines, 0};
    if (f->problems == 0)
        return (struct counts){0, columns, 1, 1, 0};
    const size_t first = f->offsets[0];
    return (struct counts){f->offsets[f->problems] - first, columns, 1, 1, first};
}

enum { X, COMMON, Y, WEIGHT, ARRAYS, VALID = ARRAYS, RIDGES, OFFSETS, INPUTS };

/* Where the arrays lie; 0 where one of them can't, or isn't there. */
static int ranges_of(const struct lf_fleet *f, struct range ranges[ARRAYS])
{
    const struct lf_fleet_array *const arrays[ARRAYS] = {&f->x, &f->common, &f->y, &f->weight};
    const size_t columns[ARRAYS] = {f->in, f->common_in, 1, f->weight.data ? 1 : 0};
    for (size_t i = 0; i < ARRAYS; i++) {
        struct counts n = counts_of(f, columns[i]);
        ranges[i] = (struct range){0};
        if (i == COMMON)
            n.width = n.lines = 1;
        if (f->problems == 0 || n.rows == 0 || n.columns == 0)
            continue;
        if (!arrays[i]->data || !range_of(arrays[i], &n, lf_dtype_size(f->dtype), &ranges[i]))
            return 0;
    }
    return 1;
}

/* Where the bits lie; 0 where they can't. */
static int range_of_bits(const struct lf_fleet *f, struct range *range)
{
    const struct counts n = counts_of(f, 1);
    const size_t stride[] = {f->valid.row, f->valid.problem, f->valid.line};
    const size_t count[] = {n.rows, n.width, n.lines};
    size_t first = 0, last = 0, far;
    *range = (struct range){0};
    if (!f->valid.data || n.rows == 0 || f->problems == 0)
        return 1;
    if (__builtin_mul_overflow(f->valid.row, n.first, &first) ||
        __builtin_add_overflow(first, f->valid.first, &first))
        return 0;
    last = first;
    for (size_t i = 0; i < 3; i++)
        if (count[i] > 1 && (__builtin_mul_overflow(stride[i], count[i] - 1, &far) ||
                             __builtin_add_overflow(last, far, &last)))
            return 0;
    *range = (struct range){(uintptr_t)f->valid.data + first / 8, last / 8 - first / 8 + 1};
    return last <= SIZE_MAX - 8;
}

int lf_fleet_check_sizes(const struct lf_fleet *f)
{
    struct range ranges[ARRAYS], bits;
    if (!f || lf_fleet_params(f) == 0 || (f->dtype != LF_F32 && f->dtype != LF_F64))
        return 0;
    if (f->problems > PTRDIFF_MAX / sizeof(double) / LF_FLEET_MOST_PARAMS)
        return 0;
    for (size_t q = 0; f->offsets && q < f->problems; q++)
        if (f->offsets[q + 1] < f->offsets[q])
            return 0;
    if (!f->offsets && f->rows > PTRDIFF_MAX / sizeof(double) / (LF_FLEET_MOST_PARAMS + 1))
        return 0;
    return ranges_of(f, ranges) && range_of_bits(f, &bits);
}

/* ---- Outputs ------------------------------------------------------------------------------ */

static int overlap(struct range a, struct range b)
{
    if (a.bytes == 0 || b.bytes == 0)
        return 0;
    return a.start < b.start ? b.start - a.start < a.bytes : a.start - b.start < b.bytes;
}

/* Stretches of memory, one every `step` bytes. */
struct planes {
    struct range first;
    size_t count, step;
};

static int planes_overlap(const struct planes *a, const struct planes *b)
{
    for (size_t i = 0; i < a->count; i++)
        for (size_t j = 0; j < b->count; j++)
            if (overlap((struct range){a->first.start + i * a->step, a->first.bytes},
                        (struct range){b->first.start + j * b->step, b->first.bytes}))
                return 1;
    return 0;
}

enum { PARAMETERS = 4, OUTPUTS = 8 };

/* The outputs, those by parameters first. 0 where elements of one are the same, or too far. */
static int outputs_of(const struct lf_fleet_plan *p, struct planes outputs[OUTPUTS])
{
    const struct lf_fleet_result *r = &p->result;
    const void *const start[OUTPUTS] = {
        r->coefficients, r->standard_errors, r->t,         r->p,
        r->r_squared,    r->residual_sd,     r->rows_used, r->status};
    const size_t size[OUTPUTS] = {8, 8, 8, 8, 8, 8, sizeof(size_t), 1}, n = p->fleet.problems;
    const size_t limit = PTRDIFF_MAX / sizeof(double) / 4;
    size_t line = 0, record = 0;
    if (n > 0 &&
        (__builtin_mul_overflow(r->problem_stride, n - 1, &line) || line > limit ||
         __builtin_mul_overflow(r->param_stride, p->params - 1, &record) || record > limit))
        return 0;
    const int by_planes =
        (p->params < 2 || r->param_stride > line) && (n < 2 || r->problem_stride > 0);
    const int by_records =
        (n < 2 || r->problem_stride > record) && (p->params < 2 || r->param_stride > 0);
    for (size_t i = 0; i < OUTPUTS; i++) {
        outputs[i] = (struct planes){{(uintptr_t)start[i], n * size[i]}, 1, 0};
        if (i < PARAMETERS && start[i] && n > 0) {
            if (!by_planes && !by_records)
                return 0;
            outputs[i].first.bytes = (line + 1 + (by_planes ? 0 : record)) * sizeof(double);
            outputs[i].count = by_planes ? p->params : 1;
            outputs[i].step = r->param_stride * sizeof(double);
        }
        if (!start[i] || n == 0)
            outputs[i].count = 0;
    }
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
    struct planes outputs[OUTPUTS];
    struct range inputs[INPUTS + 1];
    const struct lf_fleet *f = &p->fleet;
    if (!outputs_of(p, outputs) || !ranges_of(f, inputs) || !range_of_bits(f, &inputs[VALID]))
        return 1;
    inputs[RIDGES] =
        (struct range){(uintptr_t)f->ridges, f->ridges ? f->problems * sizeof *f->ridges : 0};
    inputs[OFFSETS] = (struct range){(uintptr_t)f->offsets,
                                     f->offsets ? (f->problems + 1) * sizeof *f->offsets : 0};
    inputs[INPUTS] = (struct range){(uintptr_t)workspace, workspace ? bytes : 0};
    for (size_t i = 0; i < OUTPUTS; i++) {
        for (size_t k = 0; k < i; k++) {
            if (outputs[i].count == 0 || outputs[k].count == 0)
                continue;
            if (i < PARAMETERS ? lattices_overlap(p, outputs[i].first.start, outputs[k].first.start)
                               : planes_overlap(&outputs[i], &outputs[k]))
                return 1;
        }
        for (size_t k = 0; k <= INPUTS; k++) {
            const struct planes input = {inputs[k], 1, 0};
            if (planes_overlap(&outputs[i], &input))
                return 1;
        }
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
    const struct counts n = counts_of(&p->fleet, 1);
    const size_t width = a->problem == 0 ? 1 : n.width, lines = a->line == 0 ? 1 : n.lines;
    double least = 0;
    for (size_t line = 0; a->data && p->fleet.problems > 0 && line < lines; line++) {
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
