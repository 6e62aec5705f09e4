/* SPDX-License-Identifier: MIT */
/* ops.c, per type. */

/* The rows of block b. */
#define BLOCK_ROWS(rows, b) at_most((rows) - (b)*LF_BLOCK_ROWS, LF_BLOCK_ROWS)

/* ---- linear: y = x W^T + b ----------------------------------------------------------------- */

static lf_status TYPED(linear_forward)(struct lf_tape *tape, struct lf_tensor *y)
{
    const REAL *parameter = tape->model->value;
    const struct lf_tensor *x = y->input[0];
    KERNELS(tape->model->kernels)
        ->affine(x->rows, y->layer.in, y->layer.out, x->value, y->layer.in, 1,
                 parameter + y->layer.weight, parameter + y->layer.bias, y->value);
    return LF_OK;
}

/* dW += g^T x, db += column sums of g, dx += g W. */
static lf_status TYPED(linear_backward)(struct lf_tape *tape, struct lf_tensor *y)
{
    const struct TYPED(lf_kernels) *k = KERNELS(tape->model->kernels);
    const REAL *weight = (const REAL *)tape->model->value + y->layer.weight;
    const REAL *g = y->grad;
    struct lf_tensor *x = y->input[0];
    size_t in = y->layer.in, out = y->layer.out, width = in * out + out;
    size_t blocks = lf_blocks(x->rows);
    REAL *parts = lf_tape_empty_sums(tape, lf_part_slots(blocks) * width);
    if (!parts)
        return LF_NO_MEMORY;
    for (size_t b = 0, row = 0; b < blocks; b++, row += LF_BLOCK_ROWS) {
        k->affine_grad_part(BLOCK_ROWS(x->rows, b), in, out, (const REAL *)x->value + row * in, in,
                            1, g + row * out, parts + lf_part_slot(b) * width);
        k->parts_push(b, width, parts);
    }
    k->parts_finish(blocks, width, parts, (REAL *)tape->parameter_grad + y->layer.weight);
    if (!x->requires_grad)
        return LF_OK;
    REAL *dx = lf_tensor_grad(x);
    if (!dx)
        return LF_NO_MEMORY;
    k->affine_grad_input(x->rows, in, out, g, weight, dx);
    return LF_OK;
}

/* ---- mse_loss: the mean of (prediction - target)^2 ------------------------------------------ */

/* The mean over rows x cols elements, and the gradient it sends to an operand. */
static struct TYPED(lf_loss) TYPED(mse_of)(const struct lf_tensor *prediction, REAL upstream)
{
    double n = (double)(prediction->rows * prediction->cols);
    return (struct TYPED(lf_loss)){
        .kind = LF_MSE_LOSS, .scale = (REAL)(1 / n), .upstream = upstream};
}

static lf_status TYPED(mse_loss_forward)(struct lf_tape *tape, struct lf_tensor *loss)
{
    const struct TYPED(lf_kernels) *k = KERNELS(tape->model->kernels);
    const struct lf_tensor *prediction = loss->input[0], *target = loss->input[1];
    const struct TYPED(lf_loss) mse = TYPED(mse_of)(prediction, 1);
    size_t cols = prediction->cols, blocks = lf_blocks(prediction->rows);
    REAL *parts = lf_tape_empty_sums(tape, lf_part_slots(blocks));
    if (!parts)
        return LF_NO_MEMORY;
    for (size_t b = 0, row = 0; b < blocks; b++, row += LF_BLOCK_ROWS) {
        k->loss_part(&mse, BLOCK_ROWS(prediction->rows, b), cols,
                     (const REAL *)prediction->value + row * cols,
                     (const REAL *)target->value + row * cols, NULL, parts + lf_part_slot(b));
        k->parts_push(b, 1, parts);
    }
    REAL sum = (REAL)-0.0;
    k->parts_finish(blocks, 1, parts, &sum);
    *(REAL *)loss->value = sum / (REAL)(prediction->rows * cols);
    return LF_OK;
}

/* d loss / d prediction = 2/N (prediction - target), and its negative for the target. */
static lf_status TYPED(mse_loss_backward)(struct lf_tape *tape, struct lf_tensor *loss)
{
    const struct TYPED(lf_kernels) *k = KERNELS(tape->model->kernels);
    const struct TYPED(lf_loss) mse = TYPED(mse_of)(loss->input[0], *(const REAL *)loss->grad);
    for (int i = 0; i < 2; i++) {
        struct lf_tensor *operand = loss->input[i], *other = loss->input[1 - i];
        if (!operand->requires_grad)
            continue;
        REAL *grad = lf_tensor_grad(operand);
        if (!grad)
            return LF_NO_MEMORY;
        k->loss_grad(&mse, operand->rows, operand->cols, operand->value, other->value, NULL, grad);
    }
    return LF_OK;
}

#undef BLOCK_ROWS
