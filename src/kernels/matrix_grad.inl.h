/* SPDX-License-Identifier: MIT */
/* The gradients of weights and biases of any shape. With one lane the weights are a product g^T x.
 * With more they are few: columns of x and of g are set side by side, so that a vector holds the
 * lanes of several elements. */

#define column_sums TYPED(column_sums)
#define column_lanes TYPED(column_lanes)
#define matrix_weight TYPED(matrix_weight)
#define matrix_deep TYPED(matrix_deep)
#define matrix_turned TYPED(matrix_turned)
#define matrix_sums TYPED(matrix_sums)
#define matrix_strands TYPED(matrix_strands)
#define matrix_columns TYPED(matrix_columns)
#define matrix_lanes TYPED(matrix_lanes)
#define bias_sums TYPED(bias_sums)
#define matrix_bias TYPED(matrix_bias)
#define matrix_add TYPED(matrix_add)
#define halve_lanes TYPED(halve_lanes)
#define sum_lanes TYPED(sum_lanes)
#define write_turned TYPED(write_turned)
#define matrix_end TYPED(matrix_end)
#define bias_end TYPED(bias_end)

/* Whether the vectors lie along the outputs rather than the inputs, with V / lanes of them in each:
 * whichever way takes fewer. */
LF_INLINE int matrix_turned(size_t in, size_t out, size_t lanes)
{
    size_t group = LF_VECTOR(REAL) / lanes;
    return (out + group - 1) / group * in < (in + group - 1) / group * out;
}

/* c += a b, or = if `first`, `rows` deep: a product in pieces. */
LF_INLINE void matrix_deep(int first, size_t rows, size_t height, size_t width, struct product p)
{
    p.start = first ? NULL : p.c;
    p.start_row = p.c_row;
    do {
        p.depth = rows < LF_DEPTH ? rows : LF_DEPTH;
        rows -= p.depth;
        multiply(height, width, &p);
        p.a += p.depth * p.a_col;
        p.b += p.depth * p.b_row;
        p.start = p.c;
    } while (rows > 0);
}

/* to[n][m] = the transpose of the first n columns of from[m <= V][width], which may be read up to
 * the next multiple of four. A row is written as a whole vector where the next one follows. */
LF_INLINE void write_turned(size_t n, size_t m, const REAL *from, size_t width, REAL *to)
{
    for (size_t j = 0; m > 0 && j < n; j += 4) {
        vec row[4];
        v_load_columns(from + j, width, m, row);
        LF_UNROLL
        for (size_t k = 0; k < 4; k++)
            if ((n - j) * m >= k * m + LF_VECTOR(REAL))
                v_store(to + (j + k) * m, row[k]);
            else if (j + k < n)
                store_first(to + (j + k) * m, row[k], m);
    }
}

/* weight[out][in] += g^T x, or = if `first`, chains over the rows, those of g g_row apart. With few
 * inputs it is summed as x^T g. */
static void matrix_weight(int first, size_t rows, size_t in, size_t out, const REAL *x,
                          size_t row_stride, size_t col_stride, const REAL *g, size_t g_row,
                          REAL *weight)
{
    REAL sums[LF_VECTOR(REAL) * LF_MOST_VECS * LF_VECTOR(REAL)];
    size_t most = LF_MOST_VECS * LF_VECTOR(REAL);
    if (in >= LF_VECTOR(REAL) || !matrix_turned(in, out, 1)) {
        struct product p = {.a = g, .a_row = 1, .a_col = g_row, .b = x};
        p.b_row = row_stride;
        p.b_col = col_stride;
        p.c = weight;
        p.c_row = in;
        matrix_deep(first, rows, out, in, p);
        return;
    }
    for (size_t o = 0; o < out; o += most) {
        size_t n = out - o < most ? out - o : most;
        struct product p = {.a = x, .a_row = col_stride, .a_col = row_stride, .b = g + o};
        p.b_row = g_row;
        p.b_col = 1;
        p.c = sums;
        p.c_row = most;
        for (size_t j = 0; !first && j < n; j++)
            for (size_t i = 0; i < in; i++)
                sums[i * most + j] = weight[(o + j) * in + i];
        matrix_deep(first, rows, in, n, p);
        write_turned(n, in, sums, most, weight + o * in);
    }
}

