/* SPDX-License-Identifier: MIT */
/* cases.c: kernels over rows, per type. operand[] is in the order of the kernel's arguments, the
 * output last. */

static long double TYPED(x_at)(const struct lf_shape *s, const void *x, size_t r, size_t i)
{
    return TYPED(at)(x, r * row_stride(s) + i * col_stride(s));
}

static long double TYPED(weight_at)(const struct lf_shape *s, const void *row_weight, size_t r)
{
    return s->row_weights ? TYPED(at)(row_weight, r) : 1;
}

/* ---- Affine maps --------------------------------------------------------------------------- */

/* The exact x w + b of one output element; *magnitude = sum |x| |w| + |b|. */
static long double TYPED(dot)(const struct lf_shape *s, void *const operand[], size_t r, size_t o,
                              long double *magnitude)
{
    long double sum = s->no_bias ? 0 : TYPED(at)(operand[2], o);
    *magnitude = fabsl(sum);
    for (size_t i = 0; i < s->in; i++) {
        long double product =
            TYPED(x_at)(s, operand[0], r, i) * TYPED(at)(operand[1], o * s->in + i);
        sum += product;
        *magnitude += fabsl(product);
    }
    return sum;
}

static void TYPED(affine_run)(const struct lf_case *c, const struct lf_kernels *k,
                              const struct lf_shape *s, void *const operand[])
{
    (void)c;
    k->TYPED_FIELD.affine(s->rows, s->in, s->out, operand[0], row_stride(s), col_stride(s),
                          operand[1], s->no_bias ? NULL : operand[2], operand[OUTPUT]);
}

static void TYPED(affine_oracle)(const struct lf_case *c, const struct lf_shape *s,
                                 void *const operand[], struct lf_truth truth[])
{
    (void)c;
    for (size_t r = 0; r < s->rows; r++)
        for (size_t o = 0; o < s->out; o++) {
            long double magnitude;
            truth[OUTPUT].exact[r * s->out + o] = TYPED(dot)(s, operand, r, o, &magnitude);
            truth[OUTPUT].bound[r * s->out + o] =
                gamma_of(chain_depth(s->in, s->out, V) + 1, UNIT) * magnitude;
        }
}

static void TYPED(affine_grad_input_run)(const struct lf_case *c, const struct lf_kernels *k,
                                         const struct lf_shape *s, void *const operand[])
{
    (void)c;
    k->TYPED_FIELD.affine_grad_input(s->rows, s->in, s->out, operand[0], operand[1],
                                     operand[OUTPUT]);
}

static void TYPED(affine_grad_input_oracle)(const struct lf_case *c, const struct lf_shape *s,
                                            void *const operand[], struct lf_truth truth[])
{
    (void)c;
    for (size_t r = 0; r < s->rows; r++)
        for (size_t i = 0; i < s->in; i++) {
            long double sum = TYPED(at)(operand[OUTPUT], r * s->in + i), magnitude = fabsl(sum);
            for (size_t o = 0; o < s->out; o++) {
                long double product =
                    TYPED(at)(operand[0], r * s->out + o) * TYPED(at)(operand[1], o * s->in + i);
                sum += product;
                magnitude += fabsl(product);
            }
            truth[OUTPUT].exact[r * s->in + i] = sum;
            truth[OUTPUT].bound[r * s->in + i] =
                gamma_of((long double)s->out + 1, UNIT) * magnitude;
        }
}

/* The sums over rows of g x and g, for `out` gradients g a row that are known to within error. */
static void TYPED(grad_sums)(const struct lf_shape *s, size_t out, const void *x,
                             const long double *g, const long double *error, long double *exact,
                             long double *bound)
{
    size_t weights = s->in * out;
    long double weight_depth = depth(s->rows, row_lanes(s->in, out, V));
    long double bias_depth = depth(s->rows, row_lanes(1, out, V));
    for (size_t j = 0; j < weights + out; j++) {
        size_t o = j < weights ? j / s->in : j - weights;
        long double sum = 0, magnitude = 0, carried = 0;
        for (size_t r = 0; r < s->rows; r++) {
            long double factor = j < weights ? TYPED(x_at)(s, x, r, j % s->in) : 1;
            sum += g[r * out + o] * factor;
            magnitude += fabsl(g[r * out + o] * factor);
            carried += error[r * out + o] * fabsl(factor);
        }
        exact[j] = sum;
        bound[j] = carried +
                   gamma_of(j < weights ? weight_depth : bias_depth, UNIT) * (magnitude + carried);
    }
}

static void TYPED(affine_grad_part_run)(const struct lf_case *c, const struct lf_kernels *k,
                                        const struct lf_shape *s, void *const operand[])
{
    (void)c;
    k->TYPED_FIELD.affine_grad_part(s->rows, s->in, s->out, operand[0], row_stride(s),
                                    col_stride(s), operand[1], operand[OUTPUT]);
}

