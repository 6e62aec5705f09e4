/* SPDX-License-Identifier: MIT */
/* Fleets of regressions, lane by lane. */
#include "fleet.h"

#define LANE(l) for (size_t l = 0; l < LF_FLEET_LANES; l++)

static void fleet_mask(size_t rows, size_t columns, double *tile, double *weight)
{
    for (size_t r = 0; r < rows; r++)
        LANE(l)
        {
            double *x = tile + r * columns * LF_FLEET_LANES + l,
                   *w = weight + r * LF_FLEET_LANES + l;
            for (size_t j = 0; j < columns; j++)
                if (x[j * LF_FLEET_LANES] != x[j * LF_FLEET_LANES])
                    *w = 0;
            if (!(*w > 0))
                *w = 0;
            for (size_t j = 0; *w == 0 && j < columns; j++)
                x[j * LF_FLEET_LANES] = 0;
        }
}

static void fleet_sums(size_t rows, size_t columns, const double *tile, const double *weight,
                       const double *first, double *sum, double *used, double *mass)
{
    for (size_t r = 0; r < rows; r++)
        LANE(l)
        {
            const double w = weight ? weight[r * LF_FLEET_LANES + l] : 1;
            for (size_t j = 0; j < columns; j++) {
                const size_t at = j * LF_FLEET_LANES + l;
                const double d = tile[r * columns * LF_FLEET_LANES + at] - first[at];
                sum[at] = FMA(w, d, sum[at]);
            }
            if (weight) {
                used[l] += w > 0 ? 1 : 0;
                mass[l] += w;
            }
        }
}

static void fleet_center(size_t rows, size_t columns, double *tile, const double *weight,
                         const double *mean, double *weighted)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < columns; j++)
            LANE(l)
            {
                const size_t at = (r * columns + j) * LF_FLEET_LANES + l;
                const double w = weight ? weight[r * LF_FLEET_LANES + l] : 1;
                tile[at] = w > 0 ? tile[at] - mean[j * LF_FLEET_LANES + l] : 0;
                if (weighted)
                    weighted[at] = w * tile[at];
            }
}

static void fleet_gram(size_t rows, size_t columns, double *left, const double *right,
                       const double *mean, double *products)
{
    if (mean)
        fleet_center(rows, columns, left, NULL, mean, NULL);
    for (size_t j = 0; j < columns; j++)
        for (size_t k = j; k < columns; k++, products += LF_FLEET_LANES)
            for (size_t r = 0; r < rows; r++)
                LANE(l)
    products[l] = FMA(left[(r * columns + j) * LF_FLEET_LANES + l],
                      right[(r * columns + k) * LF_FLEET_LANES + l], products[l]);
}

static void fleet_residuals(size_t rows, size_t columns, double *left, double *right,
                            const double *weight, const double *b, double *dots)
{
    for (size_t r = 0; r < rows; r++)
        LANE(l)
        {
            const double *x = left + r * columns * LF_FLEET_LANES + l;
            const size_t target = (r * columns + columns - 1) * LF_FLEET_LANES + l;
            double d = right[target];
            for (size_t j = 0; j + 1 < columns; j++)
                d = FMA(-b[j * LF_FLEET_LANES + l], right[(r * columns + j) * LF_FLEET_LANES + l],
                        d);
            right[target] = d;
            if (weight)
                left[target] = weight[r * LF_FLEET_LANES + l] * d;
            for (size_t j = 0; j < columns; j++)
                dots[j * LF_FLEET_LANES + l] =
                    FMA(x[j * LF_FLEET_LANES], d, dots[j * LF_FLEET_LANES + l]);
        }
}

/* ---- One lane's system, whose elements are eight apart ------------------------------------ */

static double *fleet_at(double *packed, size_t columns, size_t j, size_t k)
{
    return packed + lf_fleet_packed(columns, j, k);
}

static void fleet_factor(size_t columns, double *gram, double *b, double *least)
{
    const size_t n = columns - 1;
    LANE(l)
    {
        double *g = gram + l, diagonal[LF_FLEET_FEATURES];
        least[l] = 1;
        for (size_t k = 0; k < n; k++)
            diagonal[k] = *fleet_at(g, columns, k, k);
        for (size_t k = 0; k < n; k++) {
            const double pivot = *fleet_at(g, columns, k, k), inverse = 1 / pivot;
            const double ratio = pivot / diagonal[k];
            least[l] = ratio > least[l] ? least[l] : ratio;
            *fleet_at(g, columns, k, k) = inverse;
            for (size_t i = k + 1; i < n; i++) {
                const double share = *fleet_at(g, columns, k, i) * inverse;
                for (size_t m = i; m < columns; m++)
                    *fleet_at(g, columns, i, m) =
                        FMA(-share, *fleet_at(g, columns, k, m), *fleet_at(g, columns, i, m));
            }
            for (size_t i = k + 1; i < columns; i++)
                *fleet_at(g, columns, k, i) *= inverse;
        }
        for (size_t k = n; k-- > 0;) {
            double sum = *fleet_at(g, columns, k, n);
            for (size_t i = k + 1; i < n; i++)
                sum = FMA(-*fleet_at(g, columns, k, i), b[i * LF_FLEET_LANES + l], sum);
            b[k * LF_FLEET_LANES + l] = sum;
        }
    }
}

static double factor_at(const double *packed, size_t columns, size_t j, size_t k)
{
    return packed[lf_fleet_packed(columns, j, k)];
}

static void fleet_solve(size_t columns, const double *factor, double *step)
{
    const size_t n = columns - 1;
    LANE(l)
    {
        const double *f = factor + l;
        double *x = step + l;
        for (size_t k = 0; k < n; k++)
            for (size_t i = k + 1; i < n; i++)
                x[i * LF_FLEET_LANES] =
                    FMA(-factor_at(f, columns, k, i), x[k * LF_FLEET_LANES], x[i * LF_FLEET_LANES]);
        for (size_t k = n; k-- > 0;) {
            double sum = x[k * LF_FLEET_LANES] * factor_at(f, columns, k, k);
            for (size_t i = k + 1; i < n; i++)
                sum = FMA(-factor_at(f, columns, k, i), x[i * LF_FLEET_LANES], sum);
            x[k * LF_FLEET_LANES] = sum;
        }
    }
}

static void fleet_form(size_t columns, const double *factor, double *v, double *form)
{
    const size_t n = columns - 1;
    LANE(l)
    {
        const double *f = factor + l;
        double *x = v + l, sum = 0;
        for (size_t k = 0; k < n; k++) {
            const double t = x[k * LF_FLEET_LANES];
            sum = FMA(t * factor_at(f, columns, k, k), t, sum);
            for (size_t i = k + 1; i < n; i++)
                x[i * LF_FLEET_LANES] = FMA(-factor_at(f, columns, k, i), t, x[i * LF_FLEET_LANES]);
        }
        form[l] = sum;
    }
}
