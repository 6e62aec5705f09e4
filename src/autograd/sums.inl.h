/* SPDX-License-Identifier: MIT */
/* Sums over any number of rows from the kernels that sum a block of them. */
#define table_of TYPED(table_of)
#define add_to TYPED(add_to)
#define affine_grad_of_blocks TYPED(affine_grad_of_blocks)
#define add_affine_grad TYPED(add_affine_grad)
#define sum_of TYPED(sum_of)
#define push TYPED(push)
#define finish TYPED(finish)

#ifndef LF_HELPER
/* What is left of n rows from the row on, at most a block. */
#define BLOCK_ROWS(n, row) ((n) - (row) < LF_BLOCK_ROWS ? (n) - (row) : LF_BLOCK_ROWS)

/* The slots that push and finish need, more than they need for any size_t of rows, and the one for
 * a block's part. */
#define SLOTS(blocks) ((blocks) == 1 ? 1 : lf_part_slots(blocks) + 1)
enum { LF_MOST_SLOTS = 64 };
#define SLOT(block) ((block) == 0 ? 0 : lf_part_slot(block))

#define LF_HELPER static inline __attribute__((unused))
#endif

/* The member of this type of a union with one for each. */
#undef OF_TYPE
#define OF_TYPE(both) KERNELS(&(both))

static inline const struct TYPED(lf_kernels) * table_of(const struct lf_tensor *tensor)
{
    return KERNELS(tensor->tape->model->kernels);
}

/* to += from. For the two elements of the smallest layer a call would cost more. */
LF_HELPER void add_to(const struct TYPED(lf_kernels) * k, size_t n, const REAL *from, REAL *to)
{
    if (n > 2)
        k->axpy(n, 1, from, to);
    else if (n > 0) {
        to[0] += from[0];
        if (n == 2)
            to[1] += from[1];
    }
}

/* The sum of one block is its part; more are pushed and finished in a stack with a slot more, to
 * which finish points. */
LF_HELPER void push(const struct TYPED(lf_kernels) * k, size_t block, size_t blocks, size_t width,
                    REAL *stack)
{
    if (blocks > 1)
        k->parts_push(block, width, stack);
}

LF_HELPER REAL *finish(const struct TYPED(lf_kernels) * k, size_t blocks, size_t width, REAL *stack)
{
    if (blocks == 1)
        return stack;
    REAL *sum = stack + lf_part_slots(blocks) * width;
    for (size_t i = 0; i < width; i++)
        sum[i] = (REAL)-0.0;
    k->parts_finish(blocks, width, stack, sum);
    return sum;
}

/* The weight gradient g^T x and the column sums of g over several blocks; NULL when memory is out.
 */
static __attribute__((noinline, unused)) REAL *
affine_grad_of_blocks(struct lf_tape *tape, size_t rows, size_t in, size_t out, const REAL *x,
                      size_t row_stride, size_t col_stride, const REAL *g)
{
    const struct TYPED(lf_kernels) *k = KERNELS(tape->model->kernels);
    size_t width = in * out + out, blocks = lf_blocks(rows);
    REAL *stack = lf_tape_alloc(tape, SLOTS(blocks) * width);
    for (size_t b = 0, row = 0; stack && b < blocks; b++, row += LF_BLOCK_ROWS) {
        k->affine_grad_part(BLOCK_ROWS(rows, row), in, out, x + row * row_stride, row_stride,
                            col_stride, g + row * out, stack + SLOT(b) * width);
        push(k, b, blocks, width, stack);
    }
    return stack ? finish(k, blocks, width, stack) : NULL;
}

/* weight[out,in] += g^T x, bias[out] += the column sums of g; either may be NULL. 0 when memory is
 * out. */
LF_HELPER int add_affine_grad(struct lf_tape *tape, size_t rows, size_t in, size_t out,
                              const REAL *x, size_t row_stride, size_t col_stride, const REAL *g,
                              REAL *weight, REAL *bias)
{
    const struct TYPED(lf_kernels) *k = KERNELS(tape->model->kernels);
    const int one = rows <= LF_BLOCK_ROWS;
    REAL *sum = one ? lf_tape_alloc(tape, in * out + out)
                    : affine_grad_of_blocks(tape, rows, in, out, x, row_stride, col_stride, g);
    if (!sum)
        return 0;
    if (one)
        k->affine_grad_part(rows, in, out, x, row_stride, col_stride, g, sum);
    if (weight)
        add_to(k, in * out, sum, weight);
    if (bias)
        add_to(k, out, sum + in * out, bias);
    return 1;
}

/* The sum of x[n]. */
LF_HELPER REAL sum_of(const struct TYPED(lf_kernels) * k, size_t n, const REAL *x)
{
    REAL stack[LF_MOST_SLOTS];
    size_t blocks = lf_blocks(n);
    for (size_t b = 0, i = 0; b < blocks; b++, i += LF_BLOCK_ROWS) {
        k->sum_part(BLOCK_ROWS(n, i), x + i, stack + SLOT(b));
        push(k, b, blocks, 1, stack);
    }
    return *finish(k, blocks, 1, stack);
}
