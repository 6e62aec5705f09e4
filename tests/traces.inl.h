/* SPDX-License-Identifier: MIT */
/* test_traces.c, per type. */

static size_t TYPED(numbers)(const char *cell, REAL *out)
{
    size_t n = 0;
    for (char *end; n < MOST; n++, cell = end) {
        double x = strtod(cell, &end); /* hexadecimal: exact, in either type */
        if (end == cell)
            break;
        out[n] = (REAL)x;
    }
    return n;
}

static REAL TYPED(number)(const char *cell)
{
    return (REAL)strtod(cell, NULL);
}

static void TYPED(check_bits)(size_t n, const REAL *got, const REAL *expected, const char *what)
{
    size_t first = 0;
    ck_assert_msg(same_bits(DTYPE, n, got, expected, &first), "%s %s: element %zu is %a, not %a",
                  dtype_name(DTYPE), what, first, (double)got[first], (double)expected[first]);
}

/* Within `tolerance`; NaN and infinities where they are expected. */
static void TYPED(check_near)(REAL got, REAL expected, double tolerance, const char *what, size_t i)
{
    int same = got == expected || (isnan(got) && isnan(expected));
    ck_assert_msg(same || fabs((double)got - (double)expected) <= tolerance,
                  "%s %s: element %zu is %a, not %a, tolerance %g", dtype_name(DTYPE), what, i,
                  (double)got, (double)expected, tolerance);
}

/* ---- Losses -------------------------------------------------------------------------------- */

static const REAL TYPED(bce_specials)[8] = {30, -30, 100, -100, 800, -800, 0, (REAL)-0.0};
static const REAL TYPED(poisson_specials)[8] = {30, -30, -100, -800, 0, (REAL)-0.0, 8, -8};

/* The inputs as operations.py makes them. */
static void TYPED(loss_inputs)(enum lf_loss_kind kind, REAL delta, size_t n, REAL *p, REAL *t)
{
    struct test_rng words = words_of(n);
    for (size_t i = 0; i < n; i++) {
        uint64_t first = test_bits(&words), second = test_bits(&words);
        int special = i % 16 >= 4 && i % 16 <= 11;
        if (kind == LF_POISSON_NLL_LOSS) {
            p[i] = special ? TYPED(poisson_specials)[(i + i / 16) % 8] : 4 * FRACTION(first) - 2;
            t[i] = (REAL)(second >> 61);
        } else if (kind == LF_BCE_WITH_LOGITS_LOSS) {
            p[i] = special ? TYPED(bce_specials)[(i + i / 16) % 8] : 16 * FRACTION(first) - 8;
            t[i] = i % 8 == 1 ? 0 : i % 8 == 2 ? 1 : FRACTION(second);
        } else {
            p[i] = 8 * FRACTION(first) - 4;
            t[i] = i % 8 == 3 ? p[i] : 8 * FRACTION(second) - 4;
            if (i % 8 >= 5) {
                p[i] = i % 8 == 5 ? (REAL)-0.0 : i % 8 == 6 ? delta : 0;
                t[i] = i % 8 == 7 ? delta : 0;
            }
        }
    }
}

/* What a correctly rounded value of the loss may be off, on their side and ours: a few units of its
 * terms. */
static double TYPED(loss_tolerance)(enum lf_loss_kind kind, REAL p, REAL t)
{
    if (kind == LF_POISSON_NLL_LOSS)
        return 8 * UNIT * (exp((double)p) + fabs((double)p * (double)t));
    return 8 * UNIT * (1 + fabs((double)p) + fabs((double)p * (double)t));
}

static enum lf_loss_kind TYPED(loss_named)(const char *name)
{
    static const char *const names[] = {"mse_loss", "l1_loss", "huber_loss",
                                        "binary_cross_entropy_with_logits", "poisson_nll_loss"};
    for (int i = 0; i < 5; i++)
        if (is(name, names[i]))
            return (enum lf_loss_kind)i;
    ck_abort_msg("unknown loss %s", name);
    return LF_MSE_LOSS;
}

/* The gradient of the mean (scale 1/n) or sum (scale 1). PyTorch orders the operations of some as
 * lanefit does, and those are equal in every bit; others within a few units. */
static void TYPED(check_gradient)(struct TYPED(lf_loss) loss, size_t n, const REAL *p,
                                  const REAL *t, const REAL *expected)
{
    REAL grad[MOST];
    for (size_t i = 0; i < n; i++)
        grad[i] = (REAL)-0.0;
    tested->TYPED_FIELD.loss_grad(&loss, n, 1, p, t, NULL, grad);
    if (loss.kind == LF_MSE_LOSS ||
        (loss.upstream == 1 && (loss.kind == LF_L1_LOSS || loss.kind == LF_HUBER_LOSS))) {
        TYPED(check_bits)(n, grad, expected, "gradient");
        return;
    }
    for (size_t i = 0; i < n; i++) {
        double size = loss.kind == LF_POISSON_NLL_LOSS ? exp((double)p[i]) + (double)t[i] : 1;
        double factor = fabs((double)loss.scale * (double)loss.upstream);
        TYPED(check_near)
        (grad[i], expected[i], 8 * UNIT * (size * factor + fabs((double)expected[i])), "gradient",
         i);
    }
}

