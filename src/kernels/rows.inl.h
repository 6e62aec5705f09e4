/* SPDX-License-Identifier: MIT */
/* Affine maps, the squared error, and their gradients over rows.
 *
 * With one output V rows are worked on at once, a row a lane; with at most 16 inputs the sums over
 * rows are then lanes of the contract as they stand. Other shapes go row by row, the vectors of a
 * forward lying along the outputs, those of a gradient along the inputs. */

#define load_strided TYPED(load_strided)
#define store_first TYPED(store_first)
#define fma_first TYPED(fma_first)
#define affine_rows TYPED(affine_rows)
#define affine_outputs TYPED(affine_outputs)
#define lane_sums TYPED(lane_sums)
#define lanes_begin TYPED(lanes_begin)
#define lanes_add TYPED(lanes_add)
#define lanes_end TYPED(lanes_end)
#define grad_part_lanes TYPED(grad_part_lanes)
#define affine_mse_part_lanes TYPED(affine_mse_part_lanes)
#define row_sums TYPED(row_sums)
#define row_sum TYPED(row_sum)
#define rows_begin TYPED(rows_begin)
#define rows_end TYPED(rows_end)
#define row_add TYPED(row_add)

/* Lane j = p[j*stride] for the first n lanes, 0 in the others. */
LF_INLINE vec load_strided(const REAL *p, size_t stride, size_t n)
{
    if (stride == 1)
        return n == LF_VECTOR(REAL) ? v_load(p) : v_load_part(p, n);
    REAL lane[LF_VECTOR(REAL)] = {0};
    for (size_t j = 0; j < n; j++)
        lane[j] = p[j * stride];
    return v_load(lane);
}

LF_INLINE void store_first(REAL *p, vec v, size_t n)
{
    if (n == LF_VECTOR(REAL))
        v_store(p, v);
    else
        v_store_part(p, v, n);
}

/* sum + g v in the first n lanes. */
LF_INLINE vec fma_first(size_t n, vec g, vec v, vec sum)
{
    vec next = v_fma(g, v, sum);
    return n == LF_VECTOR(REAL) ? next : v_first(n, next, sum);
}

/* One output for the n <= V rows from x: a row a lane. */
LF_INLINE vec affine_rows(size_t n, size_t in, const REAL *x, size_t row_stride, size_t col_stride,
                          const REAL *w, const REAL *b)
{
    vec sum = v_set1((REAL)-0.0);
    for (size_t i = 0; i < in; i++)
        sum = v_fma(load_strided(x + i * col_stride, row_stride, n), v_set1(w[i]), sum);
    return b ? v_add(sum, v_set1(*b)) : sum;
}

/* n <= V outputs of one row: an output a lane. */
LF_INLINE vec affine_outputs(size_t n, size_t in, const REAL *x, size_t col_stride, const REAL *w,
                             const REAL *b)
{
    vec sum = v_set1((REAL)-0.0);
    for (size_t i = 0; i < in; i++)
        sum = v_fma(v_set1(x[i * col_stride]), load_strided(w + i, in, n), sum);
    return b ? v_add(sum, load_strided(b, 1, n)) : sum;
}

static void TYPED(affine)(size_t rows, size_t in, size_t out, const REAL *x, size_t row_stride,
                          size_t col_stride, const REAL *w, const REAL *b, REAL *y)
{
    if (out == 1) {
        for (size_t r = 0; r < rows; r += LF_VECTOR(REAL)) {
            size_t n = LF_PIECE(REAL, rows, r);
            vec v = affine_rows(n, in, x + r * row_stride, row_stride, col_stride, w, b);
            store_first(y + r, v, n);
        }
        return;
    }
    for (size_t r = 0; r < rows; r++, x += row_stride, y += out)
        for (size_t o = 0; o < out; o += LF_VECTOR(REAL)) {
            size_t n = LF_PIECE(REAL, out, o);
            vec v = affine_outputs(n, in, x, col_stride, w + o * in, b ? b + o : NULL);
            store_first(y + o, v, n);
        }
}

