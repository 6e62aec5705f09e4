/* SPDX-License-Identifier: MIT */
/* Fleets: lines through problems that follow each other, a lane each. */

#define fleet_line_load TYPED(fleet_line_load)
#define fleet_line_turn TYPED(fleet_line_turn)
#define fleet_line_rows TYPED(fleet_line_rows)
#define fleet_series TYPED(lf_fleet_series)
#define r_turn TYPED(r_turn)
#define r_gather TYPED(r_gather)

#ifndef LF_FLEET_LINES
#define LF_FLEET_LINES

enum {
    LF_LINES_SIDE = REGISTERS == 32 ? 2 : 1, /* registers of problems, each of which alone waits */
    LF_LINES_AHEAD = 2048                    /* bytes from fetching to reading or writing */
};

#define EACH_SIDE LF_UNROLL for (size_t i = 0; i < LF_LINES_SIDE; i++)

/* What is known of the lines of so many registers. */
struct fleet_line_sums {
    reg_f64 mean_x[LF_LINES_SIDE], mean_y[LF_LINES_SIDE];
    reg_f64 xx[LF_LINES_SIDE], xy[LF_LINES_SIDE], yy[LF_LINES_SIDE]; /* sums of products */
    reg_f64 xd[LF_LINES_SIDE], dd[LF_LINES_SIDE]; /* of residuals; before, sums of x and y */
    reg_f64 factor[LF_LINES_SIDE], b[LF_LINES_SIDE];
};

/* Three passes, row by row. Of the first, the first row is 0 about itself. */
LF_INLINE void fleet_line_sum(const reg_f64 *x, const reg_f64 *y, struct fleet_line_sums *s)
{
    EACH_SIDE
    {
        s->xd[i] = r_add_f64(s->xd[i], r_sub_f64(x[i], s->mean_x[i]));
        s->dd[i] = r_add_f64(s->dd[i], r_sub_f64(y[i], s->mean_y[i]));
    }
}

LF_INLINE void fleet_line_center(reg_f64 *x, reg_f64 *y, struct fleet_line_sums *s)
{
    EACH_SIDE
    {
        x[i] = r_sub_f64(x[i], s->mean_x[i]);
        y[i] = r_sub_f64(y[i], s->mean_y[i]);
        s->xx[i] = r_fma_f64(x[i], x[i], s->xx[i]);
        s->xy[i] = r_fma_f64(x[i], y[i], s->xy[i]);
        s->yy[i] = r_fma_f64(y[i], y[i], s->yy[i]);
    }
}

LF_INLINE void fleet_line_residual(const reg_f64 *x, const reg_f64 *y, const reg_f64 *minus_b,
                                   struct fleet_line_sums *s)
{
    EACH_SIDE
    {
        const reg_f64 d = r_fma_f64(minus_b[i], x[i], y[i]);
        s->xd[i] = r_fma_f64(x[i], d, s->xd[i]);
        s->dd[i] = r_fma_f64(d, d, s->dd[i]);
    }
}

/* x and y, [rows,LF_LINES_SIDE], are left centred. To keep few rows in registers, a loop of each
 * number of them, makes no difference that is worth its size. */