/* dtype, loss, delta, n, upstream, values, mean, mean_grads, sum, sum_grads */
static void TYPED(check_loss)(const struct table *table)
{
    char *const *cell = table->cell;
    REAL p[MOST], t[MOST], values[MOST], grads[MOST], one, sum;
    struct TYPED(lf_loss) loss = {.kind = TYPED(loss_named)(cell[1]),
                                  .delta = TYPED(number)(cell[2]),
                                  .upstream = TYPED(number)(cell[4])};
    size_t n = strtoul(cell[3], NULL, 10);
    int exact = loss.kind <= LF_HUBER_LOSS;
    double tolerance = 0, magnitude = 0;
    ck_assert_uint_eq(TYPED(numbers)(cell[5], values), n);
    TYPED(loss_inputs)(loss.kind, loss.delta, n, p, t);
    for (size_t i = 0; i < n; i++) {
        double near = exact ? 0 : TYPED(loss_tolerance)(loss.kind, p[i], t[i]);
        tested->TYPED_FIELD.loss_part(&loss, 1, 1, &p[i], &t[i], NULL, &one);
        TYPED(check_near)(one, values[i], near, cell[1], i);
        tolerance += near;
        magnitude += fabs((double)values[i]);
    }
    tested->TYPED_FIELD.loss_part(&loss, n, 1, p, t, NULL, &sum);
    tolerance += 2 * (double)(n + 1) * UNIT * magnitude;
    TYPED(check_near)(sum, TYPED(number)(cell[8]), tolerance, "sum", 0);
    TYPED(check_near)(sum / (REAL)n, TYPED(number)(cell[6]), tolerance / (double)n, "mean", 0);
    loss.scale = 1 / (REAL)n;
    ck_assert_uint_eq(TYPED(numbers)(cell[7], grads), n);
    TYPED(check_gradient)(loss, n, p, t, grads);
    loss.scale = 1;
    ck_assert_uint_eq(TYPED(numbers)(cell[9], grads), n);
    TYPED(check_gradient)(loss, n, p, t, grads);
}

/* ---- Activations --------------------------------------------------------------------------- */

/* A few units on their side and ours. PyTorch's softplus is x itself from 20 on, so far is it from
 * its own definition there; its sigmoid is 0 where e^-x overflows. */
static double TYPED(activation_tolerance)(enum lf_activation kind, REAL x, REAL value)
{
    double size = fabs((double)value);
    if (kind == LF_RELU)
        return 0;
    if (kind == LF_GELU)
        return 4 * UNIT * fmax(1, fabs((double)x));
    return 8 * UNIT * size + (kind == LF_SIGMOID ? 2 * SMALLEST_NORMAL : 0) +
           (kind == LF_SOFTPLUS && x > 20 ? 2.1e-9 : 0);
}

/* dtype, function, x, upstream, values, grads */
static void TYPED(check_activation)(const struct table *table)
{
    static const char *const names[] = {"relu", "tanh", "sigmoid", "softplus",
                                        "gelu", "exp",  "log"};
    REAL x[MOST], upstream[MOST], values[MOST], grads[MOST], y[MOST], dx[MOST];
    int kind = 0;
    while (!is(table->cell[1], names[kind]))
        ck_assert_int_lt(++kind, 7);
    size_t n = TYPED(numbers)(table->cell[2], x);
    ck_assert_uint_gt(n, 20);
    ck_assert_uint_eq(TYPED(numbers)(table->cell[3], upstream), n);
    ck_assert_uint_eq(TYPED(numbers)(table->cell[4], values), n);
    ck_assert_uint_eq(TYPED(numbers)(table->cell[5], grads), n);
    tested->TYPED_FIELD.activation((enum lf_activation)kind, n, x, y);
    for (size_t i = 0; i < n; i++) {
        double near = TYPED(activation_tolerance)((enum lf_activation)kind, x[i], values[i]);
        TYPED(check_near)(y[i], values[i], near, names[kind], i);
        dx[i] = (REAL)-0.0;
    }
    /* From PyTorch's own values, so that the derivative alone is compared. */
    tested->TYPED_FIELD.activation_grad((enum lf_activation)kind, n, x, values, upstream, dx);
    for (size_t i = 0; i < n; i++) {
        int exact = kind != LF_SOFTPLUS && kind != LF_GELU && !isnan(values[i]);
        double near = 8 * UNIT * (fabs((double)upstream[i]) + fabs((double)grads[i]));
        near += kind == LF_SOFTPLUS && x[i] > 20 ? 2.1e-9 * fabs((double)upstream[i]) : 0;
        TYPED(check_near)(dx[i], grads[i], exact ? 0 : near, names[kind], i);
    }
}

