/* SPDX-License-Identifier: MIT */
/* Affine maps and their gradients over rows: which shape goes which way, and the one pass. */

#define lanes_reached TYPED(lanes_reached)
#define row_sums TYPED(row_sums)
#define sums_begin TYPED(sums_begin)
#define sums_add TYPED(sums_add)
#define sums_end TYPED(sums_end)
#define few_part TYPED(few_part)
#define few_mse_part TYPED(few_mse_part)
#define single_part TYPED(single_part)
#define tile_rows TYPED(tile_rows)
#define loss_tiles TYPED(loss_tiles)

LF_APART void TYPED(affine)(size_t rows, size_t in, size_t out, const REAL *x, size_t row_stride,
                            size_t col_stride, const REAL *w, const REAL *b, REAL *y)
{
    if (rows == 1 && out == 1 && in <= LF_LANES_IN)
        *y = lanes_dot(in, x, col_stride, w, b ? *b : (REAL)-0.0);
    else if (in == 1 && out == 1 && row_stride == 1)
        line_outputs(rows, x, *w, b ? *b : (REAL)-0.0, y);
    else if (out == 1 && in <= LF_LANES_IN)
        lanes_affine(rows, in, x, row_stride, col_stride, w, b, y);
    else if (out <= LF_WIDE_OUTPUTS && in > LF_LANES_IN && col_stride == 1)
        wide_affine(rows, in, out, x, row_stride, w, b, y);
    else if (out <= LF_WIDE_OUTPUTS && in > LF_LANES_IN)
        wide_strided(rows, in, out, x, row_stride, col_stride, w, b, y);
    else
        matrix_affine(rows, in, out, x, row_stride, col_stride, w, b, y);
}

static void TYPED(affine_grad_input)(size_t rows, size_t in, size_t out, const REAL *g,
                                     const REAL *w, REAL *dx)
{
    if (rows == 1 && in == 1)
        *dx += lanes_dot(out, g, 1, w, (REAL)-0.0);
    else if (in == 1 && out == 1)
        line_grad_input(rows, g, *w, dx);
    else
        matrix_grad_input(rows, in, out, g, w, dx);
}

/* The running sums of a weight and a bias gradient; those of one lane stand in the part itself. */
struct row_sums {
    size_t in, out, lanes, bias_lanes;
    int flat, flat_bias, by_lanes; /* whether they are kept by flat.inl.h, or all by lanes.inl.h */
    REAL *part, *weight, *bias;
    struct lane_sums by_row; /* where a row is a lane */
    REAL weight_lane[LF_LANES_IN * LF_VECTOR(REAL)], bias_lane[8 * LF_VECTOR(REAL)];
};

/* As many of the lanes as rows reach, a power of two: those beyond would add nothing. */
LF_INLINE size_t lanes_reached(size_t lanes, size_t rows)
{
    while (lanes > 1 && lanes / 2 >= rows)
        lanes /= 2;
    return lanes;
}

LF_INLINE void sums_begin(size_t rows, size_t in, size_t out, size_t row_stride, size_t col_stride,
                          REAL *part, struct row_sums *sums)
{
    sums->in = in;
    sums->out = out;
    sums->part = part;
    sums->lanes = lanes_reached(lf_row_lanes(in, out, LF_VECTOR(REAL)), rows);
    sums->bias_lanes = lanes_reached(lf_row_lanes(1, out, LF_VECTOR(REAL)), rows);
    const int dense = (row_stride == in || rows == 1) && (col_stride == 1 || in == 1);
    sums->flat = (out > 1 || (rows < LF_VECTOR(REAL) && in >= 4)) && dense &&
                 flat_has(rows, in, out, sums->lanes);
    sums->flat_bias = (out > 1 || sums->flat) && flat_has(rows, 1, out, sums->bias_lanes);
    sums->by_lanes = out == 1 && in <= LF_LANES_IN && !sums->flat;
    sums->weight = sums->lanes == 1 ? part : sums->weight_lane;
    sums->bias = sums->bias_lanes == 1 ? part + in * out : sums->bias_lane;
    if (sums->by_lanes) {
        lanes_begin(in, lf_by_lane(in, row_stride, col_stride), &sums->by_row);
    } else if (rows == 0) {
        fill_empty(in * out + out, part);
    }
}

/* Adds rows, the first of which goes to lane 0, with the gradients g[rows,n] of outputs o..o+n: all
 * of them, unless there is one lane. `first` says that these are the first rows of the block. */
