/* SPDX-License-Identifier: MIT */
/* test_contract.c: what is said of both types. */

static void TYPED(fill)(size_t n, struct test_rng *rng, REAL *values)
{
    for (size_t i = 0; i < n; i++)
        values[i] = (REAL)test_uniform(rng, -1, 1);
}

/* ---- One pass ------------------------------------------------------------------------------ */

/* A block of rows and what the separate kernels make of it. */
struct TYPED(block) {
    REAL x[PASS_ELEMENTS], w[PASS_OUT * PASS_IN], b[PASS_OUT], row_weight[LF_BLOCK_ROWS];
    REAL target[PASS_ELEMENTS], y[PASS_ELEMENTS], g[PASS_ELEMENTS];
    REAL pieces[PASS_WIDTH], whole[PASS_WIDTH];
};

static void TYPED(check_one_pass)(const struct pass *p, struct test_rng *rng)
{
    static struct TYPED(block) t;
    const struct TYPED(lf_kernels) *k = &tested->TYPED_FIELD;
    const struct TYPED(lf_loss)
        loss = {.kind = p->kind, .delta = (REAL)0.5, .scale = (REAL)0.35, .upstream = (REAL)1.3};
    const size_t rows = p->rows, in = p->in, out = p->out;
    const REAL *b = p->no_bias ? NULL : t.b, *weight = p->row_weights ? t.row_weight : NULL;
    REAL *value = t.pieces + in * out + out;
    TYPED(fill)(p->column_major ? in * p->col_stride : rows * p->row_stride, rng, t.x);
    TYPED(fill)(in * out, rng, t.w);
    TYPED(fill)(out, rng, t.b);
    TYPED(fill)(rows, rng, t.row_weight);
    TYPED(fill)(rows * out, rng, t.target);
    for (size_t i = 0; i < rows * out; i++)
        t.g[i] = (REAL)-0.0;
    k->affine(rows, in, out, t.x, p->row_stride, p->col_stride, t.w, b, t.y);
    k->loss_grad(&loss, rows, out, t.y, t.target, weight, t.g);
    k->affine_grad_part(rows, in, out, t.x, p->row_stride, p->col_stride, t.g, t.pieces);
    k->loss_part(&loss, rows, out, t.y, t.target, weight, value);
    k->affine_loss_part(&loss, rows, in, out, t.x, p->row_stride, p->col_stride, t.w, b, t.target,
                        weight, t.whole);
    ck_assert_msg(memcmp(t.pieces, t.whole, (in * out + out + 1) * sizeof(REAL)) == 0,
                  "loss %d of %zu x %zu -> %zu, strides %zu and %zu%s%s", p->kind, rows, in, out,
                  p->row_stride, p->col_stride, b ? "" : ", no bias", weight ? ", weighted" : "");
}

/* ---- Special values of losses -------------------------------------------------------------- */

/* Rows of prediction p, target t and weight w, one alone and several: each contributes `value` to
 * the loss and has the gradient `slope`. */
static void TYPED(check_loss_at)(enum lf_loss_kind kind, REAL delta, REAL p, REAL t, REAL w,
                                 REAL value, REAL slope)
{
    enum { ROWS = 20 };
    const struct TYPED(lf_loss) loss = {.kind = kind, .delta = delta, .scale = 1, .upstream = 1};
    for (size_t rows = 1; rows <= ROWS; rows += ROWS - 1) {
        REAL prediction[ROWS], target[ROWS], weight[ROWS], grad[ROWS], part, expected = -0.0;
        size_t first;
        for (size_t r = 0; r < rows; r++) {
            prediction[r] = p;
            target[r] = t;
            weight[r] = w;
            grad[r] = (REAL)-0.0;
            expected += value;
        }
        tested->TYPED_FIELD.loss_grad(&loss, rows, 1, prediction, target, weight, grad);
        tested->TYPED_FIELD.loss_part(&loss, rows, 1, prediction, target, weight, &part);
        ck_assert_msg(same_bits(DTYPE, 1, &part, &expected, &first), "loss %d of %g: %g", kind,
                      (double)p, (double)part);
        for (size_t r = 0; r < rows; r++)
            ck_assert_msg(same_bits(DTYPE, 1, grad + r, &slope, &first), "slope %d at %g: %g", kind,
                          (double)p, (double)grad[r]);
    }
}

