/* SPDX-License-Identifier: MIT */
/* Small dense matrices as they lie in memory: a vector is several rows of the outcome, or of the
 * lanes of a sum over rows, and what they take of the factors is picked from whole vectors. Only
 * where the registers can be picked from; there is another way for every shape. */

#define flat TYPED(flat)
#define flat_rows TYPED(flat_rows)
#define flat_fits TYPED(flat_fits)
#define flat_load TYPED(flat_load)
#define flat_block TYPED(flat_block)
#define flat_blocks TYPED(flat_blocks)
#define flat_product TYPED(flat_product)
#define flat_lanes TYPED(flat_lanes)
#define flat_vecs TYPED(flat_vecs)
#define flat_picks TYPED(flat_picks)
#define flat_lane TYPED(flat_lane)
#define flat_has TYPED(flat_has)
#define flat_sum TYPED(flat_sum)
#define flat_add TYPED(flat_add)
#define flat_add_weights TYPED(flat_add_weights)
#define flat_add_biases TYPED(flat_add_biases)
#define flat_end TYPED(flat_end)

#if LF_PICKS

/* ---- products ---------------------------------------------------------------------------- */

/* How many rows of the outcome a vector takes: fewer than fit where their part of the left factor
 * would be more than four vectors. */
LF_INLINE size_t flat_rows(size_t cols, size_t depth)
{
    const unsigned vector = LF_VECTOR(REAL), fit = vector / (unsigned)cols;
    return fit * depth <= 4 * vector ? fit : 4 * vector / (unsigned)depth;
}

/* Whether the product p of rows x cols is one that is faster so. */
LF_INLINE int flat_fits(size_t rows, size_t cols, const struct product *p)
{
    const size_t depth = p->depth;
    if (cols > LF_VECTOR(REAL) / 2 || depth == 0 || cols == 0 ||
        depth * cols > 4 * LF_VECTOR(REAL) || depth > LF_FLAT_DEPTH)
        return 0;
    const int dense = (rows == 1 || (p->a_row == depth && p->c_row == cols)) &&
                      (depth == 1 || p->a_col == 1) && !p->start;
    const int right = (p->b_col == 1 && (p->b_row == cols || depth == 1)) ||
                      (p->b_row == 1 && (p->b_col == depth || cols == 1));
    const int added = !p->addend || p->addend_row == 0 || p->addend_row == cols;
    return dense && right && added && flat_rows(cols, depth) >= 2;
}

/* The first n <= vecs V elements from p. */
LF_INLINE void flat_load(size_t vecs, const REAL *p, size_t n, vec *v)
{
    if (vecs == 1) {
        v[0] = v_load_part(p, n);
        return;
    }
    LF_UNROLL
    for (size_t i = 0; i < vecs; i++) {
        const size_t at = i * LF_VECTOR(REAL);
        v[i] = v_load_part(n > at ? p + at : p, n > at ? LF_PIECE(REAL, n, at) : 0);
    }
}

/* What the vectors of an outcome share. */
struct flat {
    size_t depth;
    vec right[LF_FLAT_DEPTH], bias;
    picks left[LF_FLAT_DEPTH];
};

/* n elements of c, from m of a; accumulates where `adds`. */
LF_INLINE void flat_block(size_t vecs, const struct flat *f, size_t m, const REAL *a, int adds,
                          size_t n, REAL *c)
{
    vec left[4], sum = v_set1((REAL)-0.0);
    flat_load(vecs, a, m, left);
    for (size_t k = 0; k < f->depth; k++)
        sum = v_fma(v_pick(vecs, left, f->left[k]), f->right[k], sum);
    v_store_part(c, v_add(sum, adds ? v_load_part(c, n) : f->bias), n);
}

/* All rows, `step` a vector; vecs is a constant of the caller. */
LF_INLINE void flat_blocks(size_t vecs, const struct flat *f, size_t rows, size_t cols, size_t step,
                           const REAL *a, int adds, REAL *c)
{
    const size_t m = step * f->depth, n = step * cols;
    for (; rows >= step; rows -= step, a += m, c += n)
        flat_block(vecs, f, m, a, adds, n, c);
    if (rows > 0)
        flat_block(vecs, f, rows * f->depth, a, adds, rows * cols, c);
}