/* ---- several lanes ----------------------------------------------------------------------- */

/* weight[lanes][out][in] += the same of the rows of each lane, or = if `first`. */
static void matrix_strands(int first, size_t rows, size_t in, size_t out, const REAL *x,
                           size_t row_stride, size_t col_stride, const REAL *g, size_t lanes,
                           REAL *weight)
{
    for (size_t l = 0; l < lanes; l++) {
        size_t n = (rows + lanes - 1 - l) / lanes, start = n > 0 ? l : 0;
        matrix_weight(first, n, in, out, x + start * row_stride, lanes * row_stride, col_stride,
                      g + start * out, lanes * out, weight + l * in * out);
    }
}

/* The sums of `lanes` lanes stand in vectors, one for each column of one factor by V / lanes
 * columns of the other. How many reals they take, the unused ones included: */
LF_INLINE size_t matrix_sums(size_t in, size_t out, size_t lanes)
{
    size_t group = LF_VECTOR(REAL) / lanes;
    return (matrix_turned(in, out, lanes) ? (out + group - 1) / group * in
                                          : (in + group - 1) / group * out) *
           LF_VECTOR(REAL);
}

/* sums[n][V] += the products of n columns at a, each for itself, with V / lanes columns at b:
 * `steps` times `lanes` rows. lanes and n are constants of the caller. */
LF_INLINE void column_sums(size_t lanes, size_t n, size_t steps, const REAL *a, const REAL *b,
                           REAL *sums)
{
    vec sum[4];
    LF_UNROLL
    for (size_t j = 0; j < n; j++)
        sum[j] = v_load(sums + j * LF_VECTOR(REAL));
    for (size_t k = 0; k < steps; k++) {
        vec pieces = v_pieces(b + k * lanes, LF_COLUMN, lanes);
        LF_UNROLL
        for (size_t j = 0; j < n; j++)
            sum[j] = v_fma(v_repeat(a + j * LF_COLUMN + k * lanes, lanes), pieces, sum[j]);
    }
    LF_UNROLL
    for (size_t j = 0; j < n; j++)
        v_store(sums + j * LF_VECTOR(REAL), sum[j]);
}

LF_INLINE void column_lanes(size_t lanes, size_t n, size_t steps, const REAL *a, const REAL *b,
                            REAL *sums)
{
    for (; n >= 4; n -= 4, a += 4 * LF_COLUMN, sums += 4 * LF_VECTOR(REAL))
        column_sums(lanes, 4, steps, a, b, sums);
    if (n >= 2) {
        column_sums(lanes, 2, steps, a, b, sums);
        a += 2 * LF_COLUMN;
        sums += 2 * LF_VECTOR(REAL);
    }
    if (n % 2 == 1)
        column_sums(lanes, 1, steps, a, b, sums);
}

/* The n columns of rows <= LF_COLUMN rows, one after the other; `fill` in the rows up to the next
 * multiple of V. 2 or 3 columns take part of the next row along, where there are `more` rows: four
 * are faster to turn. */
LF_INLINE void matrix_columns(size_t rows, size_t more, size_t n, const REAL *x, size_t row_stride,
                              size_t col_stride, REAL fill, REAL *columns)
{
    size_t width = n > 1 && n < 4 && n == row_stride && more > 0 ? 4 : n;
    pack(width, x, col_stride, row_stride, rows, LF_COLUMN, columns);
    for (size_t j = 0; rows % LF_VECTOR(REAL) > 0 && j < n; j++) {
        REAL *last = columns + j * LF_COLUMN + rows / LF_VECTOR(REAL) * LF_VECTOR(REAL);
        v_store(last, v_first(rows % LF_VECTOR(REAL), v_load(last), v_set1(fill)));
    }
}

/* The weight sums of more than LF_STRANDS lanes. Rows that are not there contribute 0 times -0.0:
 * nothing. */
