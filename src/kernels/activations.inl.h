/* SPDX-License-Identifier: MIT */
/* Activations and their derivatives, element by element. */

#define sigmoid_of TYPED(sigmoid_of)
#define normal_cdf TYPED(normal_cdf)
#define activation_of TYPED(activation_of)
#define slope_at TYPED(slope_at)
#define activation_piece TYPED(activation_piece)
#define grad_piece TYPED(grad_piece)

/* From e^-|x|, which cannot overflow. */
LF_INLINE vec sigmoid_of(vec x)
{
    vec e = v_exp(v_sub(v_set1((REAL)-0.0), v_abs(x)));
    return v_div(v_if_greater(v_set1(0), x, e, v_set1(1)), v_add(v_set1(1), e));
}

LF_INLINE vec normal_cdf(vec x)
{
    vec erf = v_erf(v_mul(x, v_set1((REAL)LF_ROOT_HALF)));
    return v_mul(v_set1((REAL)0.5), v_add(v_set1(1), erf));
}

LF_INLINE vec activation_of(enum lf_activation kind, vec x)
{
    const vec zero = v_set1(0);
    switch (kind) {
    case LF_RELU:
        return v_if_greater(zero, x, zero, x);
    case LF_TANH:
        return v_tanh(x);
    case LF_SIGMOID:
        return sigmoid_of(x);
    case LF_SOFTPLUS:
        return v_add(v_if_greater(zero, x, zero, x),
                     v_log1p(v_exp(v_sub(v_set1((REAL)-0.0), v_abs(x)))));
    case LF_GELU:
        return v_mul(x, normal_cdf(x));
    case LF_EXP:
        return v_exp(x);
    case LF_LOG:
        break;
    }
    return v_log(x);
}

/* The gradient g times the derivative, from the value y or from the argument x as
 * lf_activation_needs_x says. */
LF_INLINE vec slope_at(enum lf_activation kind, vec at, vec g)
{
    const vec zero = v_set1(0), one = v_set1(1);
    switch (kind) {
    case LF_RELU:
        /* 0 up to 0, so that NaN is let through as PyTorch does */
        return v_if_greater(zero, at, zero, v_if_greater(at, zero, g, v_if_finite(at, zero, g)));
    case LF_TANH:
        return v_mul(g, v_fma(v_sub(v_set1((REAL)-0.0), at), at, one));
    case LF_SIGMOID:
        return v_mul(v_mul(g, v_sub(one, at)), at);
    case LF_SOFTPLUS:
        return v_mul(g, sigmoid_of(at));
    case LF_GELU: {
        vec density = v_mul(v_exp(v_mul(v_mul(at, at), v_set1((REAL)-0.5))),
                            v_set1((REAL)LF_NORMAL_DENSITY_AT_0));
        return v_mul(g, v_fma(at, density, normal_cdf(at)));
    }
    case LF_EXP:
        return v_mul(g, at);
    case LF_LOG:
        break;
    }
    return v_div(g, at);
}

LF_INLINE void activation_piece(enum lf_activation kind, size_t m, const REAL *x, REAL *y)
{
    store_first(y, activation_of(kind, load_first(x, m)), m);
}

LF_INLINE void grad_piece(enum lf_activation kind, size_t m, const REAL *at, const REAL *g,
                          REAL *dx)
{
    vec slope = slope_at(kind, load_first(at, m), load_first(g, m));
    store_first(dx, v_add(load_first(dx, m), slope), m);
}

#define FOR_EACH_ACTIVATION(loop)                                                                  \
    switch (kind) {                                                                                \
    case LF_RELU:                                                                                  \
        loop(LF_RELU);                                                                             \
        break;                                                                                     \
    case LF_TANH:                                                                                  \
        loop(LF_TANH);                                                                             \
        break;                                                                                     \
    case LF_SIGMOID:                                                                               \
        loop(LF_SIGMOID);                                                                          \
        break;                                                                                     \
    case LF_SOFTPLUS:                                                                              \
        loop(LF_SOFTPLUS);                                                                         \
        break;                                                                                     \
    case LF_GELU:                                                                                  \
        loop(LF_GELU);                                                                             \
        break;                                                                                     \
    case LF_EXP:                                                                                   \
        loop(LF_EXP);                                                                              \
        break;                                                                                     \
    case LF_LOG:                                                                                   \
        loop(LF_LOG);                                                                              \
        break;                                                                                     \
    }

static void TYPED(activation)(enum lf_activation kind, size_t n, const REAL *x, REAL *y)
{
#define LOOP(kind) LF_PIECES(REAL, n, activation_piece(kind, m, x + i, y + i))
    FOR_EACH_ACTIVATION(LOOP)
#undef LOOP
}

static void TYPED(activation_grad)(enum lf_activation kind, size_t n, const REAL *x, const REAL *y,
                                   const REAL *g, REAL *dx)
{
    const REAL *at = lf_activation_needs_x(kind) ? x : y;
#define LOOP(kind) LF_PIECES(REAL, n, grad_piece(kind, m, at + i, g + i, dx + i))
    FOR_EACH_ACTIVATION(LOOP)
#undef LOOP
}

#undef FOR_EACH_ACTIVATION
