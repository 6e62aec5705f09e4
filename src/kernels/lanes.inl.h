/* SPDX-License-Identifier: MIT */
/* Affine maps with one output and at most 16 inputs, a row a lane: V rows are worked on at once,
 * and sums over rows are the lanes of the contract as they stand. Rows that lie by rows are
 * transposed in registers, or summed without that where they are wide. Numbers of columns are
 * constants, so that weights and sums stay in registers; more than 8 go through in two halves,
 * stripe by stripe. */

#define REG_ROWS (sizeof(reg) / sizeof(REAL))
#define STRIPE_ROWS (LF_STRIPE * LF_VECTOR(REAL))
#define stripe TYPED(stripe)
#define lane_sums TYPED(lane_sums)
#define next_stripe TYPED(next_stripe)
#define prefetch_rows TYPED(prefetch_rows)
#define prefetch_columns TYPED(prefetch_columns)
#define lane_columns TYPED(lane_columns)
#define chain_columns TYPED(chain_columns)
#define chain_last TYPED(chain_last)
#define chain_stripe TYPED(chain_stripe)
#define add_columns TYPED(add_columns)
#define add_by_lane TYPED(add_by_lane)
#define add_rows TYPED(add_rows)
#define add_stripe TYPED(add_stripe)
#define add_row TYPED(add_row)
#define lanes_dot TYPED(lanes_dot)
#define has_last_stripe TYPED(has_last_stripe)
#define last_stripe TYPED(last_stripe)
#define lanes_affine TYPED(lanes_affine)
#define lanes_single TYPED(lanes_single)
#define lanes_begin TYPED(lanes_begin)
#define lanes_add TYPED(lanes_add)
#define lanes_end TYPED(lanes_end)

#ifndef LANEFIT_SRC_KERNELS_LANES
#define LANEFIT_SRC_KERNELS_LANES

enum {
    LF_AHEAD = 4096, /* bytes from a row to one that is worth asking for */
    LF_GROUP = 8,    /* columns at most whose weights or sums are kept in registers */
    LF_STRIPE = 16,  /* vecs of rows that are read more than once */
    LF_LAST = 64,    /* elements of rows that are worth a vector of rows */
    LF_COPIED_IN = 3 /* columns at most of a copy: more that lie by rows are read by rows */
};

/* Whether the one pass reads a run of each column at a time. From memory and with registers for 16
 * sums that is faster by a quarter, if the next stripe is asked for, half of it in each pass: the
 * pieces of a column are too short for the hardware to do so. With 16 registers it costs as much in
 * L2 as it gains from memory. */
#define LF_RUNS (REGISTERS >= 32)

enum lf_layout { LF_BY_COLUMNS, LF_BY_ROWS };

#define TWO_TO_FOUR(f) f(2) f(3) f(4)
#define TWO_TO_EIGHT(f) TWO_TO_FOUR(f) f(5) f(6) f(7) f(8)

/* How a stripe of rows is read. Rows that lie otherwise are copied by columns. */
LF_INLINE enum lf_layout lf_layout_of(size_t in, size_t row_stride, size_t col_stride)
{
    const int near = row_stride == in || in > LF_COPIED_IN;
    return in > 1 && row_stride != 1 && col_stride == 1 && near ? LF_BY_ROWS : LF_BY_COLUMNS;
}

/* Whether sums over such rows are kept by lane. */
LF_INLINE int lf_by_lane(size_t in, size_t row_stride, size_t col_stride)
{
    return in > 4 && lf_layout_of(in, row_stride, col_stride) == LF_BY_ROWS;
}

/* Of n columns as many as are done at once. */
LF_INLINE size_t lf_group(enum lf_layout layout, size_t n)
{
    return n <= LF_GROUP ? n : layout == LF_BY_ROWS ? LF_GROUP : (n + 1) / 2;
}

#endif

/* A whole number of vecs of rows: by columns that are `stride` apart, or by rows that are. */
struct stripe {
    enum lf_layout layout;
    size_t rows, in, stride;
    const REAL *x;
};

/* Running sums over rows: lane j of input i is weight[i][j], or if by_lane weight[j][i]. */
struct lane_sums {
    size_t in;
    int by_lane;
    _Alignas(64) REAL weight[LF_LANES_IN * LF_VECTOR(REAL)];
    REAL bias[LF_VECTOR(REAL)];
};

