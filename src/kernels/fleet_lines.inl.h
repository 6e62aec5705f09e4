/* SPDX-License-Identifier: MIT */
/* Fleets: lines through problems that follow each other, a lane each. */

#define fleet_side TYPED(fleet_side)
#define fleet_lines_of TYPED(fleet_lines_of)
#define fleet_series TYPED(lf_fleet_series)
#define r_turn TYPED(r_turn)
#define r_gather TYPED(r_gather)

#ifndef LF_FLEET_LINES
#define LF_FLEET_LINES

/* Registers of problems side by side: each alone waits for its own sums. */
enum { LF_FLEET_SIDE = REGISTERS == 32 ? 4 : 2 };

/* NaN in the lanes that can't be trusted. */
LF_INLINE reg_f64 fleet_trusted(size_t rows, reg_f64 sum, reg_f64 xx, reg_f64 yy, reg_f64 mean_y)
{
    const reg_f64 least = r_set1_f64(LF_FLEET_LEAST_SQUARE), nan = r_set1_f64(__builtin_nan(""));
    const reg_f64 share = r_set1_f64(LF_FLEET_LEAST_TOTAL * (double)rows);
    const reg_f64 noise = r_mul_f64(r_mul_f64(share, mean_y), mean_y);
    const reg_f64 enough = r_if_greater_f64(noise, least, noise, least);
    const reg_f64 finite = r_sub_f64(sum, sum);
    return r_if_greater_f64(yy, enough, r_if_greater_f64(xx, least, finite, nan), nan);
}

/* n registers of problems, a constant, whose rows are columns [rows,2,n] of the tile. */
LF_INLINE void fleet_fit_lines(size_t n, size_t rows, double *tile, double *pairs,
                              struct lf_fleet_lines *line, size_t lane, unsigned char *sound)
{
    enum { N = LF_FLEET_SIDE, R = LF_FLEET_REG };
    const reg_f64 share = r_set1_f64(1 / (double)rows), zero = r_set1_f64(0);
    reg_f64 x[N], y[N], mx[N], my[N], xx[N], xy[N], yy[N], b[N], inverse[N];
#define EACH LF_UNROLL for (size_t i = 0; i < n; i++)
#define AT(r, j, i) (tile + (((r)*2 + (j)) * n + (i)) * R)
    EACH
    {
        mx[i] = r_load_f64(AT(0, 0, i));
        my[i] = r_load_f64(AT(0, 1, i));
        x[i] = y[i] = xx[i] = xy[i] = yy[i] = zero;
    }
    for (size_t r = 1; r < rows; r++)
        EACH
        {
            x[i] = r_add_f64(x[i], r_sub_f64(r_load_f64(AT(r, 0, i)), mx[i]));
            y[i] = r_add_f64(y[i], r_sub_f64(r_load_f64(AT(r, 1, i)), my[i]));
        }
    EACH
    {
        mx[i] = r_add_f64(mx[i], r_mul_f64(x[i], share));
        my[i] = r_add_f64(my[i], r_mul_f64(y[i], share));
    }
    for (size_t r = 0; r < rows; r++)
        EACH
        {
            x[i] = r_sub_f64(r_load_f64(AT(r, 0, i)), mx[i]);
            y[i] = r_sub_f64(r_load_f64(AT(r, 1, i)), my[i]);
            r_store_f64(AT(r, 0, i), x[i]);
            r_store_f64(AT(r, 1, i), y[i]);
            xx[i] = r_fma_f64(x[i], x[i], xx[i]);
            xy[i] = r_fma_f64(x[i], y[i], xy[i]);
            yy[i] = r_fma_f64(y[i], y[i], yy[i]);
        }
    reg_f64 xd[N], dd[N];
    EACH
    {
        inverse[i] = r_div_f64(r_set1_f64(1), xx[i]);
        b[i] = r_mul_f64(xy[i], inverse[i]);
        xy[i] = r_sub_f64(r_set1_f64(-0.0), b[i]);
        xd[i] = dd[i] = zero;
    }
    for (size_t r = 0; r < rows; r++)
        EACH
        {
            x[i] = r_load_f64(AT(r, 0, i));
            y[i] = r_fma_f64(xy[i], x[i], r_load_f64(AT(r, 1, i)));
            xd[i] = r_fma_f64(x[i], y[i], xd[i]);
            dd[i] = r_fma_f64(y[i], y[i], dd[i]);
        }
    EACH
    {
        b[i] = r_add_f64(b[i], r_mul_f64(xd[i], inverse[i]));
        const reg_f64 sum = r_add_f64(r_add_f64(xx[i], yy[i]), r_add_f64(dd[i], b[i]));
        const reg_f64 intercept = r_fma_f64(r_sub_f64(r_set1_f64(-0.0), mx[i]), b[i], my[i]);
        sound[i * R / 8] &= !r_any_nan_f64(fleet_trusted(rows, sum, xx[i], yy[i], my[i]));
        const size_t k = i * R / 8, l = lane + i * R % 8;
        if (pairs) {
            r_store_pairs_f64(pairs + 2 * i * R, intercept, b[i]);
        } else {
            r_store_f64(line[k].factor + l, inverse[i]);
            r_store_f64(line[k].b + l, b[i]);
            r_store_f64(line[k].intercept + l, intercept);
            r_store_f64(line[k].mean_x + l, mx[i]);
            r_store_f64(line[k].mean_y + l, my[i]);
            r_store_f64(line[k].rss + l, dd[i]);
            r_store_f64(line[k].total + l, yy[i]);
        }
    }
#undef EACH
#undef AT
}
#endif