static void TYPED(affine_grad_part_oracle)(const struct lf_case *c, const struct lf_shape *s,
                                           void *const operand[], struct lf_truth truth[])
{
    size_t n = s->rows * s->out;
    long double *g = calloc(2 * n + 1, sizeof *g);
    (void)c;
    for (size_t i = 0; i < n; i++)
        g[i] = TYPED(at)(operand[1], i);
    TYPED(grad_sums)(s, s->out, operand[0], g, g + n, truth[OUTPUT].exact, truth[OUTPUT].bound);
    free(g);
}

/* ---- Losses -------------------------------------------------------------------------------- */

static struct TYPED(lf_loss) TYPED(loss_of)(const struct lf_case *c)
{
    return (struct TYPED(lf_loss)){.kind = (enum lf_loss_kind)c->variant,
                                   .delta = (REAL)0.75,
                                   .scale = (REAL)0.3,
                                   .upstream = (REAL)1.7};
}

/* Values and gradients of the losses of predictions p that are known to within p_error. */
static void TYPED(loss_elements)(const struct lf_case *c, const struct lf_shape *s,
                                 const long double *p, const long double *p_error,
                                 const void *target, const void *row_weight,
                                 struct loss_elements *e)
{
    struct TYPED(lf_loss) loss = TYPED(loss_of)(c);
    for (size_t i = 0; i < s->rows * s->out; i++) {
        long double weight = TYPED(weight_at)(s, row_weight, i / s->out);
        long double factor = (long double)loss.scale * loss.upstream * weight;
        struct loss_element one =
            loss_element(loss.kind, p[i], p_error[i], TYPED(at)(target, i), loss.delta, UNIT);
        e->value[i] = weight * one.value;
        e->value_error[i] = weight * one.value_error;
        e->value_error[i] += UNIT * (fabsl(e->value[i]) + e->value_error[i]);
        e->grad[i] = factor * one.slope;
        e->grad_error[i] = factor * one.slope_error;
        e->grad_error[i] += gamma_of(3, UNIT) * (fabsl(e->grad[i]) + e->grad_error[i]);
    }
}

/* The sum of the values. */
static void TYPED(value_sum)(const struct lf_shape *s, const struct loss_elements *e,
                             long double *exact, long double *bound)
{
    long double sum = 0, magnitude = 0, carried = 0;
    for (size_t i = 0; i < s->rows * s->out; i++) {
        sum += e->value[i];
        magnitude += fabsl(e->value[i]);
        carried += e->value_error[i];
    }
    *exact = sum;
    *bound =
        carried +
        gamma_of(depth(s->rows * s->out, V) + (s->out > 256 ? (long double)s->rows : 0), UNIT) *
            (magnitude + carried);
}

static void TYPED(loss_part_run)(const struct lf_case *c, const struct lf_kernels *k,
                                 const struct lf_shape *s, void *const operand[])
{
    struct TYPED(lf_loss) loss = TYPED(loss_of)(c);
    k->TYPED_FIELD.loss_part(&loss, s->rows, s->out, operand[0], operand[1],
                             s->row_weights ? operand[2] : NULL, operand[OUTPUT]);
}

/* The elements of predictions that are given. */
static void TYPED(given_elements)(const struct lf_case *c, const struct lf_shape *s,
                                  void *const operand[], struct loss_elements *e)
{
    size_t n = s->rows * s->out;
    long double *p = calloc(2 * n + 1, sizeof *p);
    for (size_t i = 0; i < n; i++)
        p[i] = TYPED(at)(operand[0], i);
    TYPED(loss_elements)(c, s, p, p + n, operand[1], operand[2], e);
    free(p);
}

static void TYPED(loss_part_oracle)(const struct lf_case *c, const struct lf_shape *s,
                                    void *const operand[], struct lf_truth truth[])
{
    struct loss_elements e = loss_elements_alloc(s->rows * s->out);
    TYPED(given_elements)(c, s, operand, &e);
    TYPED(value_sum)(s, &e, truth[OUTPUT].exact, truth[OUTPUT].bound);
    loss_elements_free(&e);
}

static void TYPED(loss_grad_run)(const struct lf_case *c, const struct lf_kernels *k,
                                 const struct lf_shape *s, void *const operand[])
{
    struct TYPED(lf_loss) loss = TYPED(loss_of)(c);
    k->TYPED_FIELD.loss_grad(&loss, s->rows, s->out, operand[0], operand[1],
                             s->row_weights ? operand[2] : NULL, operand[OUTPUT]);
}

static void TYPED(loss_grad_oracle)(const struct lf_case *c, const struct lf_shape *s,
                                    void *const operand[], struct lf_truth truth[])
{
    struct loss_elements e = loss_elements_alloc(s->rows * s->out);
    TYPED(given_elements)(c, s, operand, &e);
    for (size_t i = 0; i < s->rows * s->out; i++) {
        long double old = TYPED(at)(operand[OUTPUT], i);
        truth[OUTPUT].exact[i] = old + e.grad[i];
        truth[OUTPUT].bound[i] =
            e.grad_error[i] + UNIT * (fabsl(old + e.grad[i]) + e.grad_error[i]);
    }
    loss_elements_free(&e);
}

