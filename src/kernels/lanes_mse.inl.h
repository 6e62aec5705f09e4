/* SPDX-License-Identifier: MIT */
/* One pass for the squared error over the rows of lanes.inl.h: outputs, gradients, sums. Few inputs
 * go through in one stage, registers permitting; more of them stripe by stripe: outputs, what the
 * loss makes of them, weight gradient. */

#define mse TYPED(mse)
#define mse_columns TYPED(mse_columns)
#define mse_octets TYPED(mse_octets)
#define mse_direct TYPED(mse_direct)
#define mse_slopes TYPED(mse_slopes)
#define chain_run TYPED(chain_run)
#define slope_run TYPED(slope_run)
#define mse_runs TYPED(mse_runs)
#define mse_slope TYPED(mse_slope)
#define mse_last TYPED(mse_last)
#define mse_stripes TYPED(mse_stripes)
#define lanes_mse_single TYPED(lanes_mse_single)
#define lanes_mse_part TYPED(lanes_mse_part)

#ifndef LANEFIT_SRC_KERNELS_LANES_MSE
#define LANEFIT_SRC_KERNELS_LANES_MSE
/* Inputs that go through in one stage: by rows more, as to read them twice costs more than to spill
 * some columns, unless the second time goes by whole registers. */
#define LF_DIRECT(layout)                                                                          \
    ((layout) == LF_BY_COLUMNS ? REGISTERS / 4 : REGISTERS < 32 ? LF_GROUP - 1 : LF_LANES_IN)

/* Where the product with upstream costs time that loads do not take anyway. */
#define LF_UNSCALED(in) (REGISTERS < 32 && (in) <= 4)

/* Of the `regs` registers of a vec as many as are worked on at once. */
LF_INLINE size_t lf_at_once(size_t in, size_t regs)
{
    while (regs > 1 && regs * (in + 2) > REGISTERS * 5 / 8)
        regs /= 2;
    return regs;
}

#endif

/* The problem, and the sums over its rows. */
struct mse {
    const REAL *w;
    REAL b, scale, upstream;
    struct lane_sums sums;
    REAL squares[LF_VECTOR(REAL)];
};

/* The stripe from lane `lane` on: n registers at once of each vec. Unless it is `scaled`, upstream
 * is 1, which a product with does not change. */
LF_INLINE void mse_columns(enum lf_layout layout, int scaled, size_t in, size_t n, size_t lane,
                           const struct stripe *s, const REAL *target, struct mse *m)
{
    const size_t stride = layout == LF_BY_ROWS ? in : s->stride;
    const reg b = r_set1(m->b), scale = r_set1(2 * m->scale), upstream = r_set1(m->upstream);
    reg w[LF_LANES_IN], weight[4][LF_LANES_IN], bias[4], squares[4];
    LF_UNROLL
    for (size_t i = 0; i < in; i++)
        w[i] = r_set1(m->w[i]);
    LF_UNROLL
    for (size_t k = 0; k < n; k++) {
        size_t at = lane + k * REG_ROWS;
        LF_UNROLL
        for (size_t i = 0; i < in; i++)
            weight[k][i] = r_load(m->sums.weight + i * LF_VECTOR(REAL) + at);
        bias[k] = r_load(m->sums.bias + at);
        squares[k] = r_load(m->squares + at);
    }
    for (size_t r = lane; r < s->rows; r += LF_VECTOR(REAL)) {
        if (layout == LF_BY_ROWS && lane == 0)
            prefetch_rows(in, s->x + r * in, LF_AHEAD);
        if (layout == LF_BY_COLUMNS && n == LF_VEC_REGS && in > 1)
            prefetch_columns(in, s->x + r, stride);
        LF_UNROLL
        for (size_t k = 0; k < n; k++) {
            size_t at = r + k * REG_ROWS;
            reg column[LF_LANES_IN], y = r_set1((REAL)-0.0);
            lane_columns(layout, in, s->x + at * (layout == LF_BY_ROWS ? in : 1), stride, column);
            LF_UNROLL
            for (size_t i = 0; i < in; i++)
                y = i == 0 ? r_mul(column[0], w[0]) : r_fma(column[i], w[i], y);
            reg d = r_sub(r_add(y, b), r_load(target + at));
            reg g = r_mul(scale, d);
            if (scaled)
                g = r_mul(g, upstream);
            squares[k] = r_fma(d, d, squares[k]);
            bias[k] = r_add(bias[k], g);
            LF_UNROLL
            for (size_t i = 0; i < in; i++)
                weight[k][i] = r_fma(g, column[i], weight[k][i]);
        }
    }
    LF_UNROLL
    for (size_t k = 0; k < n; k++) {
        size_t at = lane + k * REG_ROWS;
        LF_UNROLL
        for (size_t i = 0; i < in; i++)
            r_store(m->sums.weight + i * LF_VECTOR(REAL) + at, weight[k][i]);
        r_store(m->sums.bias + at, bias[k]);
        r_store(m->squares + at, squares[k]);
    }
}

