/* SPDX-License-Identifier: MIT */
/* lf_fleet_fit: the plan of a call, its memory, its threads. */
#include "../threads/pool.h"
#include "fit.h"
#include "fleet_plan.h"

_Static_assert((int)LF_FLEET_FEATURES == (int)LF_FLEET_MOST_PARAMS, "kernels take as many");

size_t lf_fleet_params(const struct lf_fleet *f)
{
    if (!f || f->in > LF_FLEET_MOST_PARAMS || f->common_in > LF_FLEET_MOST_PARAMS)
        return 0;
    const size_t params = f->in + f->common_in + (f->no_intercept ? 0 : 1);
    return params <= LF_FLEET_MOST_PARAMS ? params : 0;
}

/* ---- The plan ----------------------------------------------------------------------------- */

static int continues(const struct lf_fleet *f, const struct lf_fleet_array *a)
{
    ptrdiff_t line;
    return !a->data ||
           (!__builtin_mul_overflow((ptrdiff_t)f->width, a->problem, &line) && a->line == line);
}

/* Lines that continue each other in every operand make one. */
static void join_lines(struct lf_fleet *f)
{
    if (f->width == 0 || f->width > f->problems || f->offsets)
        f->width = f->problems > 0 ? f->problems : 1;
    if (f->offsets)
        return;
    const int bits_continue = !f->valid.data || f->valid.line == f->width * f->valid.problem;
    if (continues(f, &f->x) && continues(f, &f->y) && continues(f, &f->weight) && bits_continue)
        f->width = f->problems > 0 ? f->problems : 1;
}

/* One pass over what isn't shared does where nothing is weighted: a weight is another problem's
 * shared column. */
static enum lf_fleet_form form_of(const struct lf_fleet *f)
{
    if (f->weight.data || f->offsets)
        return FLEET_OWN;
    if (f->in == 0 || f->x.problem == 0)
        return FLEET_SHARED_X;
    return f->in == 1 && f->y.problem == 0 ? FLEET_SHARED_Y : FLEET_OWN;
}

static size_t most_rows(const struct lf_fleet *f)
{
    size_t most = f->rows;
    for (size_t q = 0; f->offsets && q < f->problems; q++) {
        const size_t rows = f->offsets[q + 1] - f->offsets[q];
        most = q == 0 || rows > most ? rows : most;
    }
    return most;
}

/* Without a division where there is one part, which is so wherever a call should cost little. */
static size_t parts_of(size_t whole, size_t part)
{
    return whole <= part ? whole > 0 : (whole - 1) / part + 1;
}

/* As many problems a piece as leave each worker a few. */
static void share_out(struct lf_fleet_plan *p, size_t threads)
{
    enum { MOST_THREADS = 1 << 16 };
    const size_t n = p->fleet.problems, line = p->form == FLEET_OWN ? n : p->fleet.width;
    threads = threads < MOST_THREADS ? threads : (size_t)MOST_THREADS;
    const size_t share = threads > 1 ? n / (threads * 4) : n;
    const size_t piece = share / LF_FLEET_LANES * LF_FLEET_LANES;
    p->piece = piece < LF_FLEET_LANES ? (size_t)LF_FLEET_LANES : piece;
    p->piece = p->piece < FLEET_PIECE ? p->piece : (size_t)FLEET_PIECE;
    p->line = line > 0 ? line : 1;
    p->pieces_a_line = parts_of(p->line, p->piece);
    p->pieces = n <= p->line ? parts_of(n, p->piece)
                             : n / p->line * p->pieces_a_line + parts_of(n % p->line, p->piece);
    p->workers = threads < p->pieces ? threads : p->pieces;
    p->workers = p->workers > 0 ? p->workers : 1;
}

/* What the single solver takes, or the making of a basis. */
static size_t spare_bytes(const struct lf_fleet_plan *p)
{
    const struct lf_lsq_options options = {.no_intercept = p->fleet.no_intercept,
                                           .weight_is_last = p->fleet.weight.data != NULL};
    const size_t in = p->features + (options.weight_is_last ? 1 : 0);
    const size_t single = lf_lsq_fit_bytes(in, p->most_rows, &options);
    const size_t making = p->form != FLEET_OWN ? lf_fleet_basis_spare(p) : 0;
    return single > making ? single : making;
}