static void TYPED(affine_loss_part_run)(const struct lf_case *c, const struct lf_kernels *k,
                                        const struct lf_shape *s, void *const operand[])
{
    struct TYPED(lf_loss) loss = TYPED(loss_of)(c);
    k->TYPED_FIELD.affine_loss_part(&loss, s->rows, s->in, s->out, operand[0], row_stride(s),
                                    col_stride(s), operand[1], s->no_bias ? NULL : operand[2],
                                    operand[3], s->row_weights ? operand[4] : NULL,
                                    operand[OUTPUT]);
}

static void TYPED(affine_loss_part_oracle)(const struct lf_case *c, const struct lf_shape *s,
                                           void *const operand[], struct lf_truth truth[])
{
    size_t n = s->rows * s->out, width = s->in * s->out + s->out;
    long double *p = calloc(2 * n + 1, sizeof *p);
    struct loss_elements e = loss_elements_alloc(n);
    for (size_t i = 0; i < n; i++) {
        long double magnitude;
        p[i] = TYPED(dot)(s, operand, i / s->out, i % s->out, &magnitude);
        p[n + i] = gamma_of(chain_depth(s->in, s->out, V) + 1, UNIT) * magnitude;
    }
    TYPED(loss_elements)(c, s, p, p + n, operand[3], operand[4], &e);
    TYPED(grad_sums)
    (s, s->out, operand[0], e.grad, e.grad_error, truth[OUTPUT].exact, truth[OUTPUT].bound);
    TYPED(value_sum)(s, &e, truth[OUTPUT].exact + width, truth[OUTPUT].bound + width);
    loss_elements_free(&e);
    free(p);
}

/* ---- Column moments, Gram matrices --------------------------------------------------------- */

static void TYPED(column_moments_part_run)(const struct lf_case *c, const struct lf_kernels *k,
                                           const struct lf_shape *s, void *const operand[])
{
    (void)c;
    k->TYPED_FIELD.column_moments_part(s->rows, s->in, operand[0], row_stride(s), col_stride(s),
                                       s->no_bias ? NULL : operand[1], operand[OUTPUT]);
}

static void TYPED(column_moments_part_oracle)(const struct lf_case *c, const struct lf_shape *s,
                                              void *const operand[], struct lf_truth truth[])
{
    long double *exact = truth[OUTPUT].exact, *bound = truth[OUTPUT].bound;
    (void)c;
    for (size_t i = 0; i < s->in; i++) {
        long double sum = 0, magnitude = 0, squares = 0, factor = gamma_of(depth(s->rows, V), UNIT);
        for (size_t r = 0; r < s->rows; r++) {
            long double d = TYPED(x_at)(s, operand[0], r, i);
            d -= s->no_bias ? 0 : TYPED(at)(operand[1], i);
            sum += d;
            magnitude += fabsl(d);
            squares += d * d;
        }
        exact[i] = sum;
        bound[i] = UNIT * magnitude + factor * (1 + UNIT) * magnitude;
        exact[s->in + i] = squares;
        bound[s->in + i] = gamma_of(2, UNIT) * squares + factor * (1 + gamma_of(2, UNIT)) * squares;
    }
}

static void TYPED(gram_part_run)(const struct lf_case *c, const struct lf_kernels *k,
                                 const struct lf_shape *s, void *const operand[])
{
    (void)c;
    k->TYPED_FIELD.gram_part(s->rows, s->in, s->out, operand[0], row_stride(s), col_stride(s),
                             operand[1], s->row_weights ? operand[2] : NULL, operand[OUTPUT]);
}

static void TYPED(gram_part_oracle)(const struct lf_case *c, const struct lf_shape *s,
                                    void *const operand[], struct lf_truth truth[])
{
    size_t most = s->in > s->out ? s->in : s->out, n = s->rows * most;
    long double *g = calloc(2 * n + 1, sizeof *g);
    (void)c;
    for (int both = 0; both < 2; both++) {
        size_t cols = both ? s->out : s->in, begin = both ? s->in * s->in + s->in : 0;
        for (size_t i = 0; i < s->rows * cols; i++) {
            size_t r = i / cols, j = i % cols;
            g[i] = both ? TYPED(at)(operand[1], i) : TYPED(x_at)(s, operand[0], r, j);
            g[i] *= TYPED(weight_at)(s, operand[2], r);
            g[n + i] = s->row_weights ? UNIT * fabsl(g[i]) : 0;
        }
        TYPED(grad_sums)
        (s, cols, operand[0], g, g + n, truth[OUTPUT].exact + begin, truth[OUTPUT].bound + begin);
    }
    free(g);
}
