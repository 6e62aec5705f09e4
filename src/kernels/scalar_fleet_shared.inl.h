/* SPDX-License-Identifier: MIT */
/* Fleets: values of one type to lanes, and sums over rows that share columns. */

static void TYPED(fleet_load)(size_t n, const REAL *const from[LF_FLEET_LANES], ptrdiff_t stride,
                              size_t run, size_t skip, double *to)
{
    for (size_t k = 0; k < n; k++)
        for (size_t l = 0; l < LF_FLEET_LANES; l++)
            to[(k + k / run * skip) * LF_FLEET_LANES + l] = (double)from[l][(ptrdiff_t)k * stride];
}

static void TYPED(fleet_first)(size_t rows, size_t problems, const REAL *v, ptrdiff_t stride,
                               double *first)
{
    for (size_t i = 0; i < problems; i++) {
        size_t r = 0;
        while (r < rows &&
               v[(ptrdiff_t)r * stride + (ptrdiff_t)i] != v[(ptrdiff_t)r * stride + (ptrdiff_t)i])
            r++;
        first[i] = r < rows ? (double)v[(ptrdiff_t)r * stride + (ptrdiff_t)i] : 0;
    }
}

static void TYPED(fleet_shared)(size_t rows, size_t columns, size_t problems, const double *basis,
                                const REAL *v, ptrdiff_t stride, const double *first, size_t size,
                                double *sums)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < problems; i++) {
            const double d = (double)v[(ptrdiff_t)r * stride + (ptrdiff_t)i] - first[i];
            sums[i] += d;
            sums[i + size] = __builtin_fma(d, d, sums[i + size]);
            for (size_t k = 0; k < columns; k++) {
                double *sum = sums + i + (2 + k) * size;
                *sum = __builtin_fma(d, basis[r * columns + k], *sum);
            }
        }
}

static void TYPED(fleet_shared_missing)(size_t rows, size_t columns, size_t problems,
                                        const double *basis, const REAL *v, ptrdiff_t stride,
                                        const double *first, size_t size, double *sums,
                                        double *missing)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < problems; i++) {
            const REAL value = v[(ptrdiff_t)r * stride + (ptrdiff_t)i];
            const double *q = basis + r * columns;
            if (value == value) {
                TYPED(fleet_shared)(1, columns, 1, q, &value, 0, first + i, size, sums + i);
                continue;
            }
            double *m = missing + i;
            *m += 1;
            for (size_t j = 0; j < columns; j++)
                *(m += size) += q[j];
            for (size_t j = 0; j < columns; j++)
                for (size_t k = j; k < columns; k++) {
                    m += size;
                    *m = __builtin_fma(q[j], q[k], *m);
                }
        }
}
