/* SPDX-License-Identifier: MIT */
/* cases.c: draws, and runs of one-sample SGD, per type. Their oracles are exact: another generator,
 * and the operations in PyTorch's order. */

/* Draws as torch.rand makes them. */
static REAL TYPED(draw)(struct twister *t)
{
    uint64_t high = twister_next(t);
    if (sizeof(REAL) == sizeof(float))
        return (REAL)((double)(high & 0xffffff) / 16777216.0);
    high = high << 32 | twister_next(t);
    return (REAL)((double)(high & 0x1fffffffffffff) / 9007199254740992.0);
}

static void TYPED(uniform_run)(const struct lf_case *c, const struct lf_kernels *k,
                               const struct lf_shape *s, void *const operand[])
{
    struct lf_rng rng;
    (void)c;
    lf_rng_seed(&rng, SEED);
    k->TYPED_FIELD.uniform(&rng, s->rows, operand[OUTPUT]);
}

static void TYPED(uniform_oracle)(const struct lf_case *c, const struct lf_shape *s,
                                  void *const operand[], struct lf_truth truth[])
{
    struct twister t = twister(SEED);
    (void)c, (void)operand;
    for (size_t i = 0; i < s->rows; i++) {
        truth[OUTPUT].exact[i] = TYPED(draw)(&t);
        truth[OUTPUT].bound[i] = 0;
    }
}

static void TYPED(uniform_lanes_run)(const struct lf_case *c, const struct lf_kernels *k,
                                     const struct lf_shape *s, void *const operand[])
{
    struct lf_rng_lanes rng;
    (void)c;
    seed_lanes(&rng);
    for (size_t i = 0; i < s->rows; i++)
        k->TYPED_FIELD.uniform_lanes(&rng, (REAL *)operand[OUTPUT] + i * LF_LANES);
}

static void TYPED(uniform_lanes_oracle)(const struct lf_case *c, const struct lf_shape *s,
                                        void *const operand[], struct lf_truth truth[])
{
    (void)c, (void)operand;
    for (uint32_t j = 0; j < LF_LANES; j++) {
        struct twister t = twister(SEED + j);
        for (size_t i = 0; i < s->rows; i++) {
            truth[OUTPUT].exact[i * LF_LANES + j] = TYPED(draw)(&t);
            truth[OUTPUT].bound[i * LF_LANES + j] = 0;
        }
    }
}

/* Two calls, so that a draw may be left over: at most 3, then the rest. */
static void TYPED(normal_run)(const struct lf_case *c, const struct lf_kernels *k,
                              const struct lf_shape *s, void *const operand[])
{
    struct lf_rng rng;
    size_t first = s->rows < 3 ? s->rows : 3;
    (void)c;
    lf_rng_seed(&rng, SEED);
    k->TYPED_FIELD.normal(&rng, first, (REAL)0.5, 2, operand[OUTPUT]);
    k->TYPED_FIELD.normal(&rng, s->rows - first, (REAL)0.5, 2, (REAL *)operand[OUTPUT] + first);
}

/* One element of a pair: a = sqrt(-2 log u) f(2 pi v), u and v exact. */
static void TYPED(normal_truth)(long double u, long double turn, int second, long double unit,
                                struct lf_truth *truth, size_t i)
{
    long double radius = sqrtl(-2 * logl(u)), angle = 2 * acosl(-1) * turn;
    long double a = radius * (second ? sinl(angle) : cosl(angle));
    /* 1 - u is exact in the type: log 2 units, root and product 1 each,
     * sine 1.01 units of at most 1/2 of its value and of the radius near its zeros. */
    long double error = gamma_of(5, unit) * (fabsl(a) + radius * unit);
    truth->exact[i] = 0.5L + 2 * a;
    truth->bound[i] = 2 * error + UNIT * (fabsl(truth->exact[i]) + 2 * error);
}

