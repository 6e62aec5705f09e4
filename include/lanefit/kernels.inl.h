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
    LF_REAL weight[LF_LANES_INPUTS][LF_LANES], bias[LF_LANES];
    LF_REAL true_weight[LF_LANES_INPUTS], true_bias;
    LF_REAL lr;
};

/* A loss over rows. `scale` makes it a sum (1), a mean (1 / elements) or a weighted mean (1 / (out
 * sum of the row weights)) as far as the gradient goes: a part holds the plain sum, which the
 * caller multiplies by scale once all parts are added. `upstream` is the gradient of the loss
 * itself. */
struct LF_TYPED(lf_loss) {
    enum lf_loss_kind kind;
    LF_REAL delta; /* of huber_loss: > 0 and finite. Any other has the same bits on every table, but
                      no meaning; 0 makes a loss of 0. */
    LF_REAL scale, upstream;
};

/* torch.optim.SGD (dampening 0). */
struct LF_TYPED(lf_sgd) {
    LF_REAL lr, momentum, weight_decay;
    int nesterov;
};

/* Step t (from 1) of torch.optim.Adam or AdamW with rate lr, betas b1 and b2, decay d. Each number
 * is computed in double and then rounded, as PyTorch does. */
struct LF_TYPED(lf_adam) {
    LF_REAL beta1, gain1;          /* b1, 1 - b1 */
    LF_REAL beta2, gain2;          /* b2, 1 - b2 */
    LF_REAL step_size;             /* lr / (1 - b1^t) */
    LF_REAL bias_correction2_sqrt; /* sqrt(1 - b2^t) */
    LF_REAL eps;
    LF_REAL weight_decay; /* Adam: d; AdamW: 0 */
    LF_REAL keep;         /* Adam: 1; AdamW: 1 - lr d */
};

struct LF_TYPED(lf_kernels) {
    /* y = x W^T + b    x[rows,in] W[out,in] b[out] y[rows,out]
     * One element: products over the inputs in order, the first plain, the others chained by fma,
     * then the bias. If in > 16 and out <= 3: V such chains, input i in chain i mod V, added by
     * halving; then the bias. b = NULL adds nothing. Element (r,i) of x is x[r*row_stride +
     * i*col_stride]. Overwrites y. Error <= (in + 1) u (sum |x| |w| + |b|). */
    void (*affine)(size_t rows, size_t in, size_t out, const LF_REAL *x, size_t row_stride,
                   size_t col_stride, const LF_REAL *w, const LF_REAL *b, LF_REAL *y);

    /* dx += g W    g[rows,out] W[out,in] dx[rows,in]
     * One element: a chain over the outputs in order, then added to dx. Accumulates.
     * Error <= (out + 1) u (|dx| + sum |g| |w|). */
    void (*affine_grad_input)(size_t rows, size_t in, size_t out, const LF_REAL *g,
                              const LF_REAL *w, LF_REAL *dx);

    /* part = (g^T X, column sums of g)    part[out*in + out]
     * The weight gradient [out,in], then the bias gradient [out], of one block. Overwrites part.
     * Error <= (rows + 1) u sum |g| |x|, and the same for the bias with x = 1. */
    void (*affine_grad_part)(size_t rows, size_t in, size_t out, const LF_REAL *x,
                             size_t row_stride, size_t col_stride, const LF_REAL *g, LF_REAL *part);

    /* part[0] = sum over rows r and outputs o of row_weight[r] l(prediction, target), for one block
     * of prediction[rows,out], target[rows,out], row_weight[rows] or NULL for 1. Overwrites part.
     * An element's term is fma(a, b, lane): (a, b) is (d, d) for mse_loss and (1, l) for the
     * others; a weight multiplies a. Error <= sum of |row_weight| (e + (n/V + 2 + log2 V) u (|l| +
     * e)), n = rows out, or rows (out + V) with more than 256 outputs, and an element's own
     *   e = 2 u l                                            mse_loss
     *       u l                                              l1_loss
     *       4 u (l + delta |d|)                              huber_loss
     *       7 u (max(p, 0) + |p t| + log(1 + e^-|p|))        binary_cross_entropy_with_logits
     *       3 u (e^p + |t p|)                                poisson_nll_loss */
    void (*loss_part)(const struct LF_TYPED(lf_loss) * loss, size_t rows, size_t out,
                      const LF_REAL *prediction, const LF_REAL *target, const LF_REAL *row_weight,
                      LF_REAL *part);

