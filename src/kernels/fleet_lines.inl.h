/* SPDX-License-Identifier: MIT */
/* Fleets: lines through problems that follow each other, a lane each. */

#define fleet_turn TYPED(fleet_turn)
#define fleet_series TYPED(lf_fleet_series)
#define r_turn TYPED(r_turn)
#define r_gather TYPED(r_gather)

#ifndef LF_FLEET_LINES
#define LF_FLEET_LINES

enum {
    LF_LINES_SIDE = REGISTERS == 32 ? 2 : 1, /* registers of problems, each of which alone waits */
    LF_LINES_FEW = 8                         /* rows that stay in registers */
};

#define EACH LF_UNROLL for (size_t i = 0; i < LF_LINES_SIDE; i++)

/* What is known of the lines of so many registers. */
struct fleet_line {
    reg_f64 mean_x[LF_LINES_SIDE], mean_y[LF_LINES_SIDE];
    reg_f64 xx[LF_LINES_SIDE], xy[LF_LINES_SIDE], yy[LF_LINES_SIDE]; /* sums of products */
    reg_f64 xd[LF_LINES_SIDE], dd[LF_LINES_SIDE]; /* of residuals; before, sums of x and y */
    reg_f64 factor[LF_LINES_SIDE], b[LF_LINES_SIDE];
};

/* Three passes, row by row. Of the first, the first row is 0 about itself. */
LF_INLINE void fleet_line_sum(const reg_f64 *x, const reg_f64 *y, struct fleet_line *s)
{
    EACH
    {
        s->xd[i] = r_add_f64(s->xd[i], r_sub_f64(x[i], s->mean_x[i]));
        s->dd[i] = r_add_f64(s->dd[i], r_sub_f64(y[i], s->mean_y[i]));
    }
}

LF_INLINE void fleet_line_center(reg_f64 *x, reg_f64 *y, struct fleet_line *s)
{
    EACH
    {
        x[i] = r_sub_f64(x[i], s->mean_x[i]);
        y[i] = r_sub_f64(y[i], s->mean_y[i]);
        s->xx[i] = r_fma_f64(x[i], x[i], s->xx[i]);
        s->xy[i] = r_fma_f64(x[i], y[i], s->xy[i]);
        s->yy[i] = r_fma_f64(y[i], y[i], s->yy[i]);
    }
}

LF_INLINE void fleet_line_residual(const reg_f64 *x, const reg_f64 *y, const reg_f64 *minus_b,
                                   struct fleet_line *s)
{
    EACH
    {
        const reg_f64 d = r_fma_f64(minus_b[i], x[i], y[i]);
        s->xd[i] = r_fma_f64(x[i], d, s->xd[i]);
        s->dd[i] = r_fma_f64(d, d, s->dd[i]);
    }
}

/* `few`, a constant: rows is one too, and x and y, [rows,LF_LINES_SIDE], are to be registers. */
LF_INLINE void fleet_line_passes(int few, size_t rows, reg_f64 *x, reg_f64 *y, struct fleet_line *s)
{
    enum { N = LF_LINES_SIDE };
#define ROWS(first, statement)                                                                     \
    if (few) {                                                                                     \
        LF_UNROLL                                                                                  \
        for (size_t r = first; r < rows; r++)                                                      \
            statement;                                                                             \
    } else {                                                                                       \
        for (size_t r = first; r < rows; r++)                                                      \
            statement;                                                                             \
    }
    const reg_f64 share = r_set1_f64(1 / (double)rows), zero = r_set1_f64(0);
    reg_f64 minus_b[N];
    EACH
    {
        s->mean_x[i] = x[i];
        s->mean_y[i] = y[i];
        s->xd[i] = s->dd[i] = s->xx[i] = s->xy[i] = s->yy[i] = zero;
    }
    ROWS(1, fleet_line_sum(x + r * N, y + r * N, s))
    EACH
    {
        s->mean_x[i] = r_add_f64(s->mean_x[i], r_mul_f64(s->xd[i], share));
        s->mean_y[i] = r_add_f64(s->mean_y[i], r_mul_f64(s->dd[i], share));
    }
    ROWS(0, fleet_line_center(x + r * N, y + r * N, s))
    EACH
    {
        s->factor[i] = r_div_f64(r_set1_f64(1), s->xx[i]);
        s->b[i] = r_mul_f64(s->xy[i], s->factor[i]);
        minus_b[i] = r_sub_f64(r_set1_f64(-0.0), s->b[i]);
        s->xd[i] = s->dd[i] = zero;
    }
    ROWS(0, fleet_line_residual(x + r * N, y + r * N, minus_b, s))
    EACH
    s->b[i] = r_add_f64(s->b[i], r_mul_f64(s->xd[i], s->factor[i]));
#undef ROWS
}

