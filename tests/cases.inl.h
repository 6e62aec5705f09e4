/* SPDX-License-Identifier: MIT */
/* cases.c: what depends on the type. operand[] is in the order of the kernel's arguments, the
 * output last. */

#define V (64 / sizeof(REAL))

static const REAL TYPED(scale) = (REAL)0.3, TYPED(seed) = (REAL)1.7, TYPED(lr) = (REAL)0.11;

static long double TYPED(at)(const void *values, size_t i)
{
    return ((const REAL *)values)[i];
}

static long double TYPED(x_at)(const struct lf_shape *s, const void *x, size_t r, size_t i)
{
    return TYPED(at)(x, r * row_stride(s) + i * col_stride(s));
}

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

static void TYPED(affine_run)(const struct lf_kernels *k, const struct lf_shape *s,
                              void *const operand[])
{
    k->TYPED_FIELD.affine(s->rows, s->in, s->out, operand[0], row_stride(s), col_stride(s),
                          operand[1], s->no_bias ? NULL : operand[2], operand[OUTPUT]);
}

static void TYPED(affine_oracle)(const struct lf_shape *s, void *const operand[],
                                 long double *exact, long double *bound)
{
    for (size_t r = 0; r < s->rows; r++)
        for (size_t o = 0; o < s->out; o++) {
            long double magnitude;
            exact[r * s->out + o] = TYPED(dot)(s, operand, r, o, &magnitude);
            bound[r * s->out + o] = gamma_of((long double)s->in + 1, UNIT) * magnitude;
        }
}

static void TYPED(affine_grad_input_run)(const struct lf_kernels *k, const struct lf_shape *s,
                                         void *const operand[])
{
    k->TYPED_FIELD.affine_grad_input(s->rows, s->in, s->out, operand[0], operand[1],
                                     operand[OUTPUT]);
}

static void TYPED(affine_grad_input_oracle)(const struct lf_shape *s, void *const operand[],
                                            long double *exact, long double *bound)
{
    for (size_t r = 0; r < s->rows; r++)
        for (size_t i = 0; i < s->in; i++) {
            long double sum = TYPED(at)(operand[OUTPUT], r * s->in + i), magnitude = fabsl(sum);
            for (size_t o = 0; o < s->out; o++) {
                long double product =
                    TYPED(at)(operand[0], r * s->out + o) * TYPED(at)(operand[1], o * s->in + i);
                sum += product;
                magnitude += fabsl(product);
            }
            exact[r * s->in + i] = sum;
            bound[r * s->in + i] = gamma_of((long double)s->out + 1, UNIT) * magnitude;
        }
}

/* The sums over rows of g x and g, for gradients g that are known to within error. */
static void TYPED(grad_sums)(const struct lf_shape *s, const void *x, const long double *g,
                             const long double *error, long double *exact, long double *bound)
{
    size_t weights = s->in * s->out;
    long double weight_depth = depth(s->rows, row_lanes(s->in, s->out, V));
    long double bias_depth = depth(s->rows, row_lanes(1, s->out, V));
    for (size_t j = 0; j < weights + s->out; j++) {
        size_t o = j < weights ? j / s->in : j - weights;
        long double sum = 0, magnitude = 0, carried = 0;
        for (size_t r = 0; r < s->rows; r++) {
            long double factor = j < weights ? TYPED(x_at)(s, x, r, j % s->in) : 1;
            sum += g[r * s->out + o] * factor;
            magnitude += fabsl(g[r * s->out + o] * factor);
            carried += error[r * s->out + o] * fabsl(factor);
        }
        exact[j] = sum;
        bound[j] = carried +
                   gamma_of(j < weights ? weight_depth : bias_depth, UNIT) * (magnitude + carried);
    }
}

static void TYPED(affine_grad_part_run)(const struct lf_kernels *k, const struct lf_shape *s,
                                        void *const operand[])
{
    k->TYPED_FIELD.affine_grad_part(s->rows, s->in, s->out, operand[0], row_stride(s),
                                    col_stride(s), operand[1], operand[OUTPUT]);
}

static void TYPED(affine_grad_part_oracle)(const struct lf_shape *s, void *const operand[],
                                           long double *exact, long double *bound)
{
    size_t n = s->rows * s->out;
    long double *g = calloc(2 * n + 1, sizeof *g);
    for (size_t i = 0; i < n; i++)
        g[i] = TYPED(at)(operand[1], i);
    TYPED(grad_sums)(s, operand[0], g, g + n, exact, bound);
    free(g);
}

/* The sum of the squares of d, known to within error. */
static void TYPED(square_sum)(size_t n, const long double *d, const long double *error,
                              long double *exact, long double *bound)
{
    long double carried = 0, magnitude = 0;
    for (size_t i = 0; i < n; i++) {
        magnitude += d[i] * d[i];
        carried += error[i] * (2 * fabsl(d[i]) + error[i]);
    }
    *exact = magnitude;
    *bound = carried + gamma_of(depth(n, V), UNIT) * (magnitude + carried);
}

