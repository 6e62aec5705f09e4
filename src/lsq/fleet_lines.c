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

/* Lane by lane the rows of eight problems that follow each other. */
static void load_series(const struct lf_fleet_plan *p, const struct lf_fleet_array *a, size_t first,
                        double *to)
{
    ptrdiff_t start[L];
    const ptrdiff_t at = lf_fleet_start(p, a, first);
    LANE(l)
    start[l] = at + (ptrdiff_t)l * a->problem;
    lf_fleet_load(p, p->fleet.rows, a, start, a->row, 1, 1, to);
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

/* Where nobody asks for more than the coefficients. */
static void tell_coefficients(const struct lf_fleet_plan *p, size_t first,
                              const struct lf_fleet_lines *line)
{
    const struct lf_fleet_result *r = &p->result;
    double *to = r->coefficients + first * r->problem_stride, intercept[L];
    LANE(l)
    intercept[l] = fma(-line->mean_x[l], line->b[l], line->mean_y[l]);
    for (size_t l = 0; l < L; l++, to += r->problem_stride) {
        to[0] = intercept[l];
        to[r->param_stride] = line->b[l];
    }
}

static int only_coefficients(const struct lf_fleet_result *r)
{
    return r->coefficients && !r->standard_errors && !r->t && !r->p && !r->r_squared &&
           !r->residual_sd && !r->rows_used && !r->status;
}

void lf_fleet_lines(struct lf_fleet_worker *w, size_t first, size_t count)
{
    enum { TILES = 4 };
    const struct lf_fleet_plan *p = w->plan;
    const size_t rows = p->fleet.rows, most = rows * TILES <= FLEET_OWN_ROWS ? (size_t)TILES : 1;
    struct lf_fleet_lines lines[TILES];
    for (size_t i = 0; i < count;) {
        const size_t whole = (count - i) / L, tiles = whole < most ? whole : most;
        for (size_t k = 0; k < tiles; k++) {
            load_series(p, &p->fleet.x, first + i + k * L, w->tile + k * rows * 2 * L);
            load_series(p, &p->fleet.y, first + i + k * L, w->tile + k * rows * 2 * L + L);
        }
        if (tiles > 0)
            p->kernels->lines(rows, tiles, w->tile, lines);
        for (size_t k = 0; k < tiles || k == 0; k++, i += L) {
            size_t problems[L];
            const size_t n = count - i < L ? count - i : L;
            if (tiles > 0 && lines[k].sound) {
                if (only_coefficients(&p->result))
                    tell_coefficients(p, first + i, &lines[k]);
                else
                    tell_lines(p, &w->system, first + i, &lines[k]);
                continue;
            }
            for (size_t l = 0; l < n; l++)
                problems[l] = first + i + l;
            lf_fleet_group(w, problems, n);
        }
    }
}