LF_INLINE void fleet_line_few(size_t rows, const reg_f64 *tile, struct fleet_line *s)
{
    enum { N = LF_LINES_SIDE };
    reg_f64 x[LF_LINES_FEW * N], y[LF_LINES_FEW * N];
    LF_UNROLL
    for (size_t k = 0; k < rows * N; k++) {
        x[k] = tile[k];
        y[k] = tile[rows * N + k];
    }
    fleet_line_passes(1, rows, x, y, s);
}

/* Whether a lane of register i can't be trusted. That means, products and b are finite, or these
 * are not. */
LF_INLINE int fleet_line_unsound(size_t rows, const struct fleet_line *s, size_t i)
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

/* Register i, problems at, at + 1, ... */
LF_INLINE void fleet_line_tell(const struct fleet_line *s, size_t i, size_t at, double *pairs,
                               struct lf_fleet_lines *lines)
{
    const reg_f64 minus_x = r_sub_f64(r_set1_f64(-0.0), s->mean_x[i]);
    const reg_f64 intercept = r_fma_f64(minus_x, s->b[i], s->mean_y[i]);
    if (pairs) {
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
    struct fleet_line s;
    uint32_t unsound = 0;
    if (rows == 3)
        fleet_line_few(3, tile, &s);
    else if (rows == 4)
        fleet_line_few(4, tile, &s);
    else if (rows == 5)
        fleet_line_few(5, tile, &s);
    else if (rows == 6)
        fleet_line_few(6, tile, &s);
    else
        fleet_line_passes(0, rows, tile, tile + rows * LF_LINES_SIDE, &s);
    EACH
    {
        fleet_line_tell(&s, i, at[i], pairs, lines);
        unsound |= (uint32_t)fleet_line_unsound(rows, &s, i) << at[i] / LF_FLEET_LANES;
    }
    return unsound;
}
#endif

/* The rows of a register of problems, `step` registers apart. */
LF_APART void fleet_turn(size_t rows, const REAL *from, ptrdiff_t problem, ptrdiff_t row,
                         reg_f64 *to)
{
    enum { N = LF_LINES_SIDE };
    size_t r = 0;
    if (problem == 1) {
        for (; r < rows; r++)
            to[r * N] = r_widen(from + (ptrdiff_t)r * row);
        return;
    }
    for (; row == 1 && rows - r >= 4; r += 4) {
        reg_f64 v[4];
        r_turn(from + r, problem, v);
        LF_UNROLL
        for (size_t k = 0; k < 4; k++)
            to[(r + k) * N] = v[k];
        if (rows - r == 6 || rows - r == 7)
            r = rows - 8;
    }
    for (; r < rows; r++)
        to[r * N] = r_gather(from + (ptrdiff_t)r * row, problem);
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
            fleet_turn(rows, x->data + k * x->problem, x->problem, x->row, tile + i);
            fleet_turn(rows, y->data + k * y->problem, y->problem, y->row, tile + rows * N + i);
        }
        unsound |= fleet_line_fit(rows, tile, at, pairs, lines);
    }
    return unsound;
}