static void TYPED(mse_part_run)(const struct lf_kernels *k, const struct lf_shape *s,
                                void *const operand[])
{
    k->TYPED_FIELD.mse_part(s->rows, operand[0], operand[1], operand[OUTPUT]);
}

static void TYPED(mse_part_oracle)(const struct lf_shape *s, void *const operand[],
                                   long double *exact, long double *bound)
{
    long double *d = calloc(2 * s->rows + 1, sizeof *d);
    for (size_t i = 0; i < s->rows; i++) {
        d[i] = TYPED(at)(operand[0], i) - TYPED(at)(operand[1], i);
        d[s->rows + i] = UNIT * fabsl(d[i]);
    }
    TYPED(square_sum)(s->rows, d, d + s->rows, exact, bound);
    free(d);
}

static void TYPED(mse_grad_run)(const struct lf_kernels *k, const struct lf_shape *s,
                                void *const operand[])
{
    k->TYPED_FIELD.mse_grad(s->rows, operand[0], operand[1], TYPED(scale), TYPED(seed),
                            operand[OUTPUT]);
}

static void TYPED(mse_grad_oracle)(const struct lf_shape *s, void *const operand[],
                                   long double *exact, long double *bound)
{
    for (size_t i = 0; i < s->rows; i++) {
        long double old = TYPED(at)(operand[OUTPUT], i);
        long double added = (long double)TYPED(scale) * TYPED(seed) *
                            (TYPED(at)(operand[0], i) - TYPED(at)(operand[1], i));
        exact[i] = old + added;
        bound[i] = gamma_of(4, UNIT) * (fabsl(old) + fabsl(added));
    }
}

static void TYPED(affine_mse_part_run)(const struct lf_kernels *k, const struct lf_shape *s,
                                       void *const operand[])
{
    k->TYPED_FIELD.affine_mse_part(s->rows, s->in, s->out, operand[0], row_stride(s), col_stride(s),
                                   operand[1], s->no_bias ? NULL : operand[2], operand[3],
                                   TYPED(scale), TYPED(seed), operand[OUTPUT]);
}

static void TYPED(affine_mse_part_oracle)(const struct lf_shape *s, void *const operand[],
                                          long double *exact, long double *bound)
{
    size_t n = s->rows * s->out, width = s->in * s->out + s->out;
    long double *d = calloc(4 * n + 1, sizeof *d);
    long double *d_error = d + n, *g = d + 2 * n, *g_error = d + 3 * n;
    long double factor = (long double)TYPED(scale) * TYPED(seed);
    for (size_t i = 0; i < n; i++) {
        long double magnitude;
        long double y = TYPED(dot)(s, operand, i / s->out, i % s->out, &magnitude);
        d[i] = y - TYPED(at)(operand[3], i);
        d_error[i] = gamma_of((long double)s->in + 1, UNIT) * magnitude;
        d_error[i] += UNIT * (fabsl(d[i]) + d_error[i]);
        g[i] = factor * d[i];
        g_error[i] = fabsl(factor) * d_error[i];
        g_error[i] += gamma_of(2, UNIT) * (fabsl(g[i]) + g_error[i]);
    }
    TYPED(grad_sums)(s, operand[0], g, g_error, exact, bound);
    TYPED(square_sum)(n, d, d_error, exact + width, bound + width);
    free(d);
}

static void TYPED(add_run)(const struct lf_kernels *k, const struct lf_shape *s,
                           void *const operand[])
{
    k->TYPED_FIELD.add(s->rows, operand[0], operand[OUTPUT]);
}

static void TYPED(add_oracle)(const struct lf_shape *s, void *const operand[], long double *exact,
                              long double *bound)
{
    for (size_t i = 0; i < s->rows; i++) {
        exact[i] = TYPED(at)(operand[0], i) + TYPED(at)(operand[OUTPUT], i);
        bound[i] = UNIT * fabsl(exact[i]);
    }
}

static void TYPED(sgd_run)(const struct lf_kernels *k, const struct lf_shape *s,
                           void *const operand[])
{
    k->TYPED_FIELD.sgd(s->rows, TYPED(lr), operand[0], operand[OUTPUT]);
}

static void TYPED(sgd_oracle)(const struct lf_shape *s, void *const operand[], long double *exact,
                              long double *bound)
{
    for (size_t i = 0; i < s->rows; i++) {
        exact[i] =
            TYPED(at)(operand[OUTPUT], i) - (long double)TYPED(lr) * TYPED(at)(operand[0], i);
        bound[i] = UNIT * fabsl(exact[i]);
    }
}

#undef V
