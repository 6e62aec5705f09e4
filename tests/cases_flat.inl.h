/* SPDX-License-Identifier: MIT */
/* cases.c: kernels over flat vectors, per type. */

static void TYPED(axpy_run)(const struct lf_case *c, const struct lf_kernels *k,
                            const struct lf_shape *s, void *const operand[])
{
    (void)c;
    k->TYPED_FIELD.axpy(s->rows, (REAL)0.11, operand[0], operand[OUTPUT]);
}

static void TYPED(axpy_oracle)(const struct lf_case *c, const struct lf_shape *s,
                               void *const operand[], struct lf_truth truth[])
{
    (void)c;
    for (size_t i = 0; i < s->rows; i++) {
        truth[OUTPUT].exact[i] =
            fmal((REAL)0.11, TYPED(at)(operand[0], i), TYPED(at)(operand[OUTPUT], i));
        truth[OUTPUT].bound[i] = UNIT * fabsl(truth[OUTPUT].exact[i]);
    }
}

static void TYPED(sum_part_run)(const struct lf_case *c, const struct lf_kernels *k,
                                const struct lf_shape *s, void *const operand[])
{
    (void)c;
    k->TYPED_FIELD.sum_part(s->rows, operand[0], operand[OUTPUT]);
}

static void TYPED(dot_part_run)(const struct lf_case *c, const struct lf_kernels *k,
                                const struct lf_shape *s, void *const operand[])
{
    (void)c;
    k->TYPED_FIELD.dot_part(s->rows, operand[0], operand[1], operand[OUTPUT]);
}

/* variant 0: the sum of operand 0; 1: of its products with operand 1. */
static void TYPED(sum_part_oracle)(const struct lf_case *c, const struct lf_shape *s,
                                   void *const operand[], struct lf_truth truth[])
{
    long double sum = 0, magnitude = 0;
    for (size_t i = 0; i < s->rows; i++) {
        long double term = TYPED(at)(operand[0], i) * (c->variant ? TYPED(at)(operand[1], i) : 1);
        sum += term;
        magnitude += fabsl(term);
    }
    *truth[OUTPUT].exact = sum;
    *truth[OUTPUT].bound = gamma_of(depth(s->rows, 4 * V), UNIT) * magnitude;
}

static void TYPED(dot_part_oracle)(const struct lf_case *c, const struct lf_shape *s,
                                   void *const operand[], struct lf_truth truth[])
{
    TYPED(sum_part_oracle)(c, s, operand, truth);
}

/* A tree of `rows` parts of `in` sums each. */
static void TYPED(parts_finish_run)(const struct lf_case *c, const struct lf_kernels *k,
                                    const struct lf_shape *s, void *const operand[])
{
    (void)c;
    for (size_t b = 0; b < s->rows; b++) {
        memcpy((REAL *)operand[1] + lf_part_slot(b) * s->in, (REAL *)operand[0] + b * s->in,
               s->in * sizeof(REAL));
        k->TYPED_FIELD.parts_push(b, s->in, operand[1]);
    }
    k->TYPED_FIELD.parts_finish(s->rows, s->in, operand[1], operand[OUTPUT]);
}

static void TYPED(parts_finish_oracle)(const struct lf_case *c, const struct lf_shape *s,
                                       void *const operand[], struct lf_truth truth[])
{
    (void)c;
    for (size_t i = 0; i < s->in; i++) {
        long double sum = 0, magnitude = 0, old = TYPED(at)(operand[OUTPUT], i);
        for (size_t b = 0; b < s->rows; b++) {
            sum += TYPED(at)(operand[0], b * s->in + i);
            magnitude += fabsl(TYPED(at)(operand[0], b * s->in + i));
        }
        truth[OUTPUT].exact[i] = old + sum;
        truth[OUTPUT].bound[i] =
            gamma_of((long double)lf_part_slots(s->rows) + 1, UNIT) * (magnitude + fabsl(old));
    }
}

/* ---- Activations --------------------------------------------------------------------------- */

