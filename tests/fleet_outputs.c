/* SPDX-License-Identifier: MIT */
/* Problems of a fleet alone, and what comes out of fleets. */
#include "fleets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void *allocate(size_t bytes)
{
    void *memory = malloc(bytes + 1);
    if (!memory)
        abort(); /* Check's assertions are for its tests, and hashes are printed outside of them */
    memset(memory, FLEET_UNTOUCHED, bytes + 1);
    return memory;
}

/* ---- One problem -------------------------------------------------------------------------- */

static const void *moved(const struct lf_fleet *f, const struct lf_fleet_array *a, size_t q)
{
    const size_t width = f->width ? f->width : f->problems;
    const ptrdiff_t by = (ptrdiff_t)(q % width) * a->problem + (ptrdiff_t)(q / width) * a->line;
    return a->data ? (const char *)a->data + by * (ptrdiff_t)element_size(f->dtype) : NULL;
}

struct lf_fleet fleet_in_place(const struct lf_fleet *f, size_t first, size_t problems)
{
    const size_t width = f->width ? f->width : f->problems;
    struct lf_fleet part = *f;
    part.problems = problems;
    if (f->ridges)
        part.ridges = f->ridges + first;
    if (f->offsets) {
        part.offsets = f->offsets + first;
        return part;
    }
    part.x.data = moved(f, &f->x, first);
    part.y.data = moved(f, &f->y, first);
    part.weight.data = moved(f, &f->weight, first);
    part.valid.first += first % width * f->valid.problem + first / width * f->valid.line;
    return part;
}

static int is_shared(const struct lf_fleet *f, const struct lf_fleet_array *a)
{
    return a == &f->common || (!f->offsets && a->problem == 0);
}

static void copy_array(const struct lf_fleet *from, const struct lf_fleet_array *a, size_t columns,
                       size_t q, struct lf_fleet_array *b, struct fleet_operand *o)
{
    const size_t rows = fleet_rows(from, q), size = element_size(from->dtype);
    *o = (struct fleet_operand){.bytes = rows * columns * size};
    o->memory = o->begin = allocate(o->bytes);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            const double value = fleet_get(from, a, i, j, q);
            if (from->dtype == LF_F32)
                ((float *)o->memory)[i * columns + j] = (float)value;
            else
                ((double *)o->memory)[i * columns + j] = value;
        }
    *b = (struct lf_fleet_array){.data = o->memory,
                                 .row = (ptrdiff_t)columns,
                                 .column = 1,
                                 .problem =
                                     is_shared(from, a) ? 0 : (ptrdiff_t)(rows * columns + 1)};
}

/* A copy keeps what is missing, by the same means, in its place, shares what its fleet shares, and
 * is ragged where that is. */
struct test_fleet fleet_copy(const struct lf_fleet *f, size_t q)
{
    struct test_fleet t = {.fleet = *f};
    struct lf_fleet *g = &t.fleet;
    g->problems = 1;
    g->width = 0;
    g->rows = fleet_rows(f, q);
    if (f->offsets) {
        t.offsets = allocate(2 * sizeof *t.offsets);
        t.offsets[0] = 0;
        t.offsets[1] = g->rows;
        g->offsets = t.offsets;
    }
    g->ridges = f->ridges ? f->ridges + q : NULL;
    copy_array(f, &f->x, f->in, q, &g->x, &t.x);
    copy_array(f, &f->common, f->common_in, q, &g->common, &t.common);
    copy_array(f, &f->y, 1, q, &g->y, &t.y);
    if (f->weight.data)
        copy_array(f, &f->weight, 1, q, &g->weight, &t.weight);
    if (!f->valid.data)
        return t;
    t.valid.memory = allocate(g->rows / 8 + 1);
    unsigned char *bits = t.valid.memory;
    memset(bits, 0, g->rows / 8 + 1);
    const size_t width = f->width ? f->width : f->problems;
    for (size_t i = 0; i < g->rows; i++) {
        const size_t start = f->offsets ? f->offsets[q] * f->valid.row
                                        : q % width * f->valid.problem + q / width * f->valid.line;
        const size_t bit = f->valid.first + i * f->valid.row + start;
        bits[i / 8] |= (unsigned char)((f->valid.data[bit / 8] >> bit % 8 & 1) << i % 8);
    }
    g->valid = (struct lf_fleet_bits){bits, 0, 1, f->valid.problem ? g->rows : 0, 0};
    return t;
}

/* ---- What comes out ----------------------------------------------------------------------- */

enum { GAP = 3, OUTPUTS = 8 };

/* Where the outputs of problem q are: four of [params], then two doubles, a count, a status. */
static const double *per_param(const struct lf_fleet_result *r, size_t which)
{
    const double *const arrays[] = {r->coefficients, r->standard_errors, r->t, r->p};
    return arrays[which];
}

static const double *per_problem(const struct lf_fleet_result *r, size_t which)
{
    return which == 0 ? r->r_squared : r->residual_sd;
}

