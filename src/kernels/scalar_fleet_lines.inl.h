/* SPDX-License-Identifier: MIT */
/* Fleets: lines, problem by problem. */

/* The line of one lane; returns whether it is sound. */
static int TYPED(fleet_line)(size_t rows, const REAL *x, ptrdiff_t x_row, const REAL *y,
                             ptrdiff_t y_row, size_t l, struct lf_fleet_lines *line)
{
#define X(r) ((double)x[(ptrdiff_t)(r)*x_row])
#define Y(r) ((double)y[(ptrdiff_t)(r)*y_row])
    const double share = 1 / (double)rows;
    double sum_x = 0, sum_y = 0, xx = 0, xy = 0, yy = 0, xd = 0, dd = 0;
    for (size_t r = 0; r < rows; r++) {
        sum_x += X(r) - X(0);
        sum_y += Y(r) - Y(0);
    }
    const double mean_x = X(0) + sum_x * share, mean_y = Y(0) + sum_y * share;
    for (size_t r = 0; r < rows; r++) {
        const double u = X(r) - mean_x, v = Y(r) - mean_y;
        xx = __builtin_fma(u, u, xx);
        xy = __builtin_fma(u, v, xy);
        yy = __builtin_fma(v, v, yy);
    }
    const double factor = 1 / xx, slope = xy * factor;
    for (size_t r = 0; r < rows; r++) {
        const double u = X(r) - mean_x, d = __builtin_fma(-slope, u, Y(r) - mean_y);
        xd = __builtin_fma(u, d, xd);
        dd = __builtin_fma(d, d, dd);
    }
#undef X
#undef Y
    const double b = slope + xd * factor, sum = xx + xy + yy + dd + b + mean_x + mean_y;
    const double least = LF_FLEET_LEAST_TOTAL * (double)rows * mean_y * mean_y;
    line->factor[l] = factor;
    line->b[l] = b;
    line->intercept[l] = __builtin_fma(-mean_x, b, mean_y);
    line->mean_x[l] = mean_x;
    line->mean_y[l] = mean_y;
    line->rss[l] = dd;
    line->total[l] = yy;
    return sum - sum == 0 && xx > LF_FLEET_LEAST_SQUARE && yy > LF_FLEET_LEAST_SQUARE && yy > least;
}

static uint32_t TYPED(fleet_lines)(size_t rows, size_t tiles,
                                   const struct TYPED(lf_fleet_series) * x,
                                   const struct TYPED(lf_fleet_series) * y, void *spare,
                                   double *pairs, struct lf_fleet_lines *lines)
{
    uint32_t unsound = 0;
    (void)spare;
    for (size_t q = 0; q < tiles * LF_FLEET_LANES; q++) {
        const size_t tile = q / LF_FLEET_LANES, l = q % LF_FLEET_LANES;
        const REAL *first_x = x->data + (ptrdiff_t)q * x->problem;
        const REAL *first_y = y->data + (ptrdiff_t)q * y->problem;
        struct lf_fleet_lines own, *line = pairs ? &own : lines + tile;
        if (!TYPED(fleet_line)(rows, first_x, x->row, first_y, y->row, l, line))
            unsound |= (uint32_t)1 << tile;
        if (pairs) {
            pairs[2 * q] = line->intercept[l];
            pairs[2 * q + 1] = line->b[l];
        }
    }
    return unsound;
}