static void TYPED(check_special_losses)(void)
{
    const REAL nan = (REAL)NAN, infinity = (REAL)INFINITY, delta = (REAL)0.75;
    const REAL zero = (REAL)-0.0, half = (REAL)0.5;
    for (int kind = LF_MSE_LOSS; kind <= LF_POISSON_NLL_LOSS; kind++) {
        const enum lf_loss_kind k = (enum lf_loss_kind)kind;
        const REAL slope = k == LF_L1_LOSS ? 0 : nan;
        TYPED(check_loss_at)(k, delta, nan, half, 1, nan, slope);
        TYPED(check_loss_at)(k, delta, half, nan, 1, nan, slope);
        TYPED(check_loss_at)(k, delta, half, 1, nan, nan, nan);
        TYPED(check_loss_at)(k, delta, -infinity, half, 0, nan, k == LF_MSE_LOSS ? nan : zero);
    }
    /* With a delta of 0 Huber's slope is 0 with the sign of p - t. */
    TYPED(check_loss_at)(LF_HUBER_LOSS, 0, 1, half, 1, 0, 0);
    TYPED(check_loss_at)(LF_HUBER_LOSS, 0, half, 1, 1, 0, zero);
}

/* Huber's loss with numbers that are no delta: without a meaning, but with the same bits. */
static void TYPED(check_any_delta)(REAL delta, struct test_rng *rng)
{
    enum { ROWS = 37 };
    const struct TYPED(lf_loss)
        loss = {.kind = LF_HUBER_LOSS, .delta = delta, .scale = 1, .upstream = 1};
    REAL prediction[ROWS], target[ROWS], grad[2][ROWS], part[2];
    size_t first;
    TYPED(fill)(ROWS, rng, prediction);
    TYPED(fill)(ROWS, rng, target);
    target[3] = prediction[3];
    for (int i = 0; i < 2; i++) {
        const struct lf_kernels *k = i ? tested : scalar_table();
        for (size_t r = 0; r < ROWS; r++)
            grad[i][r] = (REAL)-0.0;
        k->TYPED_FIELD.loss_grad(&loss, ROWS, 1, prediction, target, NULL, grad[i]);
        k->TYPED_FIELD.loss_part(&loss, ROWS, 1, prediction, target, NULL, &part[i]);
    }
    ck_assert_msg(same_bits(DTYPE, ROWS, grad[0], grad[1], &first), "delta %g", (double)delta);
    ck_assert_msg(same_bits(DTYPE, 1, &part[0], &part[1], &first), "delta %g", (double)delta);
}

/* ---- Special values of activations --------------------------------------------------------- */

/* The table in kernels.h. */
static void TYPED(check_special_activations)(void)
{
    const REAL x[5] = {(REAL)NAN, (REAL)-INFINITY, (REAL)-0.0, 0, (REAL)INFINITY};
    for (int kind = LF_RELU; kind <= LF_LOG; kind++) {
        REAL got[5], expected[5];
        size_t first;
        for (size_t i = 0; i < 5; i++)
            expected[i] = (REAL)special_activations[kind][i];
        tested->TYPED_FIELD.activation((enum lf_activation)kind, 5, x, got);
        ck_assert_msg(same_bits(DTYPE, 5, got, expected, &first), "activation %d", kind);
    }
}

/* Derivatives where x or y is NaN: of relu 1. */
static void TYPED(check_slopes_at_nan)(void)
{
    for (int kind = LF_RELU; kind <= LF_LOG; kind++)
        for (size_t n = 1; n <= 20; n += 19) {
            REAL at[20], g[20], dx[20], expected = kind == LF_RELU ? 3 : (REAL)NAN;
            size_t first;
            for (size_t i = 0; i < n; i++) {
                at[i] = (REAL)NAN;
                g[i] = 2;
                dx[i] = 1;
            }
            tested->TYPED_FIELD.activation_grad((enum lf_activation)kind, n, at, at, g, dx);
            for (size_t i = 0; i < n; i++)
                ck_assert_msg(same_bits(DTYPE, 1, dx + i, &expected, &first),
                              "derivative of activation %d: %g", kind, (double)dx[i]);
        }
}
