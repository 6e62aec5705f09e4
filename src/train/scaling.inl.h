/* SPDX-License-Identifier: MIT */
/* scaling.c, per type. */

/* Whether the columns of a block, the first or another, still hold one value each: first[in]. */
static void TYPED(judge_constants)(const struct lf_data *d, int is_first, REAL *first,
                                   REAL *is_constant)
{
    const REAL *x = d->x;
    for (size_t c = 0; c < d->in; c++) {
        if (is_first) {
            first[c] = x[c * d->x_col_stride];
            is_constant[c] = 1;
        }
        for (size_t r = 0; is_constant[c] != 0 && r < d->rows; r++)
            is_constant[c] = x[r * d->x_row_stride + c * d->x_col_stride] == first[c];
    }
}

/* sums = (sum of x - center, of its square), of all rows; center NULL: 0, and the constant columns
 * are found, by their values: rounding leaves a deviation. The stack has a slot more than the sums
 * need. */
static lf_status TYPED(moments)(const struct TYPED(lf_kernels) * k, struct lf_source *source,
                                const REAL *center, REAL *first, REAL *is_constant, REAL *stack,
                                REAL *sums)
{
    const size_t width = 2 * source->data.in, blocks = lf_blocks(source->data.rows);
    lf_status status = lf_source_seek(source, 0);
    for (size_t b = 0; status == LF_OK && b < blocks; b++) {
        struct lf_data block;
        status = lf_source_block(source, &block);
        if (status != LF_OK)
            break;
        k->column_moments_part(block.rows, block.in, block.x, block.x_row_stride,
                               block.x_col_stride, center, stack + lf_part_slot(b) * width);
        k->parts_push(b, width, stack);
        if (!center)
            TYPED(judge_constants)(&block, b == 0, first, is_constant);
    }
    for (size_t i = 0; i < width; i++)
        sums[i] = (REAL)-0.0;
    if (status == LF_OK)
        k->parts_finish(blocks, width, stack, sums);
    return status;
}

static lf_status TYPED(scaling)(const struct lf_kernels *kernels, struct lf_source *source,
                                void *memory, double mean[], double scale[])
{
    const struct TYPED(lf_kernels) *k = KERNELS(kernels);
    const double rows = (double)source->data.rows;
    const size_t in = source->data.in;
    REAL *center = memory, *first = center + in, *is_constant = first + in;
    REAL *sums = is_constant + in, *stack = sums + 2 * in;
    lf_status status = TYPED(moments)(k, source, NULL, first, is_constant, stack, sums);
    for (size_t i = 0; i < in; i++)
        center[i] = (REAL)((double)sums[i] / rows);
    if (status == LF_OK)
        status = TYPED(moments)(k, source, center, first, is_constant, stack, sums);
    for (size_t i = 0; i < in && status == LF_OK; i++) {
        const double rest = (double)sums[i] / rows; /* of the mean */
        const double deviation = sqrt((double)sums[in + i] / rows - rest * rest);
        mean[i] = is_constant[i] != 0 ? (double)first[i] : (double)center[i] + rest;
        scale[i] = is_constant[i] == 0 && deviation > 0 && deviation < INFINITY ? deviation : 1;
    }
    return status;
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
static lf_status TYPED(gram)(const struct lf_kernels *kernels, struct lf_source *source,
                             REAL *stack, double *gram)
{
    const struct TYPED(lf_kernels) *k = KERNELS(kernels);
    const size_t rows = source->data.rows, in = source->data.in, n = in + 1, width = in * in + in,
                 blocks = lf_blocks(rows);
    REAL *sums = stack + lf_part_slots(blocks) * width;
    lf_status status = lf_source_seek(source, 0);
    for (size_t b = 0; status == LF_OK && b < blocks; b++) {
        struct lf_data block;
        status = lf_source_block(source, &block);
        if (status != LF_OK)
            break;
        k->gram_part(block.rows, in, 0, block.x, block.x_row_stride, block.x_col_stride, NULL, NULL,
                     stack + lf_part_slot(b) * width);
        k->parts_push(b, width, stack);
    }
    if (status != LF_OK)
        return status;
    for (size_t i = 0; i < width; i++)
        sums[i] = (REAL)-0.0;
    k->parts_finish(blocks, width, stack, sums);
    for (size_t i = 0; i < in; i++) {
        for (size_t j = 0; j < in; j++)
            gram[i * n + j] = (double)sums[i * in + j] / (double)rows;
        gram[i * n + in] = gram[in * n + i] = (double)sums[in * in + i] / (double)rows;
    }
    gram[in * n + in] = 1;
    return LF_OK;
}
