/* SPDX-License-Identifier: MIT */
/* What other libraries, and a plain loop, do in the place of lanefit: on one thread, f32,
 * row-major. Each stands in a file of its own, which the build has where the library is found. */
#ifndef LANEFIT_BENCH_PEERS_PEERS_H
#define LANEFIT_BENCH_PEERS_PEERS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* x[rows,in] w[out,in] b[out], and what is made of them. */
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

struct peer {
    const char *name;

    /* y = x w^T + b. Overwrites y. */
    void (*affine)(struct peer_affine *a);

    /* dw += g^T x, db += column sums of g, dx += g w. */
    void (*affine_grad)(struct peer_affine *a);

    /* out = 1, d = x w^T + b - t: loss = sum d^2 / rows, dw = (2 / rows) d^T x, db = (2 / rows)
     * sum d. Overwrites. NULL where there is no such product. */
    void (*one_pass)(struct peer_affine *a);
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