static void TYPED(activation_run)(const struct lf_case *c, const struct lf_kernels *k,
                                  const struct lf_shape *s, void *const operand[])
{
    k->TYPED_FIELD.activation((enum lf_activation)c->variant, s->rows, operand[0], operand[OUTPUT]);
}

static void TYPED(activation_oracle)(const struct lf_case *c, const struct lf_shape *s,
                                     void *const operand[], struct lf_truth truth[])
{
    for (size_t i = 0; i < s->rows; i++)
        truth[OUTPUT].exact[i] =
            activation_value((enum lf_activation)c->variant, TYPED(at)(operand[0], i), UNIT,
                             &truth[OUTPUT].bound[i]);
}

static void TYPED(activation_grad_run)(const struct lf_case *c, const struct lf_kernels *k,
                                       const struct lf_shape *s, void *const operand[])
{
    int needs_x = lf_activation_needs_x((enum lf_activation)c->variant);
    k->TYPED_FIELD.activation_grad((enum lf_activation)c->variant, s->rows,
                                   needs_x ? operand[0] : NULL, needs_x ? NULL : operand[0],
                                   operand[1], operand[OUTPUT]);
}

static void TYPED(activation_grad_oracle)(const struct lf_case *c, const struct lf_shape *s,
                                          void *const operand[], struct lf_truth truth[])
{
    for (size_t i = 0; i < s->rows; i++) {
        long double error, old = TYPED(at)(operand[OUTPUT], i), g = TYPED(at)(operand[1], i);
        long double slope = activation_slope((enum lf_activation)c->variant,
                                             TYPED(at)(operand[0], i), UNIT, &error);
        error = fabsl(g) * error + UNIT * fabsl(g) * (fabsl(slope) + error);
        truth[OUTPUT].exact[i] = old + g * slope;
        truth[OUTPUT].bound[i] = error + UNIT * (fabsl(old + g * slope) + error);
    }
}

/* ---- Optimizers ---------------------------------------------------------------------------- */

/* variant: 1 momentum, 2 Nesterov, 4 weight decay */
static struct TYPED(lf_sgd) TYPED(sgd_of)(const struct lf_case *c)
{
    return (struct TYPED(lf_sgd)){.lr = (REAL)0.11,
                                  .momentum = (REAL)(c->variant & 1 ? 0.9 : 0),
                                  .weight_decay = (REAL)(c->variant & 4 ? 0.01 : 0),
                                  .nesterov = (c->variant & 2) != 0};
}

static void TYPED(sgd_run)(const struct lf_case *c, const struct lf_kernels *k,
                           const struct lf_shape *s, void *const operand[])
{
    struct TYPED(lf_sgd) sgd = TYPED(sgd_of)(c);
    k->TYPED_FIELD.sgd(s->rows, &sgd, operand[0], c->variant & 1 ? operand[1] : NULL,
                       operand[OUTPUT]);
}

static void TYPED(sgd_oracle)(const struct lf_case *c, const struct lf_shape *s,
                              void *const operand[], struct lf_truth truth[])
{
    struct TYPED(lf_sgd) sgd = TYPED(sgd_of)(c);
    for (size_t i = 0; i < s->rows; i++) {
        long double w = TYPED(at)(operand[OUTPUT], i), d = TYPED(at)(operand[0], i), error = 0;
        if (c->variant & 4) {
            d += (long double)sgd.weight_decay * w;
            error = UNIT * fabsl(d);
        }
        if (c->variant & 1) {
            long double kept = (long double)sgd.momentum * TYPED(at)(operand[1], i), v = kept + d;
            long double v_error = error + UNIT * fabsl(kept);
            v_error += UNIT * (fabsl(v) + v_error);
            truth[1].exact[i] = v;
            truth[1].bound[i] = v_error;
            error = c->variant & 2 ? error + (long double)sgd.momentum * v_error : v_error;
            d = c->variant & 2 ? d + (long double)sgd.momentum * v : v;
            error += c->variant & 2 ? UNIT * (fabsl(d) + error) : 0;
        }
        error *= (long double)sgd.lr;
        truth[OUTPUT].exact[i] = fmal(-(long double)sgd.lr, d, w);
        truth[OUTPUT].bound[i] = error + UNIT * (fabsl(truth[OUTPUT].exact[i]) + error);
    }
}

