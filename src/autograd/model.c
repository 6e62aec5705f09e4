/* SPDX-License-Identifier: MIT */
#include "model.h"
#include "../random/stretch.h"

#include <stdint.h>
#include <stdio.h>
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

void lf_model_destroy(struct lf_model *model)
{
    if (!model)
        return;
    for (size_t i = 0; i < model->entry_count; i++)
        free(model->entries[i].name);
    free(model->entries);
    free(model->value);
    free(model->grad);
    free(model);
}

void *lf_flat_vector(enum lf_dtype dtype, size_t n)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, lf_dtype_size(dtype), &bytes) || bytes > SIZE_MAX - 63)
        return NULL;
    bytes = (bytes + 63) / 64 * 64;
    void *vector = aligned_alloc(64, bytes > 0 ? bytes : 64);
    if (vector)
        memset(vector, 0, bytes);
    return vector;
}

/* A copy with room for more, the rest 0. */
static void *grown(const struct lf_model *model, const void *old, size_t n)
{
    void *copy = lf_flat_vector(model->dtype, n);
    if (copy && model->size > 0)
        memcpy(copy, old, model->size * lf_dtype_size(model->dtype));
    return copy;
}

/* prefix.name, or name where the prefix is "". NULL when memory is out. */
static char *joined_name(const char *prefix, const char *name)
{
    size_t size = strlen(prefix) + strlen(name) + 2;
    char *joined = malloc(size);
    if (joined)
        snprintf(joined, size, "%s%s%s", prefix, *prefix ? "." : "", name);
    return joined;
}

/* Where the elements of the entries end that are to come after `size` others, each given its
 * offset. 0: there can't be so many. */
static size_t place_entries(size_t size, size_t count, struct lf_entry entries[])
{
    for (size_t i = 0; i < count; i++) {
        size_t elements;
        entries[i].offset = size;
        if (__builtin_mul_overflow(entries[i].rows, entries[i].cols, &elements) ||
            __builtin_add_overflow(size, elements, &size))
            return 0;
    }
    return size;
}

/* Adds all entries and takes over their names, or frees those and leaves the model as it is. */
static lf_status add_entries(struct lf_model *model, size_t count, struct lf_entry entries[])
{
    int named = 1;
    for (size_t i = 0; i < count; i++)
        named = named && entries[i].name;
    const size_t size = place_entries(model->size, count, entries), before = model->entry_count;
    struct lf_entry *all =
        named && size > 0 ? malloc((before + count) * sizeof *all) : NULL; /* few, beside `size` */
    void *value = all ? grown(model, model->value, size) : NULL;
    void *grad = value ? grown(model, model->grad, size) : NULL;
    if (!grad) {
        for (size_t i = 0; i < count; i++)
            free(entries[i].name);
        free(all);
        free(value);
        return LF_NO_MEMORY;
    }
    if (before > 0)
        memcpy(all, model->entries, before * sizeof *all);
    memcpy(all + before, entries, count * sizeof *all);
    free(model->entries);
    free(model->value);
    free(model->grad);
    model->entries = all;
    model->value = value;
    model->grad = grad;
    model->entry_count += count;
    model->size = size;
    model->version++;
    return LF_OK;
}

lf_status lf_model_add_parameter(struct lf_model *model, const char *name, size_t rows, size_t cols,
                                 struct lf_parameter *parameter)
{
    if (!model || !name || !parameter || rows == 0 || cols == 0)
        return LF_INVALID;
    struct lf_entry entry = {joined_name("", name), rows, cols, 0, 0};
    lf_status status = add_entries(model, 1, &entry);
    if (status == LF_OK)
        lf_model_parameter(model, model->entry_count - 1, parameter);
    return status;
}

/* The weight and the bias of a linear layer; a name is NULL when memory is out. */
static void linear_entries(const char *name, size_t in, size_t out, struct lf_entry entries[2])
{
    entries[0] =
        (struct lf_entry){joined_name(name, "weight"), out, in, 0, lf_linear_weight_bound(in)};
    entries[1] = (struct lf_entry){joined_name(name, "bias"), 1, out, 0, lf_linear_bias_bound(in)};
}

/* The layer whose weight is parameter i. */
static struct lf_layer layer_at(struct lf_model *model, size_t i)
{
    struct lf_layer layer;
    lf_model_parameter(model, i, &layer.weight);
    lf_model_parameter(model, i + 1, &layer.bias);
    return layer;
}