    /* grad += ((scale row_weight[r]) l'(prediction, target)) upstream    grad[rows,out]
     * For mse_loss the factor 2 goes with the scale: (2 scale) d. Accumulates. Error <= u |grad| +
     * |scale row_weight upstream| (5 u |l'| + e), e = 2 u |d| for huber_loss, 7 u sigmoid(p) for
     * binary_cross_entropy_with_logits, 3 u e^p for poisson_nll_loss, else 0. */
    void (*loss_grad)(const struct LF_TYPED(lf_loss) * loss, size_t rows, size_t out,
                      const LF_REAL *prediction, const LF_REAL *target, const LF_REAL *row_weight,
                      LF_REAL *grad);

    /* One pass over a block: affine, then loss_grad, affine_grad_part and loss_part of its outcome,
     * with their bits.    part[out*in + out + 1]
     * Weight gradient, bias gradient (also if b is NULL), plain sum of the loss. Overwrites part.
     * Error as of the pieces: loss_grad and loss_part of a p that is off by the bound of affine,
     * then affine_grad_part. */
    void (*affine_loss_part)(const struct LF_TYPED(lf_loss) * loss, size_t rows, size_t in,
                             size_t out, const LF_REAL *x, size_t row_stride, size_t col_stride,
                             const LF_REAL *w, const LF_REAL *b, const LF_REAL *target,
                             const LF_REAL *row_weight, LF_REAL *part);

    /* Takes in the part of block number `block`, which the caller has written to slot
     * lf_part_slot(block) of stack[lf_part_slots(blocks),width]: every block from 0 to the last,
     * that one too, in ascending order. */
    void (*parts_push)(size_t block, size_t width, LF_REAL *stack);

    /* total += the sum of all `blocks` parts; the stack may be used anew. Accumulates: total[width]
     * starts as -0.0 for the sum alone, and 0 blocks leave it as it is.
     * Error <= (log2(blocks) + 2) u (|total| + sum of |part|). */
    void (*parts_finish)(size_t blocks, size_t width, LF_REAL *stack, LF_REAL *total);

    /* y = fma(alpha, x, y)    n elements. Accumulates. One rounding: error <= u |y|. */
    void (*axpy)(size_t n, LF_REAL alpha, const LF_REAL *x, LF_REAL *y);

    /* part[0] = the sum of x[n], or of x[n] times y[n]; n <= LF_BLOCK_ROWS. Overwrite part.
     * Error <= (n/(4V) + 2 + log2(4V)) u times the sum of the magnitudes. */
    void (*sum_part)(size_t n, const LF_REAL *x, LF_REAL *part);
    void (*dot_part)(size_t n, const LF_REAL *x, const LF_REAL *y, LF_REAL *part);

    /* part = (sum over rows of x - center, of (x - center)^2)    part[2*in], center[in] or NULL for
     * 0. Overwrites part. The means from a first pass as centers of a second give scales without
     * cancellation. Error <= (rows/V + 2 + log2 V) u sum |x - center|, and (rows/V + 3 + log2 V) u
     * sum (x - center)^2. */
    void (*column_moments_part)(size_t rows, size_t in, const LF_REAL *x, size_t row_stride,
                                size_t col_stride, const LF_REAL *center, LF_REAL *part);

    /* part = (X^T W X [in,in], X^T W 1 [in], y^T W X [out,in], y^T W 1 [out])    one block of rows,
     * y[rows,out], W = diag(row_weight), 1 where row_weight is NULL. Overwrites part[in*in + in +
     * out*in + out]. Each half is an affine_grad_part with g = row_weight x, or row_weight y; below
     * its diagonal X^T W X repeats what is above it. Error <= (rows + 2) u times the sum of the
     * magnitudes. */
    void (*gram_part)(size_t rows, size_t in, size_t out, const LF_REAL *x, size_t row_stride,
                      size_t col_stride, const LF_REAL *y, const LF_REAL *row_weight,
                      LF_REAL *part);

    /* y = f(x)    n elements; y may be x. Overwrites y. Error, relative to the value: relu 0; exp,
     * log, tanh 2 u; sigmoid, softplus 6 u; gelu 5 u |x|, absolute. */
    void (*activation)(enum lf_activation kind, size_t n, const LF_REAL *x, LF_REAL *y);

