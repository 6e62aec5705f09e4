/* SPDX-License-Identifier: MIT */
/* Fleets of regressions: a problem a lane of a vec_f64. What is summed over rows goes register by
 * register, in blocks of so many columns that their products stay in registers. */
#include "fleet.h"

enum {
    LF_FLEET_BLOCK = REGISTERS == 32 ? 4 : 3,
    LF_FLEET_TRIANGLE = REGISTERS == 32 ? 6 : 3, /* columns whose products all stay in registers */
    LF_FLEET_MOST = 6,                           /* of both */
    LF_FLEET_REG = sizeof(reg_f64) / sizeof(double)
};

/* Lanes where `condition` is above 0 take `value`, others 0. */
LF_INLINE vec_f64 fleet_select(vec_f64 condition, vec_f64 value)
{
    const vec_f64 zero = v_set1_f64(0);
    return v_if_greater_f64(condition, zero, value, zero);
}

static void fleet_mask(size_t rows, size_t columns, double *tile, double *weight)
{
    enum { V = LF_FLEET_LANES };
    const vec_f64 zero = v_set1_f64(0), below = v_set1_f64(-1);
    for (size_t r = 0; r < rows; r++) {
        double *x = tile + r * columns * V;
        vec_f64 w = fleet_select(v_load_f64(weight + r * V), v_load_f64(weight + r * V));
        for (size_t j = 0; j < columns; j++)
            w = v_if_greater_f64(v_abs_f64(v_load_f64(x + j * V)), below, w, zero);
        v_store_f64(weight + r * V, w);
        for (size_t j = 0; j < columns; j++)
            v_store_f64(x + j * V, fleet_select(w, v_load_f64(x + j * V)));
    }
}

static void fleet_sums(size_t rows, size_t columns, const double *tile, const double *weight,
                       const double *first, double *sum, double *used, double *mass)
{
    enum { V = LF_FLEET_LANES };
    for (size_t j = 0; j < columns; j++) {
        const vec_f64 f = v_load_f64(first + j * V);
        vec_f64 s = v_load_f64(sum + j * V);
        for (size_t r = 0; r < rows; r++) {
            const vec_f64 d = v_sub_f64(v_load_f64(tile + (r * columns + j) * V), f);
            s = weight ? v_fma_f64(v_load_f64(weight + r * V), d, s) : v_add_f64(s, d);
        }
        v_store_f64(sum + j * V, s);
    }
    if (!weight)
        return;
    vec_f64 n = v_load_f64(used), m = v_load_f64(mass);
    for (size_t r = 0; r < rows; r++) {
        const vec_f64 w = v_load_f64(weight + r * V);
        n = v_add_f64(n, fleet_select(w, v_set1_f64(1)));
        m = v_add_f64(m, w);
    }
    v_store_f64(used, n);
    v_store_f64(mass, m);
}

/* One column; `weight` and `weighted` may be NULL, constants that make a loop of each case. */
LF_INLINE void fleet_center_column(size_t rows, size_t columns, double *x, const double *weight,
                                   const double *mean, double *weighted)
{
    enum { V = LF_FLEET_LANES };
    const vec_f64 m = v_load_f64(mean);
    for (size_t r = 0; r < rows; r++, x += columns * V) {
        vec_f64 d = v_sub_f64(v_load_f64(x), m);
        if (weight)
            d = fleet_select(v_load_f64(weight + r * V), d);
        v_store_f64(x, d);
        if (weighted)
            v_store_f64(weighted + r * columns * V, v_mul_f64(v_load_f64(weight + r * V), d));
    }
}

static void fleet_center(size_t rows, size_t columns, double *tile, const double *weight,
                         const double *mean, double *weighted)
{
    enum { V = LF_FLEET_LANES };
    for (size_t j = 0; j < columns; j++, tile += V, mean += V) {
        if (weighted)
            fleet_center_column(rows, columns, tile, weight, mean, weighted + j * V);
        else if (weight)
            fleet_center_column(rows, columns, tile, weight, mean, NULL);
        else
            fleet_center_column(rows, columns, tile, NULL, mean, NULL);
    }
}