static void TYPED(affine_grad_input)(size_t rows, size_t in, size_t out, const REAL *g,
                                     const REAL *w, REAL *dx)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < in; i += LF_VECTOR(REAL)) {
            size_t n = LF_PIECE(REAL, in, i);
            vec sum = v_set1((REAL)-0.0);
            for (size_t o = 0; o < out; o++)
                sum = v_fma(v_set1(g[r * out + o]), load_strided(w + o * in + i, 1, n), sum);
            vec old = load_strided(dx + r * in + i, 1, n);
            store_first(dx + r * in + i, v_add(old, sum), n);
        }
}

/* ---- Row sums, a row a lane: out = 1, in <= 16 --------------------------------------------- */

struct lane_sums {
    vec weight[16];
    vec bias, squares;
};

LF_INLINE void lanes_begin(size_t in, struct lane_sums *sums)
{
    for (size_t i = 0; i < in; i++)
        sums->weight[i] = v_set1((REAL)-0.0);
    sums->bias = sums->squares = v_set1((REAL)-0.0);
}

/* Adds what the n <= V rows from x contribute, with the gradients g of their outputs. */
LF_INLINE void lanes_add(size_t n, size_t in, const REAL *x, size_t row_stride, size_t col_stride,
                         vec g, struct lane_sums *sums)
{
    for (size_t i = 0; i < in; i++)
        sums->weight[i] =
            fma_first(n, g, load_strided(x + i * col_stride, row_stride, n), sums->weight[i]);
    sums->bias = v_first(n, v_add(sums->bias, g), sums->bias);
}

LF_INLINE void lanes_end(size_t in, const struct lane_sums *sums, REAL *part)
{
    for (size_t i = 0; i < in; i++)
        part[i] = v_sum(sums->weight[i]);
    part[in] = v_sum(sums->bias);
}

static void grad_part_lanes(size_t rows, size_t in, const REAL *x, size_t row_stride,
                            size_t col_stride, const REAL *g, REAL *part)
{
    struct lane_sums sums;
    lanes_begin(in, &sums);
    for (size_t r = 0; r < rows; r += LF_VECTOR(REAL)) {
        size_t n = LF_PIECE(REAL, rows, r);
        lanes_add(n, in, x + r * row_stride, row_stride, col_stride, load_strided(g + r, 1, n),
                  &sums);
    }
    lanes_end(in, &sums, part);
}

static void affine_mse_part_lanes(size_t rows, size_t in, const REAL *x, size_t row_stride,
                                  size_t col_stride, const REAL *w, const REAL *b,
                                  const REAL *target, REAL scale, REAL upstream, REAL *part)
{
    struct lane_sums sums;
    lanes_begin(in, &sums);
    for (size_t r = 0; r < rows; r += LF_VECTOR(REAL)) {
        size_t n = LF_PIECE(REAL, rows, r);
        const REAL *row = x + r * row_stride;
        vec y = affine_rows(n, in, row, row_stride, col_stride, w, b);
        vec d = v_sub(y, load_strided(target + r, 1, n));
        vec g = v_mul(v_mul(v_set1(scale), d), v_set1(upstream));
        sums.squares = fma_first(n, d, d, sums.squares);
        lanes_add(n, in, row, row_stride, col_stride, g, &sums);
    }
    lanes_end(in, &sums, part);
    part[in + 1] = v_sum(sums.squares);
}

/* ---- Row sums of any shape, row by row ----------------------------------------------------- */

/* The accumulators: `lanes` rows of `width` sums, in the part itself where there is one lane. */
struct row_sums {
    size_t lanes, width;
    REAL *out;
    REAL lane[LF_ACCUMULATORS(REAL)];
};

static REAL *row_sum(struct row_sums *sums, size_t r)
{
    return sums->lanes == 1 ? sums->out : sums->lane + r % sums->lanes * sums->width;
}

static void rows_begin(size_t lanes, size_t width, REAL *out, struct row_sums *sums)
{
    sums->lanes = lanes;
    sums->width = width;
    sums->out = out;
    REAL *sum = row_sum(sums, 0);
    for (size_t j = 0; j < lanes * width; j++)
        sum[j] = (REAL)-0.0;
}