/* The stripe that begins at row r: all that follows, but at most STRIPE_ROWS if it takes several
 * passes or a copy. */
LF_INLINE struct stripe next_stripe(int passes, size_t r, size_t rows, size_t in, const REAL *x,
                                    size_t row_stride, size_t col_stride, REAL *copy)
{
    const enum lf_layout layout = lf_layout_of(in, row_stride, col_stride);
    const int copied = layout == LF_BY_COLUMNS && row_stride != 1 && in > 0;
    struct stripe s = {layout, (rows - r) / LF_VECTOR(REAL) * LF_VECTOR(REAL), in,
                       layout == LF_BY_ROWS ? row_stride : col_stride, x + r * row_stride};
    if ((passes > 1 || copied) && s.rows > STRIPE_ROWS)
        s.rows = STRIPE_ROWS;
    if (!copied)
        return s;
    for (size_t j = 0; j < s.rows; j++)
        for (size_t i = 0; i < in; i++)
            copy[i * STRIPE_ROWS + j] = s.x[j * row_stride + i * col_stride];
    s.x = copy;
    s.stride = STRIPE_ROWS;
    return s;
}

/* n columns of R rows, n a constant. */
LF_INLINE void lane_columns(enum lf_layout layout, size_t n, const REAL *x, size_t stride,
                            reg *column)
{
    if (layout == LF_BY_ROWS) {
        r_load_rows(n, x, stride, column);
        return;
    }
    LF_UNROLL
    for (size_t i = 0; i < n; i++)
        column[i] = r_load(x + i * stride);
}

/* Asks for what lies `ahead` bytes behind V dense rows of n elements. */
LF_INLINE void prefetch_rows(size_t n, const REAL *x, size_t ahead)
{
    LF_UNROLL
    for (size_t i = 0; i < n; i++)
        __builtin_prefetch((const char *)x + 64 * i + ahead);
}

/* Asks for the rows of n columns that are a stripe behind V of them. */
LF_INLINE void prefetch_columns(size_t n, const REAL *x, size_t stride)
{
    LF_UNROLL
    for (size_t i = 0; i < n; i++)
        __builtin_prefetch(x + i * stride + STRIPE_ROWS);
}

/* y = chain over n columns from the i-th on, from y as it stands unless i = 0, then + b. */
LF_INLINE void chain_columns(enum lf_layout layout, int begun, size_t n, const struct stripe *s,
                             size_t i, const REAL *w, REAL b, REAL *y)
{
    const int by_rows = layout == LF_BY_ROWS;
    const size_t rows = s->rows, stride = s->stride;
    const REAL *x = s->x + i * (by_rows ? 1 : stride);
    reg weight[LF_GROUP], bias = r_set1(b);
    LF_UNROLL
    for (size_t k = 0; k < n; k++)
        weight[k] = r_set1(w[i + k]);
    for (size_t r = 0; r < rows; r += REG_ROWS) {
        for (size_t k = 0; by_rows && r % LF_VECTOR(REAL) == 0 && k < stride; k += n)
            prefetch_rows(n, x + r * stride + k * LF_VECTOR(REAL), 2 * LF_AHEAD);
        reg column[LF_GROUP], sum = begun && i > 0 ? r_load(y + r) : r_set1((REAL)-0.0);
        lane_columns(layout, n, x + r * (by_rows ? stride : 1), stride, column);
        LF_UNROLL
        for (size_t k = 0; k < n; k++)
            sum = r_fma(column[k], weight[k], sum);
        r_store(y + r, r_add(sum, bias));
    }
}

/* y = chain over the last n <= 8 columns of more by rows, from y as it stands, then + b. They are
 * read eight at a time, with some of those before; n is no constant, for one copy of this is
 * enough. */
