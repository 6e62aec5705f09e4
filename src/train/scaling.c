/* SPDX-License-Identifier: MIT */
/* Inputs and outputs in units of their own spread, and the rate that suits them. */
#include "../autograd/model.h"
#include "source.h"

#include <math.h>
#include <stdlib.h>

#include "../kernels/type_f32.h"
#include "scaling.inl.h"

#include "../kernels/type_f64.h"
#include "scaling.inl.h"

/* Whether there is something to compute; *kernels becomes a table. */
static lf_status begin(const struct lf_kernels **kernels, const struct lf_data *data)
{
    if (!data || (!data->x && !data->stream) || data->rows == 0 || data->in == 0)
        return LF_INVALID;
    if (!*kernels)
        *kernels = lf_kernels_best();
    return *kernels ? LF_OK : LF_UNSUPPORTED;
}

/* A stack of partial sums of this width, a slot more for the whole, and so many numbers beside. */
static void *stack_of(const struct lf_data *data, size_t width, size_t beside)
{
    size_t n;
    if (__builtin_mul_overflow(lf_part_slots(lf_blocks(data->rows)) + 1, width, &n) ||
        __builtin_add_overflow(n, beside, &n))
        return NULL;
    return lf_flat_vector(data->dtype, n);
}

lf_status lf_data_scaling(const struct lf_kernels *kernels, const struct lf_data *data,
                          double mean[], double scale[])
{
    lf_status status = mean && scale ? begin(&kernels, data) : LF_INVALID;
    if (status != LF_OK)
        return status;
    struct lf_source source = {0};
    void *memory = data->in < SIZE_MAX / 8 ? stack_of(data, 2 * data->in, 5 * data->in) : NULL;
    status = memory ? lf_source_open(&source, data, NULL, LF_BLOCK_ROWS) : LF_NO_MEMORY;
    if (status == LF_OK && data->dtype == LF_F32)
        status = scaling_f32(kernels, &source, memory, mean, scale);
    else if (status == LF_OK)
        status = scaling_f64(kernels, &source, memory, mean, scale);
    lf_source_close(&source);
    free(memory);
    return status;
}

void lf_data_standardize(const struct lf_data *data, const double mean[], const double scale[],
                         void *z)
{
    if (data->dtype == LF_F32)
        standardize_f32(data, mean, scale, z);
    else
        standardize_f64(data, mean, scale, z);
}

static int has_both(const struct lf_layer *layer)
{
    return layer && layer->weight.model && layer->bias.model;
}

lf_status lf_layer_unscale_inputs(const struct lf_layer *layer, const double mean[],
                                  const double scale[])
{
    if (!has_both(layer) || !mean || !scale)
        return LF_INVALID;
    layer->weight.model->version++;
    if (layer->weight.model->dtype == LF_F32)
        unscale_inputs_f32(layer, mean, scale);
    else
        unscale_inputs_f64(layer, mean, scale);
    return LF_OK;
}

lf_status lf_layer_unscale_outputs(const struct lf_layer *layer, const double mean[],
                                   const double scale[])
{
    if (!has_both(layer) || !mean || !scale)
        return LF_INVALID;
    layer->weight.model->version++;
    if (layer->weight.model->dtype == LF_F32)
        unscale_outputs_f32(layer, mean, scale);
    else
        unscale_outputs_f64(layer, mean, scale);
    return LF_OK;
}

/* The largest eigenvalue of a symmetric, positive semidefinite matrix, by the power method: a
 * thousandth too small at most, unless its vector is all but orthogonal to the start. */
static double largest_eigenvalue(size_t n, const double *a, double *v, double *av)
{
    enum { MOST = 1000 };
    double value = 0;
    for (size_t i = 0; i < n; i++)
        v[i] = 1 + (double)(i + 1) / (double)n; /* no likely symmetry */
    for (int step = 0; step < MOST; step++) {
        double before = value, square = 0, product = 0, length = 0;
        for (size_t i = 0; i < n; i++) {
            av[i] = 0;
            for (size_t j = 0; j < n; j++)
                av[i] += a[i * n + j] * v[j];
            square += v[i] * v[i];
            product += v[i] * av[i];
            length += av[i] * av[i];
        }
        value = product / square;
        if (!(length > 0) || fabs(value - before) <= 1e-6 * value)
            break;
        for (size_t i = 0; i < n; i++)
            v[i] = av[i] / sqrt(length);
    }
    return value;
}

static double curvature_of(enum lf_loss_kind loss)
{
    return loss == LF_HUBER_LOSS ? 1 : loss == LF_BCE_WITH_LOGITS_LOSS ? 0.25 : 2;
}

lf_status lf_auto_lr(const struct lf_kernels *kernels, const struct lf_data *data,
                     enum lf_loss_kind loss, size_t batch, double *lr)
{
    lf_status status = lr && loss <= LF_POISSON_NLL_LOSS ? begin(&kernels, data) : LF_INVALID;
    if (status == LF_OK && data->out == 0)
        status = LF_INVALID;
    if (status != LF_OK)
        return status;
    const size_t n = data->in + 1;
    if (n > (size_t)1 << 24) /* n^2 is a number of bytes, too */
        return LF_NO_MEMORY;
    struct lf_source source = {0};
    void *stack = stack_of(data, n * n, 0);
    double *gram = lf_flat_vector(LF_F64, n * n + 2 * n), trace = 0;
    status = stack && gram ? lf_source_open(&source, data, NULL, LF_BLOCK_ROWS) : LF_NO_MEMORY;
    if (status == LF_OK)
        status = data->dtype == LF_F32 ? gram_f32(kernels, &source, stack, gram)
                                       : gram_f64(kernels, &source, stack, gram);
    if (status == LF_OK) {
        for (size_t i = 0; i < n; i++)
            trace += gram[i * n + i];
        double largest = largest_eigenvalue(n, gram, gram + n * n, gram + n * n + n);
        double noise = batch > 0 ? (largest + trace) / (double)batch : 0;
        *lr = (double)data->out / (curvature_of(loss) * (largest + noise));
    }
    lf_source_close(&source);
    free(stack);
    free(gram);
    return status;
}