lf_status lf_model_add_linear(struct lf_model *model, const char *name, size_t in, size_t out,
                              struct lf_layer *layer)
{
    if (!model || !name || !layer || in == 0 || out == 0)
        return LF_INVALID;
    struct lf_entry entries[2];
    linear_entries(name, in, out, entries);
    lf_status status = add_entries(model, 2, entries);
    if (status == LF_OK)
        *layer = layer_at(model, model->entry_count - 2);
    return status;
}

/* Whether each layer takes what the one before it gives. */
static lf_status check_modules(size_t count, const struct lf_module modules[])
{
    size_t width = 0; /* of what has come out last; 0: nothing yet */
    for (size_t i = 0; i < count; i++) {
        if (modules[i].kind == LF_MODULE_ACTIVATION)
            continue;
        if (modules[i].kind != LF_MODULE_LINEAR || modules[i].in == 0 || modules[i].out == 0)
            return LF_INVALID;
        if (width > 0 && modules[i].in != width)
            return LF_SHAPE;
        width = modules[i].out;
    }
    return LF_OK;
}

/* name.i.weight and name.i.bias. */
static void module_entries(const char *name, size_t i, const struct lf_module *module,
                           struct lf_entry entries[2])
{
    char number[24];
    snprintf(number, sizeof number, "%zu", i);
    char *prefix = joined_name(name, number);
    if (prefix)
        linear_entries(prefix, module->in, module->out, entries);
    free(prefix);
}

lf_status lf_model_add_sequential(struct lf_model *model, const char *name, size_t count,
                                  struct lf_module modules[])
{
    if (!model || !name || (!modules && count > 0))
        return LF_INVALID;
    lf_status status = check_modules(count, modules);
    size_t layers = 0, first = model->entry_count;
    for (size_t i = 0; i < count && status == LF_OK; i++)
        layers += modules[i].kind == LF_MODULE_LINEAR;
    if (status != LF_OK || layers == 0)
        return status;
    struct lf_entry *entries = calloc(layers, 2 * sizeof *entries);
    if (!entries)
        return LF_NO_MEMORY;
    for (size_t i = 0, j = 0; i < count; i++)
        if (modules[i].kind == LF_MODULE_LINEAR)
            module_entries(name, i, &modules[i], entries + 2 * j++);
    status = add_entries(model, 2 * layers, entries);
    free(entries);
    for (size_t i = 0, j = 0; i < count && status == LF_OK; i++)
        if (modules[i].kind == LF_MODULE_LINEAR)
            modules[i].layer = layer_at(model, first + 2 * j++);
    return status;
}

size_t lf_model_parameters(const struct lf_model *model)
{
    return model ? model->entry_count : 0;
}

lf_status lf_model_parameter(struct lf_model *model, size_t i, struct lf_parameter *parameter)
{
    if (!model || !parameter || i >= model->entry_count)
        return LF_INVALID;
    const struct lf_entry *entry = &model->entries[i];
    *parameter = (struct lf_parameter){model, entry->name, entry->rows, entry->cols, entry->offset};
    return LF_OK;
}

static void *element_of(const struct lf_parameter *parameter, void *vector)
{
    return (char *)vector + parameter->offset * lf_dtype_size(parameter->model->dtype);
}

void *lf_parameter_value(const struct lf_parameter *parameter)
{
    return parameter && parameter->model ? element_of(parameter, parameter->model->value) : NULL;
}

void *lf_parameter_grad(const struct lf_parameter *parameter)
{
    return parameter && parameter->model ? element_of(parameter, parameter->model->grad) : NULL;
}

void lf_model_init(struct lf_model *model, struct lf_rng *rng)
{
    if (!model || !rng)
        return;
    for (size_t i = 0; i < model->entry_count; i++) {
        const struct lf_entry *entry = &model->entries[i];
        size_t n = entry->bound > 0 ? entry->rows * entry->cols : 0;
        if (model->dtype == LF_F32) {
            float *value = (float *)model->value + entry->offset;
            model->kernels->f32.uniform(rng, n, value);
            for (size_t j = 0; j < n; j++)
                value[j] = lf_stretch_f32(value[j], entry->bound);
        } else {
            double *value = (double *)model->value + entry->offset;
            model->kernels->f64.uniform(rng, n, value);
            for (size_t j = 0; j < n; j++)
                value[j] = lf_stretch_f64(value[j], entry->bound);
        }
    }
    model->version++;
}

void lf_model_zero_grad(struct lf_model *model)
{
    if (model && model->size > 0)
        memset(model->grad, 0, model->size * lf_dtype_size(model->dtype));
}
