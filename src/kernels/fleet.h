/* SPDX-License-Identifier: MIT */
/* Kernels for fleets of regressions (src/lsq): eight problems, one a lane, in f64. A table has them
 * for src/lsq alone; src/kernels/fleet*.inl.h and scalar_fleet*.inl.h are their texts.
 *
 * A tile is rows x columns x 8 lanes, the target the last column. `gram` is packed: the products
 * of column j with columns j, j + 1, .. follow those of column j - 1, eight lanes each. Sums are
 * chains over the rows in order that go on from what the output holds; every operation is that of
 * one lane alone. Rows that are missing are 0 in every column, which changes no sum. */
#ifndef LANEFIT_SRC_KERNELS_FLEET_H
#define LANEFIT_SRC_KERNELS_FLEET_H

#include <stddef.h>
#include <stdint.h>

enum { LF_FLEET_LANES = 8, LF_FLEET_FEATURES = 64 /* at most */ };

/* Squares below LF_FLEET_LEAST_SQUARE are near to underflow; y that varies by less than
 * LF_FLEET_LEAST_TOTAL of itself varies by its rounding. */
#define LF_FLEET_LEAST_SQUARE 0x1p-900
#define LF_FLEET_LEAST_TOTAL 0x1p-80

/* Eight lines: factor is 1 / the sum of the squares of x. */
struct lf_fleet_lines {
    double factor[LF_FLEET_LANES], b[LF_FLEET_LANES], intercept[LF_FLEET_LANES];
    double mean_x[LF_FLEET_LANES], mean_y[LF_FLEET_LANES];
    double rss[LF_FLEET_LANES], total[LF_FLEET_LANES];
};

/* Row r of problem i is data[i problem + r row]. */
#define LF_FLEET_SERIES_OF_TYPE(type, real)                                                        \
    struct lf_fleet_series_##type {                                                                \
        const real *data;                                                                          \
        ptrdiff_t problem, row;                                                                    \
    };
LF_FLEET_SERIES_OF_TYPE(f32, float)
LF_FLEET_SERIES_OF_TYPE(f64, double)

#define LF_FLEET_KERNELS_OF_TYPE(type, real)                                                       \
    /* Lane l of slot k of `to` = from[l][k stride], for k below n; after every `run` slots so     \
     * many are skipped. */                                                                        \
    void (*load_##type)(size_t n, const real *const from[LF_FLEET_LANES], ptrdiff_t stride,        \
                        size_t run, size_t skip, double *to);                                      \
                                                                                                   \
    /* first[i] = the first of v[r stride + i], r below rows, that is not NaN; else 0. */          \
    void (*first_##type)(size_t rows, size_t problems, const real *v, ptrdiff_t stride,            \
                         double *first);                                                           \
                                                                                                   \
    /* With d = v[r stride + i] - first[i], for `problems`, a multiple of 8: sums[i] += d, sums[i  \
     * + size] += d^2, and for column k of basis[rows,columns] sums[i + (2 + k) size] += d         \
     * basis[r,k]. */                                                                              \
    void (*shared_##type)(size_t rows, size_t columns, size_t problems, const double *basis,       \
                          const real *v, ptrdiff_t stride, const double *first, size_t size,       \
                          double *sums);                                                           \
                                                                                                   \
    /* The same over the rows where v is not NaN; and of those where it is NaN, the count, the     \
     * sums of the columns, and of their products as in a gram: missing[1 + columns + columns      \
     * (columns + 1) / 2, size]. */                                                                \
    void (*shared_missing_##type)(                                                                 \
        size_t rows, size_t columns, size_t problems, const double *basis, const real *v,          \
        ptrdiff_t stride, const double *first, size_t size, double *sums, double *missing);        \
                                                                                                   \
    /* Lines through the rows of problems that follow each other, eight a tile of at most 32, as   \
     * the kernels below would fit them: sums, center, gram, factor, residuals, solve. Intercept   \
     * and b go to pairs[8 tiles,2], or, where that is NULL, all that is known to lines[tiles].    \
     * Returns bit i for tile i where what comes out means nothing: a lane has something missing,  \
     * infinite, constant or near to underflow. rows > 1; `spare` has 32 rows doubles, aligned to  \
     * 64 bytes. */                                                                                \
    uint32_t (*lines_##type)(size_t rows, size_t tiles, const struct lf_fleet_series_##type *x,    \
                             const struct lf_fleet_series_##type *y, void *spare, double *pairs,   \
                             struct lf_fleet_lines *lines);

struct lf_fleet_kernels {
    LF_FLEET_KERNELS_OF_TYPE(f32, float)
    LF_FLEET_KERNELS_OF_TYPE(f64, double)

    /* weight[rows,8] = 0 where it or a column of its row is NaN; then 0 in all columns there. */
    void (*mask)(size_t rows, size_t columns, double *tile, double *weight);

    /* sum[columns,8] += weight (x - first). Where there are weights: used[8] += 1 for those above
     * 0, mass[8] += weight. */
    void (*sums)(size_t rows, size_t columns, const double *tile, const double *weight,
                 const double *first, double *sum, double *used, double *mass);

    /* tile = tile - mean, 0 where weight is 0. weighted = weight tile; may be NULL. */
    void (*center)(size_t rows, size_t columns, double *tile, const double *weight,
                   const double *mean, double *weighted);

    /* gram += left' right, above the diagonal. Unless mean is NULL, left = left - mean before, and
     * right is left. */
    void (*gram)(size_t rows, size_t columns, double *left, const double *right, const double *mean,
                 double *gram);

    /* d = y - X b, b[columns - 1,8]: dots[columns,8] += the products of d with the columns of left,
     * of whose last one weight times d takes the place, or d where weight is NULL; left is right
     * then. The last columns of both are free to be overwritten. */
    void (*residuals)(size_t rows, size_t columns, double *left, double *right,
                      const double *weight, const double *b, double *dots);

    /* G = L D L' without its last column, L unit lower triangular, in place: 1 / D on the diagonal,
     * L' above it; b[columns - 1,8] = the solution for the last column. least[8] = the smallest
     * ratio of a pivot to its diagonal element before. */
    void (*factor)(size_t columns, double *gram, double *b, double *least);

    /* step = (L D L')^-1 step, step[columns - 1,8]. */
    void (*solve)(size_t columns, const double *factor, double *step);

    /* form[8] = v' (L D L')^-1 v; v[columns - 1,8] is overwritten. */
    void (*form)(size_t columns, const double *factor, double *v, double *form);
};

/* Where element (j,k), k >= j, of a packed gram of so many columns is. */
static inline size_t lf_fleet_packed(size_t columns, size_t j, size_t k)
{
    return (j * columns - j * (j + 1) / 2 + k) * LF_FLEET_LANES;
}

#endif