struct fleet_outputs fleet_outputs(size_t problems, size_t params, int planar)
{
    struct fleet_outputs o = {.problems = problems, .params = params};
    const size_t plane = planar ? params * (problems + GAP) : params * problems;
    const size_t doubles = 4 * plane + 2 * problems;
    o.bytes = doubles * sizeof(double) + problems * (sizeof(size_t) + 1);
    o.memory = allocate(o.bytes);
    double *d = (double *)o.memory;
    size_t *counts = (size_t *)(d + doubles);
    o.result = (struct lf_fleet_result){.coefficients = d,
                                        .standard_errors = d + plane,
                                        .t = d + 2 * plane,
                                        .p = d + 3 * plane,
                                        .param_stride = planar ? problems + GAP : 0,
                                        .problem_stride = planar ? 1 : 0,
                                        .r_squared = d + 4 * plane,
                                        .residual_sd = d + 4 * plane + problems,
                                        .rows_used = counts,
                                        .status = (unsigned char *)(counts + problems)};
    return o;
}

void fleet_outputs_free(struct fleet_outputs *o)
{
    free(o->memory);
    *o = (struct fleet_outputs){0};
}

struct fleet_outputs fleet_fit(const struct lf_fleet *f, const struct lf_kernels *kernels)
{
    const struct lf_fleet_options options = {.kernels = kernels};
    struct fleet_outputs o = fleet_outputs(f->problems, lf_fleet_params(f), 0);
    const lf_status status = lf_fleet_fit(f, &options, &o.result);
    if (status != LF_OK)
        ck_abort_msg("lf_fleet_fit: %s", lf_status_string(status));
    return o;
}

static int same(const double *a, const double *b)
{
    size_t first;
    return !a || !b || same_bits(LF_F64, 1, a, b, &first);
}

const char *fleet_difference(const struct fleet_outputs *a, size_t p, const struct fleet_outputs *b,
                             size_t q)
{
    static const char *const names[OUTPUTS] = {
        "coefficients", "standard errors", "t", "p", "R2", "residual sd", "rows used", "status"};
    const struct lf_fleet_result *r = &a->result, *s = &b->result;
    const int dense_r = !r->param_stride && !r->problem_stride;
    const int dense_s = !s->param_stride && !s->problem_stride;
    for (size_t k = 0; k < 4; k++) {
        const double *u = per_param(r, k), *v = per_param(s, k);
        for (size_t j = 0; u && v && j < a->params; j++)
            if (!same(
                    u + (dense_r ? p * a->params + j : j * r->param_stride + p * r->problem_stride),
                    v + (dense_s ? q * b->params + j
                                 : j * s->param_stride + q * s->problem_stride)))
                return names[k];
    }
    for (size_t k = 0; k < 2; k++) {
        const double *u = per_problem(r, k), *v = per_problem(s, k);
        if (u && v && !same(u + p, v + q))
            return names[4 + k];
    }
    if (r->rows_used && s->rows_used && r->rows_used[p] != s->rows_used[q])
        return names[6];
    return r->status && s->status && r->status[p] != s->status[q] ? names[7] : NULL;
}

/* ---- The single solver -------------------------------------------------------------------- */

struct fleet_outputs fleet_single(const struct lf_fleet *f, size_t q, int in_place)
{
    const size_t rows = fleet_rows(f, q), in = f->common_in + f->in;
    double *x = allocate(rows * in * sizeof *x), *y = allocate(rows * sizeof *y);
    double *weight = f->weight.data ? allocate(rows * sizeof *weight) : NULL;
    size_t n = 0;
    for (size_t i = 0; i < rows; i++) {
        const int missing = fleet_is_missing(f, i, q);
        if (missing && !in_place)
            continue;
        for (size_t j = 0; j < in; j++)
            x[n * in + j] = missing ? 0 : fleet_column(f, i, j, q);
        y[n] = missing ? (double)NAN : fleet_get(f, &f->y, i, 0, q);
        if (weight)
            weight[n] = missing ? 0 : fleet_weight(f, i, q);
        n++;
    }
    struct lf_data data = lf_data_f64(n, in, x, 1, y);
    data.weight = weight;
    const struct lf_lsq_options options = {.no_intercept = f->no_intercept,
                                           .ridge = fleet_ridge(f, q)};
    struct fleet_outputs o = fleet_outputs(1, lf_lsq_params(in, &options), 0);
    struct lf_lsq_result r = {.coefficients = o.result.coefficients,
                              .standard_errors = o.result.standard_errors,
                              .t = o.result.t,
                              .p = o.result.p};
    ck_assert_int_eq(lf_lsq_fit(&data, &options, &r), LF_OK);
    *o.result.r_squared = r.r_squared;
    *o.result.residual_sd = r.residual_sd;
    *o.result.rows_used = r.rows_used;
    *o.result.status = (unsigned char)r.status;
    free(x);
    free(y);
    free(weight);
    return o;
}
