/* SPDX-License-Identifier: MIT */
/* Flat vectors, and the tree of partial sums. */

#define axpy_piece TYPED(axpy_piece)

LF_INLINE void axpy_piece(size_t m, vec alpha, const REAL *x, REAL *y)
{
    store_first(y, v_fma(alpha, load_first(x, m), load_first(y, m)), m);
}

static void TYPED(axpy)(size_t n, REAL alpha, const REAL *x, REAL *y)
{
    enum { FEW = 4 }; /* elements that vectors take longer for, such as the sums of a small part */
    if (n <= FEW) {
        for (size_t i = 0; i < n; i++)
            y[i] = FMA(alpha, x[i], y[i]);
        return;
    }
    LF_PIECES(REAL, n, axpy_piece(m, v_set1(alpha), x + i, y + i));
}

/* Like a binary counter: after an odd block the pair is complete, after every second pair the
 * pair of pairs, and so on. */
static void TYPED(parts_push)(size_t block, size_t width, REAL *stack)
{
    REAL *top = stack + lf_part_slot(block) * width;
    for (; block % 2 == 1; block /= 2, top -= width)
        TYPED(axpy)(width, 1, top, top - width);
}

static void TYPED(parts_finish)(size_t blocks, size_t width, REAL *stack, REAL *total)
{
    if (blocks == 0)
        return;
    REAL *top = stack + (lf_part_slot(blocks) - 1) * width;
    for (; top > stack; top -= width)
        TYPED(axpy)(width, 1, top, top - width);
    TYPED(axpy)(width, 1, stack, total);
}