static void matrix_lanes(int first, size_t rows, size_t in, size_t out, const REAL *x,
                         size_t row_stride, size_t col_stride, const REAL *g, size_t lanes,
                         REAL *weight)
{
    REAL inputs[5 * LF_VECTOR(REAL) * LF_COLUMN], outputs[5 * LF_VECTOR(REAL) * LF_COLUMN];
    int turned = matrix_turned(in, out, lanes);
    const REAL *a = turned ? inputs : outputs, *b = turned ? outputs : inputs;
    size_t single = turned ? in : out, grouped = turned ? out : in;
    size_t group = LF_VECTOR(REAL) / lanes;
    for (size_t j = grouped; j % group > 0; j++)
        memset((turned ? outputs : inputs) + j * LF_COLUMN, 0, LF_COLUMN * sizeof *weight);
    for (size_t j = 0; first && j < matrix_sums(in, out, lanes); j += LF_VECTOR(REAL))
        v_store(weight + j, v_set1((REAL)-0.0));
    for (size_t r = 0; r < rows; r += LF_COLUMN) {
        size_t n = rows - r < LF_COLUMN ? rows - r : LF_COLUMN, steps = (n + lanes - 1) / lanes;
        matrix_columns(n, rows - r - n, in, x + r * row_stride, row_stride, col_stride, 0, inputs);
        matrix_columns(n, rows - r - n, out, g + r * out, out, 1, (REAL)-0.0, outputs);
        for (size_t j = 0; j < grouped; j += group) {
            const REAL *columns = b + j * LF_COLUMN;
            REAL *sums = weight + j / group * single * LF_VECTOR(REAL);
            if (lanes == 4)
                column_lanes(4, single, steps, a, columns, sums);
            else if (lanes == 8)
                column_lanes(8, single, steps, a, columns, sums);
            else if (lanes == 16 && LF_VECTOR(REAL) == 16)
                column_lanes(LF_VECTOR(REAL), single, steps, a, columns, sums);
        }
    }
}

/* ---- sums over rows ---------------------------------------------------------------------- */

/* The n vectors, V apart, of bias += those of `steps` rows of g, or = if `first`. */
LF_INLINE void bias_sums(int first, size_t n, size_t steps, const REAL *g, size_t width, REAL *bias)
{
    vec sum[4];
    LF_UNROLL
    for (size_t v = 0; v < n; v++)
        sum[v] = first ? v_set1((REAL)-0.0) : v_load(bias + v * LF_VECTOR(REAL));
    for (size_t k = 0; k < steps; k++, g += width) {
        LF_UNROLL
        for (size_t v = 0; v < n; v++)
            sum[v] = v_add(sum[v], v_load(g + v * LF_VECTOR(REAL)));
    }
    LF_UNROLL
    for (size_t v = 0; v < n; v++)
        v_store(bias + v * LF_VECTOR(REAL), sum[v]);
}

/* bias[lanes][out] += the rows of g, or = if `first`; so many rows stand as the lanes do. */
LF_INLINE void matrix_bias(int first, size_t rows, size_t out, const REAL *g, size_t lanes,
                           REAL *bias)
{
    size_t width = lanes * out, steps = rows / lanes, j = 0;
    for (; width - j >= 4 * LF_VECTOR(REAL); j += 4 * LF_VECTOR(REAL))
        bias_sums(first, 4, steps, g + j, width, bias + j);
    for (; width - j >= 2 * LF_VECTOR(REAL); j += 2 * LF_VECTOR(REAL))
        bias_sums(first, 2, steps, g + j, width, bias + j);
    for (; j < width; j += LF_VECTOR(REAL)) {
        size_t n = LF_PIECE(REAL, width, j);
        vec sum = first ? v_set1((REAL)-0.0) : load_first(bias + j, n);
        for (size_t k = 0; k < steps; k++)
            sum = v_add(sum, load_first(g + k * width + j, n));
        store_first(bias + j, sum, n);
    }
    if (rows > steps * lanes)
        TYPED(axpy)((rows - steps * lanes) * out, 1, g + steps * width, bias);
}