/* ---- Optimizers ---------------------------------------------------------------------------- */

/* Cells: 2 lr, 3 momentum, 4 nesterov, 5 weight_decay, 6 and 7 betas, 8 eps, 9 n, 10 step. */
static double TYPED(setting)(const struct table *table, size_t i)
{
    return strtod(table->cell[i], NULL);
}

static void TYPED(adam_step)(const struct table *table, size_t n, size_t step, const REAL *g,
                             REAL *mean, REAL *square, REAL *w)
{
    double lr = TYPED(setting)(table, 2), decay = TYPED(setting)(table, 5);
    double beta1 = TYPED(setting)(table, 6), beta2 = TYPED(setting)(table, 7);
    int decoupled = is(table->cell[1], "AdamW");
    struct TYPED(lf_adam) adam = {.beta1 = (REAL)beta1,
                                  .gain1 = (REAL)(1 - beta1),
                                  .beta2 = (REAL)beta2,
                                  .gain2 = (REAL)(1 - beta2),
                                  .step_size = (REAL)(lr / (1 - pow(beta1, (double)step))),
                                  .bias_correction2_sqrt = (REAL)sqrt(1 - pow(beta2, (double)step)),
                                  .eps = (REAL)TYPED(setting)(table, 8),
                                  .weight_decay = (REAL)(decoupled ? 0 : decay),
                                  .keep = (REAL)(decoupled ? 1 - lr * decay : 1)};
    tested->TYPED_FIELD.adam(n, &adam, g, mean, square, w);
}

static void TYPED(check_optimizer)(const struct table *table)
{
    REAL w[MOST], g[MOST], first[MOST], second[MOST], expected[MOST];
    size_t n = strtoul(table->cell[9], NULL, 10), steps = strtoul(table->cell[10], NULL, 10);
    struct TYPED(lf_sgd) sgd = {.lr = (REAL)TYPED(setting)(table, 2),
                                .momentum = (REAL)TYPED(setting)(table, 3),
                                .weight_decay = (REAL)TYPED(setting)(table, 5),
                                .nesterov = is(table->cell[4], "True")};
    struct test_rng words = words_of(n);
    for (size_t i = 0; i < n; i++) {
        w[i] = 2 * FRACTION(test_bits(&words)) - 1;
        first[i] = is(table->cell[1], "SGD") ? (REAL)-0.0 : 0;
        second[i] = 0;
    }
    for (size_t step = 1; step <= steps; step++) {
        for (size_t i = 0; i < n; i++) {
            REAL fraction = FRACTION(test_bits(&words));
            g[i] = (2 * fraction - 1) / (REAL)(1 << i % 8);
            if (n == 19 && i == 3 && step % 2 == 1)
                g[i] = 0;
        }
        if (is(table->cell[1], "SGD"))
            tested->TYPED_FIELD.sgd(n, &sgd, g, first, w);
        else
            TYPED(adam_step)(table, n, step, g, first, second, w);
    }
    ck_assert_uint_eq(TYPED(numbers)(table->cell[11], expected), n);
    TYPED(check_bits)(n, w, expected, table->cell[1]);
    if (TYPED(numbers)(table->cell[12], expected) == n)
        TYPED(check_bits)(n, first, expected, "first moment");
    if (TYPED(numbers)(table->cell[13], expected) == n)
        TYPED(check_bits)(n, second, expected, "second moment");
}

/* ---- Normal draws -------------------------------------------------------------------------- */

/* dtype, seed (empty: the stream goes on), draw, n, mean, std, values */
static void TYPED(check_normal)(const struct table *table)
{
    REAL got[MOST], expected[MOST];
    size_t n = strtoul(table->cell[3], NULL, 10);
    double mean = strtod(table->cell[4], NULL), std = strtod(table->cell[5], NULL);
    if (table->cell[1][0] != '\0')
        lf_rng_seed(&stream, strtoull(table->cell[1], NULL, 10));
    ck_assert_uint_eq(TYPED(numbers)(table->cell[6], expected), n);
    if (is(table->cell[2], "uniform")) {
        tested->TYPED_FIELD.uniform(&stream, n, got);
        TYPED(check_bits)(n, got, expected, "uniform");
        return;
    }
    tested->TYPED_FIELD.normal(&stream, n, (REAL)mean, (REAL)std, got);
    for (size_t i = 0; i < n; i++)
        TYPED(check_near)(got[i], expected[i], 32 * UNIT * (std + fabs(mean)), "normal", i);
}
