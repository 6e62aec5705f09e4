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

/* As many problems a piece as leave each worker a few. */
static void share_out(struct lf_fleet_plan *p, size_t threads)
{
    const size_t line = p->form == FLEET_OWN ? p->fleet.problems : p->fleet.width;
    enum { MOST_THREADS = 1 << 16 };
    threads = threads < MOST_THREADS ? threads : (size_t)MOST_THREADS;
    const size_t wanted = threads > 1 ? threads * 4 : 1;
    size_t piece = p->fleet.problems / wanted / LF_FLEET_LANES * LF_FLEET_LANES;
    piece = piece < LF_FLEET_LANES ? LF_FLEET_LANES : piece;
    p->piece = piece < FLEET_PIECE ? piece : FLEET_PIECE;
    p->line = line > 0 ? line : 1;
    p->pieces_a_line = (p->line + p->piece - 1) / p->piece;
    p->pieces = p->fleet.problems / p->line * p->pieces_a_line +
                (p->fleet.problems % p->line + p->piece - 1) / p->piece;
    p->workers = threads < p->pieces ? threads : p->pieces;
    p->workers = p->workers > 0 ? p->workers : 1;
}

static void make_plan(struct lf_fleet_plan *p, const struct lf_fleet *fleet,
                      const struct lf_fleet_options *options)
{
    *p = (struct lf_fleet_plan){.fleet = *fleet,
                                .params = lf_fleet_params(fleet),
                                .intercept = fleet->no_intercept ? 0 : 1,
                                .features = fleet->in + fleet->common_in,
                                .columns = fleet->in + fleet->common_in + 1,
                                .most_rows = most_rows(fleet),
                                .masked = fleet->weight.data || fleet->valid.data};
    join_lines(&p->fleet);
    p->form = form_of(&p->fleet);
    share_out(p, options && options->threads > 0 ? options->threads : 1);
    if (!fleet->offsets && fleet->rows < 2) /* no stride may be added up that is never walked */
        p->fleet.x.row = p->fleet.common.row = p->fleet.y.row = p->fleet.weight.row = 0;
}

/* ---- Memory ------------------------------------------------------------------------------- */

enum { MOST_ARRAYS = 28 };

struct array {
    void **start;
    size_t count, size;
};

/* Problems that share columns are summed so many at a time: as many as keep their sums near. */
static size_t panel_of(const struct lf_fleet_plan *p)
{
    const struct lf_fleet_array *a = p->form == FLEET_SHARED_X ? &p->fleet.y : &p->fleet.x;
    if (p->form == FLEET_OWN)
        return 0;
    return a->problem == 1 && !p->fleet.valid.data && p->columns <= 5 ? FLEET_PIECE : 64;
}

static size_t add(struct array *arrays, size_t n, void *start, size_t count, size_t size)
{
    arrays[n] = (struct array){start, count, size};
    return n + 1;
}

/* What a worker has, and where it is kept. */
static size_t list_arrays(struct lf_fleet_worker *w, const struct lf_fleet_plan *p,
                          struct array arrays[MOST_ARRAYS])
{
    enum { L = LF_FLEET_LANES };
    const size_t c = p->columns, rows = p->fleet.rows, k = p->features, d = sizeof(double);
    /* Lines take two tiles at once. */
    const size_t tile = p->most_rows <= FLEET_OWN_ROWS ? 2 * p->most_rows : (size_t)FLEET_OWN_ROWS;
    const size_t gram = lf_fleet_packed(c, c, c), panel = panel_of(p), shares = panel > 0;
    const size_t missing = 1 + c + lf_fleet_packed(c, c, c) / L;
    struct lf_fleet_system *s = &w->system;
    size_t n = add(arrays, 0, &s->gram, gram, d);
    n = add(arrays, n, &s->factor, gram, d);
    n = add(arrays, n, &s->b, c * L, d);
    n = add(arrays, n, &s->constant, c * L, d);
    n = add(arrays, n, &s->step, c * L, d);
    n = add(arrays, n, &s->dots, c * L, d);
    n = add(arrays, n, &w->tile, tile * c * L, d);
    n = add(arrays, n, &w->weighted, p->fleet.weight.data ? tile * c * L : 0, d);
    n = add(arrays, n, &w->weight, tile * L, d);
    n = add(arrays, n, &w->first, c * L, d);
    n = add(arrays, n, &w->sum, c * L, d);
    n = add(arrays, n, &w->mean, c * L, d);
    n = add(arrays, n, &w->order, FLEET_PIECE, sizeof *w->order);
    n = add(arrays, n, &w->values, FLEET_SHARED_ROWS * panel, d);
    n = add(arrays, n, &w->about, panel, d);
    n = add(arrays, n, &w->sums, (2 + c) * panel, d);
    n = add(arrays, n, &w->part, (2 + c) * panel, d);
    n = add(arrays, n, &w->missing, missing * panel, d);
    n = add(arrays, n, &w->missing_part, missing * panel, d);
    /* k columns, as y stands for the one that is not shared */
    n = add(arrays, n, &w->basis.column, shares ? rows * k : 0, d);
    n = add(arrays, n, &w->basis.there, shares ? rows : 0, 1);
    n = add(arrays, n, &w->basis.sum, c, d);
    n = add(arrays, n, &w->basis.gram, c * c, d);
    n = add(arrays, n, &w->basis.back, k * k, d);
    n = add(arrays, n, &w->basis.constant, k, d);
    const struct lf_lsq_options options = {.no_intercept = p->fleet.no_intercept,
                                           .weight_is_last = p->fleet.weight.data != NULL};
    const size_t single =
        lf_lsq_fit_bytes(k + (options.weight_is_last ? 1 : 0), p->most_rows, &options);
    const size_t making = shares ? lf_fleet_basis_spare(p) : 0;
    return add(arrays, n, &w->spare.next, single > making ? single : making, 1);
}

