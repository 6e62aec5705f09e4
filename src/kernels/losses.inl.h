/* SPDX-License-Identifier: MIT */
/* Losses and their gradients, element by element. */

#define loss_terms TYPED(loss_terms)
#define terms_of TYPED(terms_of)
#define loss_piece TYPED(loss_piece)
#define loss_elements TYPED(loss_elements)
#define spread_weights TYPED(spread_weights)
#define loss_rows TYPED(loss_rows)
#define is_single TYPED(is_single)

/* What elements contribute: fma(a, b, sum) to the value of a loss, slope to its gradient. */
struct loss_terms {
    vec a, b, slope;
};

LF_INLINE struct loss_terms terms_of(enum lf_loss_kind kind, vec p, vec t, vec delta)
{
    const vec zero = v_set1(0), half = v_set1((REAL)0.5), one = v_set1(1);
    vec d = v_sub(p, t);
    if (kind == LF_MSE_LOSS)
        return (struct loss_terms){d, d, d};
    if (kind == LF_L1_LOSS) {
        vec sign = v_if_greater(d, zero, one, v_if_greater(zero, d, v_set1(-1), zero));
        return (struct loss_terms){one, v_abs(d), sign};
    }
    if (kind == LF_HUBER_LOSS) {
        vec z = v_abs(d), inside = v_mul(v_mul(half, z), z);
        vec outside = v_mul(delta, v_sub(z, v_mul(half, delta)));
        vec end = v_if_greater(d, zero, delta, v_sub(v_set1((REAL)-0.0), delta));
        return (struct loss_terms){one, v_if_greater(z, delta, outside, inside),
                                   v_if_greater(z, delta, end, d)};
    }
    if (kind == LF_POISSON_NLL_LOSS) {
        vec e = v_exp(p);
        return (struct loss_terms){one, v_sub(e, v_mul(t, p)), v_sub(e, t)};
    }
    vec e = v_exp(v_sub(v_set1((REAL)-0.0), v_abs(p)));
    vec positive = v_if_greater(zero, p, zero, p);
    vec sigmoid = v_div(v_if_greater(zero, p, e, one), v_add(one, e));
    return (struct loss_terms){one, v_add(v_sub(positive, v_mul(p, t)), v_log1p(e)),
                               v_sub(sigmoid, t)};
}

/* m elements with a weight each, or none. Adds their values to *sum if `summed`, element 0 to lane
 * 0, and their gradients to grad unless it is NULL. */
LF_INLINE void loss_piece(enum lf_loss_kind kind, struct TYPED(lf_loss) loss, size_t m,
                          const REAL *prediction, const REAL *target, const REAL *weight,
                          int summed, vec *sum, REAL *grad)
{
    vec scale = v_set1(kind == LF_MSE_LOSS ? 2 * loss.scale : loss.scale);
    struct loss_terms terms =
        terms_of(kind, load_first(prediction, m), load_first(target, m), v_set1(loss.delta));
    if (weight) {
        scale = v_mul(scale, load_first(weight, m));
        terms.a = v_mul(load_first(weight, m), terms.a);
    }
    if (summed)
        *sum = fma_first(m, terms.a, terms.b, *sum);
    if (grad) {
        vec g = v_mul(v_mul(scale, terms.slope), v_set1(loss.upstream));
        store_first(grad, v_add(load_first(grad, m), g), m);
    }
}