static void TYPED(normal_oracle)(const struct lf_case *c, const struct lf_shape *s,
                                 void *const operand[], struct lf_truth truth[])
{
    struct twister t = twister(SEED);
    struct lf_truth *out = &truth[OUTPUT];
    size_t first = s->rows < 3 ? s->rows : 3, n = s->rows - first;
    (void)c, (void)operand;
    if (n < 16)
        first = s->rows;
    for (size_t i = 0; i < first; i += 2) {
        long double turn = draw_f64(&t), u = 1 - (long double)draw_f64(&t);
        for (size_t j = i; j < i + 2 && j < first; j++)
            TYPED(normal_truth)(u, turn, j > i, 0x1p-53L, out, j);
    }
    if (n < 16)
        return;
    REAL *draws = calloc(n, sizeof *draws);
    for (size_t i = 0; i < n; i++)
        draws[i] = TYPED(draw)(&t);
    for (size_t i = 0; i < n; i += 16) {
        size_t at = i + 16 <= n ? i : n - 16;
        for (size_t j = 0; at < i && j < 16; j++)
            draws[at + j] = TYPED(draw)(&t);
        for (size_t j = 0; j < 16; j++)
            TYPED(normal_truth)
        (1 - (long double)draws[at + j % 8], draws[at + 8 + j % 8], j >= 8, UNIT, out,
         first + at + j);
    }
    free(draws);
}

/* ---- Runs ---------------------------------------------------------------------------------- */

/* variant: 0 linear, 1 the layer applied twice. output: weight, bias. */
static void TYPED(online_run)(const struct lf_case *c, const struct lf_kernels *k,
                              const struct lf_shape *s, void *const operand[])
{
    REAL *parameter = operand[OUTPUT];
    struct lf_rng rng;
    struct TYPED(lf_online)
        run = {parameter[0], parameter[1], (REAL)1.233, (REAL)0.988, (REAL)0.01};
    lf_rng_seed(&rng, SEED);
    (c->variant ? k->TYPED_FIELD.online_shared : k->TYPED_FIELD.online_linear)(&run, &rng, s->rows,
                                                                               NULL);
    parameter[0] = run.weight;
    parameter[1] = run.bias;
}

/* One step of a model of n inputs; volatile keeps every operation a rounded one of its own. */
static void TYPED(replay_step)(int shared, size_t n, const REAL *x, REAL *weight, REAL *bias)
{
    volatile REAL y = x[0] * (REAL)1.233, h = x[0] * weight[0], product;
    for (size_t i = 1; i < n; i++) {
        y = TYPED_FMA(x[i], (REAL)1.233, y);
        h = TYPED_FMA(x[i], weight[i], h);
    }
    y = y + (REAL)0.988;
    h = h + *bias;
    volatile REAL prediction = h * weight[0];
    prediction = shared ? prediction + *bias : h;
    volatile REAL d = prediction - y, g = 2 * d, g1 = g * weight[0];
    for (size_t i = 0; i < n; i++) {
        volatile REAL grad = g * x[i];
        if (shared) {
            grad = g * h;
            product = g1 * x[i];
            grad = grad + product;
        }
        weight[i] = TYPED_FMA((REAL)-0.01, grad, weight[i]);
    }
    volatile REAL bias_grad = shared ? g + g1 : g;
    *bias = TYPED_FMA((REAL)-0.01, bias_grad, *bias);
}

static void TYPED(online_oracle)(const struct lf_case *c, const struct lf_shape *s,
                                 void *const operand[], struct lf_truth truth[])
{
    struct twister t = twister(SEED);
    REAL weight = ((const REAL *)operand[OUTPUT])[0], bias = ((const REAL *)operand[OUTPUT])[1];
    for (size_t i = 0; i < s->rows; i++) {
        REAL x = TYPED(draw)(&t);
        TYPED(replay_step)(c->variant, 1, &x, &weight, &bias);
    }
    truth[OUTPUT].exact[0] = weight;
    truth[OUTPUT].exact[1] = bias;
    truth[OUTPUT].bound[0] = truth[OUTPUT].bound[1] = 0;
}

/* variant: 0 dense rows, else strides of 2 and 3. Operands: x, y, losses, steps; output: weight,
 * bias. Losses behind the end become 0. */