static size_t worker_bytes(const struct lf_fleet_plan *p)
{
    struct lf_fleet_worker w;
    struct array arrays[MOST_ARRAYS];
    const size_t n = list_arrays(&w, p, arrays);
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t more = lf_memory_bytes(arrays[i].count, arrays[i].size);
        if (more > SIZE_MAX / 2 || bytes > SIZE_MAX / 2)
            return SIZE_MAX;
        bytes += more;
    }
    return bytes;
}

/* Returns where the next worker's memory begins. */
static unsigned char *create_worker(struct lf_fleet_worker *w, const struct lf_fleet_plan *p,
                                    unsigned char *memory)
{
    struct array arrays[MOST_ARRAYS];
    *w = (struct lf_fleet_worker){.plan = p, .panel = panel_of(p)};
    const size_t n = list_arrays(w, p, arrays);
    for (size_t i = 0; i < n; i++) {
        *arrays[i].start = memory;
        memory += lf_memory_bytes(arrays[i].count, arrays[i].size);
    }
    w->spare.left = lf_memory_bytes(arrays[n - 1].count, arrays[n - 1].size);
    w->basis.line = SIZE_MAX;
    w->basis.features = p->form == FLEET_SHARED_X ? p->features : p->fleet.common_in;
    w->basis.columns = w->basis.features + (p->form == FLEET_SHARED_Y ? 1 : 0);
    return memory;
}

/* The workers themselves stand first, aligned as their arrays. */
static size_t workspace_bytes(const struct lf_fleet_plan *p)
{
    const size_t one = worker_bytes(p);
    const size_t heads = lf_memory_bytes(p->workers, sizeof(struct lf_fleet_worker));
    if (heads > SIZE_MAX / 4 || one > (SIZE_MAX / 2 - heads) / p->workers)
        return SIZE_MAX;
    return heads + one * p->workers + LF_MEMORY_ALIGNMENT;
}

size_t lf_fleet_workspace(const struct lf_fleet *fleet, const struct lf_fleet_options *options)
{
    struct lf_fleet_plan plan;
    if (!lf_fleet_check_sizes(fleet))
        return 0;
    make_plan(&plan, fleet, options);
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
    const uintptr_t start = (uintptr_t)workspace, off = start % LF_MEMORY_ALIGNMENT;
    unsigned char *memory = (unsigned char *)workspace + (off > 0 ? LF_MEMORY_ALIGNMENT - off : 0);
    struct lf_fleet_worker *workers = (void *)memory;
    struct lf_pool *pool = p->workers > 1 ? lf_pool_start(p->workers) : NULL;
    if (p->workers > 1 && !pool)
        return LF_NO_MEMORY;
    memory += lf_memory_bytes(p->workers, sizeof *workers);
    for (size_t i = 0; i < p->workers; i++)
        memory = create_worker(workers + i, p, memory);
    lf_pool_run(pool, fit_piece, workers, p->pieces);
    lf_pool_stop(pool);
    return LF_OK;
}

lf_status lf_fleet_fit(const struct lf_fleet *fleet, const struct lf_fleet_options *options,
                       const struct lf_fleet_result *result)
{
    struct lf_fleet_plan plan;
    const struct lf_kernels *kernels = options ? options->kernels : NULL;
    if (!result || !lf_fleet_check_sizes(fleet))
        return LF_INVALID;
    make_plan(&plan, fleet, options);
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