static void flat_product(size_t rows, size_t cols, const struct product *p)
{
    const size_t depth = p->depth, step = flat_rows(cols, depth);
    const size_t vecs = (step * depth + LF_VECTOR(REAL) - 1) / LF_VECTOR(REAL);
    const int adds = p->addend && p->addend_row != 0;
    const REAL none = (REAL)-0.0;
    vec right[4], bias;
    struct flat f;
    picks left = v_grid(0, cols, depth, 0), at = v_grid(0, cols, 0, p->b_col);
    f.depth = depth;
    flat_load(4, p->b, depth * cols, right);
    for (size_t k = 0; k < depth; k++) {
        f.right[k] = v_pick(4, right, v_grid_next(at, k * p->b_row));
        f.left[k] = v_grid_next(left, k);
    }
    bias = p->addend && !adds ? v_load_part(p->addend, cols) : v_set1(none);
    f.bias = v_pick(1, &bias, v_grid(0, cols, 0, 1));
    if (vecs == 1)
        flat_blocks(1, &f, rows, cols, step, p->a, adds, p->c);
    else if (vecs == 2)
        flat_blocks(2, &f, rows, cols, step, p->a, adds, p->c);
    else
        flat_blocks(4, &f, rows, cols, step, p->a, adds, p->c);
}

/* ---- sums over rows ---------------------------------------------------------------------- */

/* Vectors that n elements take. */
LF_INLINE size_t flat_vecs(size_t n)
{
    return (n + LF_VECTOR(REAL) - 1) / LF_VECTOR(REAL);
}

/* The lanes that are not in one vector with others: all, or where n elements are few, every
 * step-th; both are powers of two. */
LF_INLINE size_t flat_lanes(size_t n, size_t lanes, size_t *step)
{
    for (*step = 1; lanes > 1 && 2 * *step * n <= LF_VECTOR(REAL); lanes /= 2)
        *step *= 2;
    return lanes;
}

/* Whether sums of in x out elements are kept so, in at most eight vectors. Of more than two to a
 * row only for few rows: tiles are faster for many. */
LF_INLINE int flat_has(size_t rows, size_t in, size_t out, size_t lanes)
{
    const size_t n = in * out, most = 2 * LF_VECTOR(REAL);
    size_t step;
    return n > 0 && n <= (rows <= LF_FLAT_ROWS ? 2 * most : most) && in <= most && out <= most &&
           lanes > 1 && flat_lanes(n, lanes, &step) * flat_vecs(n) <= 8;
}

/* How a vector of sums picks from rows of g and of x. */
struct flat_picks {
    picks slope, input;
};

/* sum[vecs] += g x of m rows of x and g, or g alone if `plain`; `whole` says that the vector has no
 * room for more. whole, plain and vecs are constants of the caller. */
LF_INLINE void flat_lane(int whole, int plain, size_t vecs, size_t m, size_t in, size_t out,
                         const REAL *x, const REAL *g, const struct flat_picks *pick, vec *sum)
{
    const size_t tables = vecs > 1 ? 2 : 1;
    vec left[2], right[2];
    flat_load(tables, g, m * out, left);
    if (!whole) { /* -0.0 times 0 contributes nothing */
        LF_UNROLL
        for (size_t i = 0; i < tables; i++) {
            const size_t at = i * LF_VECTOR(REAL), n = m * out;
            left[i] = v_first(n > at ? LF_PIECE(REAL, n, at) : 0, left[i], v_set1((REAL)-0.0));
        }
    }
    if (!plain)
        flat_load(tables, x, m * in, right);
    LF_UNROLL
    for (size_t j = 0; j < vecs; j++)
        sum[j] = plain ? v_add(sum[j], left[j])
                       : v_fma(v_pick(tables, left, pick[j].slope),
                               v_pick(tables, right, pick[j].input), sum[j]);
}

/* sums[lanes][vecs][V] += g x of every row, or g alone if `plain`, or = if `first`; `step` rows to
 * a vector. plain, vecs and lanes are constants of the caller. */