LF_APART void sums_add(int first, size_t rows, size_t o, size_t n, const REAL *x, size_t row_stride,
                       size_t col_stride, const REAL *g, struct row_sums *sums)
{
    if (sums->by_lanes) {
        lanes_add(rows, x, row_stride, col_stride, g, &sums->by_row);
        return;
    }
    /* The sums of the biases come first, for their chains are short of work and leave room for what
     * follows. */
    if (sums->flat_bias)
        flat_add_biases(first, rows, n, g, sums->bias_lanes, sums->bias);
    else
        matrix_bias(first, rows, n, g, sums->bias_lanes, sums->bias + o);
    if (sums->flat)
        flat_add_weights(first, rows, sums->in, n, x, g, sums->lanes, sums->weight);
    else
        matrix_add(first, rows, sums->in, n, x, row_stride, col_stride, g, sums->lanes,
                   sums->weight + o * sums->in);
}

LF_INLINE void sums_end(struct row_sums *sums)
{
    if (sums->by_lanes) {
        lanes_end(&sums->by_row, sums->part);
        return;
    }
    if (sums->flat)
        flat_end(sums->in * sums->out, sums->lanes, sums->weight, sums->part);
    else
        matrix_end(sums->in, sums->out, sums->lanes, sums->weight, sums->part);
    if (sums->flat_bias)
        flat_end(sums->out, sums->bias_lanes, sums->bias, sums->part + sums->in * sums->out);
    else
        bias_end(sums->out, sums->bias_lanes, sums->bias, sums->part + sums->in * sums->out);
}

/* The gradients of a single row, which need no sums. */
LF_INLINE void single_part(size_t in, size_t out, const REAL *x, size_t col_stride, const REAL *g,
                           REAL *part)
{
    if (in == 1)
        LF_PIECES(REAL, out, store_first(part + i, v_mul(load_first(g + i, m), v_set1(*x)), m));
    else if (in * out <= LF_LITTLE || col_stride != 1)
        for (size_t o = 0; o < out; o++)
            for (size_t i = 0; i < in; i++)
                part[o * in + i] = g[o] * x[i * col_stride];
    else
        for (size_t o = 0; o < out; o++)
            LF_PIECES(REAL, in,
                      store_first(part + o * in + i, v_mul(v_set1(g[o]), load_first(x + i, m)), m));
    part += in * out;
    LF_PIECES(REAL, out, store_first(part + i, load_first(g + i, m), m));
}

/* The gradients of one output over so few rows that each is a lane: products, added by halving. */
LF_INLINE void few_part(size_t rows, size_t in, const REAL *x, size_t row_stride, const REAL *g,
                        REAL *part)
{
    const vec none = v_set1((REAL)-0.0);
    LF_PIECES(REAL, in, {
        vec sum[LF_FEW_ROWS];
        LF_UNROLL
        for (size_t r = 0; r < LF_FEW_ROWS; r++)
            sum[r] = r < rows ? v_mul(v_set1(g[r]), load_first(x + r * row_stride + i, m)) : none;
        LF_UNROLL
        for (size_t r = 0; r < 4; r++)
            sum[r] = v_add(sum[r], sum[r + 4]);
        store_first(part + i, v_add(v_add(sum[0], sum[2]), v_add(sum[1], sum[3])), m);
    });
    part[in] = v_sum(v_first(rows, v_load_part(g, rows), none));
}

/* One pass for the squared error over such rows. */
LF_APART void few_mse_part(const struct TYPED(lf_loss) * loss, size_t rows, size_t in,
                           const REAL *x, size_t row_stride, const REAL *w, const REAL *b,
                           const REAL *target, REAL *part)
{
    const vec none = v_set1((REAL)-0.0);
    REAL y[LF_VECTOR(REAL)];
    lanes_affine(rows, in, x, row_stride, 1, w, b, y);
    const vec d = v_sub(v_load_part(y, rows), v_load_part(target, rows));
    v_store(y, v_mul(v_mul(v_set1(2 * loss->scale), d), v_set1(loss->upstream)));
    few_part(rows, in, x, row_stride, y, part);
    part[in + 1] = v_sum(v_first(rows, v_mul(d, d), none));
}

