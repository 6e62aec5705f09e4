/* SPDX-License-Identifier: MIT */
/* Products of matrices, each element a chain over the inner index in order: in tiles, over a panel
 * of the right factor that is packed unless its rows can be read as they stand. */

#define pack_rows TYPED(pack_rows)
#define pack_columns TYPED(pack_columns)
#define pack TYPED(pack)
#define multiply_little TYPED(multiply_little)
#define is_outer TYPED(is_outer)
#define multiply_outer TYPED(multiply_outer)
#define next_rows TYPED(next_rows)
#define multiply_wide TYPED(multiply_wide)
#define multiply_copied TYPED(multiply_copied)
#define multiply_narrow TYPED(multiply_narrow)
#define turned_step TYPED(turned_step)
#define tile_turned TYPED(tile_turned)
#define multiply_turned TYPED(multiply_turned)
#define tile_least TYPED(tile_least)
#define multiply_tiles TYPED(multiply_tiles)
#define multiply TYPED(multiply)

/* ---- packing ----------------------------------------------------------------------------- */

/* panel[k][width] = the n <= width columns of b, 0 beyond them; the columns stand side by side. */
LF_INLINE void pack_rows(size_t depth, const REAL *b, size_t b_row, size_t n, size_t width,
                         REAL *panel)
{
    for (size_t k = 0; k < depth; k++, b += b_row, panel += width)
        for (size_t j = 0; j < n; j += LF_VECTOR(REAL))
            v_store(panel + j, load_first(b + j, LF_PIECE(REAL, n, j)));
}

/* The same where it is the rows of b that stand side by side, or neither. */
LF_INLINE void pack_columns(size_t depth, const REAL *b, size_t b_row, size_t b_col, size_t n,
                            size_t width, REAL *panel)
{
    size_t k = 0;
    if (b_row == 1)
        for (; k < depth && depth >= 4; k += 4) {
            vec column[4];
            k = k + 4 <= depth ? k : depth - 4; /* the last four, some of them once more */
            v_load_columns(b + k, b_col, n, column);
            LF_UNROLL
            for (size_t j = 0; j < 4; j++)
                v_store(panel + (k + j) * width, column[j]);
        }
    for (; k < depth; k++) {
        if (n < LF_VECTOR(REAL))
            v_store(panel + k * width, v_set1(0));
        for (size_t j = 0; j < n; j++)
            panel[k * width + j] = b[k * b_row + j * b_col];
    }
}

static void pack(size_t depth, const REAL *b, size_t b_row, size_t b_col, size_t n, size_t width,
                 REAL *panel)
{
    if (b_col == 1) {
        pack_rows(depth, b, b_row, n, width, panel);
        return;
    }
    for (size_t j = 0; j < n; j += LF_VECTOR(REAL))
        pack_columns(depth, b + j * b_col, b_row, b_col, LF_PIECE(REAL, n, j), width, panel + j);
}

/* ---- products ---------------------------------------------------------------------------- */

/* The rows of the next tile when so many are left and `most` make a tile: the tiles as even as can
 * be, because few rows keep the multipliers waiting, of those numbers of rows that there are tiles
 * for. */
LF_INLINE size_t next_rows(size_t left, size_t most)
{
    static const unsigned char last[LF_HALF_ROWS + 1] = {0, 1, 2, 3, 4, 3, 6, 7, 8, 6, 6, 7, 12};
    static const unsigned char more[LF_HALF_ROWS + 1] = {0, 1, 2, 3, 4, 6, 6, 7, 8, 12, 12, 12, 12};
    const size_t tiles = (left + most - 1) / most;
    return tiles <= 1 ? last[left] : more[tiles >= 4 ? most : left / tiles];
}

/* All rows of `vecs` whole vectors, or half a one for 0, from a b with b_col 1. */
LF_INLINE void multiply_wide(size_t rows, size_t vecs, struct product p)
{
    for (size_t m; rows > 0; rows -= m) {
        m = next_rows(rows, vecs > 0 ? LF_TILE_ROWS : LF_HALF_ROWS);
        tile(m, vecs, &p);
        p.a += m * p.a_row;
        p.c += m * p.c_row;
        p.start = p.start ? p.start + m * p.start_row : NULL;
        p.addend = p.addend ? p.addend + m * p.addend_row : NULL;
    }
}

