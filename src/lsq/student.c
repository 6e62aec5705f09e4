/* SPDX-License-Identifier: MIT */
/* P(|T| >= |t|) = I_x(df/2, 1/2), x = df / (df + t^2): the regularized incomplete beta function
 * (NIST Digital Library of Mathematical Functions, 8.17), by its continued fraction. */
#include "student.h"

#include <float.h>
#include <math.h>

/* sleef.h declares what needs a fused multiply-add only where it is said to be there. */
#ifndef FP_FAST_FMA
#define FP_FAST_FMA
#endif
#include <sleef.h>

#define ROOT_PI 1.77245385090551602730

/* So many fractions at once: their divisions keep the divider of most machines busy, where one
 * alone waits for each of its own. */
enum { L = 4 };
#define LANE(l) for (size_t l = 0; l < L; l++)

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
 * Barnett changed it (J. Comput. Phys. 64, 1986). A lane that has converged, or never moved, stays
 * as it is. */
static void fraction(const double a[L], const double b[L], const double x[L], double moves[L],
                     double f[L])
{
    double c[L], d[L];
    LANE(l)
    {
        c[l] = 1;
        d[l] = 1 / (1 - (a[l] + b[l]) * x[l] / (a[l] + 1));
        f[l] = d[l];
    }
    for (double m = 1; m < 1e5 && moves[0] + moves[1] + moves[2] + moves[3] > 0; m += 1)
        LANE(l)
        {
            const double even = m * (b[l] - m) * x[l] / ((a[l] + 2 * m - 1) * (a[l] + 2 * m));
            const double odd =
                -(a[l] + m) * (a[l] + b[l] + m) * x[l] / ((a[l] + 2 * m) * (a[l] + 2 * m + 1));
            const double d_even = 1 / (1 + even * d[l]), c_even = 1 + even / c[l];
            d[l] = 1 / (1 + odd * d_even);
            c[l] = 1 + odd / c_even;
            const double step = c[l] * d[l], next = f[l] * (c_even * d_even) * step;
            f[l] = moves[l] > 0 ? next : f[l];
            moves[l] = fabs(step - 1) < 0x1p-52 ? 0 : moves[l];
        }
}

static void of_lanes(const double t[L], const double df[L], double p[L])
{
    double half[L], tail[L], square[L], far[L], a[L], b[L], x[L], moves[L], front[L], f[L];
    LANE(l)
    {
        half[l] = df[l] / 2;
        square[l] = t[l] * t[l] / df[l];
        far[l] = square[l] / (1 + square[l]);
        const double near = 1 / (1 + square[l]);
        tail[l] = near < (half[l] + 1) / (half[l] + 2.5) ? 1 : 0;
        a[l] = tail[l] > 0 ? half[l] : 0.5;
        b[l] = tail[l] > 0 ? 0.5 : half[l];
        x[l] = tail[l] > 0 ? near : far[l];
        moves[l] = df[l] > 0 && square[l] <= DBL_MAX ? 1 : 0;
    }
    /* x^a y^(1/2) / B(a, 1/2); neighbours nearly always have the same a */
    double ratio = 0, last = 0;
    for (size_t l = 0; l < L; l++) {
        front[l] = 0;
        if (!(moves[l] > 0))
            continue;
        ratio = half[l] == last ? ratio : gamma_ratio(half[l]);
        last = half[l];
        front[l] =
            Sleef_finz_expd1_u10purecfma(-half[l] * Sleef_finz_log1pd1_u10purecfma(square[l])) *
            sqrt(far[l]) * ratio / ROOT_PI;
    }
    fraction(a, b, x, moves, f);
    LANE(l)
    {
        const double outer = front[l] * f[l] / half[l], inner = 1 - 2 * front[l] * f[l];
        p[l] = tail[l] > 0 ? outer : inner;
        p[l] = square[l] > DBL_MAX ? 0 : p[l];
        p[l] = df[l] > 0 && !isnan(t[l]) ? p[l] : (double)NAN;
    }
}

void lf_lsq_student_p(size_t n, const double *t, const double *df, double *p)
{
    for (size_t i = 0; i < n; i += L) {
        double t_of[L], df_of[L], p_of[L];
        LANE(l)
        {
            t_of[l] = i + l < n ? t[i + l] : (double)NAN; /* takes no time */
            df_of[l] = i + l < n ? df[i + l] : 1;
        }
        of_lanes(t_of, df_of, p_of);
        for (size_t l = 0; l < L && i + l < n; l++)
            p[i + l] = p_of[l];
    }
}