/* The same for a stripe by rows with more than eight inputs, read eight at a time, the last of
 * which may overlap the first; in is no constant, for one copy of this is enough. */
LF_APART void mse_octets(size_t in, const struct stripe *s, const REAL *target, struct mse *m)
{
    const size_t last = in - LF_GROUP, skip = 2 * LF_GROUP - in;
    const reg b = r_set1(m->b), scale = r_set1(2 * m->scale), upstream = r_set1(m->upstream);
    for (size_t lane = 0; lane < LF_VECTOR(REAL); lane += REG_ROWS) {
        reg w[2 * LF_GROUP], weight[2 * LF_GROUP];
        reg bias = r_load(m->sums.bias + lane), squares = r_load(m->squares + lane);
        LF_UNROLL
        for (size_t i = 0; i < 2 * LF_GROUP; i++) {
            const size_t at = i < LF_GROUP ? i : last + i - LF_GROUP;
            w[i] = r_set1(m->w[at]);
            weight[i] = r_load(m->sums.weight + at * LF_VECTOR(REAL) + lane);
        }
        for (size_t r = lane; r < s->rows; r += LF_VECTOR(REAL)) {
            const REAL *x = s->x + r * in;
            reg column[2 * LF_GROUP];
            prefetch_rows(2 * LF_GROUP, x, LF_AHEAD);
            lane_columns(LF_BY_ROWS, LF_GROUP, x, in, column);
            lane_columns(LF_BY_ROWS, LF_GROUP, x + last, in, column + LF_GROUP);
            reg y = r_mul(column[0], w[0]);
            LF_UNROLL
            for (size_t i = 1; i < 2 * LF_GROUP; i++)
                if (i < LF_GROUP || i >= LF_GROUP + skip)
                    y = r_fma(column[i], w[i], y);
            reg d = r_sub(r_add(y, b), r_load(target + r));
            reg g = r_mul(r_mul(scale, d), upstream);
            squares = r_fma(d, d, squares);
            bias = r_add(bias, g);
            LF_UNROLL
            for (size_t i = 0; i < 2 * LF_GROUP; i++)
                weight[i] = r_fma(g, column[i], weight[i]);
        }
        LF_UNROLL
        for (size_t i = 0; i < 2 * LF_GROUP; i++)
            r_store(m->sums.weight + (i < LF_GROUP ? i : last + i - LF_GROUP) * LF_VECTOR(REAL) +
                        lane,
                    weight[i]);
        r_store(m->sums.bias + lane, bias);
        r_store(m->squares + lane, squares);
    }
}

static void mse_direct(const struct stripe *s, const REAL *target, struct mse *m)
{
#define CASE(LAYOUT, IN)                                                                           \
    case IN: {                                                                                     \
        size_t n = lf_at_once(IN, LF_VECTOR(REAL) / REG_ROWS);                                     \
        for (size_t lane = 0; lane < LF_VECTOR(REAL) && IN <= LF_DIRECT(LAYOUT);                   \
             lane += n * REG_ROWS)                                                                 \
            if (LF_UNSCALED(IN) && m->upstream == 1)                                               \
                mse_columns(LAYOUT, 0, IN, n, lane, s, target, m);                                 \
            else                                                                                   \
                mse_columns(LAYOUT, 1, IN, n, lane, s, target, m);                                 \
        return;                                                                                    \
    }
#define ROWS(IN) CASE(LF_BY_ROWS, IN)
#define COLUMNS(IN) CASE(LF_BY_COLUMNS, IN)
    if (s->layout == LF_BY_ROWS)
        switch (s->in) {
            TWO_TO_EIGHT(ROWS)
        default:
            if (LF_DIRECT(LF_BY_ROWS) > LF_GROUP)
                mse_octets(s->in, s, target, m);
        }
    else
        switch (s->in) {
            COLUMNS(1)
            TWO_TO_EIGHT(COLUMNS)
        }
#undef CASE
#undef ROWS
#undef COLUMNS
}

/* What the loss makes of the outputs y of rows, the first of which goes to lane 0: adds to its sums
 * and to the bias gradient, and y becomes the gradients. */
