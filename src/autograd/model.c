/* SPDX-License-Identifier: MIT */
#include "model.h"
#include "../random/stretch.h"

#include <stdlib.h>
#include <string.h>

lf_status lf_model_create(struct lf_model **model, const struct lf_kernels *kernels,
                          enum lf_dtype dtype)
{
    if (!model)
        return LF_INVALID;
    *model = NULL;
    if (dtype != LF_F32 && dtype != LF_F64)
        return LF_INVALID;
    if (!kernels && !(kernels = lf_kernels_best()))
        return LF_UNSUPPORTED;
    struct lf_model *m = calloc(1, sizeof *m);
    if (!m)
        return LF_NO_MEMORY;
    m->kernels = kernels;
    m->dtype = dtype;
    *model = m;
    return LF_OK;
}

static void free_names(struct lf_model *model)
{
    for (size_t i = 0; i < model->parameter_count; i++)
        free((char *)model->parameters[i].name);
}

void lf_model_destroy(struct lf_model *model)
{
    if (!model)
        return;
    free_names(model);
    free(model->parameters);
    free(model->value);
    free(model->grad);
    free(model);
}

static char *joined_name(const char *layer, const char *suffix)
{
    size_t head = strlen(layer), tail = strlen(suffix);
    char *name = malloc(head + tail + 1);
    if (name) {
        memcpy(name, layer, head);
        memcpy(name + head, suffix, tail + 1);
    }
    return name;
}

/* A 64-byte-aligned copy of old_bytes bytes, followed by zeros up to new_bytes. */
static void *grown(const void *old, size_t old_bytes, size_t new_bytes)
{
    unsigned char *copy = aligned_alloc(64, (new_bytes + 63) / 64 * 64);
    if (!copy)
        return NULL;
    if (old_bytes > 0)
        memcpy(copy, old, old_bytes);
    memset(copy + old_bytes, 0, new_bytes - old_bytes);
    return copy;
}

lf_status lf_model_add_linear(struct lf_model *model, const char *name, size_t in, size_t out,
                              struct lf_layer *layer)
{
    if (!model || !name || !layer || in == 0 || out == 0)
        return LF_INVALID;
    size_t weights, total, bytes;
    size_t element = lf_dtype_size(model->dtype);
    if (__builtin_mul_overflow(in, out, &weights) ||
        __builtin_add_overflow(model->size, weights, &total) ||
        __builtin_add_overflow(total, out, &total) ||
        __builtin_mul_overflow(total, element, &bytes) || bytes > SIZE_MAX - 63)
        return LF_NO_MEMORY;

    size_t count = model->parameter_count;
    struct lf_parameter *parameters =
        realloc(model->parameters, (count + 2) * sizeof *model->parameters);
    if (parameters)
        model->parameters = parameters;
    char *weight_name = joined_name(name, ".weight");
    char *bias_name = joined_name(name, ".bias");
    void *value = grown(model->value, model->size * element, bytes);
    void *grad = grown(model->grad, model->size * element, bytes);
    if (!parameters || !weight_name || !bias_name || !value || !grad) {
        free(weight_name);
        free(bias_name);
        free(value);
        free(grad);
        return LF_NO_MEMORY;
    }
    free(model->value);
    free(model->grad);
    *layer = (struct lf_layer){model, in, out, model->size, model->size + weights};
    model->value = value;
    model->grad = grad;
    model->size = total;
    parameters[count] = (struct lf_parameter){weight_name, out, in, NULL, NULL};
    parameters[count + 1] = (struct lf_parameter){bias_name, 1, out, NULL, NULL};
    model->parameter_count = count + 2;
    return LF_OK;
}

size_t lf_model_parameters(const struct lf_model *model)
{
    return model ? model->parameter_count : 0;
}

lf_status lf_model_parameter(const struct lf_model *model, size_t i, struct lf_parameter *parameter)
{
    if (!model || !parameter || i >= model->parameter_count)
        return LF_INVALID;
    size_t offset = 0;
    for (size_t j = 0; j < i; j++)
        offset += model->parameters[j].rows * model->parameters[j].cols;
    size_t bytes = offset * lf_dtype_size(model->dtype);
    *parameter = model->parameters[i];
    parameter->value = (char *)model->value + bytes;
    parameter->grad = (char *)model->grad + bytes;
    return LF_OK;
}

/* n draws from U[-bound, bound). */
static void init_f32(const struct lf_kernels *k, struct lf_rng *rng, double bound, size_t n,
                     float *out)
{
    k->f32.uniform(rng, n, out);
    for (size_t i = 0; i < n; i++)
        out[i] = lf_stretch_f32(out[i], bound);
}

static void init_f64(const struct lf_kernels *k, struct lf_rng *rng, double bound, size_t n,
                     double *out)
{
    k->f64.uniform(rng, n, out);
    for (size_t i = 0; i < n; i++)
        out[i] = lf_stretch_f64(out[i], bound);
}

void lf_layer_init(struct lf_model *model, const struct lf_layer *layer, struct lf_rng *rng)
{
    if (!model || !layer || !rng || layer->model != model)
        return;
    const struct lf_kernels *k = model->kernels;
    double weight_bound = lf_linear_weight_bound(layer->in);
    double bias_bound = lf_linear_bias_bound(layer->in);
    size_t weights = layer->in * layer->out;
    if (model->dtype == LF_F32) {
        float *value = model->value;
        init_f32(k, rng, weight_bound, weights, value + layer->weight);
        init_f32(k, rng, bias_bound, layer->out, value + layer->bias);
    } else {
        double *value = model->value;
        init_f64(k, rng, weight_bound, weights, value + layer->weight);
        init_f64(k, rng, bias_bound, layer->out, value + layer->bias);
    }
}

void lf_model_zero_grad(struct lf_model *model)
{
    if (model && model->size > 0)
        memset(model->grad, 0, model->size * lf_dtype_size(model->dtype));
}

void lf_sgd_step(struct lf_model *model, double lr)
{
    if (!model)
        return;
    if (model->dtype == LF_F32)
        model->kernels->f32.sgd(model->size, &(struct lf_sgd_f32){.lr = (float)lr}, model->grad,
                                NULL, model->value);
    else
        model->kernels->f64.sgd(model->size, &(struct lf_sgd_f64){.lr = lr}, model->grad, NULL,
                                model->value);
}