LF_INLINE void flat_sum(int first, int plain, size_t vecs, size_t lanes, size_t rows, size_t step,
                        size_t in, size_t out, const REAL *x, const REAL *g, REAL *sums)
{
    vec sum[8];
    struct flat_picks pick[4];
    if (!plain) {
        LF_UNROLL
        for (size_t j = 0; j < vecs; j++) {
            const size_t at = j * LF_VECTOR(REAL);
            pick[j].slope = v_grid(at, in, 1, 0);
            pick[j].input = v_grid_sum(v_grid(at, in * out, in, 0), v_grid(at, in, 0, 1));
        }
    }
    LF_UNROLL
    for (size_t a = 0; a < lanes * vecs; a++)
        sum[a] = first ? v_set1((REAL)-0.0) : v_load(sums + a * LF_VECTOR(REAL));
    for (; rows >= lanes * step; rows -= lanes * step) {
        LF_UNROLL
        for (size_t l = 0; l < lanes; l++) {
            flat_lane(1, plain, vecs, step, in, out, x, g, pick, sum + l * vecs);
            g += step * out;
            x += plain ? 0 : step * in;
        }
    }
    if (rows > 0) {
        LF_UNROLL
        for (size_t l = 0; l < lanes; l++) {
            const size_t m = rows < step ? rows : step;
            flat_lane(0, plain, vecs, m, in, out, x, g, pick, sum + l * vecs);
            g += m * out;
            x += plain ? 0 : m * in;
            rows -= m;
        }
    }
    LF_UNROLL
    for (size_t a = 0; a < lanes * vecs; a++)
        v_store(sums + a * LF_VECTOR(REAL), sum[a]);
}

/* Adds the rows of x and g, or of g alone, to the sums of `lanes` lanes, or begins them if `first`.
 * Row 0 goes to lane 0. plain is a constant of the caller. */
LF_INLINE void flat_add(int first, int plain, size_t rows, size_t in, size_t out, const REAL *x,
                        const REAL *g, size_t lanes, REAL *sums)
{
    size_t step;
    lanes = flat_lanes(in * out, lanes, &step);
/* Biases take two vectors at most. */
#define LANES(vecs, n)                                                                             \
    case 16 * (vecs) + (n):                                                                        \
        if (!plain || vecs <= 2)                                                                   \
            flat_sum(first, plain, vecs, n, rows, step, in, out, x, g, sums);                      \
        break;
    switch (16 * flat_vecs(in * out) + lanes) {
        LANES(1, 1)
        LANES(1, 2)
        LANES(1, 4)
        LANES(1, 8)
        LANES(2, 2)
        LANES(2, 4)
        LANES(3, 2)
        LANES(4, 2)
    }
#undef LANES
}

static void flat_add_weights(int first, size_t rows, size_t in, size_t out, const REAL *x,
                             const REAL *g, size_t lanes, REAL *sums)
{
    flat_add(first, 0, rows, in, out, x, g, lanes, sums);
}

static void flat_add_biases(int first, size_t rows, size_t out, const REAL *g, size_t lanes,
                            REAL *sums)
{
    flat_add(first, 1, rows, 1, out, g, g, lanes, sums);
}

/* part[n] = the lanes added by halving. */
LF_INLINE void flat_end(size_t n, size_t lanes, REAL *sums, REAL *part)
{
    const size_t vecs = flat_vecs(n);
    size_t step;
    for (size_t half = flat_lanes(n, lanes, &step) / 2; half > 0; half /= 2)
        for (size_t a = 0; a < half * vecs; a++)
            v_store(sums + a * LF_VECTOR(REAL),
                    v_add(v_load(sums + a * LF_VECTOR(REAL)),
                          v_load(sums + (half * vecs + a) * LF_VECTOR(REAL))));
    if (vecs > 1) {
        memcpy(part, sums, n * sizeof *part);
        return;
    }
    vec sum = v_load(sums);
    for (size_t half = step / 2; half > 0; half /= 2)
        sum = v_add(sum, v_pick(1, &sum, v_grid_next(v_grid(0, 1, 1, 0), half * n)));
    v_store_part(part, sum, n);
}

#else

LF_INLINE int flat_fits(size_t rows, size_t cols, const struct product *p)
{
    (void)rows, (void)cols, (void)p;
    return 0;
}

LF_INLINE void flat_product(size_t rows, size_t cols, const struct product *p)
{
    (void)rows, (void)cols, (void)p;
}

LF_INLINE int flat_has(size_t rows, size_t in, size_t out, size_t lanes)
{
    (void)rows, (void)in, (void)out, (void)lanes;
    return 0;
}

LF_INLINE void flat_add_weights(int first, size_t rows, size_t in, size_t out, const REAL *x,
                                const REAL *g, size_t lanes, REAL *sums)
{
    (void)first, (void)rows, (void)in, (void)out, (void)x, (void)g, (void)lanes, (void)sums;
}

LF_INLINE void flat_add_biases(int first, size_t rows, size_t out, const REAL *g, size_t lanes,
                               REAL *sums)
{
    (void)first, (void)rows, (void)out, (void)g, (void)lanes, (void)sums;
}

LF_INLINE void flat_end(size_t n, size_t lanes, REAL *sums, REAL *part)
{
    (void)n, (void)lanes, (void)sums, (void)part;
}

#endif