/* ---- Products of columns ------------------------------------------------------------------ */

/* sums[j][k] += a column of `left` times one of `right`, of one register of lanes: nj and nk are
 * constants; above the diagonal only, where `triangle`. */
LF_INLINE void fleet_block(size_t rows, size_t columns, size_t nj, size_t nk, int triangle,
                           const double *left, const double *right, double *const sums[])
{
    enum { V = LF_FLEET_LANES, B = LF_FLEET_MOST };
    reg_f64 sum[B * B], a[B], b[B];
    LF_UNROLL
    for (size_t j = 0; j < nj; j++) {
        LF_UNROLL
        for (size_t k = triangle ? j : 0; k < nk; k++)
            sum[j * B + k] = r_load_f64(sums[j] + k * V);
    }
    for (size_t r = 0; r < rows; r++, left += columns * V, right += columns * V) {
        LF_UNROLL
        for (size_t j = 0; j < nj; j++)
            a[j] = r_load_f64(left + j * V);
        LF_UNROLL
        for (size_t k = 0; k < nk; k++)
            b[k] = r_load_f64(right + k * V);
        LF_UNROLL
        for (size_t j = 0; j < nj; j++) {
            LF_UNROLL
            for (size_t k = triangle ? j : 0; k < nk; k++)
                sum[j * B + k] = r_fma_f64(a[j], b[k], sum[j * B + k]);
        }
    }
    LF_UNROLL
    for (size_t j = 0; j < nj; j++) {
        LF_UNROLL
        for (size_t k = triangle ? j : 0; k < nk; k++)
            r_store_f64(sums[j] + k * V, sum[j * B + k]);
    }
}

/* The constants that the block is called with. */
LF_APART void fleet_triangle(size_t rows, size_t columns, size_t n, const double *left,
                             const double *right, double *const sums[])
{
    if (n == 1)
        fleet_block(rows, columns, 1, 1, 1, left, right, sums);
    else if (n == 2)
        fleet_block(rows, columns, 2, 2, 1, left, right, sums);
    else if (n == 3)
        fleet_block(rows, columns, 3, 3, 1, left, right, sums);
    else if (n == 4)
        fleet_block(rows, columns, 4, 4, 1, left, right, sums);
    else if (n == 5)
        fleet_block(rows, columns, 5, 5, 1, left, right, sums);
    else
        fleet_block(rows, columns, 6, 6, 1, left, right, sums);
}

/* All columns of a block against n others. */
LF_APART void fleet_square(size_t rows, size_t columns, size_t n, const double *left,
                           const double *right, double *const sums[])
{
    if (n == 1)
        fleet_block(rows, columns, LF_FLEET_BLOCK, 1, 0, left, right, sums);
    else if (n == 2)
        fleet_block(rows, columns, LF_FLEET_BLOCK, 2, 0, left, right, sums);
    else if (n == 3)
        fleet_block(rows, columns, LF_FLEET_BLOCK, 3, 0, left, right, sums);
    else
        fleet_block(rows, columns, LF_FLEET_BLOCK, LF_FLEET_BLOCK, 0, left, right, sums);
}

static void fleet_gram(size_t rows, size_t columns, const double *left, const double *right,
                       double *gram)
{
    enum { V = LF_FLEET_LANES, B = LF_FLEET_BLOCK };
    const size_t block = columns <= LF_FLEET_TRIANGLE ? columns : B;
    for (size_t h = 0; h < V; h += LF_FLEET_REG)
        for (size_t j = 0; j < columns; j += block) {
            const size_t nj = columns - j < block ? columns - j : block;
            for (size_t k = j; k < columns; k += block) {
                const size_t nk = columns - k < block ? columns - k : block;
                double *sums[LF_FLEET_MOST];
                for (size_t i = 0; i < nj; i++)
                    sums[i] = gram + lf_fleet_packed(columns, j + i, k) + h;
                (k == j ? fleet_triangle : fleet_square)(rows, columns, nk, left + j * V + h,
                                                         right + k * V + h, sums);
            }
        }
}

