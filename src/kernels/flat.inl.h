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
#define flat_accs TYPED(flat_accs)
#define flat_has TYPED(flat_has)
#define flat_sum TYPED(flat_sum)
#define flat_add TYPED(flat_add)
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
                      (depth == 1 || p->a_col == 1) && !p->start && p->skip == 0;
    const int right = (p->b_col == 1 && (p->b_row == cols || depth == 1)) ||
                      (p->b_row == 1 && (p->b_col == depth || cols == 1));
    const int added = !p->addend || p->addend_row == 0 || p->addend_row == cols;
    return dense && right && added && flat_rows(cols, depth) >= 2;
}

/* The first n elements from p in `vecs` vectors. */
LF_INLINE void flat_load(size_t vecs, const REAL *p, size_t n, vec *v)
{
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
    picks left = v_grid(cols, depth, 0), at = v_grid(cols, 0, p->b_col);
    f.depth = depth;
    flat_load(4, p->b, depth * cols, right);
    for (size_t k = 0; k < depth; k++) {
        f.right[k] = v_pick(4, right, v_grid_next(at, k * p->b_row));
        f.left[k] = v_grid_next(left, k);
    }
    bias = p->addend && !adds ? v_load_part(p->addend, cols) : v_set1(none);
    f.bias = v_pick(1, &bias, v_grid(cols, 0, 1));
    if (vecs == 1)
        flat_blocks(1, &f, rows, cols, step, p->a, adds, p->c);
    else if (vecs == 2)
        flat_blocks(2, &f, rows, cols, step, p->a, adds, p->c);
    else
        flat_blocks(4, &f, rows, cols, step, p->a, adds, p->c);
}

/* ---- sums over rows ---------------------------------------------------------------------- */

/* The vectors that `lanes` lanes of n elements take, `step` lanes in each; both powers of two. */
LF_INLINE size_t flat_accs(size_t n, size_t lanes, size_t *step)
{
    for (*step = 1; lanes > 1 && 2 * *step * n <= LF_VECTOR(REAL); lanes /= 2)
        *step *= 2;
    return lanes;
}

/* Whether sums of n elements are kept so. */
LF_INLINE int flat_has(size_t n, size_t lanes)
{
    return n > 0 && n <= LF_VECTOR(REAL) && lanes > 1;
}

/* sums[accs][V] += g x of every row, or g alone where x is NULL, or = if `first`; the rows of a
 * vector are `step`. accs is a constant of the caller. */
LF_INLINE void flat_sum(int first, size_t accs, size_t rows, size_t step, size_t in, size_t out,
                        const REAL *x, const REAL *g, REAL *sums)
{
    const vec nothing = v_set1((REAL)-0.0);
    const picks slope = v_grid(in, 1, 0);
    const picks input = v_grid_sum(v_grid(in * out, in, 0), v_grid(in, 0, 1));
    vec sum[8];
    LF_UNROLL
    for (size_t a = 0; a < accs; a++)
        sum[a] = first ? nothing : v_load(sums + a * LF_VECTOR(REAL));
    for (; rows >= accs * step; rows -= accs * step) {
        LF_UNROLL
        for (size_t a = 0; a < accs; a++, g += step * out) {
            vec left = v_load_part(g, step * out);
            if (!x) {
                sum[a] = v_add(sum[a], left);
                continue;
            }
            vec right = v_load_part(x, step * in);
            sum[a] = v_fma(v_pick(1, &left, slope), v_pick(1, &right, input), sum[a]);
            x += step * in;
        }
    }
    LF_UNROLL
    for (size_t a = 0; a < accs; a++) { /* -0.0 times 0 contributes nothing */
        const size_t n = rows < step ? rows : step;
        vec left = v_first(n * out, v_load_part(g, n * out), nothing);
        if (!x) {
            sum[a] = v_add(sum[a], left);
        } else {
            vec right = v_load_part(x, n * in);
            sum[a] = v_fma(v_pick(1, &left, slope), v_pick(1, &right, input), sum[a]);
            x += n * in;
        }
        g += n * out;
        rows -= n;
    }
    LF_UNROLL
    for (size_t a = 0; a < accs; a++)
        v_store(sums + a * LF_VECTOR(REAL), sum[a]);
}

/* Adds the rows to the sums of `lanes` lanes, or begins them if `first`. Row 0 goes to lane 0. */
static void flat_add(int first, size_t rows, size_t in, size_t out, const REAL *x, const REAL *g,
                     size_t lanes, REAL *sums)
{
    size_t step;
    switch (flat_accs(in * out, lanes, &step)) {
    case 1:
        flat_sum(first, 1, rows, step, in, out, x, g, sums);
        break;
    case 2:
        flat_sum(first, 2, rows, step, in, out, x, g, sums);
        break;
    case 4:
        flat_sum(first, 4, rows, step, in, out, x, g, sums);
        break;
    default:
        flat_sum(first, 8, rows, step, in, out, x, g, sums);
    }
}

/* part[n] = the lanes added by halving. */
LF_INLINE void flat_end(size_t n, size_t lanes, REAL *sums, REAL *part)
{
    size_t step;
    for (size_t half = flat_accs(n, lanes, &step) / 2; half > 0; half /= 2)
        for (size_t a = 0; a < half; a++)
            v_store(sums + a * LF_VECTOR(REAL), v_add(v_load(sums + a * LF_VECTOR(REAL)),
                                                      v_load(sums + (half + a) * LF_VECTOR(REAL))));
    vec sum = v_load(sums);
    for (size_t half = step / 2; half > 0; half /= 2)
        sum = v_add(sum, v_pick(1, &sum, v_grid_next(v_grid(1, 1, 0), half * n)));
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

LF_INLINE int flat_has(size_t n, size_t lanes)
{
    (void)n, (void)lanes;
    return 0;
}

LF_INLINE void flat_add(int first, size_t rows, size_t in, size_t out, const REAL *x, const REAL *g,
                        size_t lanes, REAL *sums)
{
    (void)first, (void)rows, (void)in, (void)out, (void)x, (void)g, (void)lanes, (void)sums;
}

LF_INLINE void flat_end(size_t n, size_t lanes, REAL *sums, REAL *part)
{
    (void)n, (void)lanes, (void)sums, (void)part;
}

#endif
