/* SPDX-License-Identifier: MIT */
/* A fleet under way (lanefit/fleet.h): what a call knows, and what each of its workers has. */
#ifndef LANEFIT_SRC_LSQ_FLEET_PLAN_H
#define LANEFIT_SRC_LSQ_FLEET_PLAN_H

#include "../kernels/fleet.h"
#include "memory.h"

#include <lanefit/fleet.h>
#include <lanefit/kernels.h>

#include <string.h>

#define LANE(l) for (size_t l = 0; l < LF_FLEET_LANES; l++)

/* Where subtracting has lost more than that, everything is summed anew. */
#define FLEET_LEAST_LEFT 0x1p-6   /* of a shared column's square */
#define FLEET_LEAST_SERIES 0x1p-8 /* of the square of v about its first value */
#define FLEET_LEAST_RSS 0x1p-16   /* of the total: it is the total less what the fit explains */

enum {
    FLEET_PIECE = 512,       /* problems of a worker's piece at most */
    FLEET_OWN_ROWS = 128,    /* rows of a tile */
    FLEET_ALONE_ROWS = 32,   /* rows up to which one line is solved as eight the same */
    FLEET_SHARED_ROWS = 128, /* rows of a block of sums over shared columns */
    FLEET_FIRST_ROWS = 8, /* rows among which the values are looked for that others are taken about
                           */
    FLEET_TRENDS = 64,    /* lines through a shared column that are solved at once */
    FLEET_HARD = 255      /* beside lf_fit_status: not solved here */
};

/* What a problem brings along: everything, or y and gaps, or one column and gaps. */
enum lf_fleet_form { FLEET_OWN, FLEET_SHARED_X, FLEET_SHARED_Y };

/* Memory from `start` on. */
struct lf_fleet_range {
    uintptr_t start, bytes;
};

/* Where the data of a call lie, those that are there. */
struct lf_fleet_inputs {
    struct lf_fleet_range at[7];
    size_t count;
};

struct lf_fleet_plan {
    struct lf_fleet fleet; /* width is not 0; lines that continue each other are one */
    struct lf_fleet_result result;
    const struct lf_fleet_kernels *kernels;
    enum lf_fleet_form form;
    size_t params, intercept; /* 1 where there is one */
    size_t features, columns; /* columns: the features, y */
    size_t most_rows;
    size_t line, piece; /* problems of each at most */
    size_t pieces_a_line, pieces, workers;
    size_t spare; /* bytes of a worker's */
    struct lf_fleet_inputs inputs;
    int masked; /* rows can be missing or weighted without being NaN */
};

/* Eight problems, a lane each; lanes from `count` on repeat the last. In the columns that were
 * summed, of which the first `order` are those of the features times back^-1. */
struct lf_fleet_system {
    size_t problem[LF_FLEET_LANES], count;
    unsigned char status[LF_FLEET_LANES];              /* enum lf_fit_status, FLEET_HARD */
    double used[LF_FLEET_LANES], mass[LF_FLEET_LANES]; /* rows, and the sum of their weights */
    double total[LF_FLEET_LANES], rss[LF_FLEET_LANES], mean_y[LF_FLEET_LANES];
    double *gram, *factor; /* packed, of all columns */
    double *b;             /* [features,8] */
    double *constant;      /* [features,8]: the intercept is mean_y - constant' b */
    double *step, *dots;   /* [columns,8] */
    const double *back;    /* [order,order], upper triangular: parameters = back b; or NULL */
    size_t order;
};

/* Columns that the problems of a line share, about their means, orthogonal unless there is a
 * ridge. */
struct lf_fleet_basis {
    size_t line;     /* whose it is */
    size_t rows;     /* without those that lack something */
    size_t features; /* shared ones */
    size_t columns;  /* with y where that is shared */
    enum lf_fit_status status;
    double *column;       /* [rows,columns] */
    unsigned char *there; /* [all rows] */
    double *sum;          /* [columns] */
    double *gram;         /* [columns,columns] */
    double *back;         /* [features,features] */
    double *constant;     /* [features] */
    double mean_y;
};

struct lf_fleet_worker {
    const struct lf_fleet_plan *plan;
    struct lf_fleet_system system;

    /* Of eight problems that bring everything. */
    double *tile, *weighted, *weight; /* [rows,columns,8], .., [rows,8], at most FLEET_OWN_ROWS; two
                                         tiles where there is one column beside y */
    double *first, *sum, *mean;       /* [columns,8] */
    size_t *order;                    /* [FLEET_PIECE]: problems by their rows */

    /* Of a panel of problems that share columns. */
    struct lf_fleet_basis basis;
    size_t panel;        /* problems */
    double *values;      /* [FLEET_SHARED_ROWS,panel] */
    double *about;       /* [panel] */
    double *sums, *part; /* [2 + columns,panel] */
    double *missing, *missing_part;
    int gaps; /* the last block had some */

    struct lf_memory spare; /* of the single solver, and of the basis while it is made */
};

/* Index of element (r,j) of an operand for problem q, j and r 0. */
static inline ptrdiff_t lf_fleet_start(const struct lf_fleet_plan *p,
                                       const struct lf_fleet_array *a, size_t q)
{
    if (p->fleet.offsets)
        return (ptrdiff_t)p->fleet.offsets[q] * a->row;
    if (q < p->fleet.width) /* a division takes longer than all else for a small problem */
        return (ptrdiff_t)q * a->problem;
    return (ptrdiff_t)(q % p->fleet.width) * a->problem + (ptrdiff_t)(q / p->fleet.width) * a->line;
}

