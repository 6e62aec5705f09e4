/* SPDX-License-Identifier: MIT */
/* Affine maps of many inputs to few outputs: the inputs are cut over lanes, V of them a vector. */

#define wide_rows TYPED(wide_rows)
#define wide_lanes TYPED(wide_lanes)
#define wide_affine TYPED(wide_affine)

/* sum[j] = x w for the first n of four rows, whose elements stand side by side. */
LF_INLINE void wide_rows(size_t n, size_t in, const REAL *x, size_t row_stride, const REAL *w,
                         REAL sum[4])
{
    const REAL *row[4];
    vec lanes[4];
    size_t i = 0;
    LF_UNROLL
    for (size_t j = 0; j < 4; j++) {
        row[j] = x + (j < n ? j : 0) * row_stride;
        lanes[j] = v_set1((REAL)-0.0);
    }
    for (; in - i >= LF_VECTOR(REAL); i += LF_VECTOR(REAL)) {
        vec weight = v_load(w + i);
        LF_UNROLL
        for (size_t j = 0; j < 4; j++)
            lanes[j] = v_fma(v_load(row[j] + i), weight, lanes[j]);
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

static void wide_affine(size_t rows, size_t in, size_t out, const REAL *x, size_t row_stride,
                        size_t col_stride, const REAL *w, const REAL *b, REAL *y)
{
    size_t step = col_stride == 1 ? 4 : LF_VECTOR(REAL);
    for (size_t r = 0; r < rows; r += step)
        for (size_t o = 0; o < out; o++) {
            REAL sum[LF_VECTOR(REAL)];
            size_t n = rows - r < step ? rows - r : step;
            const REAL *first = x + r * row_stride, *weight = w + o * in;
            if (col_stride == 1)
                wide_rows(n, in, first, row_stride, weight, sum);
            else
                v_store(sum, wide_lanes(n, in, first, row_stride, col_stride, weight));
            for (size_t j = 0; j < n; j++)
                y[(r + j) * out + o] = b ? sum[j] + b[o] : sum[j];
        }
}
