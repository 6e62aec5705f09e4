/* SPDX-License-Identifier: MIT */
/* OpenBLAS: the product of its shape, gemv and ger where a side is 1. */
#include "loops.h"
#include "peers.h"

#include <cblas.h>

static void affine(struct peer_affine *a)
{
    const blasint rows = (blasint)a->rows, in = (blasint)a->in, out = (blasint)a->out;
    fill_rows(a->rows, a->out, a->b, a->y);
    if (in == 1)
        cblas_sger(CblasRowMajor, rows, out, 1, a->x, 1, a->w, 1, a->y, out);
    else if (out == 1)
        cblas_sgemv(CblasRowMajor, CblasNoTrans, rows, in, 1, a->x, in, a->w, 1, 1, a->y, 1);
    else if (rows == 1)
        cblas_sgemv(CblasRowMajor, CblasNoTrans, out, in, 1, a->w, in, a->x, 1, 1, a->y, 1);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, out, in, 1, a->x, in, a->w, in,
                    1, a->y, out);
}

static void affine_grad(struct peer_affine *a)
{
    const blasint rows = (blasint)a->rows, in = (blasint)a->in, out = (blasint)a->out;
    if (rows == 1)
        cblas_sger(CblasRowMajor, out, in, 1, a->g, 1, a->x, 1, a->dw, in);
    else if (out == 1)
        cblas_sgemv(CblasRowMajor, CblasTrans, rows, in, 1, a->x, in, a->g, 1, 1, a->dw, 1);
    else if (in == 1)
        cblas_sgemv(CblasRowMajor, CblasTrans, rows, out, 1, a->g, out, a->x, 1, 1, a->dw, 1);
    else
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, out, in, rows, 1, a->g, out, a->x, in,
                    1, a->dw, in);
    add_rows(a->rows, a->out, a->g, a->db);
    if (out == 1)
        cblas_sger(CblasRowMajor, rows, in, 1, a->g, 1, a->w, 1, a->dx, in);
    else if (in == 1)
        cblas_sgemv(CblasRowMajor, CblasNoTrans, rows, out, 1, a->g, out, a->w, 1, 1, a->dx, 1);
    else if (rows == 1)
        cblas_sgemv(CblasRowMajor, CblasTrans, out, in, 1, a->w, in, a->g, 1, 1, a->dx, 1);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, in, out, 1, a->g, out, a->w,
                    in, 1, a->dx, in);
}

static void one_pass(struct peer_affine *a)
{
    const blasint rows = (blasint)a->rows, in = (blasint)a->in;
    const float scale = 2 / (float)a->rows;
    affine(a);
    a->db[0] = scale * subtract(a->rows, a->t, a->y);
    a->loss = cblas_sdot(rows, a->y, 1, a->y, 1) / (float)a->rows;
    cblas_sgemv(CblasRowMajor, CblasTrans, rows, in, scale, a->x, in, a->y, 1, 0, a->dw, 1);
}

extern const struct peer peer_openblas;
const struct peer peer_openblas = {"OpenBLAS", affine, affine_grad, one_pass, NULL};

/* One thread, and none that waits. */
__attribute__((constructor)) static void one_thread(void)
{
    openblas_set_num_threads(1);
}
