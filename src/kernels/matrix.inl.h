/* SPDX-License-Identifier: MIT */
/* Affine maps of any shape and the gradients of their inputs, as products of matrices. */

#define matrix_affine TYPED(matrix_affine)
#define matrix_grad_input TYPED(matrix_grad_input)
#define matrix_grad_deep TYPED(matrix_grad_deep)

static void matrix_affine(size_t rows, size_t in, size_t out, const REAL *x, size_t row_stride,
                          size_t col_stride, const REAL *w, const REAL *b, REAL *y)
{
    struct product p = {.a = x,
                        .a_row = row_stride,
                        .a_col = col_stride,
                        .b = w,
                        .b_row = 1,
                        .b_col = in,
                        .start_row = out,
                        .c = y,
                        .c_row = out};
    size_t left = in;
    do {
        p.depth = left < LF_DEPTH ? left : LF_DEPTH;
        left -= p.depth;
        p.addend = left == 0 ? b : NULL;
        multiply(rows, out, &p);
        p.a += p.depth * col_stride;
        p.b += p.depth;
        p.start = y;
    } while (left > 0);
}

/* For more outputs than a product is deep: a chain goes on in a copy, and is added at its end. */
static void matrix_grad_deep(size_t rows, size_t in, size_t out, const REAL *g, const REAL *w,
                             REAL *dx)
{
    REAL sums[LF_TILE_ROWS * LF_MOST_VECS * LF_VECTOR(REAL)];
    size_t most = LF_MOST_VECS * LF_VECTOR(REAL);
    for (size_t r = 0; r < rows; r += LF_TILE_ROWS)
        for (size_t i = 0; i < in; i += most) {
            size_t n = rows - r < LF_TILE_ROWS ? rows - r : LF_TILE_ROWS;
            size_t m = in - i < most ? in - i : most;
            struct product p = {.a_row = out,
                                .a_col = 1,
                                .b_row = in,
                                .b_col = 1,
                                .start_row = most,
                                .c = sums,
                                .c_row = most};
            for (size_t o = 0; o < out; o += LF_DEPTH) {
                p.depth = out - o < LF_DEPTH ? out - o : LF_DEPTH;
                p.a = g + r * out + o;
                p.b = w + o * in + i;
                p.start = o > 0 ? sums : NULL;
                multiply(n, m, &p);
            }
            for (size_t j = 0; j < n; j++)
                TYPED(axpy)(m, 1, sums + j * most, dx + (r + j) * in + i);
        }
}

static void matrix_grad_input(size_t rows, size_t in, size_t out, const REAL *g, const REAL *w,
                              REAL *dx)
{
    if (out > LF_DEPTH) {
        matrix_grad_deep(rows, in, out, g, w, dx);
        return;
    }
    if (in == 1) { /* one row of as many columns, the transpose */
        struct product p = {.depth = out,
                            .a = w,
                            .a_col = 1,
                            .b = g,
                            .b_row = 1,
                            .b_col = out,
                            .addend = dx,
                            .c = dx};
        multiply(1, rows, &p);
        return;
    }
    struct product p = {.depth = out,
                        .a = g,
                        .a_row = out,
                        .a_col = 1,
                        .b = w,
                        .b_row = in,
                        .b_col = 1,
                        .addend = dx,
                        .addend_row = in,
                        .c = dx,
                        .c_row = in};
    multiply(rows, in, &p);
}