/* No stride may be added up that is never walked. */
static void forget_strides(struct lf_fleet *f)
{
    struct lf_fleet_array *const operand[] = {&f->x, &f->common, &f->y, &f->weight};
    const size_t columns[] = {f->in, f->common_in, 1, f->weight.data != NULL};
    for (size_t i = 0; i < 4; i++) {
        if (columns[i] == 0 || (!f->offsets && f->rows == 0))
            *operand[i] = (struct lf_fleet_array){.data = operand[i]->data};
        else if (!f->offsets && f->rows == 1)
            operand[i]->row = 0;
    }
}

/* 0 where the sizes are refused. */
static int make_plan(struct lf_fleet_plan *p, const struct lf_fleet *fleet,
                     const struct lf_fleet_options *options)
{
    if (!lf_fleet_check_sizes(fleet))
        return 0;
    p->fleet = *fleet;
    forget_strides(&p->fleet);
    p->params = lf_fleet_params(fleet);
    p->intercept = fleet->no_intercept ? 0 : 1;
    p->features = fleet->in + fleet->common_in;
    p->columns = p->features + 1;
    p->most_rows = most_rows(fleet);
    p->masked = fleet->weight.data || fleet->valid.data;
    join_lines(&p->fleet);
    p->form = form_of(&p->fleet);
    p->spare = spare_bytes(p);
    share_out(p, options && options->threads > 0 ? options->threads : 1);
    return lf_fleet_find_inputs(&p->fleet, &p->inputs);
}

/* ---- Memory ------------------------------------------------------------------------------- */

/* Problems that share columns are summed so many at a time: as many as keep their sums near. */
static size_t panel_of(const struct lf_fleet_plan *p)
{
    const struct lf_fleet_array *a = p->form == FLEET_SHARED_X ? &p->fleet.y : &p->fleet.x;
    if (p->form == FLEET_OWN)
        return 0;
    return a->problem == 1 && !p->fleet.valid.data && p->columns <= 5 ? FLEET_PIECE : 64;
}

/* The next piece of memory, of a size that lf_fleet_check_sizes has kept small enough. */
static void *take(uintptr_t *next, size_t count, size_t size)
{
    const uintptr_t start = *next;
    *next += (count * size + LF_MEMORY_ALIGNMENT - 1) / LF_MEMORY_ALIGNMENT * LF_MEMORY_ALIGNMENT;
    return (void *)start;
}

static void take_for_groups(struct lf_fleet_worker *w, const struct lf_fleet_plan *p,
                            uintptr_t *next)
{
    enum { L = LF_FLEET_LANES };
    struct lf_fleet_system *s = &w->system;
    const size_t c = p->columns, gram = lf_fleet_packed(c, c, c), d = sizeof(double);
    const size_t tile = p->most_rows < FLEET_OWN_ROWS ? p->most_rows : (size_t)FLEET_OWN_ROWS;
    const size_t tiles = c == 2 ? 2 : 1; /* lines take two at once */
    s->gram = take(next, gram, d);
    s->factor = take(next, gram, d);
    s->b = take(next, c * L, d);
    s->constant = take(next, c * L, d);
    s->step = take(next, c * L, d);
    s->dots = take(next, c * L, d);
    w->tile = take(next, tiles * tile * c * L, d);
    w->weighted = take(next, p->fleet.weight.data ? tile * c * L : 0, d);
    w->weight = take(next, tile * L, d);
    w->first = take(next, c * L, d);
    w->sum = take(next, c * L, d);
    w->mean = take(next, c * L, d);
    w->order = take(next, FLEET_PIECE, sizeof *w->order);
}

static void take_for_panels(struct lf_fleet_worker *w, const struct lf_fleet_plan *p,
                            uintptr_t *next)
{
    const size_t c = p->columns, k = p->features, rows = p->fleet.rows, d = sizeof(double);
    const size_t missing = 1 + c + lf_fleet_packed(c, c, c) / LF_FLEET_LANES;
    w->gaps = 0;
    w->values = take(next, FLEET_SHARED_ROWS * w->panel, d);
    w->about = take(next, w->panel, d);
    w->sums = take(next, (2 + c) * w->panel, d);
    w->part = take(next, (2 + c) * w->panel, d);
    w->missing = take(next, missing * w->panel, d);
    w->missing_part = take(next, missing * w->panel, d);
    w->basis.line = SIZE_MAX;
    w->basis.features = p->form == FLEET_SHARED_X ? k : p->fleet.common_in;
    w->basis.columns = w->basis.features + (p->form == FLEET_SHARED_Y ? 1 : 0);
    w->basis.column = take(next, rows * k, d); /* y stands for the column that is not shared */
    w->basis.there = take(next, rows, 1);
    w->basis.sum = take(next, c, d);
    w->basis.gram = take(next, c * c, d);
    w->basis.back = take(next, k * k, d);
    w->basis.constant = take(next, k, d);
}

