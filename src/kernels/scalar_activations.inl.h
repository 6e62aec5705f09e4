/* SPDX-License-Identifier: MIT */
/* scalar.c: activations. */

#define sigmoid_of TYPED(sigmoid_of)
#define softplus_of TYPED(softplus_of)
#define normal_cdf TYPED(normal_cdf)
#define normal_density TYPED(normal_density)
#define activation_of TYPED(activation_of)
#define slope_at TYPED(slope_at)

static REAL sigmoid_of(REAL x)
{
    REAL e = TYPED(s_exp)(-TYPED(s_abs)(x));
    return (x < 0 ? e : 1) / (1 + e);
}

static REAL softplus_of(REAL x)
{
    return (x < 0 ? 0 : x) + TYPED(s_log1p)(TYPED(s_exp)(-TYPED(s_abs)(x)));
}

static REAL normal_cdf(REAL x)
{
    return (REAL)0.5 * (1 + TYPED(s_erf)(x * (REAL)0.70710678118654752440));
}

static REAL normal_density(REAL x)
{
    return TYPED(s_exp)(x * x * (REAL)-0.5) * (REAL)0.39894228040143267794;
}

static REAL activation_of(enum lf_activation kind, REAL x)
{
    switch (kind) {
    case LF_RELU:
        return x < 0 ? 0 : x;
    case LF_TANH:
        return TYPED(s_tanh)(x);
    case LF_SIGMOID:
        return sigmoid_of(x);
    case LF_SOFTPLUS:
        return softplus_of(x);
    case LF_GELU:
        return x * normal_cdf(x);
    case LF_EXP:
        return TYPED(s_exp)(x);
    case LF_LOG:
        break;
    }
    return TYPED(s_log)(x);
}

static REAL slope_at(enum lf_activation kind, REAL x, REAL y, REAL g)
{
    switch (kind) {
    case LF_RELU:
        return y <= 0 ? 0 : g;
    case LF_TANH:
        return g * FMA(-y, y, 1);
    case LF_SIGMOID:
        return g * (1 - y) * y;
    case LF_SOFTPLUS:
        return g * sigmoid_of(x);
    case LF_GELU:
        return g * FMA(x, normal_density(x), normal_cdf(x));
    case LF_EXP:
        return g * y;
    case LF_LOG:
        break;
    }
    return g / x;
}

static void TYPED(activation)(enum lf_activation kind, size_t n, const REAL *x, REAL *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = activation_of(kind, x[i]);
}

static void TYPED(activation_grad)(enum lf_activation kind, size_t n, const REAL *x, const REAL *y,
                                   const REAL *g, REAL *dx)
{
    for (size_t i = 0; i < n; i++)
        dx[i] += slope_at(kind, lf_activation_needs_x(kind) ? x[i] : 0,
                          lf_activation_needs_x(kind) ? 0 : y[i], g[i]);
}
