/* SPDX-License-Identifier: MIT */
/* scalar.c: sums over vectors and columns, and Gram matrices. */

#define weighted_products TYPED(weighted_products)

enum { TYPED(SUM_LANES) = 4 * LANES(REAL) };

static void TYPED(sum_part)(size_t n, const REAL *x, REAL *part)
{
    REAL sums[TYPED(SUM_LANES)];
    sums_clear(TYPED(SUM_LANES), 1, sums);
    for (size_t i = 0; i < n; i++)
        sums[i % TYPED(SUM_LANES)] += x[i];
    sums_halve(TYPED(SUM_LANES), 1, sums, part);
}

static void TYPED(dot_part)(size_t n, const REAL *x, const REAL *y, REAL *part)
{
    REAL sums[TYPED(SUM_LANES)];
    sums_clear(TYPED(SUM_LANES), 1, sums);
    for (size_t i = 0; i < n; i++)
        sums[i % TYPED(SUM_LANES)] = FMA(x[i], y[i], sums[i % TYPED(SUM_LANES)]);
    sums_halve(TYPED(SUM_LANES), 1, sums, part);
}

static void TYPED(column_moments_part)(size_t rows, size_t in, const REAL *x, size_t row_stride,
                                       size_t col_stride, const REAL *center, REAL *part)
{
    for (size_t i = 0; i < in; i++) {
        REAL sums[LANES(REAL)], squares[LANES(REAL)];
        sums_clear(LANES(REAL), 1, sums);
        sums_clear(LANES(REAL), 1, squares);
        for (size_t r = 0; r < rows; r++) {
            REAL d = x[r * row_stride + i * col_stride] - (center ? center[i] : 0);
            sums[r % LANES(REAL)] += d;
            squares[r % LANES(REAL)] = FMA(d, d, squares[r % LANES(REAL)]);
        }
        sums_halve(LANES(REAL), 1, sums, part + i);
        sums_halve(LANES(REAL), 1, squares, part + in + i);
    }
}

/* part = g^T X and the column sums of g, g[rows,out] = row_weight y. */
static void weighted_products(size_t rows, size_t in, size_t out, const REAL *x, size_t row_stride,
                              size_t col_stride, const REAL *y, size_t y_row_stride,
                              size_t y_col_stride, const REAL *row_weight, REAL *part)
{
    struct grad_sums sums;
    grad_begin(in, out, &sums, part);
    for (size_t r = 0; r < rows; r++)
        for (size_t o = 0; o < out; o++) {
            REAL g = y[r * y_row_stride + o * y_col_stride];
            grad_row(in, out, &sums, r, o, x + r * row_stride, col_stride,
                     row_weight ? row_weight[r] * g : g);
        }
    grad_end(in, out, &sums);
}

static void TYPED(gram_part)(size_t rows, size_t in, size_t out, const REAL *x, size_t row_stride,
                             size_t col_stride, const REAL *y, const REAL *row_weight, REAL *part)
{
    weighted_products(rows, in, in, x, row_stride, col_stride, x, row_stride, col_stride,
                      row_weight, part);
    weighted_products(rows, in, out, x, row_stride, col_stride, y, out, 1, row_weight,
                      part + in * in + in);
    for (size_t i = 0; i < in; i++)
        for (size_t j = i + 1; j < in; j++)
            part[j * in + i] = part[i * in + j];
}