LF_INLINE void fleet_line_passes(size_t rows, reg_f64 *x, reg_f64 *y, struct fleet_line_sums *s)
{
    enum { N = LF_LINES_SIDE };
    const reg_f64 share = r_set1_f64(1 / (double)rows), zero = r_set1_f64(0);
    reg_f64 minus_b[N];
    EACH_SIDE
    {
        s->mean_x[i] = x[i];
        s->mean_y[i] = y[i];
        s->xd[i] = s->dd[i] = s->xx[i] = s->xy[i] = s->yy[i] = zero;
    }
    for (size_t r = 1; r < rows; r++)
        fleet_line_sum(x + r * N, y + r * N, s);
    EACH_SIDE
    {
        s->mean_x[i] = r_add_f64(s->mean_x[i], r_mul_f64(s->xd[i], share));
        s->mean_y[i] = r_add_f64(s->mean_y[i], r_mul_f64(s->dd[i], share));
    }
    for (size_t r = 0; r < rows; r++)
        fleet_line_center(x + r * N, y + r * N, s);
    EACH_SIDE
    {
        s->factor[i] = r_div_f64(r_set1_f64(1), s->xx[i]);
        s->b[i] = r_mul_f64(s->xy[i], s->factor[i]);
        minus_b[i] = r_sub_f64(r_set1_f64(-0.0), s->b[i]);
        s->xd[i] = s->dd[i] = zero;
    }
    for (size_t r = 0; r < rows; r++)
        fleet_line_residual(x + r * N, y + r * N, minus_b, s);
    EACH_SIDE
    s->b[i] = r_add_f64(s->b[i], r_mul_f64(s->xd[i], s->factor[i]));
}

/* Whether a lane of register i can't be trusted. Where a mean or x'y is not finite, neither is one
 * of these four. */
LF_INLINE int fleet_line_unsound(size_t rows, const struct fleet_line_sums *s, size_t i)
{
    const reg_f64 least = r_set1_f64(LF_FLEET_LEAST_SQUARE), nan = r_set1_f64(__builtin_nan(""));
    const reg_f64 share = r_set1_f64(LF_FLEET_LEAST_TOTAL * (double)rows);
    const reg_f64 noise = r_mul_f64(r_mul_f64(share, s->mean_y[i]), s->mean_y[i]);
    const reg_f64 enough = r_if_greater_f64(noise, least, noise, least);
    const reg_f64 sum = r_add_f64(r_add_f64(s->xx[i], s->yy[i]), r_add_f64(s->dd[i], s->b[i]));
    reg_f64 nan_if_bad = r_sub_f64(sum, sum);
    nan_if_bad = r_if_greater_f64(s->xx[i], least, nan_if_bad, nan);
    return r_any_nan_f64(r_if_greater_f64(s->yy[i], enough, nan_if_bad, nan));
}

/* What is read or written LF_LINES_AHEAD bytes later: from line to line there is too much to do for
 * the machine to see it coming. */
LF_INLINE void fleet_line_fetch(const void *at, size_t bytes, int written)
{
    const uintptr_t next = (uintptr_t)at + LF_LINES_AHEAD;
    for (size_t k = 0; k < bytes; k += 64)
        if (written)
            __builtin_prefetch((const void *)(next + k), 1);
        else
            __builtin_prefetch((const void *)(next + k));
}

/* Register i, problems at, at + 1, ... */
LF_INLINE void fleet_line_tell(const struct fleet_line_sums *s, size_t i, size_t at, double *pairs,
                               struct lf_fleet_lines *lines)
{
    const reg_f64 minus_x = r_sub_f64(r_set1_f64(-0.0), s->mean_x[i]);
    const reg_f64 intercept = r_fma_f64(minus_x, s->b[i], s->mean_y[i]);
    if (pairs) {
        fleet_line_fetch(pairs + 2 * at, 2 * sizeof *pairs * LF_FLEET_REG, 1);
        r_store_pairs_f64(pairs + 2 * at, intercept, s->b[i]);
        return;
    }
    struct lf_fleet_lines *to = lines + at / LF_FLEET_LANES;
    const size_t l = at % LF_FLEET_LANES;
    r_store_f64(to->factor + l, s->factor[i]);
    r_store_f64(to->b + l, s->b[i]);
    r_store_f64(to->intercept + l, intercept);
    r_store_f64(to->mean_x + l, s->mean_x[i]);
    r_store_f64(to->mean_y + l, s->mean_y[i]);
    r_store_f64(to->rss + l, s->dd[i]);
    r_store_f64(to->total + l, s->yy[i]);
}