static void TYPED(online_rows_run)(const struct lf_case *c, const struct lf_kernels *k,
                                   const struct lf_shape *s, void *const operand[])
{
    REAL *parameter = operand[OUTPUT], *loss = operand[2], *steps = operand[3];
    const size_t taken =
        k->TYPED_FIELD.online_rows(s->rows, operand[0], c->variant ? 2 : 1, operand[1],
                                   c->variant ? 3 : 1, (REAL)0.01, parameter, parameter + 1, loss);
    for (size_t r = taken + 1; r < s->rows; r++)
        loss[r] = 0;
    *steps = (REAL)taken;
}

static void TYPED(online_rows_oracle)(const struct lf_case *c, const struct lf_shape *s,
                                      void *const operand[], struct lf_truth truth[])
{
    const REAL *x = operand[0], *y = operand[1];
    REAL weight = ((const REAL *)operand[OUTPUT])[0], bias = ((const REAL *)operand[OUTPUT])[1];
    size_t taken = 0;
    for (size_t r = 0; r < s->rows; r++) {
        const REAL x_r = x[c->variant ? 2 * r : r];
        volatile REAL h = x_r * weight, d, loss = 0, g, grad;
        h = h + bias;
        d = h - y[c->variant ? 3 * r : r];
        if (taken == r)
            loss = d * d;
        truth[2].exact[r] = loss;
        truth[2].bound[r] = 0;
        if (taken < r || !isfinite(loss))
            continue;
        g = 2 * d;
        grad = g * x_r;
        grad = grad + 0;
        g = g + 0;
        weight = TYPED_FMA((REAL)-0.01, grad, weight);
        bias = TYPED_FMA((REAL)-0.01, g, bias);
        taken++;
    }
    truth[3].exact[0] = (long double)taken;
    truth[OUTPUT].exact[0] = weight;
    truth[OUTPUT].exact[1] = bias;
    truth[3].bound[0] = truth[OUTPUT].bound[0] = truth[OUTPUT].bound[1] = 0;
}

/* output: weight[in][16], bias[16]. */
static void TYPED(online_lanes_run)(const struct lf_case *c, const struct lf_kernels *k,
                                    const struct lf_shape *s, void *const operand[])
{
    struct TYPED(lf_online_lanes) run = {.true_bias = (REAL)0.988, .lr = (REAL)0.01};
    struct lf_rng_lanes rng;
    size_t weights = s->in * LF_LANES;
    memcpy(run.weight, operand[OUTPUT], weights * sizeof(REAL));
    memcpy(run.bias, (REAL *)operand[OUTPUT] + weights, sizeof run.bias);
    for (size_t i = 0; i < LF_LANES_INPUTS; i++)
        run.true_weight[i] = (REAL)1.233;
    seed_lanes(&rng);
    if (c->variant)
        k->TYPED_FIELD.online_shared_lanes(&run, &rng, s->rows);
    else
        k->TYPED_FIELD.online_linear_lanes(s->in, &run, &rng, s->rows);
    memcpy(operand[OUTPUT], run.weight, weights * sizeof(REAL));
    memcpy((REAL *)operand[OUTPUT] + weights, run.bias, sizeof run.bias);
}

static void TYPED(online_lanes_oracle)(const struct lf_case *c, const struct lf_shape *s,
                                       void *const operand[], struct lf_truth truth[])
{
    const REAL *start = operand[OUTPUT];
    for (uint32_t j = 0; j < LF_LANES; j++) {
        struct twister t = twister(SEED + j);
        REAL weight[LF_LANES_INPUTS], x[LF_LANES_INPUTS], bias = start[s->in * LF_LANES + j];
        for (size_t i = 0; i < s->in; i++)
            weight[i] = start[i * LF_LANES + j];
        for (size_t r = 0; r < s->rows; r++) {
            for (size_t i = 0; i < s->in; i++)
                x[i] = TYPED(draw)(&t);
            TYPED(replay_step)(c->variant, s->in, x, weight, &bias);
        }
        for (size_t i = 0; i <= s->in; i++) {
            truth[OUTPUT].exact[i * LF_LANES + j] = i < s->in ? weight[i] : bias;
            truth[OUTPUT].bound[i * LF_LANES + j] = 0;
        }
    }
}
