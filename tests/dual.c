/* SPDX-License-Identifier: MIT */
#include "dual.h"

#include <math.h>

/* The larger u: errors multiply too, which counts where values cancel. */
#define MOST_U 0x1p-24L

struct dual dual_constant(long double value)
{
    return (struct dual){value, 0, 0, 0, 0};
}

struct dual dual_variable(long double value, int along)
{
    return (struct dual){value, along, along, 0, 0};
}

/* The sum a + sign b. */
static struct dual sum(struct dual a, long double sign, struct dual b)
{
    struct dual y = {a.value + sign * b.value, a.slope + sign * b.slope,
                     a.slope_size + b.slope_size, a.value_error + b.value_error,
                     a.slope_error + b.slope_error};
    y.value_error += fabsl(a.value) + fabsl(b.value);
    y.slope_error += y.slope_size;
    return y;
}

struct dual dual_add(struct dual a, struct dual b)
{
    return sum(a, 1, b);
}

struct dual dual_sub(struct dual a, struct dual b)
{
    return sum(a, -1, b);
}

struct dual dual_mul(struct dual a, struct dual b)
{
    long double p = fabsl(a.value), q = fabsl(b.value);
    struct dual y = {a.value * b.value, a.slope * b.value + a.value * b.slope,
                     a.slope_size * q + p * b.slope_size, p * b.value_error + q * a.value_error,
                     p * b.slope_error + q * a.slope_error + a.value_error * b.slope_size +
                         b.value_error * a.slope_size};
    y.value_error += p * q + MOST_U * a.value_error * b.value_error;
    y.slope_error += y.slope_size + MOST_U * (a.value_error * b.slope_error) +
                     MOST_U * (b.value_error * a.slope_error);
    return y;
}

/* f(x) with its first two derivatives; the first is computed with an error of `loose` u beyond its
 * own rounding. */
static struct dual apply(struct dual x, long double f, long double f1, long double f2,
                         long double loose)
{
    struct dual y = {f, f1 * x.slope, fabsl(f1) * x.slope_size, fabsl(f1) * x.value_error,
                     fabsl(f1) * x.slope_error + fabsl(f2) * x.value_error * x.slope_size};
    y.value_error += fabsl(f);
    y.slope_error += y.slope_size + loose * x.slope_size;
    return y;
}

struct dual dual_power(struct dual x, long double p)
{
    if (p == 0)
        return apply(x, 1, 0, 0, 0);
    return apply(x, powl(x.value, p), p * powl(x.value, p - 1), p * (p - 1) * powl(x.value, p - 2),
                 0);
}

struct dual dual_activation(enum lf_activation kind, struct dual x)
{
    const long double v = x.value, sigmoid = 1 / (1 + expl(-v)), t = tanhl(v);
    const long double density = expl(-v * v / 2) / sqrtl(2 * acosl(-1));
    switch (kind) {
    case LF_RELU:
        return apply(x, v > 0 ? v : 0, v > 0, 0, 0);
    case LF_TANH: /* 1 - y^2 cancels */
        return apply(x, t, 1 - t * t, -2 * t * (1 - t * t), t * t);
    case LF_SIGMOID: /* y (1 - y) too */
        return apply(x, sigmoid, sigmoid * (1 - sigmoid),
                     sigmoid * (1 - sigmoid) * (1 - 2 * sigmoid), sigmoid * sigmoid);
    case LF_SOFTPLUS:
        return apply(x, log1pl(expl(v)), sigmoid, sigmoid * (1 - sigmoid), 0);
    case LF_GELU: {
        long double c = (1 + erfl(v / sqrtl(2))) / 2;
        struct dual y = apply(x, v * c, c + v * density, density * (2 - v * v),
                              1 + fabsl(v * density) * (1 + v * v));
        y.value_error += fabsl(v); /* 1 + erf cancels: kernels.h gives an absolute bound */
        return y;
    }
    case LF_EXP:
        return apply(x, expl(v), expl(v), expl(v), 0);
    case LF_LOG:
        return apply(x, logl(v), 1 / v, -1 / (v * v), 0);
    }
    return x;
}

struct dual dual_loss(enum lf_loss_kind kind, long double delta, struct dual p, struct dual t)
{
    struct dual d = dual_sub(p, t), size = d;
    if (d.value < 0)
        size = dual_sub(dual_constant(0), d);
    switch (kind) {
    case LF_MSE_LOSS:
        return dual_mul(d, d);
    case LF_L1_LOSS:
        return size;
    case LF_HUBER_LOSS:
        if (size.value <= delta)
            return dual_mul(dual_constant(0.5L), dual_mul(d, d));
        return dual_mul(dual_constant(delta), dual_sub(size, dual_constant(delta / 2)));
    case LF_BCE_WITH_LOGITS_LOSS:
        return dual_sub(dual_activation(LF_SOFTPLUS, p), dual_mul(p, t));
    case LF_POISSON_NLL_LOSS:
        return dual_sub(dual_activation(LF_EXP, p), dual_mul(p, t));
    }
    return d;
}

long double dual_margin(enum lf_activation kind, struct dual x)
{
    return kind == LF_RELU ? fabsl(x.value) : kind == LF_LOG ? x.value : INFINITY;
}

long double dual_loss_margin(enum lf_loss_kind kind, long double delta, struct dual p,
                             struct dual t)
{
    long double size = fabsl(p.value - t.value);
    return kind == LF_L1_LOSS ? size : kind == LF_HUBER_LOSS ? fabsl(size - delta) : INFINITY;
}
