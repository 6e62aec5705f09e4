/* SPDX-License-Identifier: MIT */
/* Double-double arithmetic: a number is the unevaluated sum of two doubles, the second at most half
 * a unit in the last place of the first. Relative errors are a few 2^-104, as M. Joldes, J.-M.
 * Muller and V. Popescu, "Tight and rigorous error bounds for basic building blocks of double-word
 * arithmetic", ACM TOMS 44(2), 2017, prove. Nothing may over- or underflow: callers scale. */
#ifndef LANEFIT_SRC_LSQ_DD_H
#define LANEFIT_SRC_LSQ_DD_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct lf_dd {
    double hi, lo;
} lf_dd;

static inline lf_dd dd_of(double x)
{
    return (lf_dd){x, 0};
}

/* a + b exactly. */
static inline lf_dd two_sum(double a, double b)
{
    const double s = a + b, c = s - a;
    return (lf_dd){s, (a - (s - c)) + (b - c)};
}

/* The same, where |a| >= |b| or a = 0. */
static inline lf_dd fast_two_sum(double a, double b)
{
    const double s = a + b;
    return (lf_dd){s, b - (s - a)};
}

/* a b exactly. */
static inline lf_dd two_product(double a, double b)
{
    const double p = a * b;
    return (lf_dd){p, fma(a, b, -p)};
}

static inline lf_dd dd_add(lf_dd a, lf_dd b)
{
    const lf_dd s = two_sum(a.hi, b.hi), t = two_sum(a.lo, b.lo);
    const lf_dd v = fast_two_sum(s.hi, s.lo + t.hi);
    return fast_two_sum(v.hi, t.lo + v.lo);
}

static inline lf_dd dd_negative(lf_dd a)
{
    return (lf_dd){-a.hi, -a.lo};
}

static inline lf_dd dd_subtract(lf_dd a, lf_dd b)
{
    return dd_add(a, dd_negative(b));
}

static inline lf_dd dd_multiply(lf_dd a, lf_dd b)
{
    const lf_dd p = two_product(a.hi, b.hi);
    return fast_two_sum(p.hi, p.lo + fma(a.hi, b.lo, fma(a.lo, b.hi, a.lo * b.lo)));
}

static inline lf_dd dd_divide(lf_dd a, lf_dd b)
{
    const double q = a.hi / b.hi;
    const lf_dd r = dd_subtract(a, dd_multiply(b, dd_of(q)));
    const double q2 = r.hi / b.hi;
    const lf_dd r2 = dd_subtract(r, dd_multiply(b, dd_of(q2)));
    return dd_add(fast_two_sum(q, q2), dd_of(r2.hi / b.hi));
}

/* ldexp, without a call where the power of two is a normal number: the product rounds alike. */
static inline double scale_by(double x, int exponent)
{
    if (exponent < -1022 || exponent > 1023)
        return ldexp(x, exponent);
    const uint64_t bits = (uint64_t)(exponent + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return x * power;
}

/* fmax without a call. */
static inline double larger_of(double a, double b)
{
    return b > a || isnan(a) ? b : a;
}

/* The power of two makes this exact. */
static inline lf_dd dd_scale(lf_dd a, int exponent)
{
    return (lf_dd){scale_by(a.hi, exponent), scale_by(a.lo, exponent)};
}

static inline double dd_value(lf_dd a)
{
    return a.hi + a.lo;
}

#endif
