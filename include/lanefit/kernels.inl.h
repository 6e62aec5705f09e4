/* SPDX-License-Identifier: MIT */
/* The kernels of one type: kernels.h includes this text once for float and once for double. */
#ifdef LF_REAL

/* A run of one-sample SGD on y = true_weight x + true_bias. The model's parameters move. */
struct LF_TYPED(lf_online) {
    LF_REAL weight, bias;
    LF_REAL true_weight, true_bias;
    LF_REAL lr;
};

/* What happened in one step; weight and bias are those after the update. */
struct LF_TYPED(lf_online_step) {
    LF_REAL x, y, prediction, loss, weight, bias;
};

/* 16 such runs, one a lane. */
struct LF_TYPED(lf_online_lanes) {
    LF_REAL weight[LF_LANES], bias[LF_LANES];
    LF_REAL true_weight, true_bias;
    LF_REAL lr;
};

struct LF_TYPED(lf_kernels) {
    /* y = x W^T + b    x[rows,in] W[out,in] b[out] y[rows,out]
     * One element: products over the inputs in order, the first plain, the others chained by fma,
     * then the bias. b = NULL adds nothing. Element (r,i) of x is x[r*row_stride + i*col_stride].
     * Overwrites y. Error <= (in + 1) u (sum |x| |w| + |b|). */
    void (*affine)(size_t rows, size_t in, size_t out, const LF_REAL *x, size_t row_stride,
                   size_t col_stride, const LF_REAL *w, const LF_REAL *b, LF_REAL *y);

    /* dx += g W    g[rows,out] W[out,in] dx[rows,in]
     * One element: a chain over the outputs in order, then added to dx. Accumulates.
     * Error <= (out + 1) u (|dx| + sum |g| |w|). */
    void (*affine_grad_input)(size_t rows, size_t in, size_t out, const LF_REAL *g,
                              const LF_REAL *w, LF_REAL *dx);

    /* part = (g^T X, column sums of g)    part[out*in + out], rows <= LF_BLOCK_ROWS
     * The weight gradient [out,in], then the bias gradient [out], of one block. Overwrites part.
     * Error <= (rows + 1) u sum |g| |x|, and the same for the bias with x = 1. */
    void (*affine_grad_part)(size_t rows, size_t in, size_t out, const LF_REAL *x,
                             size_t row_stride, size_t col_stride, const LF_REAL *g, LF_REAL *part);

    /* part[0] = sum (prediction - target)^2    n elements: one block's rows times its outputs.
     * Overwrites part. Error <= (n + 3) u part[0]. */
    void (*mse_part)(size_t n, const LF_REAL *prediction, const LF_REAL *target, LF_REAL *part);

    /* grad += (scale (prediction - target)) upstream    n elements; scale = 2 / (elements of the
     * mean), upstream = the gradient of the loss itself. Accumulates. Error <= 4 u (|grad| +
     * |added|). */
    void (*mse_grad)(size_t n, const LF_REAL *prediction, const LF_REAL *target, LF_REAL scale,
                     LF_REAL upstream, LF_REAL *grad);

    /* One pass over a block: affine, then mse_part, mse_grad and affine_grad_part of its outcome,
     * with their bits.    target[rows,out] part[out*in + out + 1]
     * Weight gradient, bias gradient, sum of squares. Overwrites part. */
    void (*affine_mse_part)(size_t rows, size_t in, size_t out, const LF_REAL *x, size_t row_stride,
                            size_t col_stride, const LF_REAL *w, const LF_REAL *b,
                            const LF_REAL *target, LF_REAL scale, LF_REAL upstream, LF_REAL *part);

    /* Takes in the part of block number `block`, which the caller has written to slot
     * lf_part_slot(block) of stack[lf_part_slots(blocks),width], blocks in ascending order. */
    void (*parts_push)(size_t block, size_t width, LF_REAL *stack);

    /* total += the sum of all `blocks` parts; the stack may be used anew. Accumulates. */
    void (*parts_finish)(size_t blocks, size_t width, LF_REAL *stack, LF_REAL *total);

    /* y += x    n elements. */
    void (*add)(size_t n, const LF_REAL *x, LF_REAL *y);

    /* w = fma(-lr, g, w)    n elements: torch.optim.SGD without momentum or decay. */
    void (*sgd)(size_t n, LF_REAL lr, const LF_REAL *g, LF_REAL *w);

    /* out[i] = the next n draws from U[0,1), as torch.rand draws them: float, (word & 0xffffff)
     * 2^-24; double, two words, the first the high one, their low 53 bits times 2^-53. */
    void (*uniform)(struct lf_rng *rng, size_t n, LF_REAL *out);

    /* out[j] = the next draw of generator j. */
    void (*uniform_lanes)(struct lf_rng_lanes *rng, LF_REAL out[LF_LANES]);

    /* `steps` steps of SGD, one sample each: x ~ U[0,1), y = true_weight x + true_bias,
     * loss (f(x) - y)^2, with f(x) = weight x + bias (linear) or f applied twice (shared). Every
     * operation is rounded as in PyTorch: product, then sum; update w = fma(-lr, gradient, w).
     * trace, unless NULL, receives a row a step. The run ends early once a parameter is not finite,
     * with the parameters and the generator as that step left them. Returns the steps taken. */
    size_t (*online_linear)(struct LF_TYPED(lf_online) * run, struct lf_rng *rng, size_t steps,
                            struct LF_TYPED(lf_online_step) * trace);
    size_t (*online_shared)(struct LF_TYPED(lf_online) * run, struct lf_rng *rng, size_t steps,
                            struct LF_TYPED(lf_online_step) * trace);

    /* The same for 16 runs side by side, each with the bits of the run alone: a lane whose
     * parameters are no longer finite keeps them. */
    void (*online_linear_lanes)(struct LF_TYPED(lf_online_lanes) * run, struct lf_rng_lanes *rng,
                                size_t steps);
    void (*online_shared_lanes)(struct LF_TYPED(lf_online_lanes) * run, struct lf_rng_lanes *rng,
                                size_t steps);
};

#endif