LF_INLINE void chain_last(size_t n, const struct stripe *s, const REAL *w, REAL b, REAL *y)
{
    const size_t first = s->in - LF_GROUP, skip = LF_GROUP - n;
    reg weight[LF_GROUP], bias = r_set1(b);
    LF_UNROLL
    for (size_t k = 0; k < LF_GROUP; k++)
        weight[k] = r_set1(w[first + k]);
    for (size_t r = 0; r < s->rows; r += REG_ROWS) {
        reg column[LF_GROUP], sum = r_load(y + r);
        lane_columns(LF_BY_ROWS, LF_GROUP, s->x + first + r * s->stride, s->stride, column);
        LF_UNROLL
        for (size_t k = 0; k < LF_GROUP; k++)
            if (k >= skip)
                sum = r_fma(column[k], weight[k], sum);
        r_store(y + r, r_add(sum, bias));
    }
}

/* y = the outputs of a stripe. */
LF_APART void chain_stripe(const struct stripe *s, const REAL *w, REAL b, REAL *y)
{
    size_t i = 0;
    do {
        const size_t n = lf_group(s->layout, s->in - i);
        const REAL bias = i + n < s->in ? (REAL)-0.0 : b;
#define ROWS(N)                                                                                    \
    case N:                                                                                        \
        chain_columns(LF_BY_ROWS, 0, N, s, i, w, bias, y);                                         \
        break;
#define COLUMNS(N)                                                                                 \
    case N:                                                                                        \
        chain_columns(LF_BY_COLUMNS, N >= LF_GROUP / 2, N, s, i, w, bias, y);                      \
        break;
        if (s->layout == LF_BY_COLUMNS)
            switch (n) {
                COLUMNS(0)
                COLUMNS(1)
                TWO_TO_EIGHT(COLUMNS)
            }
        else if (i > 0)
            chain_last(n, s, w, bias, y);
        else
            switch (n) {
                TWO_TO_EIGHT(ROWS)
            }
#undef ROWS
#undef COLUMNS
        i += n;
    } while (i < s->in);
}

/* weight[n][V] += g x over n columns. */
LF_INLINE void add_columns(enum lf_layout layout, size_t n, const struct stripe *s, size_t i,
                           const REAL *g, REAL *weight)
{
    const size_t rows = s->rows, stride = s->stride;
    const REAL *x = s->x + i * (layout == LF_BY_ROWS ? 1 : stride);
    weight += i * LF_VECTOR(REAL);
    for (size_t lane = 0; lane < LF_VECTOR(REAL); lane += REG_ROWS) {
        reg sum[LF_GROUP];
        LF_UNROLL
        for (size_t k = 0; k < n; k++)
            sum[k] = r_load(weight + k * LF_VECTOR(REAL) + lane);
        for (size_t r = lane; r < rows; r += LF_VECTOR(REAL)) {
            if (LF_RUNS && layout == LF_BY_COLUMNS && r < STRIPE_ROWS / 2)
                prefetch_columns(n, x + r, stride);
            reg column[LF_GROUP], slope = r_load(g + r);
            lane_columns(layout, n, x + r * (layout == LF_BY_ROWS ? stride : 1), stride, column);
            LF_UNROLL
            for (size_t k = 0; k < n; k++)
                sum[k] = r_fma(slope, column[k], sum[k]);
        }
        LF_UNROLL
        for (size_t k = 0; k < n; k++)
            r_store(weight + k * LF_VECTOR(REAL) + lane, sum[k]);
    }
}

/* weight[V][n] += g x over R columns from x on, of which n count: where a lane of the sums is a row
 * of them, x need not be transposed. */
LF_INLINE void add_by_lane(size_t n, size_t rows, const REAL *x, size_t stride, const REAL *g,
                           REAL *weight)
{
    enum { AT_ONCE = 8 };
    for (size_t lane = 0; lane < LF_VECTOR(REAL); lane += AT_ONCE) {
        reg sum[AT_ONCE];
        LF_UNROLL
        for (size_t j = 0; j < AT_ONCE; j++)
            sum[j] = r_load(weight + (lane + j) * LF_LANES_IN);
        for (size_t r = lane; r < rows; r += LF_VECTOR(REAL)) {
            const REAL *row = x + r * stride;
            LF_UNROLL
            for (size_t j = 0; j < AT_ONCE; j += 4, row += 4 * stride) {
                reg slope[4];
                LF_OPAQUE(row);
                r_spread(g + r + j, slope);
                LF_UNROLL
                for (size_t k = 0; k < 4; k++) {
                    const REAL *p = row + k * stride;
                    reg columns = n == REG_ROWS ? r_load(p) : r_load_part(p, n);
                    sum[j + k] = r_fma(slope[k], columns, sum[j + k]);
                }
            }
        }
        LF_UNROLL
        for (size_t j = 0; j < AT_ONCE; j++)
            r_store(weight + (lane + j) * LF_LANES_IN, sum[j]);
    }
}