/* Adds what rows contribute, with the gradients g of their outputs, to the weight sums of `lanes`
 * lanes, whose old values do not count if `first`. Row 0 goes to lane 0. The sums of one lane are
 * weight[out][in]; more take at most 16 vectors. */
static void matrix_add(int first, size_t rows, size_t in, size_t out, const REAL *x,
                       size_t row_stride, size_t col_stride, const REAL *g, size_t lanes,
                       REAL *weight)
{
    if (lanes <= LF_STRANDS)
        matrix_strands(first, rows, in, out, x, row_stride, col_stride, g, lanes, weight);
    else if (in * out > 0)
        matrix_lanes(first, rows, in, out, x, row_stride, col_stride, g, lanes, weight);
}

/* sums[0][n] += the other lanes of sums[lanes][n], by halving. */
LF_INLINE void halve_lanes(size_t lanes, size_t n, REAL *sums)
{
    for (size_t half = lanes / 2; half > 0; half /= 2)
        for (size_t j = 0; j < half * n; j += LF_VECTOR(REAL)) {
            size_t m = LF_PIECE(REAL, half * n, j);
            vec sum = v_add(load_first(sums + j, m), load_first(sums + half * n + j, m));
            store_first(sums + j, sum, m);
        }
}

/* out[n] = the lanes of sums[n][lanes] added by halving; out has room up to a multiple of four.
 * lanes is a constant of the caller. */
LF_INLINE void sum_lanes(size_t lanes, size_t n, const REAL *sums, REAL *out)
{
    const size_t step = lanes == LF_VECTOR(REAL) ? 4 : LF_VECTOR(REAL);
    for (size_t e = 0; e < n; e += step, sums += lanes * step) {
        const size_t m = n - e < step ? n - e : step;
        vec four[2][4];
        if (lanes == LF_VECTOR(REAL)) {
            LF_UNROLL
            for (size_t j = 0; j < 4; j++)
                four[0][j] = v_load(sums + LF_ROW(j, m) * lanes);
            v_sum4(four[0], out + e);
            continue;
        }
        v_load_columns(sums, lanes, m, four[0]);
        if (lanes == 8) {
            v_load_columns(sums + 4, lanes, m, four[1]);
            LF_UNROLL
            for (size_t j = 0; j < 4; j++)
                four[0][j] = v_add(four[0][j], four[1][j]);
        }
        v_store(out + e, v_add(v_add(four[0][0], four[0][2]), v_add(four[0][1], four[0][3])));
    }
}

/* part[out][in] = the lanes of the weights added by halving; one lane stands there already. */
static void matrix_end(size_t in, size_t out, size_t lanes, REAL *weight, REAL *part)
{
    if (lanes > LF_STRANDS && in * out > 0) {
        REAL sum[6 * LF_VECTOR(REAL)];
        const int turned = matrix_turned(in, out, lanes);
        const size_t single = turned ? in : out, grouped = turned ? out : in;
        const size_t group = LF_VECTOR(REAL) / lanes, n = matrix_sums(in, out, lanes) / lanes;
        if (lanes == LF_VECTOR(REAL))
            sum_lanes(LF_VECTOR(REAL), n, weight, sum);
        else if (lanes == 8)
            sum_lanes(8, n, weight, sum);
        else
            sum_lanes(4, n, weight, sum);
        const REAL *next = sum;
        for (size_t j = 0; j < grouped; j += group)
            for (size_t i = 0; i < single; i++, next += group)
                for (size_t k = 0; k < group && j + k < grouped; k++)
                    part[turned ? (j + k) * in + i : i * in + j + k] = next[k];
    }
    if (lanes > 1 && lanes <= LF_STRANDS) {
        halve_lanes(lanes, in * out, weight);
        memcpy(part, weight, in * out * sizeof *part);
    }
}

/* part[out] = the lanes of the bias. */
LF_INLINE void bias_end(size_t out, size_t lanes, REAL *bias, REAL *part)
{
    if (lanes > 1) {
        halve_lanes(lanes, out, bias);
        memcpy(part, bias, out * sizeof *part);
    }
}
