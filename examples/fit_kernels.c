/* SPDX-License-Identifier: MIT */
/* Fits y = 2 x + 1 by gradient descent with the kernels alone: one pass over the rows a step, block
 * by block, into part sums that any number of rows adds up to the same bits. */
#include <lanefit/kernels.h>

#include <stdio.h>

enum { ROWS = 10000, IN = 1, OUT = 1, WIDTH = IN * OUT + OUT + 1, SLOTS = 8 };

int main(void)
{
    static float x[ROWS], y[ROWS];
    const struct lf_kernels *kernels = lf_kernels_best();
    struct lf_rng rng;
    if (!kernels || lf_part_slots(lf_blocks(ROWS)) > SLOTS)
        return 1; /* this CPU has no fused multiply-add, or there are more rows than slots for */
    lf_rng_seed(&rng, 1024);
    kernels->f32.uniform(&rng, ROWS, x);
    for (size_t i = 0; i < ROWS; i++)
        y[i] = 2 * x[i] + 1;

    const struct lf_loss_f32 mse = {.kind = LF_MSE_LOSS, .scale = 1.0f / ROWS, .upstream = 1};
    const struct lf_sgd_f32 sgd = {.lr = 0.5f};
    float model[2] = {0, 0}; /* weight, bias: in the order of a part */
    float loss = 0;
    for (int step = 0; step < 300; step++) {
        float stack[SLOTS * WIDTH], total[WIDTH] = {-0.0f, -0.0f, -0.0f};
        const size_t blocks = lf_blocks(ROWS);
        for (size_t k = 0; k < blocks; k++) {
            const size_t row = k * LF_BLOCK_ROWS;
            const size_t rows = ROWS - row < LF_BLOCK_ROWS ? ROWS - row : LF_BLOCK_ROWS;
            float *part = stack + lf_part_slot(k) * WIDTH;
            kernels->f32.affine_loss_part(&mse, rows, IN, OUT, x + row, IN, 1, &model[0], &model[1],
                                          y + row, NULL, part);
            kernels->f32.parts_push(k, WIDTH, stack);
        }
        kernels->f32.parts_finish(blocks, WIDTH, stack, total);
        loss = total[WIDTH - 1] * mse.scale; /* that of the model before this step */
        kernels->f32.sgd(2, &sgd, total, NULL, model);
    }
    printf("weight=%.4f bias=%.4f loss=%.1e\n", (double)model[0], (double)model[1], (double)loss);
    return 0;
}