LF_INLINE void mse_slopes(size_t rows, const REAL *target, const REAL *row_weight, REAL *y,
                          struct mse *sums)
{
    const vec twice = v_set1(2 * sums->scale);
    vec bias = v_load(sums->sums.bias), squares = v_load(sums->squares);
    LF_PIECES(REAL, rows, {
        vec d = v_sub(load_first(y + i, m), load_first(target + i, m));
        vec weight = row_weight ? load_first(row_weight + i, m) : v_set1(1);
        vec scale = row_weight ? v_mul(twice, weight) : twice;
        vec g = v_mul(v_mul(scale, d), v_set1(sums->upstream));
        squares = fma_first(m, row_weight ? v_mul(weight, d) : d, d, squares);
        bias = v_first(m, v_add(bias, g), bias);
        store_first(y + i, g, m);
    });
    v_store(sums->sums.bias, bias);
    v_store(sums->squares, squares);
}

/* y = the outputs of n registers of rows from row r of a stripe by columns on, n a constant. */
LF_INLINE void chain_run(size_t n, const struct stripe *s, size_t r, const struct mse *m, reg *y)
{
    const REAL *x = s->x + r;
    LF_UNROLL
    for (size_t k = 0; k < n; k++)
        y[k] = r_set1((REAL)-0.0);
    for (size_t i = 0; i < s->in; i++, x += s->stride) {
        const reg weight = r_set1(m->w[i]);
        LF_UNROLL
        for (size_t k = 0; k < n; k++) {
            if (k % LF_VEC_REGS == 0 && r + k * REG_ROWS >= STRIPE_ROWS / 2)
                prefetch_columns(1, x + k * REG_ROWS, 0);
            y[k] = r_fma(r_load(x + k * REG_ROWS), weight, y[k]);
        }
    }
    LF_UNROLL
    for (size_t k = 0; k < n; k++)
        y[k] = r_add(y[k], r_set1(m->b));
}

/* g = what the loss makes of n registers of outputs y, n a constant; adds to the sums of a vec of
 * rows. */
LF_INLINE void slope_run(size_t n, const REAL *target, const REAL *row_weight, const struct mse *m,
                         const reg *y, reg *bias, reg *squares, REAL *g)
{
    LF_UNROLL
    for (size_t k = 0; k < n; k++) {
        reg d = r_sub(y[k], r_load(target + k * REG_ROWS)), scaled = d;
        reg scale = r_set1(2 * m->scale);
        if (row_weight) {
            reg weight = r_load(row_weight + k * REG_ROWS);
            scale = r_mul(scale, weight);
            scaled = r_mul(weight, d);
        }
        reg slope = r_mul(r_mul(scale, d), r_set1(m->upstream));
        squares[k % LF_VEC_REGS] = r_fma(scaled, d, squares[k % LF_VEC_REGS]);
        bias[k % LF_VEC_REGS] = r_add(bias[k % LF_VEC_REGS], slope);
        r_store(g + k * REG_ROWS, slope);
    }
}

/* g = the gradients of the outputs of a stripe by columns; adds to the sums of both. */
LF_APART void mse_runs(const struct stripe *s, const REAL *target, const REAL *row_weight, REAL *g,
                       struct mse *m)
{
    enum { RUN = REGISTERS / 2 };
    reg y[RUN], bias[LF_VEC_REGS], squares[LF_VEC_REGS];
    size_t r = 0;
    LF_UNROLL
    for (size_t k = 0; k < LF_VEC_REGS; k++) {
        bias[k] = r_load(m->sums.bias + k * REG_ROWS);
        squares[k] = r_load(m->squares + k * REG_ROWS);
    }
    for (; s->rows - r >= RUN * REG_ROWS; r += RUN * REG_ROWS) {
        chain_run(RUN, s, r, m, y);
        slope_run(RUN, target + r, row_weight ? row_weight + r : NULL, m, y, bias, squares, g + r);
    }
    for (; r < s->rows; r += LF_VECTOR(REAL)) {
        chain_run(LF_VEC_REGS, s, r, m, y);
        slope_run(LF_VEC_REGS, target + r, row_weight ? row_weight + r : NULL, m, y, bias, squares,
                  g + r);
    }
    LF_UNROLL
    for (size_t k = 0; k < LF_VEC_REGS; k++) {
        r_store(m->sums.bias + k * REG_ROWS, bias[k]);
        r_store(m->squares + k * REG_ROWS, squares[k]);
    }
}

/* What the loss makes of one row, with the sums of its lane. Returns the gradient. */
LF_INLINE REAL mse_slope(REAL y, REAL target, const REAL *row_weight, const struct mse *m,
                         REAL *bias, REAL *squares)
{
    REAL d = y - target, scale = 2 * m->scale;
    REAL g = (row_weight ? scale * *row_weight : scale) * d * m->upstream;
    *squares = FMA(row_weight ? *row_weight * d : d, d, *squares);
    *bias += g;
    return g;
}