/* Rows of n < V columns, from a b that is packed: tile by tile in a copy of whole vectors. */
LF_INLINE void multiply_copied(size_t rows, size_t n, const struct product *p)
{
    REAL sums[LF_TILE_ROWS * LF_VECTOR(REAL)];
    struct product whole = {.depth = p->depth,
                            .a_row = p->a_row,
                            .a_col = p->a_col,
                            .b = p->b,
                            .b_row = p->b_row,
                            .start = p->start ? sums : NULL,
                            .start_row = LF_VECTOR(REAL),
                            .c = sums,
                            .c_row = LF_VECTOR(REAL)};
    for (size_t r = 0, m; r < rows; r += m) {
        m = next_rows(rows - r, LF_TILE_ROWS);
        for (size_t j = 0; p->start && j < m; j++)
            v_store(sums + j * LF_VECTOR(REAL), load_first(p->start + (r + j) * p->start_row, n));
        whole.a = p->a + r * p->a_row;
        tile(m, 1, &whole);
        for (size_t j = 0; j < m; j++) {
            vec v = v_load(sums + j * LF_VECTOR(REAL));
            if (p->addend)
                v = v_add(v, load_first(p->addend + (r + j) * p->addend_row, n));
            store_first(p->c + (r + j) * p->c_row, v, n);
        }
    }
}

/* All rows of n < V columns, from a b that is packed. Where one row follows the other, they are
 * written as wide as a tile is, the beginning of the next row included; that is written after. */
LF_INLINE void multiply_narrow(size_t rows, size_t n, struct product p)
{
    size_t width = n <= LF_VECTOR(REAL) / 2 ? LF_VECTOR(REAL) / 2 : LF_VECTOR(REAL), wide = 0;
    REAL bias[LF_VECTOR(REAL)];
    if (p.c_row == n && !p.start && rows * n >= width) {
        struct product whole = p;
        wide = (rows * n - width) / n + 1;
        if (p.addend && p.addend_row == 0) {
            v_store(bias, load_first(p.addend, n));
            whole.addend = bias;
        } else {
            whole.keep = n;
        }
        multiply_wide(wide, width == LF_VECTOR(REAL), whole);
        p.a += wide * p.a_row;
        p.c += wide * p.c_row;
        p.addend = p.addend ? p.addend + wide * p.addend_row : NULL;
    }
    multiply_copied(rows - wide, n, &p);
}

/* The product p of rows x cols, one element after the other: what a tile would cost is more. */
LF_INLINE void multiply_little(size_t rows, size_t cols, const struct product *p)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < cols; j++) {
            const REAL *a = p->a + r * p->a_row, *b = p->b + j * p->b_col;
            REAL sum = p->start ? p->start[r * p->start_row + j] : (REAL)-0.0;
            for (size_t k = 0; k < p->depth; k++)
                sum = FMA(a[k * p->a_col], b[k * p->b_row], sum);
            p->c[r * p->c_row + j] = p->addend ? sum + p->addend[r * p->addend_row + j] : sum;
        }
}

/* Whether p is the product of one column by one row, for multiply_outer. Not where it is added to
 * rows of a part of a vector: to read what a mask has kept from being written takes long. */
LF_INLINE int is_outer(size_t cols, const struct product *p)
{
    return p->depth == 1 && p->b_col == 1 && !p->start && cols >= LF_VECTOR(REAL) &&
           (cols % LF_VECTOR(REAL) == 0 || p->addend_row == 0);
}

/* Such a product: memory is all it takes, so row follows row. */
LF_INLINE void multiply_outer(size_t rows, size_t cols, const struct product *p)
{
    const REAL *addend = p->addend;
    for (size_t r = 0; r < rows; r++) {
        const vec left = v_set1(p->a[r * p->a_row]);
        REAL *c = p->c + r * p->c_row;
        if (addend)
            LF_PIECES(
                REAL, cols,
                store_first(c + i,
                            v_add(v_mul(left, load_first(p->b + i, m)), load_first(addend + i, m)),
                            m));
        else
            LF_PIECES(REAL, cols, store_first(c + i, v_mul(left, load_first(p->b + i, m)), m));
        addend = addend ? addend + p->addend_row : NULL;
    }
}

/* ---- few rows ---------------------------------------------------------------------------- */

/* sums += the products of column k of the rows at a with the vectors right. */
LF_INLINE void turned_step(size_t rows, size_t vecs, const REAL *const *a, size_t k,
                           const vec *right, size_t right_step, vec *sum)
{
    LF_UNROLL
    for (size_t j = 0; j < rows * vecs; j++)
        sum[j] = v_fma(v_set1(a[j / vecs][k]), right[j % vecs * right_step], sum[j]);
}

/* The tile of `rows` rows, of which m count, and `vecs` vectors, the last of n lanes, from a b with
 * b_row 1, four of whose columns at a time are made rows. rows and vecs are constants of the
 * caller. */
