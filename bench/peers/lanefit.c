/* SPDX-License-Identifier: MIT */
/* lanefit: kernels on whole blocks of rows, whose sums are finished. */
#include "peers.h"

#include <lanefit/lanefit.h>

static void affine(struct peer_affine *a)
{
    const struct lf_kernels_f32 *k = a->kernels;
    k->affine(a->rows, a->in, a->out, a->x, a->in, 1, a->w, a->b, a->y);
}

/* The rows of the block that begins at row r. */
static size_t block_rows(size_t rows, size_t r)
{
    return rows - r < LF_BLOCK_ROWS ? rows - r : LF_BLOCK_ROWS;
}

static void affine_grad(struct peer_affine *a)
{
    const struct lf_kernels_f32 *k = a->kernels;
    const size_t width = a->in * a->out + a->out;
    size_t block = 0;
    for (size_t r = 0; r < a->rows; r += LF_BLOCK_ROWS, block++) {
        k->affine_grad_part(block_rows(a->rows, r), a->in, a->out, a->x + r * a->in, a->in, 1,
                            a->g + r * a->out, a->work + lf_part_slot(block) * width);
        k->parts_push(block, width, a->work);
    }
    k->parts_finish(block, width, a->work, a->dw);
    k->affine_grad_input(a->rows, a->in, a->out, a->g, a->w, a->dx);
}

static void one_pass(struct peer_affine *a)
{
    const struct lf_kernels_f32 *k = a->kernels;
    const size_t width = a->in + 2;
    const struct lf_loss_f32 mse = {
        .kind = LF_MSE_LOSS, .scale = 1 / (float)a->rows, .upstream = 1};
    size_t block = 0;
    for (size_t r = 0; r < a->rows; r += LF_BLOCK_ROWS, block++) {
        k->affine_loss_part(&mse, block_rows(a->rows, r), a->in, 1, a->x + r * a->in, a->in, 1,
                            a->w, a->b, a->t + r, NULL, a->work + lf_part_slot(block) * width);
        k->parts_push(block, width, a->work);
    }
    for (size_t i = 0; i < width; i++)
        a->dw[i] = -0.0f;
    k->parts_finish(block, width, a->work, a->dw);
    a->loss = a->dw[a->in + 1] * mse.scale;
}

const struct peer peer_lanefit = {"lanefit", affine, affine_grad, one_pass, NULL};