/* y += x, n elements. */
static void TYPED(add)(size_t n, const REAL *x, REAL *y)
{
    size_t i = 0;
    for (; n - i >= LF_VECTOR(REAL); i += LF_VECTOR(REAL))
        v_store(y + i, v_add(v_load(y + i), v_load(x + i)));
    if (i < n)
        v_store_part(y + i, v_add(v_load_part(y + i, n - i), v_load_part(x + i, n - i)), n - i);
}

static void rows_end(struct row_sums *sums)
{
    if (sums->lanes == 1)
        return;
    for (size_t half = sums->lanes / 2; half > 0; half /= 2)
        TYPED(add)(half * sums->width, sums->lane + half * sums->width, sums->lane);
    memcpy(sums->out, sums->lane, sums->width * sizeof *sums->out);
}

/* sum += g x, n elements, x with a stride. */
LF_INLINE void row_add(size_t n, REAL g, const REAL *x, size_t stride, REAL *sum)
{
    for (size_t i = 0; i < n; i += LF_VECTOR(REAL)) {
        size_t m = LF_PIECE(REAL, n, i);
        vec next =
            v_fma(v_set1(g), load_strided(x + i * stride, stride, m), load_strided(sum + i, 1, m));
        store_first(sum + i, next, m);
    }
}

static void TYPED(affine_grad_part)(size_t rows, size_t in, size_t out, const REAL *x,
                                    size_t row_stride, size_t col_stride, const REAL *g, REAL *part)
{
    if (out == 1 && in <= 16) {
        grad_part_lanes(rows, in, x, row_stride, col_stride, g, part);
        return;
    }
    struct row_sums weight, bias;
    rows_begin(lf_row_lanes(in, out, LF_VECTOR(REAL)), in * out, part, &weight);
    rows_begin(lf_row_lanes(1, out, LF_VECTOR(REAL)), out, part + in * out, &bias);
    for (size_t r = 0; r < rows; r++) {
        const REAL *row = x + r * row_stride;
        for (size_t o = 0; o < out; o++)
            row_add(in, g[r * out + o], row, col_stride, row_sum(&weight, r) + o * in);
        TYPED(add)(out, g + r * out, row_sum(&bias, r));
    }
    rows_end(&weight);
    rows_end(&bias);
}

static void TYPED(affine_mse_part)(size_t rows, size_t in, size_t out, const REAL *x,
                                   size_t row_stride, size_t col_stride, const REAL *w,
                                   const REAL *b, const REAL *target, REAL scale, REAL upstream,
                                   REAL *part)
{
    if (out == 1 && in <= 16) {
        affine_mse_part_lanes(rows, in, x, row_stride, col_stride, w, b, target, scale, upstream,
                              part);
        return;
    }
    struct row_sums weight, bias;
    REAL squares[LF_VECTOR(REAL)];
    rows_begin(lf_row_lanes(in, out, LF_VECTOR(REAL)), in * out, part, &weight);
    rows_begin(lf_row_lanes(1, out, LF_VECTOR(REAL)), out, part + in * out, &bias);
    v_store(squares, v_set1((REAL)-0.0));
    for (size_t r = 0, element = 0; r < rows; r++, x += row_stride)
        for (size_t o = 0; o < out; o += LF_VECTOR(REAL)) {
            size_t n = LF_PIECE(REAL, out, o);
            REAL d[LF_VECTOR(REAL)], g[LF_VECTOR(REAL)];
            vec y = affine_outputs(n, in, x, col_stride, w + o * in, b ? b + o : NULL);
            vec e = v_sub(y, load_strided(target + r * out + o, 1, n));
            v_store(d, e);
            v_store(g, v_mul(v_mul(v_set1(scale), e), v_set1(upstream)));
            for (size_t j = 0; j < n; j++, element++) {
                REAL *square = squares + element % LF_VECTOR(REAL);
                *square = FMA(d[j], d[j], *square);
                row_add(in, g[j], x, col_stride, row_sum(&weight, r) + (o + j) * in);
            }
            TYPED(add)(n, g, row_sum(&bias, r) + o);
        }
    rows_end(&weight);
    rows_end(&bias);
    part[in * out + out] = v_sum(v_load(squares));
}