/* n elements of any loss; sums[V] or grad may be NULL. */
LF_APART void loss_elements(const struct TYPED(lf_loss) * loss, size_t n, const REAL *prediction,
                            const REAL *target, const REAL *weight, REAL *sums, REAL *grad)
{
    const struct TYPED(lf_loss) l = *loss; /* which no store could change */
    vec sum = sums ? v_load(sums) : v_set1(0);
#define LOOP(kind, summed, grad)                                                                   \
    LF_PIECES(REAL, n,                                                                             \
              loss_piece(kind, l, m, prediction + i, target + i, weight ? weight + i : NULL,       \
                         summed, &sum, grad))
    /* Where an element takes little time, a loop without a question about what is wanted. */
#define LOOPS(kind)                                                                                \
    if (!grad)                                                                                     \
        LOOP(kind, 1, NULL);                                                                       \
    else if (!sums)                                                                                \
        LOOP(kind, 0, grad + i);                                                                   \
    else                                                                                           \
        LOOP(kind, 1, grad + i)
    switch (loss->kind) {
    case LF_MSE_LOSS:
        LOOPS(LF_MSE_LOSS);
        break;
    case LF_L1_LOSS:
        LOOPS(LF_L1_LOSS);
        break;
    case LF_HUBER_LOSS:
        LOOPS(LF_HUBER_LOSS);
        break;
    case LF_BCE_WITH_LOGITS_LOSS:
        LOOP(LF_BCE_WITH_LOGITS_LOSS, sums != NULL, grad ? grad + i : NULL);
        break;
    case LF_POISSON_NLL_LOSS:
        LOOP(LF_POISSON_NLL_LOSS, sums != NULL, grad ? grad + i : NULL);
        break;
    }
#undef LOOPS
#undef LOOP
    if (sums)
        v_store(sums, sum);
}

/* The weights of elements from..from+n of a row-major matrix with `out` columns. */
static void spread_weights(size_t from, size_t n, size_t out, const REAL *row_weight, REAL *weight)
{
    for (size_t i = 0; i < n; i++)
        weight[i] = row_weight[(from + i) / out];
}

/* Rows of `out` elements with a weight per row. Up to LF_FLAT_OUTPUTS of them the elements go to
 * the lanes in one sequence, beyond that every row starts at lane 0. */
static void loss_rows(const struct TYPED(lf_loss) * loss, size_t rows, size_t out,
                      const REAL *prediction, const REAL *target, const REAL *row_weight,
                      REAL *sums, REAL *grad)
{
    enum { PIECE = 512 };
    REAL weight[PIECE];
    size_t flat = out <= LF_FLAT_OUTPUTS, n = flat ? rows * out : out;
    if (flat && (out == 1 || !row_weight)) {
        loss_elements(loss, n, prediction, target, row_weight, sums, grad);
        return;
    }
    for (size_t r = 0; r < (flat ? 1 : rows); r++)
        for (size_t i = 0; i < n; i += PIECE) {
            size_t m = n - i < PIECE ? n - i : PIECE, at = r * out + i;
            if (row_weight)
                spread_weights(at, m, out, row_weight, weight);
            loss_elements(loss, m, prediction + at, target + at, row_weight ? weight : NULL, sums,
                          grad ? grad + at : NULL);
        }
}

/* One squared error, as a step of one sample has it, needs no vectors. */
LF_INLINE int is_single(const struct TYPED(lf_loss) * loss, size_t rows, size_t out)
{
    return rows == 1 && out == 1 && loss->kind == LF_MSE_LOSS;
}

static void TYPED(loss_part)(const struct TYPED(lf_loss) * loss, size_t rows, size_t out,
                             const REAL *prediction, const REAL *target, const REAL *row_weight,
                             REAL *part)
{
    if (is_single(loss, rows, out)) {
        REAL d = *prediction - *target;
        *part = (row_weight ? *row_weight * d : d) * d;
        return;
    }
    REAL sums[LF_VECTOR(REAL)];
    v_store(sums, v_set1((REAL)-0.0));
    loss_rows(loss, rows, out, prediction, target, row_weight, sums, NULL);
    part[0] = v_sum(v_load(sums));
}

static void TYPED(loss_grad)(const struct TYPED(lf_loss) * loss, size_t rows, size_t out,
                             const REAL *prediction, const REAL *target, const REAL *row_weight,
                             REAL *grad)
{
    if (is_single(loss, rows, out)) {
        REAL scale = 2 * loss->scale, d = *prediction - *target;
        *grad += (row_weight ? scale * *row_weight : scale) * d * loss->upstream;
        return;
    }
    loss_rows(loss, rows, out, prediction, target, row_weight, NULL, grad);
}