/* One register of lanes of d = y - X b. */
LF_INLINE void fleet_differences(size_t rows, size_t columns, double *left, double *right,
                                 const double *weight, const double *b)
{
    enum { V = LF_FLEET_LANES };
    for (size_t r = 0; r < rows; r++) {
        const double *x = right + r * columns * V;
        const size_t target = (r * columns + columns - 1) * V;
        reg_f64 d = r_load_f64(right + target);
        for (size_t j = 0; j + 1 < columns; j++)
            d = r_fma_f64(r_sub_f64(r_set1_f64(-0.0), r_load_f64(b + j * V)), r_load_f64(x + j * V),
                          d);
        r_store_f64(right + target, d);
        if (weight)
            r_store_f64(left + target, r_mul_f64(r_load_f64(weight + r * V), d));
    }
}

/* Their products with n - 1 columns, a constant, and with themselves, at once: neither weights nor
 * differences are kept. */
LF_INLINE void fleet_few_residuals(size_t rows, size_t n, const double *right, const double *b,
                                   double *dots)
{
    enum { V = LF_FLEET_LANES };
    reg_f64 minus[LF_FLEET_MOST], x[LF_FLEET_MOST], sum[LF_FLEET_MOST];
    LF_UNROLL
    for (size_t j = 0; j + 1 < n; j++)
        minus[j] = r_sub_f64(r_set1_f64(-0.0), r_load_f64(b + j * V));
    LF_UNROLL
    for (size_t j = 0; j < n; j++)
        sum[j] = r_load_f64(dots + j * V);
    for (size_t r = 0; r < rows; r++, right += n * V) {
        reg_f64 d = r_load_f64(right + (n - 1) * V);
        LF_UNROLL
        for (size_t j = 0; j + 1 < n; j++) {
            x[j] = r_load_f64(right + j * V);
            d = r_fma_f64(minus[j], x[j], d);
        }
        LF_UNROLL
        for (size_t j = 0; j + 1 < n; j++)
            sum[j] = r_fma_f64(x[j], d, sum[j]);
        sum[n - 1] = r_fma_f64(d, d, sum[n - 1]);
    }
    LF_UNROLL
    for (size_t j = 0; j < n; j++)
        r_store_f64(dots + j * V, sum[j]);
}

/* The constants that it is called with. */
LF_APART void fleet_residuals_of_few(size_t rows, size_t n, const double *right, const double *b,
                                     double *dots)
{
    if (n == 2)
        fleet_few_residuals(rows, 2, right, b, dots);
    else if (n == 3)
        fleet_few_residuals(rows, 3, right, b, dots);
    else if (n == 4)
        fleet_few_residuals(rows, 4, right, b, dots);
    else if (n == 5)
        fleet_few_residuals(rows, 5, right, b, dots);
    else
        fleet_few_residuals(rows, 6, right, b, dots);
}

static void fleet_residuals(size_t rows, size_t columns, double *left, double *right,
                            const double *weight, const double *b, double *dots)
{
    enum { V = LF_FLEET_LANES, B = LF_FLEET_BLOCK };
    for (size_t h = 0; h < V; h += LF_FLEET_REG) {
        const double *target = right + (columns - 1) * V + h;
        size_t j = 0;
        if (!weight && columns >= 2 && columns <= LF_FLEET_MOST) {
            fleet_residuals_of_few(rows, columns, right + h, b + h, dots + h);
            continue;
        }
        fleet_differences(rows, columns, left + h, right + h, weight ? weight + h : NULL, b + h);
        for (; j + B <= columns; j += B) {
            double *sums[B];
            for (size_t i = 0; i < B; i++)
                sums[i] = dots + (j + i) * V + h;
            fleet_block(rows, columns, B, 1, 0, left + j * V + h, target, sums);
        }
        for (; j < columns; j++) {
            double *sum = dots + j * V + h;
            fleet_block(rows, columns, 1, 1, 0, left + j * V + h, target, &sum);
        }
    }
}

/* ---- The systems of eight lanes ----------------------------------------------------------- */

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