/* variant: 1 weight decay as in Adam, 2 as in AdamW. Step 3 of the default rates. */
static struct TYPED(lf_adam) TYPED(adam_of)(const struct lf_case *c)
{
    return (struct TYPED(lf_adam)){.beta1 = (REAL)0.9,
                                   .gain1 = (REAL)(1 - 0.9),
                                   .beta2 = (REAL)0.999,
                                   .gain2 = (REAL)(1 - 0.999),
                                   .step_size = (REAL)(0.001 / (1 - 0.9 * 0.9 * 0.9)),
                                   .bias_correction2_sqrt = (REAL)sqrt(1 - 0.999 * 0.999 * 0.999),
                                   .eps = (REAL)1e-8,
                                   .weight_decay = (REAL)(c->variant & 1 ? 0.01 : 0),
                                   .keep = (REAL)(c->variant & 2 ? 1 - 0.001 * 0.01 : 1)};
}

static void TYPED(adam_run)(const struct lf_case *c, const struct lf_kernels *k,
                            const struct lf_shape *s, void *const operand[])
{
    struct TYPED(lf_adam) adam = TYPED(adam_of)(c);
    k->TYPED_FIELD.adam(s->rows, &adam, operand[0], operand[1], operand[2], operand[OUTPUT]);
}

static void TYPED(adam_oracle)(const struct lf_case *c, const struct lf_shape *s,
                               void *const operand[], struct lf_truth truth[])
{
    struct TYPED(lf_adam) a = TYPED(adam_of)(c);
    for (size_t i = 0; i < s->rows; i++) {
        long double w = TYPED(at)(operand[OUTPUT], i), g = TYPED(at)(operand[0], i), g_error = 0;
        if (c->variant & 1) {
            g += (long double)a.weight_decay * w;
            g_error = UNIT * fabsl(g);
        }
        long double kept = (long double)a.beta1 * TYPED(at)(operand[1], i);
        long double mean = kept + (long double)a.gain1 * g;
        long double mean_error = UNIT * fabsl(kept) + (long double)a.gain1 * g_error;
        mean_error += UNIT * (fabsl(mean) + mean_error);
        long double kept2 = (long double)a.beta2 * TYPED(at)(operand[2], i);
        long double gained = (long double)a.gain2 * g * g, square = kept2 + gained;
        long double square_error =
            UNIT * (kept2 + gained) + (long double)a.gain2 * g_error * (2 * fabsl(g) + g_error);
        square_error += UNIT * (square + square_error);
        long double low = square > square_error ? square - square_error : 0;
        long double root = sqrtl(square), correction = (long double)a.bias_correction2_sqrt;
        long double root_error = root - sqrtl(low);
        root_error += gamma_of(3, UNIT) * (root + root_error);
        long double bottom = root / correction + (long double)a.eps;
        long double bottom_error = root_error / correction + UNIT * bottom;
        long double top = (long double)a.step_size * mean, step = top / bottom;
        long double top_error = (long double)a.step_size * mean_error + UNIT * fabsl(top);
        long double step_error =
            (top_error + fabsl(step) * bottom_error) / (bottom - bottom_error) * (1 + UNIT);
        step_error += UNIT * (fabsl(step) + step_error);
        long double held = (long double)a.keep * w;
        truth[1].exact[i] = mean;
        truth[1].bound[i] = mean_error;
        truth[2].exact[i] = square;
        truth[2].bound[i] = square_error;
        truth[OUTPUT].exact[i] = held - step;
        truth[OUTPUT].bound[i] =
            UNIT * fabsl(held) + step_error + UNIT * (fabsl(held - step) + step_error);
    }
}