/* weight[V][in] += what rows contribute, R columns at a time. */
LF_INLINE void add_rows(const struct stripe *s, const REAL *g, REAL *weight)
{
    size_t i = 0;
    for (; s->in - i >= REG_ROWS; i += REG_ROWS)
        add_by_lane(REG_ROWS, s->rows, s->x + i, s->stride, g, weight + i);
    if (i < s->in)
        add_by_lane(s->in - i, s->rows, s->x + i, s->stride, g, weight + i);
}

/* Adds what a stripe contributes with the gradients g. */
LF_APART void add_stripe(const struct stripe *s, const REAL *g, struct lane_sums *sums)
{
#define ROWS(N)                                                                                    \
    case N:                                                                                        \
        add_columns(LF_BY_ROWS, N, s, 0, g, sums->weight);                                         \
        break;
#define COLUMNS(N)                                                                                 \
    case N:                                                                                        \
        add_columns(LF_BY_COLUMNS, N, s, i, g, sums->weight);                                      \
        break;
    if (sums->by_lane)
        add_rows(s, g, sums->weight);
    else if (s->layout == LF_BY_ROWS)
        switch (s->in) {
            TWO_TO_FOUR(ROWS)
        }
    else
        for (size_t i = 0, n; i < s->in; i += n)
            switch (n = lf_group(LF_BY_COLUMNS, s->in - i)) {
                COLUMNS(1)
                TWO_TO_EIGHT(COLUMNS)
            }
#undef ROWS
#undef COLUMNS
}

/* The output of one row. */
LF_INLINE REAL lanes_dot(size_t in, const REAL *x, size_t col_stride, const REAL *w, REAL b)
{
    REAL sum = (REAL)-0.0;
    for (size_t i = 0; i < in; i++)
        sum = FMA(x[i * col_stride], w[i], sum);
    return sum + b;
}

/* Whether n < V rows are worth a vec of rows: only where what is read of the copy lies in one of
 * the vectors that it was written in. */
LF_INLINE int has_last_stripe(size_t n, size_t in, size_t row_stride, size_t col_stride)
{
    return in > 0 && in % LF_GROUP == 0 && row_stride == in && col_stride == 1 && n * in >= LF_LAST;
}

/* n < V dense rows and others of 0, as a stripe in a copy. */
LF_INLINE struct stripe last_stripe(size_t n, size_t in, const REAL *x, REAL *copy)
{
    LF_PIECES(REAL, n * in, v_store(copy + i, load_first(x + i, m)));
    for (size_t i = (n * in + LF_VECTOR(REAL) - 1) / LF_VECTOR(REAL); i < in; i++)
        v_store(copy + i * LF_VECTOR(REAL), v_set1(0));
    return (struct stripe){LF_BY_ROWS, LF_VECTOR(REAL), in, in, copy};
}

/* The last rows are done in a vec of them: once more with others where there are so many, or in a
 * copy where they are worth it. */
LF_APART void lanes_affine(size_t rows, size_t in, const REAL *x, size_t row_stride,
                           size_t col_stride, const REAL *w, const REAL *b, REAL *y)
{
    const REAL bias = b ? *b : (REAL)-0.0;
    const int passes = in > LF_GROUP ? 2 : 1;
    size_t r = 0;
    while (rows - r >= LF_VECTOR(REAL)) {
        _Alignas(64) REAL copy[LF_COPIED_IN * STRIPE_ROWS];
        struct stripe s = next_stripe(passes, r, rows, in, x, row_stride, col_stride, copy);
        chain_stripe(&s, w, bias, y + r);
        r += s.rows;
        if (r < rows && rows - r < LF_VECTOR(REAL))
            r = rows - LF_VECTOR(REAL);
    }
    const size_t left = rows - r;
    x += r * row_stride;
    if (has_last_stripe(left, in, row_stride, col_stride)) {
        _Alignas(64) REAL copy[LF_LANES_IN * LF_VECTOR(REAL)], last[LF_VECTOR(REAL)];
        struct stripe s = last_stripe(left, in, x, copy);
        chain_stripe(&s, w, bias, last);
        store_first(y + r, v_load(last), left);
        return;
    }
    for (; rows - r >= 4; r += 4, x += 4 * row_stride) {
        REAL sum[4] = {(REAL)-0.0, (REAL)-0.0, (REAL)-0.0, (REAL)-0.0};
        for (size_t i = 0; i < in; i++) {
            LF_UNROLL
            for (size_t j = 0; j < 4; j++)
                sum[j] = FMA(x[j * row_stride + i * col_stride], w[i], sum[j]);
        }
        LF_UNROLL
        for (size_t j = 0; j < 4; j++)
            y[r + j] = sum[j] + bias;
    }
    for (; r < rows; r++, x += row_stride)
        y[r] = lanes_dot(in, x, col_stride, w, bias);
}