static inline double lf_fleet_value(const struct lf_fleet_plan *p, const struct lf_fleet_array *a,
                                    ptrdiff_t i)
{
    return p->fleet.dtype == LF_F32 ? (double)((const float *)a->data)[i]
                                    : ((const double *)a->data)[i];
}

static inline size_t lf_fleet_rows(const struct lf_fleet_plan *p, size_t q)
{
    return p->fleet.offsets ? p->fleet.offsets[q + 1] - p->fleet.offsets[q] : p->fleet.rows;
}

/* Whether the bit of row r of problem q is set. */
static inline int lf_fleet_valid(const struct lf_fleet_plan *p, size_t q, size_t r)
{
    const struct lf_fleet_bits *v = &p->fleet.valid;
    const size_t width = p->fleet.width;
    if (!v->data)
        return 1;
    const size_t i = p->fleet.offsets ? (p->fleet.offsets[q] + r) * v->row
                                      : r * v->row + q % width * v->problem + q / width * v->line;
    return v->data[(v->first + i) / 8] >> (v->first + i) % 8 & 1;
}

/* Column j, common ones first, of x: its array, and where its element of row 0 is. */
static inline const struct lf_fleet_array *lf_fleet_feature(const struct lf_fleet_plan *p, size_t q,
                                                            size_t j, ptrdiff_t *at)
{
    const int is_common = j < p->fleet.common_in;
    const struct lf_fleet_array *a = is_common ? &p->fleet.common : &p->fleet.x;
    *at = (ptrdiff_t)(is_common ? j : j - p->fleet.common_in) * a->column;
    if (!is_common || p->fleet.offsets)
        *at += lf_fleet_start(p, a, q);
    return a;
}

static inline double lf_fleet_ridge(const struct lf_fleet_plan *p, size_t q)
{
    return p->fleet.ridges ? p->fleet.ridges[q] : p->fleet.ridge;
}

static inline int lf_fleet_has_ridge(const struct lf_fleet_plan *p)
{
    return p->fleet.ridges || p->fleet.ridge > 0;
}

/* The sum of eight lanes. */
static inline double lf_fleet_lanes(const double v[LF_FLEET_LANES])
{
    return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

/* Whether all lanes are LF_FIT_OK, as they are nearly always. */
static inline int lf_fleet_is_ok(const struct lf_fleet_system *s)
{
    static const unsigned char ok[LF_FLEET_LANES] = {LF_FIT_OK};
    return memcmp(s->status, ok, sizeof ok) == 0;
}

/* What lf_fleet_fit refuses (fleet_check.c): before a plan is made, for it, and with it. */
int lf_fleet_check_sizes(const struct lf_fleet *fleet);
int lf_fleet_find_inputs(const struct lf_fleet *fleet, struct lf_fleet_inputs *inputs);
int lf_fleet_check_values(const struct lf_fleet_plan *plan, const void *workspace, size_t bytes);

/* Ways to fit: problems that bring everything, in any order; `count` neighbours of a line that
 * share. */
void lf_fleet_own(struct lf_fleet_worker *worker, const size_t *problems, size_t count);
void lf_fleet_shared(struct lf_fleet_worker *worker, size_t first, size_t count);

/* Whether the problems are lines through one shared column; solves `count` of them, at most
 * FLEET_TRENDS, those from `at` on of a panel that begins at problem `first`, and writes the
 * results of each eight that are all well: those told. */
int lf_fleet_are_trends(const struct lf_fleet_worker *worker);
void lf_fleet_trends(const struct lf_fleet_worker *worker, size_t first, size_t at, size_t count,
                     unsigned char told[FLEET_TRENDS / LF_FLEET_LANES]);
void lf_fleet_single(struct lf_fleet_worker *worker, size_t problem);

/* Up to eight problems that bring everything. */
void lf_fleet_group(struct lf_fleet_worker *worker, const size_t *problems, size_t count);

/* Whether `count` problems are lines, and so fitted; those that have gaps go the way of
 * lf_fleet_group. */
int lf_fleet_are_lines(const struct lf_fleet_plan *plan, size_t first, size_t count);
void lf_fleet_lines(struct lf_fleet_worker *worker, size_t first, size_t count);

/* Lane by lane n values from element start[l] of an array on, as the load kernels do. */
void lf_fleet_load(const struct lf_fleet_plan *plan, size_t n, const struct lf_fleet_array *array,
                   const ptrdiff_t start[LF_FLEET_LANES], ptrdiff_t stride, size_t run, size_t skip,
                   double *to);

/* Makes the basis of that problem's line, unless it is there. */
void lf_fleet_basis_make(struct lf_fleet_worker *worker, size_t problem);
size_t lf_fleet_basis_spare(const struct lf_fleet_plan *plan);

/* Rows that problem q has to have. */
double lf_fleet_needed_rows(const struct lf_fleet_plan *plan, size_t q);

/* The status of each lane that is not hard already, of a system that is factored and solved;
 * `least` as its factors gave it. */
void lf_fleet_judge(const struct lf_fleet_plan *plan, struct lf_fleet_system *system,
                    const double *least);

/* Writes the results of all lanes that are not hard. */
void lf_fleet_tell(const struct lf_fleet_plan *plan, struct lf_fleet_system *system);

/* NaN everywhere, and what became of problem q. */
void lf_fleet_tell_failed(const struct lf_fleet_plan *plan, size_t q, enum lf_fit_status status,
                          size_t used);

#endif
