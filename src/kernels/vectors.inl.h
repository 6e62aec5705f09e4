/* SPDX-License-Identifier: MIT */
/* Kernels over flat vectors, and the tree of partial sums. */

static void TYPED(mse_part)(size_t n, const REAL *prediction, const REAL *target, REAL *part)
{
    vec sum = v_set1((REAL)-0.0);
    for (size_t i = 0; i < n; i += LF_VECTOR(REAL)) {
        size_t m = LF_PIECE(REAL, n, i);
        vec d = v_sub(load_strided(prediction + i, 1, m), load_strided(target + i, 1, m));
        sum = fma_first(m, d, d, sum);
    }
    part[0] = v_sum(sum);
}

static void TYPED(mse_grad)(size_t n, const REAL *prediction, const REAL *target, REAL scale,
                            REAL upstream, REAL *grad)
{
    for (size_t i = 0; i < n; i += LF_VECTOR(REAL)) {
        size_t m = LF_PIECE(REAL, n, i);
        vec d = v_sub(load_strided(prediction + i, 1, m), load_strided(target + i, 1, m));
        vec g = v_mul(v_mul(v_set1(scale), d), v_set1(upstream));
        store_first(grad + i, v_add(load_strided(grad + i, 1, m), g), m);
    }
}

static void TYPED(sgd)(size_t n, REAL lr, const REAL *g, REAL *w)
{
    for (size_t i = 0; i < n; i += LF_VECTOR(REAL)) {
        size_t m = LF_PIECE(REAL, n, i);
        vec step = v_fma(v_set1(-lr), load_strided(g + i, 1, m), load_strided(w + i, 1, m));
        store_first(w + i, step, m);
    }
}

/* Like a binary counter: after an odd block the pair is complete, after every second pair the
 * pair of pairs, and so on. */
static void TYPED(parts_push)(size_t block, size_t width, REAL *stack)
{
    REAL *top = stack + lf_part_slot(block) * width;
    for (; block % 2 == 1; block /= 2, top -= width)
        TYPED(add)(width, top, top - width);
}

static void TYPED(parts_finish)(size_t blocks, size_t width, REAL *stack, REAL *total)
{
    if (blocks == 0)
        return;
    REAL *top = stack + (lf_part_slot(blocks) - 1) * width;
    for (; top > stack; top -= width)
        TYPED(add)(width, top, top - width);
    TYPED(add)(width, stack, total);
}