LF_INLINE void tile_turned(size_t rows, size_t m, size_t vecs, size_t n, const struct product *p)
{
    vec sum[LF_TURNED_ROWS], right[2 * 4];
    const REAL *a[LF_TURNED_ROWS], *start[LF_TURNED_ROWS];
    size_t k = 0;
    LF_UNROLL
    for (size_t r = 0; r < rows; r++) {
        a[r] = p->a + LF_ROW(r, m) * p->a_row;
        start[r] = p->start ? p->start + LF_ROW(r, m) * p->start_row : NULL;
    }
    LF_UNROLL
    for (size_t j = 0; j < rows * vecs; j++)
        sum[j] = p->start ? load_first(start[j / vecs] + j % vecs * LF_VECTOR(REAL), n)
                          : v_set1((REAL)-0.0);
    for (; p->depth - k >= 4; k += 4) {
        LF_UNROLL
        for (size_t v = 0; v < vecs; v++)
            v_load_columns(p->b + v * LF_VECTOR(REAL) * p->b_col + k, p->b_col, n, right + 4 * v);
        LF_UNROLL
        for (size_t i = 0; i < 4; i++)
            turned_step(rows, vecs, a, (k + i) * p->a_col, right + i, 4, sum);
    }
    for (; k < p->depth; k++) {
        LF_UNROLL
        for (size_t v = 0; v < vecs; v++)
            right[v] = load_strided(p->b + v * LF_VECTOR(REAL) * p->b_col + k, p->b_col, n);
        turned_step(rows, vecs, a, k * p->a_col, right, 1, sum);
    }
    LF_UNROLL
    for (size_t j = 0; j < rows * vecs; j++) {
        size_t r = j / vecs, at = j % vecs * LF_VECTOR(REAL);
        if (r < m) {
            if (p->addend)
                sum[j] = v_add(sum[j], load_first(p->addend + r * p->addend_row + at, n));
            store_first(p->c + r * p->c_row + at, sum[j], n);
        }
    }
}

/* The product p of few rows with a b whose rows stand side by side: to pack it would cost more than
 * to multiply it. */
static void multiply_turned(size_t rows, size_t cols, struct product p)
{
    for (size_t j = 0, n; j < cols; j += n) {
        n = LF_PIECE(REAL, cols, j);
        if (LF_TILE_VECS > 1 && rows == 1 && cols - j >= 2 * LF_VECTOR(REAL)) {
            n = 2 * LF_VECTOR(REAL);
            tile_turned(1, 1, 2, LF_VECTOR(REAL), &p);
        } else if (rows == 1) {
            tile_turned(1, 1, 1, n, &p);
        } else {
            tile_turned(LF_TURNED_ROWS, rows, 1, n, &p);
        }
        p.b += n * p.b_col;
        p.c += n;
        p.start = p.start ? p.start + n : NULL;
        p.addend = p.addend ? p.addend + n : NULL;
    }
}

/* ---- products ---------------------------------------------------------------------------- */

/* Columns that a tile of so many vectors takes at least. */
LF_INLINE size_t tile_least(size_t vecs)
{
    return LF_PICKS ? (vecs - 1) * LF_VECTOR(REAL) + 1 : vecs * LF_VECTOR(REAL);
}

/* The product p of rows x cols, in tiles. */
static void multiply_tiles(size_t rows, size_t cols, const struct product *p)
{
    _Alignas(64) REAL panel[LF_DEPTH * LF_MOST_VECS * LF_VECTOR(REAL)];
    size_t most = tile_vecs(rows < LF_TILE_ROWS ? rows : LF_TILE_ROWS);
    for (size_t j = 0, n; j < cols; j += n) {
        struct product here = *p;
        size_t vecs = most;
        while (vecs > 1 && cols - j < tile_least(vecs))
            vecs /= 2;
        n = vecs * LF_VECTOR(REAL) < cols - j ? vecs * LF_VECTOR(REAL) : cols - j;
        here.last = n - (vecs - 1) * LF_VECTOR(REAL);
        if (!LF_PICKS && n < LF_VECTOR(REAL) && cols > n) {
            here.skip = LF_VECTOR(REAL) - n;
            j -= here.skip;
            n = LF_VECTOR(REAL);
        }
        here.b += j * p->b_col;
        here.c += j;
        here.start = p->start ? p->start + j : NULL;
        here.addend = p->addend ? p->addend + j : NULL;
        size_t width = vecs * LF_VECTOR(REAL);
        if (p->b_col != 1 || (!LF_PICKS && n < width) ||
            (rows > LF_TILE_ROWS && p->b_row > LF_NEAR)) {
            pack(p->depth, here.b, p->b_row, p->b_col, n, width, panel);
            here.b = panel;
            here.b_row = width;
        }
        if (!LF_PICKS && n < width)
            multiply_narrow(rows, n, here);
        else
            multiply_wide(rows, vecs, here);
    }
}

/* The product p of rows x cols, at most LF_DEPTH deep. */
static void multiply(size_t rows, size_t cols, const struct product *p)
{
    if (rows == 0)
        return;
    if (flat_fits(rows, cols, p))
        flat_product(rows, cols, p);
    else if (is_outer(cols, p))
        multiply_outer(rows, cols, p);
    else if (rows * cols * p->depth <= LF_LITTLE && cols < LF_VECTOR(REAL))
        multiply_little(rows, cols, p);
    else if (p->b_col != 1 && p->b_row == 1 && rows <= LF_TURNED_ROWS)
        multiply_turned(rows, cols, *p);
    else
        multiply_tiles(rows, cols, p);
}
