/* SPDX-License-Identifier: MIT */
/* A tile of a product of matrices: some rows by some vectors of the outcome, summed in registers.
 */

#define product TYPED(product)
#define tile_load TYPED(tile_load)
#define tile_store TYPED(tile_store)
#define tile_end TYPED(tile_end)
#define tile_sums TYPED(tile_sums)
#define tile TYPED(tile)
#define tile_vecs TYPED(tile_vecs)

/* c = (start + a b) + addend, with the chain of an element beginning at start. */
struct product {
    size_t depth;  /* columns of a, rows of b */
    const REAL *a; /* element (r,k) at a[r*a_row + k*a_col] */
    size_t a_row, a_col;
    const REAL *b; /* element (k,j) at b[k*b_row + j*b_col] */
    size_t b_row, b_col;
    const REAL *start, *addend; /* NULL for nothing */
    size_t start_row, addend_row;
    REAL *c;
    size_t c_row;
    /* Where parts are as fast as wholes: the lanes of the last vector of a tile. */
    size_t last;
    /* Elsewhere: so many first columns of c stay as they are, 0 with several vectors; and those
     * from `keep` on take the addend as it is, 0 for none. */
    size_t skip, keep;
};

/* Vector v of a row of a tile. */
LF_INLINE vec tile_load(size_t v, size_t vecs, int half, size_t last, const REAL *p)
{
    if (LF_PICKS && v == vecs - 1)
        return v_load_part(p, last);
    return half ? v_load_half(p) : v_load(p);
}

LF_INLINE void tile_store(size_t v, size_t vecs, int half, size_t last, REAL *p, vec value)
{
    if (LF_PICKS && v == vecs - 1)
        v_store_part(p, value, last);
    else if (half)
        v_store_half(p, value);
    else
        v_store(p, value);
}

/* What a tile adds to its sums, and where it puts them. */
LF_INLINE void tile_end(size_t rows, size_t vecs, int half, const struct product *p, vec *sum)
{
    const size_t last = p->last;
    if (p->addend) {
        LF_UNROLL
        for (size_t j = 0; j < rows * vecs; j++) {
            const REAL *at = p->addend + j / vecs * p->addend_row + j % vecs * LF_VECTOR(REAL);
            vec addend = tile_load(j % vecs, vecs, half, last, at), added = v_add(sum[j], addend);
            sum[j] = !LF_PICKS && p->keep > 0 ? v_first(p->keep, added, addend) : added;
        }
    }
    if (!LF_PICKS && p->skip > 0) {
        LF_UNROLL
        for (size_t r = 0; r < rows; r++)
            sum[r * vecs] = v_first(p->skip, v_load(p->c + r * p->c_row), sum[r * vecs]);
    }
    LF_UNROLL
    for (size_t j = 0; j < rows * vecs; j++)
        tile_store(j % vecs, vecs, half, last,
                   p->c + j / vecs * p->c_row + j % vecs * LF_VECTOR(REAL), sum[j]);
}

/* The tile of `rows` rows and `vecs` vectors, or half a vector, at the corner of p, whose b has
 * b_col 1. Rows are written in ascending order, after all that is read. The sizes are constants of
 * the caller. */
LF_INLINE void tile_sums(size_t rows, size_t vecs, int half, const struct product *p)
{
    vec sum[LF_TILE_SUMS];
    const REAL *row[(LF_HALF_ROWS + 2) / 3], *b = p->b;
    const size_t last = p->last;
    LF_UNROLL
    for (size_t r = 0; r < rows; r += 3) {
        row[r / 3] = p->a + r * p->a_row;
        LF_OPAQUE(row[r / 3]);
    }
    LF_UNROLL
    for (size_t j = 0; j < rows * vecs; j++)
        sum[j] = v_set1((REAL)-0.0);
    if (p->start) {
        LF_UNROLL
        for (size_t j = 0; j < rows * vecs; j++)
            sum[j] = tile_load(j % vecs, vecs, half, last,
                               p->start + j / vecs * p->start_row + j % vecs * LF_VECTOR(REAL));
    }
    for (size_t k = 0; k < p->depth; k++, b += p->b_row) {
        vec right[LF_MOST_VECS];
        LF_UNROLL
        for (size_t v = 0; v < vecs; v++)
            right[v] = tile_load(v, vecs, half, last, b + v * LF_VECTOR(REAL));
        LF_UNROLL
        for (size_t r = 0; r < rows; r++) {
            vec left = v_set1(row[r / 3][r % 3 * p->a_row]);
            LF_UNROLL
            for (size_t v = 0; v < vecs; v++)
                sum[r * vecs + v] = v_fma(left, right[v], sum[r * vecs + v]);
        }
        LF_UNROLL
        for (size_t r = 0; r < rows; r += 3)
            row[r / 3] += p->a_col;
    }
    tile_end(rows, vecs, half, p, sum);
}

/* Vectors of a tile that has so many rows: enough sums to keep the multipliers busy. */
LF_INLINE size_t tile_vecs(size_t rows)
{
    return rows == 1 ? 4 : rows <= 3 ? 2 : LF_TILE_VECS;
}

#define TILE(rows)                                                                                 \
    case rows:                                                                                     \
        if (!LF_PICKS && vecs == 0)                                                                \
            tile_sums(rows, 1, 1, p);                                                              \
        else if (rows > LF_TILE_ROWS)                                                              \
            break;                                                                                 \
        else if (vecs == 1)                                                                        \
            tile_sums(rows, 1, 0, p);                                                              \
        else if (vecs == 2 && tile_vecs(rows) >= 2)                                                \
            tile_sums(rows, 2, 0, p);                                                              \
        else if (tile_vecs(rows) == 4)                                                             \
            tile_sums(rows, 4, 0, p);                                                              \
        break;

/* `vecs` vectors, or half a one for 0, of so many rows as next_rows gives. */
static void tile(size_t rows, size_t vecs, const struct product *p)
{
    switch (rows) {
        TILE(1)
        TILE(2)
        TILE(3)
        TILE(4)
        TILE(6)
        TILE(7)
        TILE(8)
        TILE(12)
    }
}

#undef TILE