/* Register i has problems at[i], at[i] + 1, .. in lanes; their rows x, then y, are in the tile.
 * Returns the tiles that are not sound, as bits. */
LF_APART uint32_t fleet_line_fit(size_t rows, reg_f64 *tile, const size_t *at, double *pairs,
                                 struct lf_fleet_lines *lines)
{
    struct fleet_line_sums s;
    uint32_t unsound = 0;
    fleet_line_passes(rows, tile, tile + rows * LF_LINES_SIDE, &s);
    EACH_SIDE
    {
        fleet_line_tell(&s, i, at[i], pairs, lines);
        unsound |= (uint32_t)fleet_line_unsound(rows, &s, i) << at[i] / LF_FLEET_LANES;
    }
    return unsound;
}
#endif

/* The rows of a register of problems that are neighbours in each row, to every LF_LINES_SIDE-th
 * register. Rows are as many streams, of which each is read ahead the less the more they are, and
 * to where there is room for all. */
LF_INLINE void fleet_line_load(size_t rows, const REAL *from, ptrdiff_t row, reg_f64 *to)
{
    enum { LEAST = 256 };
    const size_t ahead = rows < LF_LINES_AHEAD / LEAST ? LF_LINES_AHEAD / rows : (size_t)LEAST;
    for (size_t r = 0; r < rows; r++) {
        const REAL *v = from + (ptrdiff_t)r * row;
        __builtin_prefetch((const void *)((uintptr_t)v + ahead), 0, 2);
        to[r * LF_LINES_SIDE] = r_widen(v);
    }
}

/* The same of problems `problem` elements apart: rows that are neighbours four at a time, the last
 * of which may be done twice. */
LF_INLINE void fleet_line_turn(size_t rows, const REAL *from, ptrdiff_t problem, ptrdiff_t row,
                               reg_f64 *to)
{
    size_t r = 0;
    if (row == 1 && problem == (ptrdiff_t)rows)
        fleet_line_fetch(from, sizeof *from * LF_FLEET_REG * rows, 0);
    while (row == 1 && rows - r >= 4) {
        reg_f64 v[4];
        r_turn(from + r, problem, v);
        LF_UNROLL
        for (size_t k = 0; k < 4; k++)
            to[(r + k) * LF_LINES_SIDE] = v[k];
        r = rows - r == 6 || rows - r == 7 ? rows - 4 : r + 4;
    }
    for (; r < rows; r++)
        to[r * LF_LINES_SIDE] = r_gather(from + (ptrdiff_t)r * row, problem);
}

LF_APART void fleet_line_rows(size_t rows, const REAL *from, ptrdiff_t problem, ptrdiff_t row,
                              reg_f64 *to)
{
    if (problem == 1)
        fleet_line_load(rows, from, row, to);
    else
        fleet_line_turn(rows, from, problem, row, to);
}

static uint32_t TYPED(fleet_lines)(size_t rows, size_t tiles, const struct fleet_series *x,
                                   const struct fleet_series *y, void *spare, double *pairs,
                                   struct lf_fleet_lines *lines)
{
    enum { R = LF_FLEET_REG, N = LF_LINES_SIDE };
    const size_t end = tiles * LF_FLEET_LANES;
    uint32_t unsound = 0;
    reg_f64 *tile = spare;
    for (size_t q = 0; q < end; q += N * R) {
        size_t at[N]; /* the last of which may be done twice */
        for (size_t i = 0; i < N; i++) {
            at[i] = q + i * R < end ? q + i * R : end - R;
            const ptrdiff_t k = (ptrdiff_t)at[i];
            fleet_line_rows(rows, x->data + k * x->problem, x->problem, x->row, tile + i);
            fleet_line_rows(rows, y->data + k * y->problem, y->problem, y->row,
                            tile + rows * N + i);
        }
        unsound |= fleet_line_fit(rows, tile, at, pairs, lines);
    }
    return unsound;
}
