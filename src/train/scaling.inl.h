/* SPDX-License-Identifier: MIT */
/* scaling.c, per type. */

/* sums = (sum of x - center, of its square), of all rows; center NULL: 0. The stack has a slot more
 * than the sums need. */
static void TYPED(moments)(const struct TYPED(lf_kernels) * k, const struct lf_data *data,
                           const REAL *center, REAL *stack, REAL *sums)
{
    const size_t width = 2 * data->in, blocks = lf_blocks(data->rows);
    for (size_t b = 0; b < blocks; b++) {
        struct lf_data block = block_at(data, b);
        k->column_moments_part(block.rows, block.in, block.x, block.x_row_stride,
                               block.x_col_stride, center, stack + lf_part_slot(b) * width);
        k->parts_push(b, width, stack);
    }
    for (size_t i = 0; i < width; i++)
        sums[i] = (REAL)-0.0;
    k->parts_finish(blocks, width, stack, sums);
}

/* Told by its values: rounding leaves a deviation. */
static int TYPED(is_constant)(const struct lf_data *data, size_t column)
{
    const REAL *x = (const REAL *)data->x + column * data->x_col_stride;
    for (size_t r = 1; r < data->rows; r++)
        if (x[r * data->x_row_stride] != x[0])
            return 0;
    return 1;
}

static void TYPED(scaling)(const struct lf_kernels *kernels, const struct lf_data *data,
                           void *memory, double mean[], double scale[])
{
    const struct TYPED(lf_kernels) *k = KERNELS(kernels);
    const double rows = (double)data->rows;
    const size_t in = data->in;
    REAL *center = memory, *sums = center + in, *stack = sums + 2 * in;
    TYPED(moments)(k, data, NULL, stack, sums);
    for (size_t i = 0; i < in; i++)
        center[i] = (REAL)((double)sums[i] / rows);
    TYPED(moments)(k, data, center, stack, sums);
    for (size_t i = 0; i < in; i++) {
        const double rest = (double)sums[i] / rows; /* of the mean */
        const double deviation = sqrt((double)sums[in + i] / rows - rest * rest);
        mean[i] = (double)center[i] + rest;
        scale[i] = deviation > 0 && deviation < INFINITY ? deviation : 1;
        if (TYPED(is_constant)(data, i)) {
            mean[i] = (double)((const REAL *)data->x)[i * data->x_col_stride];
            scale[i] = 1;
        }
    }
}

static void TYPED(standardize)(const struct lf_data *d, const double mean[], const double scale[],
                               REAL *z)
{
    const REAL *x = d->x;
    for (size_t r = 0; r < d->rows; r++)
        for (size_t c = 0; c < d->in; c++)
            z[r * d->in + c] =
                (REAL)(((double)x[r * d->x_row_stride + c * d->x_col_stride] - mean[c]) / scale[c]);
}

static void TYPED(unscale_inputs)(const struct lf_layer *layer, const double mean[],
                                  const double scale[])
{
    REAL *w = lf_parameter_value(&layer->weight), *b = lf_parameter_value(&layer->bias);
    for (size_t o = 0; o < layer->weight.rows; o++) {
        double shift = 0;
        for (size_t i = 0; i < layer->weight.cols; i++, w++) {
            const double slope = (double)*w / scale[i];
            shift += slope * mean[i];
            *w = (REAL)slope;
        }
        b[o] = (REAL)((double)b[o] - shift);
    }
}

static void TYPED(unscale_outputs)(const struct lf_layer *layer, const double mean[],
                                   const double scale[])
{
    REAL *w = lf_parameter_value(&layer->weight), *b = lf_parameter_value(&layer->bias);
    for (size_t o = 0; o < layer->weight.rows; o++) {
        for (size_t i = 0; i < layer->weight.cols; i++, w++)
            *w = (REAL)((double)*w * scale[o]);
        b[o] = (REAL)((double)b[o] * scale[o] + mean[o]);
    }
}

/* gram[in+1,in+1] = (X 1)^T (X 1) / rows. */
static void TYPED(gram)(const struct lf_kernels *kernels, const struct lf_data *data, REAL *stack,
                        double *gram)
{
    const struct TYPED(lf_kernels) *k = KERNELS(kernels);
    const size_t in = data->in, n = in + 1, width = in * in + in, blocks = lf_blocks(data->rows);
    REAL *sums = stack + lf_part_slots(blocks) * width;
    for (size_t b = 0; b < blocks; b++) {
        struct lf_data block = block_at(data, b);
        k->gram_part(block.rows, in, 0, block.x, block.x_row_stride, block.x_col_stride, NULL, NULL,
                     stack + lf_part_slot(b) * width);
        k->parts_push(b, width, stack);
    }
    for (size_t i = 0; i < width; i++)
        sums[i] = (REAL)-0.0;
    k->parts_finish(blocks, width, stack, sums);
    for (size_t i = 0; i < in; i++) {
        for (size_t j = 0; j < in; j++)
            gram[i * n + j] = (double)sums[i * in + j] / (double)data->rows;
        gram[i * n + in] = gram[in * n + i] = (double)sums[in * in + i] / (double)data->rows;
    }
    gram[in * n + in] = 1;
}
