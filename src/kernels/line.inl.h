/* SPDX-License-Identifier: MIT */
/* A line over rows side by side: what one input and one output need, and no more. */

#define line_outputs TYPED(line_outputs)
#define line_grad_input TYPED(line_grad_input)
#define line_part TYPED(line_part)
#define line_mse_part TYPED(line_mse_part)

#ifndef LANEFIT_SRC_KERNELS_LINE
#define LANEFIT_SRC_KERNELS_LINE
enum { LF_LINE_VECS = 16 }; /* vecs of rows at most whose sums may wait for each other */
#endif

/* y = x w + b. */
LF_INLINE void line_outputs(size_t rows, const REAL *x, REAL w, REAL b, REAL *y)
{
    const vec weight = v_set1(w), bias = v_set1(b);
    LF_PIECES(REAL, rows, store_first(y + i, v_add(v_mul(load_first(x + i, m), weight), bias), m));
}

/* dx += g w. */
LF_INLINE void line_grad_input(size_t rows, const REAL *g, REAL w, REAL *dx)
{
    const vec weight = v_set1(w);
    LF_PIECES(
        REAL, rows,
        store_first(dx + i, v_add(v_mul(load_first(g + i, m), weight), load_first(dx + i, m)), m));
}

/* part[2] = the sums of g x and of g. */
LF_INLINE void line_part(size_t rows, const REAL *x, const REAL *g, REAL *part)
{
    vec weight = v_set1((REAL)-0.0), bias = weight;
    LF_PIECES(REAL, rows, {
        const vec slope = load_first(g + i, m);
        weight = fma_first(m, slope, load_first(x + i, m), weight);
        bias = v_first(m, v_add(bias, slope), bias);
    });
    part[0] = v_sum(weight);
    part[1] = v_sum(bias);
}

/* One pass for the squared error: part[3] = the sums of g x, of g and of d^2. */
LF_INLINE void line_mse_part(const struct TYPED(lf_loss) * loss, size_t rows, const REAL *x, REAL w,
                             REAL b, const REAL *target, REAL *part)
{
    const vec scale = v_set1(2 * loss->scale), upstream = v_set1(loss->upstream);
    vec weight = v_set1((REAL)-0.0), bias = weight, squares = weight;
    LF_PIECES(REAL, rows, {
        const vec input = load_first(x + i, m);
        const vec y = v_add(v_mul(input, v_set1(w)), v_set1(b));
        const vec d = v_sub(y, load_first(target + i, m));
        const vec slope = v_mul(v_mul(scale, d), upstream);
        weight = fma_first(m, slope, input, weight);
        bias = v_first(m, v_add(bias, slope), bias);
        squares = fma_first(m, d, d, squares);
    });
    part[0] = v_sum(weight);
    part[1] = v_sum(bias);
    part[2] = v_sum(squares);
}
