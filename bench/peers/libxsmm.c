/* SPDX-License-Identifier: MIT */
/* LIBXSMM: a kernel made for the shape and kept. It is column-major: a row-major matrix is its
 * transpose there, y^T = w x^T. Its kernels take no transposed left factor, so w is transposed
 * before, as a caller has to. */
#include "loops.h"
#include "peers.h"

#include <libxsmm.h>

enum { KEPT = 3 };

/* A kernel and the shape it was made for. */
struct kept {
    int m, n, k;
    libxsmm_smmfunction kernel;
};

static libxsmm_smmfunction kernel_of(struct kept *kept, int m, int n, int k, int flags)
{
    if (kept->m != m || kept->n != n || kept->k != k)
        *kept = (struct kept){
            m, n, k, libxsmm_smmdispatch(m, n, k, NULL, NULL, NULL, NULL, NULL, &flags, NULL)};
    return kept->kernel;
}

static void affine(struct peer_affine *a)
{
    static struct kept kept;
    const int rows = (int)a->rows, in = (int)a->in, out = (int)a->out;
    libxsmm_smmfunction kernel = kernel_of(&kept, out, rows, in, LIBXSMM_GEMM_FLAG_NONE);
    const float *w = a->w;
    if (in > 1 && out > 1) {
        for (size_t i = 0; i < a->in; i++)
            for (size_t o = 0; o < a->out; o++)
                a->work[i * a->out + o] = a->w[o * a->in + i];
        w = a->work;
    }
    fill_rows(a->rows, a->out, a->b, a->y);
    kernel(w, a->x, a->y);
}

static void affine_grad(struct peer_affine *a)
{
    static struct kept weights, inputs;
    const int rows = (int)a->rows, in = (int)a->in, out = (int)a->out;
    kernel_of(&weights, in, out, rows, LIBXSMM_GEMM_FLAG_TRANS_B)(a->x, a->g, a->dw);
    add_rows(a->rows, a->out, a->g, a->db);
    kernel_of(&inputs, in, rows, out, LIBXSMM_GEMM_FLAG_NONE)(a->w, a->g, a->dx);
}

extern const struct peer peer_libxsmm;
const struct peer peer_libxsmm = {"LIBXSMM", affine, affine_grad, NULL, NULL};
