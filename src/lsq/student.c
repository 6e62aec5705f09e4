/* SPDX-License-Identifier: MIT */
/* P(|T| >= |t|) = I_x(df/2, 1/2), x = df / (df + t^2): the regularized incomplete beta function
 * (NIST Digital Library of Mathematical Functions, 8.17), by its continued fraction. */
#include "student.h"

#include <math.h>

/* sleef.h declares what needs a fused multiply-add only where it is said to be there. */
#ifndef FP_FAST_FMA
#define FP_FAST_FMA
#endif
#include <sleef.h>

#define ROOT_PI 1.77245385090551602730

/* Gamma(a + 1/2) / Gamma(a) for a = 1/2, 1, 3/2, ...: by its asymptotic series in 1/a
 * (DLMF 5.11.13) from 32 on, and by recurrence below. */
static double gamma_ratio(double a)
{
    double factor = 1;
    for (; a < 32; a += 1)
        factor *= a / (a + 0.5);
    const double z = 1 / a;
    return factor * sqrt(a) *
           (1 - z * (1.0 / 8 - z * (1.0 / 128 +
                                    z * (5.0 / 1024 - z * (21.0 / 32768 +
                                                           z * (399.0 / 262144 -
                                                                z * (869.0 / 4194304 +
                                                                     z * 39325.0 / 33554432)))))));
}

/* The continued fraction of I_x(a,b) (DLMF 8.17.22), by Lentz's method as I. Thompson and A.
 * Barnett changed it (J. Comput. Phys. 64, 1986). */
static double fraction(double a, double b, double x)
{
    double c = 1, d = 1 / (1 - (a + b) * x / (a + 1)), f = d;
    for (double m = 1; m < 1e5; m += 1) {
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 / (1 + even * d);
        c = 1 + even / c;
        f *= c * d;
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / (1 + odd * d);
        c = 1 + odd / c;
        f *= c * d;
        if (fabs(c * d - 1) < 0x1p-52)
            break;
    }
    return f;
}

double lf_lsq_student_p(double t, double df)
{
    const double a = df / 2, square = t * t / df;
    if (isnan(t) || !(df > 0))
        return NAN;
    if (isinf(square))
        return 0;
    const double x = 1 / (1 + square), y = square / (1 + square);
    /* x^a y^(1/2) / B(a, 1/2) */
    const double front = Sleef_finz_expd1_u10purecfma(-a * Sleef_finz_log1pd1_u10purecfma(square)) *
                         sqrt(y) * gamma_ratio(a) / ROOT_PI;
    return x < (a + 1) / (a + 2.5) ? front * fraction(a, 0.5, x) / a
                                   : 1 - 2 * front * fraction(0.5, a, y);
}
