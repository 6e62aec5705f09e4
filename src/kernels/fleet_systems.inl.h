/* SPDX-License-Identifier: MIT */
/* Fleets of regressions: the normal equations of eight problems, and whole lines. */

LF_INLINE vec_f64 fleet_element(const double *packed, size_t columns, size_t j, size_t k)
{
    return v_load_f64(packed + lf_fleet_packed(columns, j, k));
}

/* c - a b. */
LF_INLINE vec_f64 fleet_less(vec_f64 a, vec_f64 b, vec_f64 c)
{
    return v_fma_f64(v_sub_f64(v_set1_f64(-0.0), a), b, c);
}

LF_INLINE void fleet_eliminate(size_t columns, size_t k, vec_f64 inverse, double *gram)
{
    const size_t n = columns - 1;
    const double *pivot_row = gram + lf_fleet_packed(columns, k, 0);
    for (size_t i = k + 1; i < n; i++) {
        const vec_f64 share = v_mul_f64(fleet_element(gram, columns, k, i), inverse);
        double *row = gram + lf_fleet_packed(columns, i, 0);
        for (size_t m = i; m < columns; m++) {
            const vec_f64 above = v_load_f64(pivot_row + m * LF_FLEET_LANES);
            v_store_f64(row + m * LF_FLEET_LANES,
                        fleet_less(share, above, v_load_f64(row + m * LF_FLEET_LANES)));
        }
    }
    for (size_t i = k + 1; i < columns; i++)
        v_store_f64(gram + lf_fleet_packed(columns, k, i),
                    v_mul_f64(fleet_element(gram, columns, k, i), inverse));
}

/* b = L'^-1 b. */
LF_INLINE void fleet_back(size_t columns, const double *factor, double *b)
{
    const size_t n = columns - 1;
    for (size_t k = n; k-- > 0;) {
        vec_f64 sum = v_load_f64(b + k * LF_FLEET_LANES);
        for (size_t i = k + 1; i < n; i++)
            sum = fleet_less(fleet_element(factor, columns, k, i),
                             v_load_f64(b + i * LF_FLEET_LANES), sum);
        v_store_f64(b + k * LF_FLEET_LANES, sum);
    }
}

static void fleet_factor(size_t columns, double *gram, double *b, double *least)
{
    const size_t n = columns - 1;
    double diagonal[LF_FLEET_FEATURES * LF_FLEET_LANES];
    vec_f64 smallest = v_set1_f64(1);
    for (size_t k = 0; k < n; k++)
        v_store_f64(diagonal + k * LF_FLEET_LANES, fleet_element(gram, columns, k, k));
    for (size_t k = 0; k < n; k++) {
        const vec_f64 pivot = fleet_element(gram, columns, k, k);
        const vec_f64 inverse = v_div_f64(v_set1_f64(1), pivot);
        const vec_f64 ratio = v_div_f64(pivot, v_load_f64(diagonal + k * LF_FLEET_LANES));
        smallest = v_if_greater_f64(ratio, smallest, smallest, ratio);
        fleet_eliminate(columns, k, inverse, gram);
        v_store_f64(gram + lf_fleet_packed(columns, k, k), inverse);
        v_store_f64(b + k * LF_FLEET_LANES, fleet_element(gram, columns, k, n));
    }
    fleet_back(columns, gram, b);
    v_store_f64(least, smallest);
}

static void fleet_solve(size_t columns, const double *factor, double *step)
{
    const size_t n = columns - 1;
    for (size_t k = 0; k < n; k++) {
        const vec_f64 x = v_load_f64(step + k * LF_FLEET_LANES);
        for (size_t i = k + 1; i < n; i++)
            v_store_f64(step + i * LF_FLEET_LANES,
                        fleet_less(fleet_element(factor, columns, k, i), x,
                                   v_load_f64(step + i * LF_FLEET_LANES)));
        v_store_f64(step + k * LF_FLEET_LANES, v_mul_f64(x, fleet_element(factor, columns, k, k)));
    }
    fleet_back(columns, factor, step);
}

static void fleet_form(size_t columns, const double *factor, double *v, double *form)
{
    const size_t n = columns - 1;
    vec_f64 sum = v_set1_f64(0);
    for (size_t k = 0; k < n; k++) {
        const vec_f64 x = v_load_f64(v + k * LF_FLEET_LANES);
        sum = v_fma_f64(v_mul_f64(x, fleet_element(factor, columns, k, k)), x, sum);
        for (size_t i = k + 1; i < n; i++)
            v_store_f64(v + i * LF_FLEET_LANES, fleet_less(fleet_element(factor, columns, k, i), x,
                                                           v_load_f64(v + i * LF_FLEET_LANES)));
    }
    v_store_f64(form, sum);
}

/* ---- Lines -------------------------------------------------------------------------------- */

