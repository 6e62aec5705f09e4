/* SPDX-License-Identifier: MIT */
/* Fleets of regressions: a problem a lane of a vec_f64, and its rows. What is summed over rows goes
 * register by register, in blocks of so many columns that their products stay in registers. */
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

/* One register of lanes of n columns, a constant, side by side: each sum waits for itself. */
LF_INLINE void fleet_sum_columns(size_t rows, size_t columns, size_t n, const double *tile,
                                 const double *weight, const double *first, double *sum)
{
    enum { V = LF_FLEET_LANES };
    reg_f64 f[LF_FLEET_MOST], s[LF_FLEET_MOST];
    LF_UNROLL
    for (size_t j = 0; j < n; j++) {
        f[j] = r_load_f64(first + j * V);
        s[j] = r_load_f64(sum + j * V);
    }
    for (size_t r = 0; r < rows; r++, tile += columns * V) {
        LF_UNROLL
        for (size_t j = 0; j < n; j++) {
            const reg_f64 d = r_sub_f64(r_load_f64(tile + j * V), f[j]);
            s[j] = weight ? r_fma_f64(r_load_f64(weight + r * V), d, s[j]) : r_add_f64(s[j], d);
        }
    }
    LF_UNROLL
    for (size_t j = 0; j < n; j++)
        r_store_f64(sum + j * V, s[j]);
}

/* The constants that it is called with. */
LF_APART void fleet_sum_few(size_t rows, size_t columns, size_t n, const double *tile,
                            const double *weight, const double *first, double *sum)
{
    if (weight && n == 1)
        fleet_sum_columns(rows, columns, 1, tile, weight, first, sum);
    else if (weight)
        fleet_sum_columns(rows, columns, 2, tile, weight, first, sum);
    else if (n == 1)
        fleet_sum_columns(rows, columns, 1, tile, NULL, first, sum);
    else if (n == 2)
        fleet_sum_columns(rows, columns, 2, tile, NULL, first, sum);
    else if (n == 3)
        fleet_sum_columns(rows, columns, 3, tile, NULL, first, sum);
    else if (n == 4)
        fleet_sum_columns(rows, columns, 4, tile, NULL, first, sum);
    else if (n == 5)
        fleet_sum_columns(rows, columns, 5, tile, NULL, first, sum);
    else
        fleet_sum_columns(rows, columns, 6, tile, NULL, first, sum);
}

static void fleet_sums(size_t rows, size_t columns, const double *tile, const double *weight,
                       const double *first, double *sum, double *used, double *mass)
{
    enum { V = LF_FLEET_LANES };
    for (size_t j = 0; j < columns;) {
        const size_t most = weight ? 2 : LF_FLEET_MOST;
        const size_t n = columns - j < most ? columns - j : most;
        for (size_t h = 0; h < V; h += LF_FLEET_REG)
            fleet_sum_few(rows, columns, n, tile + j * V + h, weight ? weight + h : NULL,
                          first + j * V + h, sum + j * V + h);
        j += n;
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
 * constants; above the diagonal only, where `triangle`, whose columns are less `mean` then and in
 * place, unless that is NULL, a constant too. */
LF_INLINE void fleet_block(size_t rows, size_t columns, size_t nj, size_t nk, int triangle,
                           double *left, const double *right, const double *mean,
                           double *const sums[])
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
        for (size_t j = 0; j < nj; j++) {
            a[j] = r_load_f64(left + j * V);
            if (mean) {
                a[j] = r_sub_f64(a[j], r_load_f64(mean + j * V));
                r_store_f64(left + j * V, a[j]);
            }
        }
        LF_UNROLL
        for (size_t k = 0; k < nk; k++)
            b[k] = mean ? a[k] : r_load_f64(right + k * V);
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
LF_APART void fleet_triangle(size_t rows, size_t columns, size_t n, double *left,
                             const double *right, const double *mean, double *const sums[])
{
#define TRIANGLE(size)                                                                             \
    if (n == (size)) {                                                                             \
        if (mean)                                                                                  \
            fleet_block(rows, columns, size, size, 1, left, left, mean, sums);                     \
        else                                                                                       \
            fleet_block(rows, columns, size, size, 1, left, right, NULL, sums);                    \
    }
    TRIANGLE(1)
    TRIANGLE(2)
    TRIANGLE(3)
    if (LF_FLEET_TRIANGLE > 3) {
        TRIANGLE(4)
        TRIANGLE(5)
        TRIANGLE(6)
    }
#undef TRIANGLE
}

/* All columns of a block against n others. */
LF_APART void fleet_square(size_t rows, size_t columns, size_t n, double *left, const double *right,
                           double *const sums[])
{
    if (n == 1)
        fleet_block(rows, columns, LF_FLEET_BLOCK, 1, 0, left, right, NULL, sums);
    else if (n == 2)
        fleet_block(rows, columns, LF_FLEET_BLOCK, 2, 0, left, right, NULL, sums);
    else if (n == 3)
        fleet_block(rows, columns, LF_FLEET_BLOCK, 3, 0, left, right, NULL, sums);
    else
        fleet_block(rows, columns, LF_FLEET_BLOCK, LF_FLEET_BLOCK, 0, left, right, NULL, sums);
}

/* Centred on the way where one pass does. */
static void fleet_gram(size_t rows, size_t columns, double *left, const double *right,
                       const double *mean, double *gram)
{
    enum { V = LF_FLEET_LANES, B = LF_FLEET_BLOCK };
    const size_t block = columns <= LF_FLEET_TRIANGLE ? columns : B;
    if (mean && block < columns) {
        fleet_center(rows, columns, left, NULL, mean, NULL);
        mean = NULL;
    }
    for (size_t h = 0; h < V; h += LF_FLEET_REG)
        for (size_t j = 0; j < columns; j += block) {
            const size_t nj = columns - j < block ? columns - j : block;
            for (size_t k = j; k < columns; k += block) {
                const size_t nk = columns - k < block ? columns - k : block;
                double *sums[LF_FLEET_MOST];
                for (size_t i = 0; i < nj; i++)
                    sums[i] = gram + lf_fleet_packed(columns, j + i, k) + h;
                if (k == j)
                    fleet_triangle(rows, columns, nk, left + j * V + h, right + k * V + h,
                                   mean ? mean + h : NULL, sums);
                else
                    fleet_square(rows, columns, nk, left + j * V + h, right + k * V + h, sums);
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
            fleet_block(rows, columns, B, 1, 0, left + j * V + h, target, NULL, sums);
        }
        for (; j < columns; j++) {
            double *sum = dots + j * V + h;
            fleet_block(rows, columns, 1, 1, 0, left + j * V + h, target, NULL, &sum);
        }
    }
}