/* A worker whose memory begins at an address; returns where the next one's does. From 0 on that is
 * how much it takes, and the worker none to work with. */
static uintptr_t make_worker(struct lf_fleet_worker *w, const struct lf_fleet_plan *p,
                             uintptr_t next)
{
    w->plan = p;
    w->panel = panel_of(p);
    take_for_groups(w, p, &next);
    if (p->form != FLEET_OWN)
        take_for_panels(w, p, &next);
    w->spare = (struct lf_memory){take(&next, p->spare, 1), p->spare};
    return next;
}

/* The workers themselves stand first, aligned as their arrays. */
static size_t workspace_bytes(const struct lf_fleet_plan *p)
{
    struct lf_fleet_worker worker;
    const size_t one = make_worker(&worker, p, 0);
    const size_t heads = lf_memory_bytes(p->workers, sizeof worker);
    size_t all;
    if (__builtin_mul_overflow(p->workers, one, &all) || all > SIZE_MAX / 2 - heads)
        return SIZE_MAX;
    return heads + all + LF_MEMORY_ALIGNMENT;
}

size_t lf_fleet_workspace(const struct lf_fleet *fleet, const struct lf_fleet_options *options)
{
    struct lf_fleet_plan plan;
    if (!make_plan(&plan, fleet, options))
        return 0;
    const size_t bytes = workspace_bytes(&plan);
    return bytes == SIZE_MAX ? 0 : bytes;
}

/* ---- The call ----------------------------------------------------------------------------- */

static void fit_piece(void *context, size_t worker, size_t i)
{
    struct lf_fleet_worker *w = (struct lf_fleet_worker *)context + worker;
    const struct lf_fleet_plan *p = w->plan;
    const size_t line = i / p->pieces_a_line * p->line, at = i % p->pieces_a_line * p->piece;
    const size_t end = line + p->line < p->fleet.problems ? line + p->line : p->fleet.problems;
    const size_t first = line + at, count = end - first < p->piece ? end - first : p->piece;
    if (p->form != FLEET_OWN) {
        lf_fleet_shared(w, first, count);
        return;
    }
    if (lf_fleet_are_lines(p, first, count)) {
        lf_fleet_lines(w, first, count);
        return;
    }
    size_t problems[FLEET_PIECE];
    for (size_t k = 0; k < count; k++)
        problems[k] = first + k;
    lf_fleet_own(w, problems, count);
}

static lf_status run(const struct lf_fleet_plan *p, void *workspace)
{
    const uintptr_t start = (uintptr_t)workspace, end = start + LF_MEMORY_ALIGNMENT - 1;
    uintptr_t next = end / LF_MEMORY_ALIGNMENT * LF_MEMORY_ALIGNMENT;
    struct lf_pool *pool = p->workers > 1 ? lf_pool_start(p->workers) : NULL;
    if (p->workers > 1 && !pool)
        return LF_NO_MEMORY;
    struct lf_fleet_worker *workers = take(&next, p->workers, sizeof *workers);
    for (size_t i = 0; i < p->workers; i++)
        next = make_worker(workers + i, p, next);
    lf_pool_run(pool, fit_piece, workers, p->pieces);
    lf_pool_stop(pool);
    return LF_OK;
}

lf_status lf_fleet_fit(const struct lf_fleet *fleet, const struct lf_fleet_options *options,
                       const struct lf_fleet_result *result)
{
    struct lf_fleet_plan plan;
    const struct lf_kernels *kernels = options ? options->kernels : NULL;
    if (!result || !make_plan(&plan, fleet, options))
        return LF_INVALID;
    plan.result = *result;
    if (result->param_stride == 0 && result->problem_stride == 0) {
        plan.result.param_stride = 1;
        plan.result.problem_stride = plan.params;
    }
    const size_t bytes = workspace_bytes(&plan);
    void *given = options ? options->workspace : NULL;
    if (bytes == SIZE_MAX || !lf_fleet_check_values(&plan, given, bytes))
        return LF_INVALID;
    kernels = kernels ? kernels : lf_kernels_best();
    if (!kernels)
        return LF_UNSUPPORTED;
    plan.kernels = kernels->fleets;
    void *workspace = given ? given : malloc(bytes);
    if (!workspace)
        return LF_NO_MEMORY;
    const lf_status status = run(&plan, workspace);
    if (!given)
        free(workspace);
    return status;
}
