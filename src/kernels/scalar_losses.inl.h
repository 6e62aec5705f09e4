/* SPDX-License-Identifier: MIT */
/* scalar.c: losses, alone and in one pass with the affine map before them. */

#define loss_terms TYPED(loss_terms)
#define terms_of TYPED(terms_of)
#define loss_lane TYPED(loss_lane)
#define add_loss TYPED(add_loss)
#define slope_of TYPED(slope_of)

/* What an element contributes: fma(a, b, sum) to the value of a loss, slope to its gradient. */
struct loss_terms {
    REAL a, b, slope;
};

static struct loss_terms terms_of(const struct TYPED(lf_loss) * loss, REAL p, REAL t)
{
    REAL d = p - t, z = TYPED(s_abs)(d), delta = loss->delta, e;
    switch (loss->kind) {
    case LF_L1_LOSS:
        return (struct loss_terms){1, z, (REAL)((d > 0) - (d < 0))};
    case LF_HUBER_LOSS:
        if (z > delta)
            return (struct loss_terms){1, delta * (z - (REAL)0.5 * delta), d > 0 ? delta : -delta};
        return (struct loss_terms){1, (REAL)0.5 * z * z, d};
    case LF_BCE_WITH_LOGITS_LOSS:
        e = TYPED(s_exp)(-TYPED(s_abs)(p));
        return (struct loss_terms){1, (p < 0 ? 0 : p) - p * t + TYPED(s_log1p)(e),
                                   (p < 0 ? e : 1) / (1 + e) - t};
    case LF_POISSON_NLL_LOSS:
        e = TYPED(s_exp)(p);
        return (struct loss_terms){1, e - t * p, e - t};
    case LF_MSE_LOSS:
        break;
    }
    return (struct loss_terms){d, d, d};
}

/* The lane of element (r, o). */
static size_t loss_lane(size_t r, size_t o, size_t out)
{
    return (out <= 256 ? r * out + o : o) % LANES(REAL);
}

static void add_loss(struct loss_terms terms, const REAL *weight, REAL *sum)
{
    *sum = FMA(weight ? *weight * terms.a : terms.a, terms.b, *sum);
}

static REAL slope_of(const struct TYPED(lf_loss) * loss, struct loss_terms terms,
                     const REAL *weight)
{
    REAL scale = loss->kind == LF_MSE_LOSS ? 2 * loss->scale : loss->scale;
    return (weight ? scale * *weight : scale) * terms.slope * loss->upstream;
}

static void TYPED(loss_part)(const struct TYPED(lf_loss) * loss, size_t rows, size_t out,
                             const REAL *prediction, const REAL *target, const REAL *row_weight,
                             REAL *part)
{
    REAL sums[LANES(REAL)];
    sums_clear(LANES(REAL), 1, sums);
    for (size_t r = 0; r < rows; r++)
        for (size_t o = 0; o < out; o++)
            add_loss(terms_of(loss, prediction[r * out + o], target[r * out + o]),
                     row_weight ? row_weight + r : NULL, sums + loss_lane(r, o, out));
    sums_halve(LANES(REAL), 1, sums, part);
}

static void TYPED(loss_grad)(const struct TYPED(lf_loss) * loss, size_t rows, size_t out,
                             const REAL *prediction, const REAL *target, const REAL *row_weight,
                             REAL *grad)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t i = r * out; i < (r + 1) * out; i++)
            grad[i] += slope_of(loss, terms_of(loss, prediction[i], target[i]),
                                row_weight ? row_weight + r : NULL);
}

static void TYPED(affine_loss_part)(const struct TYPED(lf_loss) * loss, size_t rows, size_t in,
                                    size_t out, const REAL *x, size_t row_stride, size_t col_stride,
                                    const REAL *w, const REAL *b, const REAL *target,
                                    const REAL *row_weight, REAL *part)
{
    struct grad_sums gradient;
    REAL sums[LANES(REAL)];
    grad_begin(in, out, &gradient, part);
    sums_clear(LANES(REAL), 1, sums);
    for (size_t r = 0; r < rows; r++)
        for (size_t o = 0; o < out; o++) {
            const REAL *row = x + r * row_stride, *weight = row_weight ? row_weight + r : NULL;
            REAL y = dot_bias(in, out, row, col_stride, w + o * in, b ? b + o : NULL);
            struct loss_terms terms = terms_of(loss, y, target[r * out + o]);
            add_loss(terms, weight, sums + loss_lane(r, o, out));
            grad_row(in, out, &gradient, r, o, row, col_stride, slope_of(loss, terms, weight));
        }
    grad_end(in, out, &gradient);
    sums_halve(LANES(REAL), 1, sums, part + in * out + out);
}