/* Not 0 in the lanes that can't be trusted. */
LF_INLINE vec_f64 fleet_unsound(size_t rows, vec_f64 sum, vec_f64 xx, vec_f64 yy, vec_f64 mean_y)
{
    const vec_f64 zero = v_set1_f64(0), one = v_set1_f64(1);
    const vec_f64 least = v_set1_f64(LF_FLEET_LEAST_SQUARE);
    const vec_f64 share = v_set1_f64(LF_FLEET_LEAST_TOTAL * (double)rows);
    const vec_f64 noise = v_mul_f64(v_mul_f64(share, mean_y), mean_y);
    vec_f64 bad = v_if_finite_f64(sum, zero, one);
    bad = v_add_f64(bad, v_if_greater_f64(xx, least, zero, one));
    const vec_f64 enough = v_if_greater_f64(noise, least, noise, least);
    return v_add_f64(bad, v_if_greater_f64(yy, enough, zero, one));
}

/* Row r of tile i, about m: x, then y. */
LF_INLINE vec_f64 fleet_about(const double *tile, size_t rows, size_t i, size_t r, size_t j,
                              vec_f64 m)
{
    return v_sub_f64(v_load_f64(tile + ((i * rows + r) * 2 + j) * LF_FLEET_LANES), m);
}

/* n tiles, a constant, side by side: each alone waits for its own sums. */
LF_INLINE void fleet_lines_of(size_t n, size_t rows, const double *tile,
                              struct lf_fleet_lines *line)
{
    const vec_f64 share = v_set1_f64(1 / (double)rows), zero = v_set1_f64(0);
    vec_f64 x[4], y[4], mx[4], my[4], xx[4], xy[4], yy[4], b[4], inverse[4];
#define EACH LF_UNROLL for (size_t i = 0; i < n; i++)
    EACH
    {
        mx[i] = fleet_about(tile, rows, i, 0, 0, zero);
        my[i] = fleet_about(tile, rows, i, 0, 1, zero);
        x[i] = y[i] = xx[i] = xy[i] = yy[i] = zero;
    }
    for (size_t r = 0; r < rows; r++)
        EACH
        {
            x[i] = v_add_f64(x[i], fleet_about(tile, rows, i, r, 0, mx[i]));
            y[i] = v_add_f64(y[i], fleet_about(tile, rows, i, r, 1, my[i]));
        }
    EACH
    {
        mx[i] = v_add_f64(mx[i], v_mul_f64(x[i], share));
        my[i] = v_add_f64(my[i], v_mul_f64(y[i], share));
    }
    for (size_t r = 0; r < rows; r++)
        EACH
        {
            x[i] = fleet_about(tile, rows, i, r, 0, mx[i]);
            y[i] = fleet_about(tile, rows, i, r, 1, my[i]);
            xx[i] = v_fma_f64(x[i], x[i], xx[i]);
            xy[i] = v_fma_f64(x[i], y[i], xy[i]);
            yy[i] = v_fma_f64(y[i], y[i], yy[i]);
        }
    vec_f64 xd[4], dd[4];
    EACH
    {
        inverse[i] = v_div_f64(v_set1_f64(1), xx[i]);
        b[i] = v_mul_f64(xy[i], inverse[i]);
        xd[i] = dd[i] = zero;
    }
    for (size_t r = 0; r < rows; r++)
        EACH
        {
            x[i] = fleet_about(tile, rows, i, r, 0, mx[i]);
            y[i] = fleet_less(b[i], x[i], fleet_about(tile, rows, i, r, 1, my[i]));
            xd[i] = v_fma_f64(x[i], y[i], xd[i]);
            dd[i] = v_fma_f64(y[i], y[i], dd[i]);
        }
    EACH
    {
        vec_f64 sum = v_add_f64(v_add_f64(xx[i], xy[i]), v_add_f64(yy[i], dd[i]));
        b[i] = v_add_f64(b[i], v_mul_f64(xd[i], inverse[i]));
        sum = v_add_f64(sum, v_add_f64(b[i], v_add_f64(mx[i], my[i])));
        v_store_f64(line[i].factor, inverse[i]);
        v_store_f64(line[i].b, b[i]);
        v_store_f64(line[i].mean_x, mx[i]);
        v_store_f64(line[i].mean_y, my[i]);
        v_store_f64(line[i].rss, dd[i]);
        v_store_f64(line[i].total, yy[i]);
        line[i].sound = v_sum_f64(fleet_unsound(rows, sum, xx[i], yy[i], my[i])) == 0;
    }
#undef EACH
}

static void fleet_lines(size_t rows, size_t tiles, const double *tile, struct lf_fleet_lines *lines)
{
    enum { N = LF_VEC_REGS == 1 ? 4 : 1 };
    const size_t size = rows * 2 * LF_FLEET_LANES;
    size_t i = 0;
    for (; tiles - i >= N; i += N)
        fleet_lines_of(N, rows, tile + i * size, lines + i);
    for (; i < tiles; i++)
        fleet_lines_of(1, rows, tile + i * size, lines + i);
}