    /* dx += g f'    n elements. Reads x where lf_activation_needs_x(kind), else y; the other may be
     * NULL. Accumulates. Error, for the x or y that is read: u |dx| + |g| (2 u |f'| + e), e = u for
     * tanh, 2 u f' for sigmoid, 6 u f' for softplus, 7 u for gelu, else 0. */
    void (*activation_grad)(enum lf_activation kind, size_t n, const LF_REAL *x, const LF_REAL *y,
                            const LF_REAL *g, LF_REAL *dx);

    /* One update of w[n] along the gradient g[n]:
     *   d = g + weight_decay w;  velocity = momentum velocity + d;
     *   w -= lr velocity, or with nesterov lr (d + momentum velocity)
     * Terms whose factor is 0 are left out; velocity[n] is touched only where momentum is not 0,
     * and starts as -0.0. fma(weight_decay, w, g), product then sum for velocity, fma(momentum,
     * velocity, d), fma(-lr, ., w). Error of w <= u |w| + 5 u lr s, of velocity <= 2 u s, where s =
     * |g| + weight_decay |w| + momentum |velocity|, momentum <= 1; u |w| without the two. */
    void (*sgd)(size_t n, const struct LF_TYPED(lf_sgd) * sgd, const LF_REAL *g, LF_REAL *velocity,
                LF_REAL *w);

    /* One update of w[n] along g[n] by the running means of the gradient and its square:
     *   g += weight_decay w;  mean = b1 mean + (1 - b1) g;  square = b2 square + (1 - b2) g^2;
     *   w = keep w - step_size mean / (sqrt(square) / bias_correction2_sqrt + eps)
     * mean[n] and square[n] start as 0. With s = b1 |mean| + (1 - b1) |g| the error is at most
     *   of mean 3 u s, of square 4 u square,
     *   of w u (|keep w| + |w|) + 12 u step_size s / (sqrt(square) / bias_correction2_sqrt + eps).
     * D. Kingma, J. Ba, "Adam", 2014; I. Loshchilov, F. Hutter, "Decoupled weight decay", 2017. */
    void (*adam)(size_t n, const struct LF_TYPED(lf_adam) * adam, const LF_REAL *g, LF_REAL *mean,
                 LF_REAL *square, LF_REAL *w);

    /* out[i] = the next n draws from U[0,1), as torch.rand draws them: float, (word & 0xffffff)
     * 2^-24; double, two words, the first the high one, their low 53 bits times 2^-53. */
    void (*uniform)(struct lf_rng *rng, size_t n, LF_REAL *out);

    /* out[i] = the next n draws from the normal distribution, in the order of torch.Tensor.normal_:
     * n >= 16: n uniform draws; u = out[j], v = out[j+8] of a group of 16 become mean + std
     * sqrt(-2 log(1-u)) (cos 2 pi v, sin 2 pi v); unless 16 divides n the last 16 are drawn anew.
     * n < 16: pairs u, v in double, sqrt(-2 log(1-v)) (cos 2 pi u, sin 2 pi u); what is left over
     * of a pair waits in the generator for the next such call.
     * Error, z being the draw for mean 0 and std 1: u |out| + 6 u |std| (|z| + 9 u). */
    void (*normal)(struct lf_rng *rng, size_t n, LF_REAL mean, LF_REAL std, LF_REAL *out);

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

    /* `rows` steps of SGD, one row each: d = weight x_r + bias - y_r, loss[r] = d^2, with x_r = x[r
     * x_stride], y_r = y[r y_stride], rounded as above, a gradient of -0 counting as +0: the bits
     * of an epoch with batches of one row. Ends in front of the first step whose loss is not
     * finite, and returns the steps taken. Overwrites loss[rows]: what stands behind the loss at
     * which it ended means nothing. */
    size_t (*online_rows)(size_t rows, const LF_REAL *x, size_t x_stride, const LF_REAL *y,
                          size_t y_stride, LF_REAL lr, LF_REAL *weight, LF_REAL *bias,
                          LF_REAL *loss);

    /* Runs on draws for 16 models side by side, each with the bits of the run alone: a lane whose
     * parameters are no longer finite keeps them. With `in` inputs (1 to LF_LANES_INPUTS) a step
     * draws x[in], and f(x) = weight x + bias as `affine` sums it. */
    void (*online_linear_lanes)(size_t in, struct LF_TYPED(lf_online_lanes) * run,
                                struct lf_rng_lanes *rng, size_t steps);
    void (*online_shared_lanes)(struct LF_TYPED(lf_online_lanes) * run, struct lf_rng_lanes *rng,
                                size_t steps);
};

#endif