/* The gradients of a single row: the lanes without would change nothing. */
LF_INLINE void lanes_single(size_t in, const REAL *x, size_t col_stride, REAL g, REAL *part)
{
    for (size_t i = 0; i < in; i++)
        part[i] = g * x[i * col_stride];
    part[in] = g;
}

/* Sums of nothing. */
LF_INLINE void lanes_begin(size_t in, int by_lane, struct lane_sums *sums)
{
    const vec none = v_set1((REAL)-0.0);
    sums->in = in;
    sums->by_lane = by_lane;
    for (size_t i = 0; i < (by_lane ? LF_LANES_IN : in); i++)
        v_store(sums->weight + i * LF_VECTOR(REAL), none);
    v_store(sums->bias, none);
}

/* Adds the weight gradient of one row. */
LF_INLINE void add_row(size_t lane, const REAL *x, size_t col_stride, REAL g,
                       struct lane_sums *sums)
{
    REAL *weight = sums->weight + (sums->by_lane ? lane * LF_LANES_IN : lane);
    const size_t step = sums->by_lane ? 1 : LF_VECTOR(REAL);
    for (size_t i = 0; i < sums->in; i++)
        weight[i * step] = FMA(g, x[i * col_stride], weight[i * step]);
}

/* Adds what rows contribute, with the gradients g of their outputs. Row 0 goes to lane 0. */
LF_APART void lanes_add(size_t rows, const REAL *x, size_t row_stride, size_t col_stride,
                        const REAL *g, struct lane_sums *sums)
{
    size_t tail = rows % LF_VECTOR(REAL), whole = rows - tail;
    vec bias = v_load(sums->bias);
    for (size_t r = 0; r < whole; r += LF_VECTOR(REAL))
        bias = v_add(bias, v_load(g + r));
    v_store(sums->bias, bias);
    for (size_t r = 0; r < whole;) {
        _Alignas(64) REAL copy[LF_COPIED_IN * STRIPE_ROWS];
        struct stripe s = next_stripe(2, r, rows, sums->in, x, row_stride, col_stride, copy);
        add_stripe(&s, g + r, sums);
        r += s.rows;
    }
    for (size_t lane = 0; lane < tail; lane++) {
        sums->bias[lane] += g[whole + lane];
        add_row(lane, x + (whole + lane) * row_stride, col_stride, g[whole + lane], sums);
    }
}

/* part[in+1] = the lanes added by halving. */
static void lanes_end(struct lane_sums *sums, REAL *part)
{
    REAL *weight = sums->weight;
    for (size_t half = LF_VECTOR(REAL) / 2; sums->by_lane && half > 0; half /= 2)
        for (size_t i = 0; i < half * LF_LANES_IN; i += LF_VECTOR(REAL))
            v_store(weight + i, v_add(v_load(weight + i), v_load(weight + half * LF_LANES_IN + i)));
    size_t i = 0;
    for (; !sums->by_lane && sums->in - i >= 4; i += 4) {
        vec four[4];
        LF_UNROLL
        for (size_t k = 0; k < 4; k++)
            four[k] = v_load(weight + (i + k) * LF_VECTOR(REAL));
        v_sum4(four, part + i);
    }
    for (; i < sums->in; i++)
        part[i] = sums->by_lane ? weight[i] : v_sum(v_load(weight + i * LF_VECTOR(REAL)));
    part[sums->in] = v_sum(v_load(sums->bias));
}
