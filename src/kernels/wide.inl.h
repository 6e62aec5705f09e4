/* SPDX-License-Identifier: MIT */
/* Affine maps of many inputs to few outputs, and the one pass over them: the inputs are cut over
 * lanes, V of them a vector. */

#define wide_rows TYPED(wide_rows)
#define wide_lanes TYPED(wide_lanes)
#define wide_strided TYPED(wide_strided)
#define wide_outputs TYPED(wide_outputs)
#define wide_affine TYPED(wide_affine)
#define wide_sums TYPED(wide_sums)
#define wide_add TYPED(wide_add)
#define wide_left TYPED(wide_left)
#define wide_take TYPED(wide_take)
#define wide_mse_part TYPED(wide_mse_part)

#ifndef LANEFIT_SRC_KERNELS_WIDE
#define LANEFIT_SRC_KERNELS_WIDE
enum { LF_WIDE_ROWS = 32 }; /* rows that stay in the first-level cache */
#endif

/* sum[j] = x w for four rows, of which the first n count, and whose elements stand side by side. */
LF_INLINE void wide_rows(size_t n, size_t in, const REAL *x, size_t row_stride, const REAL *w,
                         REAL sum[4])
{
    const REAL *row[4];
    vec lanes[4];
    size_t i = 0;
    LF_UNROLL
    for (size_t j = 0; j < 4; j++) {
        row[j] = x + LF_ROW(j, n) * row_stride;
        lanes[j] = v_set1((REAL)-0.0);
    }
    for (; in - i >= LF_VECTOR(REAL); i += LF_VECTOR(REAL)) {
        vec weight = v_load(w + i);
        LF_UNROLL
        for (size_t j = 0; j < 4; j++) {
            __builtin_prefetch((const char *)(row[j] + i) + LF_AHEAD / 2);
            lanes[j] = v_fma(v_load(row[j] + i), weight, lanes[j]);
        }
    }
    if (i < in) { /* 0 times -0.0 contributes nothing */
        vec weight = v_first(in - i, v_load_part(w + i, in - i), v_set1((REAL)-0.0));
        LF_UNROLL
        for (size_t j = 0; j < 4; j++)
            lanes[j] = v_fma(v_load_part(row[j] + i, in - i), weight, lanes[j]);
    }
    v_sum4(lanes, sum);
}

/* x w for n <= V rows, a row a lane: feature lane k is a vector. */
LF_INLINE vec wide_lanes(size_t n, size_t in, const REAL *x, size_t row_stride, size_t col_stride,
                         const REAL *w)
{
    vec lanes[LF_VECTOR(REAL)];
    for (size_t k = 0; k < LF_VECTOR(REAL); k++) {
        lanes[k] = v_set1((REAL)-0.0);
        for (size_t i = k; i < in; i += LF_VECTOR(REAL))
            lanes[k] =
                v_fma(load_strided(x + i * col_stride, row_stride, n), v_set1(w[i]), lanes[k]);
    }
    for (size_t half = LF_VECTOR(REAL) / 2; half > 0; half /= 2)
        for (size_t k = 0; k < half; k++)
            lanes[k] = v_add(lanes[k], lanes[half + k]);
    return lanes[0];
}

/* y = x W^T + b where the elements of a row are col_stride apart. */
LF_APART void wide_strided(size_t rows, size_t in, size_t out, const REAL *x, size_t row_stride,
                           size_t col_stride, const REAL *w, const REAL *b, REAL *y)
{
    for (size_t r = 0; r < rows; r += LF_VECTOR(REAL))
        for (size_t o = 0; o < out; o++) {
            REAL sum[LF_VECTOR(REAL)];
            const size_t n = LF_PIECE(REAL, rows, r);
            v_store(sum, wide_lanes(n, in, x + r * row_stride, row_stride, col_stride, w + o * in));
            for (size_t j = 0; j < n; j++)
                y[(r + j) * out + o] = b ? sum[j] + b[o] : sum[j];
        }
}

/* sum[rows] = x w; sum has room up to a multiple of four. */
LF_INLINE void wide_outputs(size_t rows, size_t in, const REAL *x, size_t row_stride, const REAL *w,
                            REAL *sum)
{
    size_t r = 0;
    for (; rows - r >= 4; r += 4)
        wide_rows(4, in, x + r * row_stride, row_stride, w, sum + r);
    if (r < rows)
        wide_rows(rows - r, in, x + r * row_stride, row_stride, w, sum + r);
}