/* One pass over whole stripes. */
LF_INLINE void mse_stripes(int direct, size_t rows, size_t in, const REAL *x, size_t row_stride,
                           size_t col_stride, const REAL *target, const REAL *row_weight,
                           struct mse *m)
{
    _Alignas(64) REAL y[STRIPE_ROWS];
    const size_t regs = LF_VECTOR(REAL) / REG_ROWS;
    const int passes = direct && lf_at_once(in, regs) == regs ? 1 : 2;
    for (size_t r = 0; r < rows;) {
        _Alignas(64) REAL copy[LF_COPIED_IN * STRIPE_ROWS];
        struct stripe s = next_stripe(passes, r, rows, in, x, row_stride, col_stride, copy);
        if (direct)
            mse_direct(&s, target + r, m);
        else if (LF_RUNS && s.layout == LF_BY_COLUMNS) {
            mse_runs(&s, target + r, row_weight ? row_weight + r : NULL, y, m);
            add_stripe(&s, y, &m->sums);
        } else {
            chain_stripe(&s, m->w, m->b, y);
            mse_slopes(s.rows, target + r, row_weight ? row_weight + r : NULL, y, m);
            add_stripe(&s, y, &m->sums);
        }
        r += s.rows;
    }
}

/* One pass over n < V rows that has_last_stripe: the lanes of the others keep their sums. */
LF_APART void mse_last(size_t n, size_t in, const REAL *x, const REAL *target, struct mse *m)
{
    _Alignas(64) REAL copy[LF_LANES_IN * LF_VECTOR(REAL)], last[LF_VECTOR(REAL)];
    struct stripe s = last_stripe(n, in, x, copy);
    struct mse with = *m;
    v_store(last, load_first(target, n));
    mse_direct(&s, last, &with);
    for (size_t i = 0; i < in * LF_VECTOR(REAL); i += LF_VECTOR(REAL))
        v_store(m->sums.weight + i,
                v_first(n, v_load(with.sums.weight + i), v_load(m->sums.weight + i)));
    v_store(m->sums.bias, v_first(n, v_load(with.sums.bias), v_load(m->sums.bias)));
    v_store(m->squares, v_first(n, v_load(with.squares), v_load(m->squares)));
}

/* The one pass over a row alone, which needs no lanes. */
LF_INLINE void lanes_mse_single(const struct TYPED(lf_loss) * loss, size_t in, const REAL *x,
                                size_t col_stride, const REAL *w, const REAL *b, const REAL *target,
                                const REAL *row_weight, REAL *part)
{
    REAL d = lanes_dot(in, x, col_stride, w, b ? *b : (REAL)-0.0) - *target;
    REAL scale = row_weight ? 2 * loss->scale * *row_weight : 2 * loss->scale;
    lanes_single(in, x, col_stride, scale * d * loss->upstream, part);
    part[in + 1] = (row_weight ? *row_weight * d : d) * d;
}

/* One pass over a block for the squared error: weight gradient, bias gradient, sum. */
LF_APART void lanes_mse_part(const struct TYPED(lf_loss) * loss, size_t rows, size_t in,
                             const REAL *x, size_t row_stride, size_t col_stride, const REAL *w,
                             const REAL *b, const REAL *target, const REAL *row_weight, REAL *part)
{
    struct mse m;
    const size_t whole = rows / LF_VECTOR(REAL) * LF_VECTOR(REAL);
    m.w = w;
    m.b = b ? *b : (REAL)-0.0;
    m.scale = loss->scale;
    m.upstream = loss->upstream;
    const enum lf_layout layout = lf_layout_of(in, row_stride, col_stride);
    const int dense = row_stride == in || row_stride == 1;
    const int direct = in <= LF_DIRECT(layout) && in > 0 && dense && !row_weight;
    lanes_begin(in, !direct && lf_by_lane(in, row_stride, col_stride), &m.sums);
    v_store(m.squares, v_set1((REAL)-0.0));
    mse_stripes(direct, whole, in, x, row_stride, col_stride, target, row_weight, &m);
    const int last = LF_DIRECT(LF_BY_ROWS) >= LF_GROUP && direct &&
                     has_last_stripe(rows - whole, in, row_stride, col_stride);
    if (last)
        mse_last(rows - whole, in, x + whole * row_stride, target + whole, &m);
    for (size_t r = whole; r < rows && !last; r++) {
        const REAL *row = x + r * row_stride;
        size_t lane = r - whole;
        REAL g =
            mse_slope(lanes_dot(in, row, col_stride, w, m.b), target[r],
                      row_weight ? row_weight + r : NULL, &m, m.sums.bias + lane, m.squares + lane);
        add_row(lane, row, col_stride, g, &m.sums);
    }
    lanes_end(&m.sums, part);
    part[in + 1] = v_sum(v_load(m.squares));
}