LF_APART void TYPED(affine_grad_part)(size_t rows, size_t in, size_t out, const REAL *x,
                                      size_t row_stride, size_t col_stride, const REAL *g,
                                      REAL *part)
{
    if (rows == 1) {
        single_part(in, out, x, col_stride, g, part);
        return;
    }
    if (in == 1 && out == 1 && row_stride == 1 && rows > 0 &&
        rows <= LF_LINE_VECS * LF_VECTOR(REAL)) {
        line_part(rows, x, g, part);
        return;
    }
    if (out == 1 && in <= LF_LANES_IN && col_stride == 1 && rows > 0 && rows <= LF_FEW_ROWS) {
        few_part(rows, in, x, row_stride, g, part);
        return;
    }
    struct row_sums sums;
    sums_begin(rows, in, out, row_stride, col_stride, part, &sums);
    if (sums.flat && sums.flat_bias) {
        flat_add_biases(1, rows, out, g, sums.bias_lanes, sums.bias);
        flat_add_weights(1, rows, in, out, x, g, sums.lanes, sums.weight);
    } else {
        sums_add(1, rows, 0, out, x, row_stride, col_stride, g, &sums);
    }
    sums_end(&sums);
}

/* Rows of a tile whose x, outputs and gradients stay in the first-level cache: whole groups of V,
 * unless a row alone is more than the tile holds. */
LF_INLINE size_t tile_rows(size_t in, size_t out)
{
    size_t most = LF_TILE / (in + out + 1) / LF_VECTOR(REAL) * LF_VECTOR(REAL);
    return out > LF_FLAT_OUTPUTS ? 1 : most > 0 ? most : LF_VECTOR(REAL);
}

/* The one pass, tile by tile. */
LF_APART void loss_tiles(const struct TYPED(lf_loss) * loss, size_t rows, size_t in, size_t out,
                         const REAL *x, size_t row_stride, size_t col_stride, const REAL *w,
                         const REAL *b, const REAL *target, const REAL *row_weight, REAL *part)
{
    struct row_sums sums;
    REAL losses[LF_VECTOR(REAL)], y[LF_TILE], g[LF_TILE];
    size_t step = tile_rows(in, out), chunk = out < LF_TILE ? out : LF_TILE;
    sums_begin(rows, in, out, row_stride, col_stride, part, &sums);
    v_store(losses, v_set1((REAL)-0.0));
    for (size_t r = 0; r < rows && out > 0; r += step, x += step * row_stride) {
        size_t n = rows - r < step ? rows - r : step;
        for (size_t o = 0; o < out; o += chunk) {
            size_t m = out - o < chunk ? out - o : chunk, at = r * out + o;
            const REAL *weight = w + o * in, *bias = b ? b + o : NULL;
            if (m == out)
                TYPED(affine)(n, in, m, x, row_stride, col_stride, weight, bias, y);
            else
                matrix_affine(n, in, m, x, row_stride, col_stride, weight, bias, y);
            fill_empty(n * m, g);
            loss_rows(loss, n, m, y, target + at, row_weight ? row_weight + r : NULL, losses, g);
            sums_add(r == 0, n, o, m, x, row_stride, col_stride, g, &sums);
        }
    }
    sums_end(&sums);
    part[in * out + out] = v_sum(v_load(losses));
}

static void TYPED(affine_loss_part)(const struct TYPED(lf_loss) * loss, size_t rows, size_t in,
                                    size_t out, const REAL *x, size_t row_stride, size_t col_stride,
                                    const REAL *w, const REAL *b, const REAL *target,
                                    const REAL *row_weight, REAL *part)
{
    if (out == 1 && in > LF_LANES_IN && loss->kind == LF_MSE_LOSS && col_stride == 1 && rows > 0)
        wide_mse_part(loss, rows, in, x, row_stride, w, b, target, row_weight, part);
    else if (out != 1 || in > LF_LANES_IN || loss->kind != LF_MSE_LOSS)
        loss_tiles(loss, rows, in, out, x, row_stride, col_stride, w, b, target, row_weight, part);
    else if (in == 1 && row_stride == 1 && !row_weight && rows > 1 &&
             rows <= LF_LINE_VECS * LF_VECTOR(REAL))
        line_mse_part(loss, rows, x, *w, b ? *b : (REAL)-0.0, target, part);
    else if (rows == 1)
        lanes_mse_single(loss, in, x, col_stride, w, b, target, row_weight, part);
    else if (col_stride == 1 && !row_weight && rows > 0 && rows <= LF_FEW_ROWS)
        few_mse_part(loss, rows, in, x, row_stride, w, b, target, part);
    else
        lanes_mse_part(loss, rows, in, x, row_stride, col_stride, w, b, target, row_weight, part);
}
