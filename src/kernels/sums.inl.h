/* SPDX-License-Identifier: MIT */
/* Sums over flat vectors and over columns, and Gram matrices. */

#define columns_of_rows TYPED(columns_of_rows)
#define columns_of_columns TYPED(columns_of_columns)
#define sum4 TYPED(sum4)
#define weighted_tile TYPED(weighted_tile)
#define weighted_products TYPED(weighted_products)

/* The sum of 4 V lanes. */
LF_INLINE REAL sum4(const vec sum[4])
{
    return v_sum(v_add(v_add(sum[0], sum[2]), v_add(sum[1], sum[3])));
}

static void TYPED(sum_part)(size_t n, const REAL *x, REAL *part)
{
    vec sum[4];
    size_t i = 0;
    sum[0] = sum[1] = sum[2] = sum[3] = v_set1((REAL)-0.0);
    for (; n - i >= 4 * LF_VECTOR(REAL); i += 4 * LF_VECTOR(REAL)) {
        LF_UNROLL
        for (size_t k = 0; k < 4; k++)
            sum[k] = v_add(sum[k], v_load(x + i + k * LF_VECTOR(REAL)));
    }
    for (size_t k = 0; i < n; i += LF_VECTOR(REAL), k++) {
        size_t m = LF_PIECE(REAL, n, i);
        sum[k] = v_first(m, v_add(sum[k], load_first(x + i, m)), sum[k]);
    }
    *part = sum4(sum);
}

static void TYPED(dot_part)(size_t n, const REAL *x, const REAL *y, REAL *part)
{
    vec sum[4];
    size_t i = 0;
    sum[0] = sum[1] = sum[2] = sum[3] = v_set1((REAL)-0.0);
    for (; n - i >= 4 * LF_VECTOR(REAL); i += 4 * LF_VECTOR(REAL)) {
        LF_UNROLL
        for (size_t k = 0; k < 4; k++) {
            size_t at = i + k * LF_VECTOR(REAL);
            sum[k] = v_fma(v_load(x + at), v_load(y + at), sum[k]);
        }
    }
    for (size_t k = 0; i < n; i += LF_VECTOR(REAL), k++) {
        size_t m = LF_PIECE(REAL, n, i);
        sum[k] = fma_first(m, load_first(x + i, m), load_first(y + i, m), sum[k]);
    }
    *part = sum4(sum);
}

/* ---- Column sums --------------------------------------------------------------------------- */

/* Columns from..from+m, m <= V, of row-major rows: the vectors lie along the columns, a row's
 * terms go to the sums of its lane. */
LF_INLINE void columns_of_rows(size_t rows, size_t m, const REAL *x, size_t row_stride,
                               const REAL *center, REAL *sum, REAL *squares)
{
    enum { V = LF_VECTOR(REAL) };
    REAL lane[V * V], square_lane[V * V];
    vec c = center ? load_first(center, m) : v_set1(0);
    fill_empty(V * V, lane);
    fill_empty(V * V, square_lane);
    for (size_t r = 0; r < rows; r++) {
        REAL *l = lane + r % V * V, *s = square_lane + r % V * V;
        vec d = v_sub(load_first(x + r * row_stride, m), c);
        v_store(l, v_add(v_load(l), d));
        v_store(s, v_fma(d, d, v_load(s)));
    }
    for (size_t half = V / 2; half > 0; half /= 2) {
        TYPED(axpy)(half * V, 1, lane + half * V, lane);
        TYPED(axpy)(half * V, 1, square_lane + half * V, square_lane);
    }
    store_first(sum, v_load(lane), m);
    store_first(squares, v_load(square_lane), m);
}

/* One column whose elements are neighbours: a row a lane. */
LF_INLINE void columns_of_columns(size_t rows, const REAL *x, REAL center, REAL *sum, REAL *squares)
{
    vec lane = v_set1((REAL)-0.0), square_lane = lane, c = v_set1(center);
    for (size_t r = 0; r < rows; r += LF_VECTOR(REAL)) {
        size_t n = LF_PIECE(REAL, rows, r);
        vec d = v_sub(load_first(x + r, n), c);
        lane = v_first(n, v_add(lane, d), lane);
        square_lane = fma_first(n, d, d, square_lane);
    }
    *sum = v_sum(lane);
    *squares = v_sum(square_lane);
}

static void TYPED(column_moments_part)(size_t rows, size_t in, const REAL *x, size_t row_stride,
                                       size_t col_stride, const REAL *center, REAL *part)
{
    if (row_stride == 1) {
        for (size_t i = 0; i < in; i++)
            columns_of_columns(rows, x + i * col_stride, center ? center[i] : 0, part + i,
                               part + in + i);
        return;
    }
    for (size_t i = 0; i < in; i += LF_VECTOR(REAL))
        columns_of_rows(rows, LF_PIECE(REAL, in, i), x + i, row_stride, center ? center + i : NULL,
                        part + i, part + in + i);
}

/* ---- Gram matrices ------------------------------------------------------------------------- */

/* tile[rows,cols] = row_weight x, dense. */
LF_INLINE void weighted_tile(size_t rows, size_t cols, const REAL *x, size_t row_stride,
                             size_t col_stride, const REAL *row_weight, REAL *tile)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < cols; i++) {
            REAL v = x[r * row_stride + i * col_stride];
            tile[r * cols + i] = row_weight ? row_weight[r] * v : v;
        }
}

/* part = g^T X and the column sums of g, g[rows,out] = row_weight y. */
LF_APART void weighted_products(size_t rows, size_t in, size_t out, const REAL *x,
                                size_t row_stride, size_t col_stride, const REAL *y,
                                size_t y_row_stride, size_t y_col_stride, const REAL *row_weight,
                                REAL *part)
{
    enum { CHUNK = 256 };
    REAL tile[LF_TILE];
    size_t most = out < CHUNK ? out : CHUNK;
    size_t step = LF_TILE / (most + 1) / LF_VECTOR(REAL) * LF_VECTOR(REAL);
    struct row_sums sums;
    sums_begin(rows, in, out, row_stride, col_stride, part, &sums);
    step = step > 0 ? step : LF_VECTOR(REAL);
    for (size_t r = 0; r < rows; r += step)
        for (size_t o = 0; o < out; o += CHUNK) {
            size_t n = rows - r < step ? rows - r : step, m = out - o < CHUNK ? out - o : CHUNK;
            weighted_tile(n, m, y + r * y_row_stride + o * y_col_stride, y_row_stride, y_col_stride,
                          row_weight ? row_weight + r : NULL, tile);
            sums_add(r == 0, n, o, m, x + r * row_stride, row_stride, col_stride, tile, &sums);
        }
    sums_end(&sums);
}

/* X'WX is the weight gradient of X for output gradients WX, and X'Wy that for Wy. */
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