/* The rows of a register of problems, `step` elements apart in the tile. */
LF_INLINE void fleet_side(size_t rows, const REAL *from, ptrdiff_t problem, ptrdiff_t row,
                          size_t step, double *to)
{
    size_t r = 0;
    if (problem == 1) {
        for (; r < rows; r++)
            r_store_f64(to + r * step, r_widen(from + (ptrdiff_t)r * row));
        return;
    }
    for (; row == 1 && rows - r >= 4; r += 4) {
        reg_f64 v[4];
        r_turn(from + r, problem, v);
        LF_UNROLL
        for (size_t k = 0; k < 4; k++)
            r_store_f64(to + (r + k) * step, v[k]);
        if (rows - r == 6 || rows - r == 7)
            r = rows - 8;
    }
    for (; r < rows; r++)
        r_store_f64(to + r * step, r_gather(from + (ptrdiff_t)r * row, problem));
}

LF_INLINE void fleet_lines_of(size_t n, size_t rows, size_t q, const struct fleet_series *x,
                              const struct fleet_series *y, double *tile)
{
    enum { R = LF_FLEET_REG };
    LF_UNROLL
    for (size_t i = 0; i < n; i++) {
        const ptrdiff_t at = (ptrdiff_t)(q + i * R);
        fleet_side(rows, x->data + at * x->problem, x->problem, x->row, 2 * n * R, tile + i * R);
        fleet_side(rows, y->data + at * y->problem, y->problem, y->row, 2 * n * R,
                   tile + (n + i) * R);
    }
}

static void TYPED(fleet_lines)(size_t rows, size_t tiles, const struct fleet_series *x,
                               const struct fleet_series *y, double *spare, double *pairs,
                               struct lf_fleet_lines *lines, unsigned char *sound)
{
    enum { R = LF_FLEET_REG, N = LF_FLEET_SIDE, L = LF_FLEET_LANES };
    size_t q = 0;
    memset(sound, 1, tiles);
    for (; rows <= 32 && tiles * L - q >= N * R; q += N * R) {
        fleet_lines_of(N, rows, q, x, y, spare);
        fleet_fit_lines(N, rows, spare, pairs ? pairs + 2 * q : NULL, lines + q / L, q % L,
                       sound + q / L);
    }
    for (; q < tiles * L; q += R) {
        fleet_lines_of(1, rows, q, x, y, spare);
        fleet_fit_lines(1, rows, spare, pairs ? pairs + 2 * q : NULL, lines + q / L, q % L,
                       sound + q / L);
    }
}
