/* SPDX-License-Identifier: MIT */
/* Lines through a column of their own, all rows of which are there unless they are NaN: the
 * operations of lf_fleet_group, in a kernel that leaves nothing in memory between them. */
#include "fleet_plan.h"

#include <math.h>
#include <string.h>

enum { L = LF_FLEET_LANES };

int lf_fleet_are_lines(const struct lf_fleet_plan *p, const size_t *problems, size_t count)
{
    const struct lf_fleet *f = &p->fleet;
    const size_t last = count > 0 ? count - 1 : 0;
    if (count < L || problems[last] != problems[0] + last ||
        problems[0] / f->width != problems[last] / f->width)
        return 0;
    return f->in == 1 && f->common_in == 0 && p->intercept && !p->masked && !f->offsets &&
           !lf_fleet_has_ridge(p) && f->rows >= 2 && f->rows <= FLEET_OWN_ROWS;
}

static void tell_lines(const struct lf_fleet_plan *p, struct lf_fleet_system *s, size_t first,
                       const struct lf_fleet_lines *line)
{
    s->count = L;
    s->back = NULL;
    LANE(l)
    {
        s->problem[l] = first + l;
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

static int only_coefficients(const struct lf_fleet_result *r)
{
    return r->coefficients && !r->standard_errors && !r->t && !r->p && !r->r_squared &&
           !r->residual_sd && !r->rows_used && !r->status;
}

#define SERIES_OF(type, real)                                                                      \
    static struct lf_fleet_series_##type series_##type(                                            \
        const struct lf_fleet_plan *p, const struct lf_fleet_array *a, size_t first)               \
    {                                                                                              \
        return (struct lf_fleet_series_##type){(const real *)a->data + lf_fleet_start(p, a, first), \
                                               a->problem, a->row};                                \
    }
SERIES_OF(f32, float)
SERIES_OF(f64, double)

static void fit_tiles(struct lf_fleet_worker *w, size_t first, size_t tiles, double *pairs,
                      struct lf_fleet_lines *lines, unsigned char *sound)
{
    const struct lf_fleet_plan *p = w->plan;
    const struct lf_fleet *f = &p->fleet;
    if (f->dtype == LF_F32) {
        const struct lf_fleet_series_f32 x = series_f32(p, &f->x, first),
                                         y = series_f32(p, &f->y, first);
        p->kernels->lines_f32(f->rows, tiles, &x, &y, w->tile, pairs, lines, sound);
    } else {
        const struct lf_fleet_series_f64 x = series_f64(p, &f->x, first),
                                         y = series_f64(p, &f->y, first);
        p->kernels->lines_f64(f->rows, tiles, &x, &y, w->tile, pairs, lines, sound);
    }
}

void lf_fleet_lines(struct lf_fleet_worker *w, size_t first, size_t count)
{
    enum { TILES = 8 };
    const struct lf_fleet_plan *p = w->plan;
    const struct lf_fleet_result *r = &p->result;
    const int is_paired =
        only_coefficients(r) && r->param_stride == 1 && r->problem_stride == 2;
    struct lf_fleet_lines lines[TILES];
    unsigned char sound[TILES];
    for (size_t i = 0; i < count;) {
        const size_t whole = (count - i) / L, tiles = whole < TILES ? whole : TILES;
        if (tiles > 0)
            fit_tiles(w, first + i, tiles, is_paired ? r->coefficients + 2 * (first + i) : NULL,
                      lines, sound);
        for (size_t k = 0; k < tiles || k == 0; k++, i += L) {
            size_t problems[L];
            const size_t n = count - i < L ? count - i : L;
            if (tiles > 0 && sound[k]) {
                if (!is_paired)
                    tell_lines(p, &w->system, first + i, &lines[k]);
                continue;
            }
            for (size_t l = 0; l < n; l++)
                problems[l] = first + i + l;
            lf_fleet_group(w, problems, n);
        }
    }
}
