/* SPDX-License-Identifier: MIT */
/* Lines through a column of their own, all rows of which are there unless they are NaN: the
 * operations of lf_fleet_group, in a kernel that reads the rows where they are, and writes the
 * coefficients too where these lie dense and nothing else is asked for. */
#include "fleet_plan.h"

#include <string.h>

enum { L = LF_FLEET_LANES };

int lf_fleet_are_lines(const struct lf_fleet_plan *p, size_t first, size_t count)
{
    const struct lf_fleet *f = &p->fleet;
    const int are_many = count >= L || (count == 1 && f->rows <= FLEET_ALONE_ROWS);
    return are_many && first / f->width == (first + count - 1) / f->width && f->in == 1 &&
           f->common_in == 0 && p->intercept && !p->masked && !f->offsets &&
           !lf_fleet_has_ridge(p) && f->rows >= 2 && f->rows <= FLEET_OWN_ROWS;
}

static void tell_lines(const struct lf_fleet_plan *p, struct lf_fleet_system *s, size_t first,
                       size_t count, const struct lf_fleet_lines *line)
{
    s->count = count;
    s->back = NULL;
    LANE(l)
    {
        s->problem[l] = first + (l < count ? l : count - 1);
        s->status[l] = LF_FIT_OK;
        s->used[l] = s->mass[l] = (double)p->fleet.rows;
    }
    memcpy(s->factor, line->factor, sizeof line->factor);
    memcpy(s->b, line->b, sizeof line->b);
    memcpy(s->constant, line->mean_x, sizeof line->mean_x);
    memcpy(s->mean_y, line->mean_y, sizeof line->mean_y);
    memcpy(s->rss, line->rss, sizeof line->rss);
    memcpy(s->total, line->total, sizeof line->total);
    lf_fleet_tell(p, s);
}

/* Where nobody asks for more than the coefficients. */
static void tell_coefficients(const struct lf_fleet_result *r, size_t first, size_t count,
                              const struct lf_fleet_lines *line)
{
    double *to = r->coefficients + first * r->problem_stride;
    for (size_t l = 0; l < count; l++) {
        to[l * r->problem_stride] = line->intercept[l];
        to[l * r->problem_stride + r->param_stride] = line->b[l];
    }
}

static int only_coefficients(const struct lf_fleet_result *r)
{
    return r->coefficients && !r->standard_errors && !r->t && !r->p && !r->r_squared &&
           !r->residual_sd && !r->rows_used && !r->status;
}

/* Problems from `first` on; where there is but one every lane has it. */
#define SERIES_OF(type, real)                                                                      \
    static struct lf_fleet_series_##type series_##type(                                            \
        const struct lf_fleet_plan *p, const struct lf_fleet_array *a, size_t first, size_t lanes) \
    {                                                                                              \
        return (struct lf_fleet_series_##type){(const real *)a->data +                             \
                                                   lf_fleet_start(p, a, first),                    \
                                               lanes == 1 ? 0 : a->problem, a->row};               \
    }
SERIES_OF(f32, float)
SERIES_OF(f64, double)

/* The tiles that are not sound, as bits. */
static uint32_t fit_tiles(struct lf_fleet_worker *w, size_t first, size_t lanes, size_t tiles,
                          double *pairs, struct lf_fleet_lines *lines)
{
    const struct lf_fleet_plan *p = w->plan;
    const struct lf_fleet *f = &p->fleet;
    if (f->dtype == LF_F32) {
        const struct lf_fleet_series_f32 x = series_f32(p, &f->x, first, lanes),
                                         y = series_f32(p, &f->y, first, lanes);
        return p->kernels->lines_f32(f->rows, tiles, &x, &y, w->tile, pairs, lines);
    }
    const struct lf_fleet_series_f64 x = series_f64(p, &f->x, first, lanes),
                                     y = series_f64(p, &f->y, first, lanes);
    return p->kernels->lines_f64(f->rows, tiles, &x, &y, w->tile, pairs, lines);
}

static void fit_group(struct lf_fleet_worker *w, size_t first, size_t count)
{
    size_t problems[L];
    for (size_t l = 0; l < count; l++)
        problems[l] = first + l;
    lf_fleet_group(w, problems, count);
}

void lf_fleet_lines(struct lf_fleet_worker *w, size_t first, size_t count)
{
    enum { LINES = 4, PAIRS = 32 };
    const struct lf_fleet_result *r = &w->plan->result;
    const size_t lanes = count == 1 ? 1 : L;
    const int is_bare = only_coefficients(r);
    const int is_paired = is_bare && lanes == L && r->param_stride == 1 && r->problem_stride == 2;
    const size_t most = is_paired ? PAIRS : LINES;
    struct lf_fleet_lines lines[LINES];
    for (const size_t end = first + count; first < end;) {
        if (end - first < lanes) /* the last eight, some of them once more */
            first = end - lanes;
        const size_t left = (end - first) / lanes, tiles = left < most ? left : most;
        double *pairs = is_paired ? r->coefficients + 2 * first : NULL;
        const uint32_t unsound = fit_tiles(w, first, lanes, tiles, pairs, lines);
        for (size_t k = 0; k < tiles && (unsound || !is_paired); k++) {
            if (unsound >> k & 1)
                fit_group(w, first + k * L, lanes);
            else if (!is_bare)
                tell_lines(w->plan, &w->system, first + k * L, lanes, &lines[k]);
            else if (!is_paired)
                tell_coefficients(r, first + k * L, lanes, &lines[k]);
        }
        first += tiles * lanes;
    }
}