/* By some rows at a time, one output after the other. */
LF_APART void wide_affine(size_t rows, size_t in, size_t out, const REAL *x, size_t row_stride,
                          const REAL *w, const REAL *b, REAL *y)
{
    REAL sum[LF_WIDE_ROWS];
    for (size_t r = 0; r < rows; r += LF_WIDE_ROWS) {
        const size_t n = rows - r < LF_WIDE_ROWS ? rows - r : LF_WIDE_ROWS;
        for (size_t o = 0; o < out; o++) {
            const REAL bias = b ? b[o] : (REAL)-0.0;
            wide_outputs(n, in, x, row_stride, w + o * in, sum);
            if (out == 1)
                LF_PIECES(REAL, n,
                          store_first(y + i, v_add(load_first(sum + i, m), v_set1(bias)), m));
            else
                for (size_t j = 0; j < n; j++)
                    y[j * out + o] = sum[j] + bias;
        }
        x += n * row_stride;
        y += n * out;
    }
}

/* The sums of a weight gradient, the last of them in a vector of its own: what is written in part
 * takes long to read. */
struct wide_sums {
    size_t in;
    REAL *weight, last[LF_VECTOR(REAL)];
};

/* sums += g x of n rows of x and of g, n a constant of the caller. */
LF_INLINE void wide_add(size_t n, const REAL *x, size_t row_stride, const REAL *g,
                        struct wide_sums *sums)
{
    LF_PIECES(REAL, sums->in, {
        REAL *at = m == LF_VECTOR(REAL) ? sums->weight + i : sums->last;
        vec sum = v_load(at);
        LF_UNROLL
        for (size_t j = 0; j < n; j++)
            sum = v_fma(v_set1(g[j]), load_first(x + j * row_stride + i, m), sum);
        v_store(at, sum);
    });
}

/* Rows whose weight gradient is still to be added. */
struct wide_left {
    size_t rows;
    const REAL *x, *g;
};

/* Adds that of at most four of them. */
LF_INLINE void wide_take(size_t row_stride, struct wide_left *left, struct wide_sums *sums)
{
    const size_t n = left->rows < 4 ? left->rows : 4;
    if (n == 4)
        wide_add(4, left->x, row_stride, left->g, sums);
    else
        for (size_t j = 0; j < n; j++)
            wide_add(1, left->x + j * row_stride, row_stride, left->g + j, sums);
    left->rows -= n;
    left->x += n * row_stride;
    left->g += n;
}

/* The one pass for the squared error of one output, with the sums of the weight gradient in a
 * single lane, whose additions wait for each other: so those of some rows are made in between the
 * outputs of the next. */
LF_APART void wide_mse_part(const struct TYPED(lf_loss) * loss, size_t rows, size_t in,
                            const REAL *x, size_t row_stride, const REAL *w, const REAL *b,
                            const REAL *target, const REAL *row_weight, REAL *part)
{
    const vec bias = v_set1(b ? *b : (REAL)-0.0);
    REAL memory[2][LF_WIDE_ROWS], *y = memory[0], *before = memory[1];
    struct wide_sums weights = {.in = in, .weight = part};
    struct wide_left left = {.rows = 0};
    struct mse mse;
    mse.scale = loss->scale;
    mse.upstream = loss->upstream;
    lanes_begin(0, 0, &mse.sums);
    v_store(mse.squares, v_set1((REAL)-0.0));
    v_store(weights.last, v_set1((REAL)-0.0));
    fill_empty(in, part);
    for (size_t r = 0; r < rows; r += LF_WIDE_ROWS, x += LF_WIDE_ROWS * row_stride) {
        const size_t n = rows - r < LF_WIDE_ROWS ? rows - r : LF_WIDE_ROWS;
        size_t j = 0;
        for (; n - j >= 4; j += 4) {
            wide_rows(4, in, x + j * row_stride, row_stride, w, y + j);
            wide_take(row_stride, &left, &weights);
        }
        if (j < n)
            wide_rows(n - j, in, x + j * row_stride, row_stride, w, y + j);
        while (left.rows > 0)
            wide_take(row_stride, &left, &weights);
        LF_PIECES(REAL, n, store_first(y + i, v_add(load_first(y + i, m), bias), m));
        mse_slopes(n, target + r, row_weight ? row_weight + r : NULL, y, &mse);
        left = (struct wide_left){n, x, y};
        y = before;
        before = memory[y == memory[0]];
    }
    while (left.rows > 0)
        wide_take(row_stride, &left, &weights);
    if (in % LF_VECTOR(REAL) > 0)
        store_first(part + in - in % LF_VECTOR(REAL), v_load(weights.last), in % LF_VECTOR(REAL));
    part[in] = v_sum(v_load(mse.sums.bias));
    part[in + 1] = v_sum(v_load(mse.squares));
}
