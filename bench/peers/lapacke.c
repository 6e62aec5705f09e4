/* SPDX-License-Identifier: MIT */
/* LAPACK through its C interface: dgels (QR) by columns, with one workspace for all problems, and
 * dpotri for the standard errors. */
#include "rows.h"

#include <lapacke.h>

#include <math.h>
#include <stdlib.h>

enum { BLOCK = 64 }; /* columns of the blocked QR, for the workspace */

static void report(const struct peer_fleet *f, size_t i, size_t n, double *a, const double *y,
                   double total)
{
    const size_t params = fleet_params(f);
    double residual = 0;
    for (size_t r = params; r < n; r++)
        residual += y[r] * y[r];
    if (f->r_squared)
        f->r_squared[i] = 1 - residual / total;
    if (!f->standard_errors)
        return;
    LAPACKE_dpotri_work(LAPACK_COL_MAJOR, 'U', (int)params, a, (int)f->rows);
    for (size_t j = 0; j < params; j++)
        f->standard_errors[i * params + j] =
            sqrt(residual / (double)(n - params) * a[j * f->rows + j]);
}

static void fit(const struct peer_fleet *f, size_t first, size_t last)
{
    static double *memory;
    static size_t kept;
    const size_t params = fleet_params(f), work_size = params + BLOCK * (params + 1);
    const size_t size = f->rows * (params + 1) + work_size;
    if (kept < size) {
        free(memory);
        memory = malloc(size * sizeof *memory);
        kept = memory ? size : 0;
    }
    if (!memory)
        return;
    double *a = memory, *y = a + f->rows * params, *work = y + f->rows;
    for (size_t i = first; i < last; i++) {
        const size_t n = fleet_gather(f, i, a, 1, f->rows, y);
        const double total = f->r_squared ? squares_about_mean(n, y) : 0;
        LAPACKE_dgels_work(LAPACK_COL_MAJOR, 'N', (int)n, (int)params, 1, a, (int)f->rows, y,
                           (int)f->rows, work, (int)work_size);
        for (size_t j = 0; j < params; j++)
            f->coefficients[i * params + j] = y[j];
        report(f, i, n, a, y, total);
    }
}

extern const struct peer peer_lapacke;
const struct peer peer_lapacke = {"LAPACKE", NULL, NULL, NULL, fit};
