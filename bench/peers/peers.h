/* SPDX-License-Identifier: MIT */
/* What other libraries, and a plain loop, do in the place of lanefit, on one thread. Each stands in
 * a file of its own, which the build has where the library is found. */
#ifndef LANEFIT_BENCH_PEERS_PEERS_H
#define LANEFIT_BENCH_PEERS_PEERS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* x[rows,in] w[out,in] b[out], and what is made of them: f32, row-major. */
struct peer_affine {
    size_t rows, in, out;
    const float *x, *w, *b;
    float *y;       /* [rows,out] */
    const float *g; /* [rows,out], the gradient of y */
    float *dw, *db; /* as w and b; db stands behind dw, and room for one more behind db */
    float *dx;      /* [rows,in] */
    const float *t; /* [rows,1], the target */
    float loss;
    float *work;         /* as w, or as lanefit needs for the sums of blocks */
    const void *kernels; /* lanefit's: a struct lf_kernels_f32 */
};

/* Many least-squares problems: each is y on an intercept, the columns z that all share, and columns
 * x of its own. A row where y or x is NaN is missing from that problem. */
struct peer_fleet {
    size_t problems, rows;   /* of a problem at most */
    size_t shared, own;      /* columns of z and x */
    const size_t *offset;    /* [problems+1]: problem i has rows offset[i] to offset[i+1] of x and
                                y; or NULL, and each has `rows` */
    int f32;                 /* whether x and y are float; or double */
    const double *z;         /* [rows,shared] */
    const void *x, *y;       /* problem i, row r, column c: x[i x_problem + r x_row + c], */
    size_t x_problem, x_row; /* y[i y_problem + r y_row] */
    size_t y_problem, y_row;
    double *coefficients;    /* [problems,1+shared+own]: the intercept, of z, of x */
    double *standard_errors; /* the same, or NULL */
    double *r_squared;       /* [problems], or NULL */
    const void *z_of_type;   /* z, as float where x and y are */
    const void *kernels;     /* lanefit's: a struct lf_kernels */
};

/* NULL stands where a peer has no such product. */
struct peer {
    const char *name;

    /* y = x w^T + b. Overwrites y. */
    void (*affine)(struct peer_affine *a);

    /* dw += g^T x, db += column sums of g, dx += g w. */
    void (*affine_grad)(struct peer_affine *a);

    /* out = 1, d = x w^T + b - t: loss = sum d^2 / rows, dw = (2 / rows) d^T x, db = (2 / rows)
     * sum d. Overwrites. */
    void (*one_pass)(struct peer_affine *a);

    /* Problems `first` to `last`, without that one. Overwrites. */
    void (*fit)(const struct peer_fleet *fleet, size_t first, size_t last);
};

/* lanefit as its own caller, for what the others do. */
extern const struct peer peer_lanefit;

/* The others that this build has; the plain loop is always there. */
extern const struct peer *const peers[];
extern const size_t peer_count;

#ifdef __cplusplus
}
#endif

#endif
