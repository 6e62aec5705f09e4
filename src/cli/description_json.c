/* SPDX-License-Identifier: MIT */
#include "description.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const loss_names[] = {"mse", "l1", "huber", "logistic", "poisson", NULL};
const char *const activation_names[] = {"relu", "tanh", "sigmoid", "softplus", "gelu", NULL};

int name_index(const char *const names[], const char *text, size_t length)
{
    for (int i = 0; names[i]; i++)
        if (strlen(names[i]) == length && memcmp(names[i], text, length) == 0)
            return i;
    return -1;
}

/* ---- Writing ------------------------------------------------------------------------------ */

static int add_numbers(cJSON *object, const char *name, const double *numbers, size_t count)
{
    cJSON *array = cJSON_AddArrayToObject(object, name);
    for (size_t i = 0; array && i < count; i++) {
        cJSON *number = cJSON_CreateNumber(numbers[i]);
        if (!cJSON_AddItemToArray(array, number)) {
            cJSON_Delete(number);
            return 0;
        }
    }
    return array != NULL;
}

static int add_names(cJSON *object, const char *name, char *const *names, size_t count)
{
    cJSON *array = cJSON_AddArrayToObject(object, name);
    for (size_t i = 0; array && i < count; i++) {
        cJSON *text = cJSON_CreateString(names[i]);
        if (!cJSON_AddItemToArray(array, text)) {
            cJSON_Delete(text);
            return 0;
        }
    }
    return array != NULL;
}

int description_to_json(const struct description *d, cJSON *object)
{
    double hidden[MOST_HIDDEN];
    const double range[] = {d->low, d->high};
    for (size_t i = 0; i < d->hidden_count; i++)
        hidden[i] = (double)d->hidden[i];
    return cJSON_AddStringToObject(object, "dtype", d->dtype == LF_F32 ? "f32" : "f64") &&
           cJSON_AddStringToObject(object, "loss", loss_names[d->loss]) &&
           (d->loss != LF_HUBER_LOSS || cJSON_AddNumberToObject(object, "delta", d->delta)) &&
           add_names(object, "features", d->feature, d->features) &&
           (d->degree == 0 || (cJSON_AddNumberToObject(object, "degree", (double)d->degree) &&
                               add_numbers(object, "range", range, 2))) &&
           add_numbers(object, "mean", d->mean, d->in) &&
           add_numbers(object, "scale", d->scale, d->in) &&
           add_numbers(object, "hidden", hidden, d->hidden_count) &&
           (d->hidden_count == 0 ||
            cJSON_AddStringToObject(object, "activation", activation_names[d->activation])) &&
           add_names(object, "targets", d->target, d->targets) &&
           add_numbers(object, "target_mean", d->target_mean, d->targets) &&
           cJSON_AddNumberToObject(object, "target_scale", d->target_scale);
}

/* ---- Reading ------------------------------------------------------------------------------ */

static int take_choice(const cJSON *object, const char *key, const char *const names[], int *choice)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    *choice = text ? name_index(names, text, strlen(text)) : -1;
    return *choice >= 0;
}

static int take_number(const cJSON *object, const char *key, double *value)
{
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(object, key);
    *value = cJSON_IsNumber(number) ? number->valuedouble : NAN;
    return isfinite(*value);
}

/* As many finite numbers. */
static int take_numbers(const cJSON *object, const char *key, double *numbers, size_t count)
{
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(object, key), *item;
    size_t i = 0;
    cJSON_ArrayForEach(item, array)
    {
        if (i >= count || !cJSON_IsNumber(item) || !isfinite(item->valuedouble))
            return 0;
        numbers[i++] = item->valuedouble;
    }
    return cJSON_IsArray(array) && i == count;
}

static int take_names(const cJSON *object, const char *key, char **names)
{
    const cJSON *item;
    size_t i = 0;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(object, key))
    {
        if (!cJSON_IsString(item) || !(names[i++] = strdup(item->valuestring)))
            return 0;
    }
    return 1;
}

static size_t length_of(const cJSON *object, const char *key)
{
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsArray(array) ? (size_t)cJSON_GetArraySize(array) : 0;
}

static int take_hidden(struct description *d, const cJSON *object)
{
    double hidden[MOST_HIDDEN];
    int activation = 0;
    d->hidden_count = length_of(object, "hidden");
    if (d->hidden_count > MOST_HIDDEN || !take_numbers(object, "hidden", hidden, d->hidden_count) ||
        (d->hidden_count > 0 && !take_choice(object, "activation", activation_names, &activation)))
        return 0;
    for (size_t i = 0; i < d->hidden_count; i++) {
        if (!(hidden[i] >= 1 && hidden[i] <= MOST_WIDTH))
            return 0;
        d->hidden[i] = (size_t)hidden[i];
    }
    d->activation = (enum lf_activation)activation;
    return 1;
}

static int take_degree(struct description *d, const cJSON *object)
{
    double degree, range[2];
    if (!cJSON_HasObjectItem(object, "degree"))
        return 1;
    if (d->features != 1 || !take_number(object, "degree", &degree) ||
        !(degree >= 1 && degree <= MOST_DEGREE) || !take_numbers(object, "range", range, 2) ||
        !(range[0] < range[1]))
        return 0;
    d->degree = (size_t)degree;
    d->low = range[0];
    d->high = range[1];
    return 1;
}

static int take_all(struct description *d, const cJSON *object)
{
    static const char *const types[] = {"f32", "f64", NULL};
    int dtype, loss;
    if (!take_choice(object, "dtype", types, &dtype) ||
        !take_choice(object, "loss", loss_names, &loss))
        return 0;
    d->dtype = (enum lf_dtype)dtype;
    d->loss = (enum lf_loss_kind)loss;
    if (d->loss == LF_HUBER_LOSS && !(take_number(object, "delta", &d->delta) && d->delta > 0))
        return 0;
    d->features = length_of(object, "features");
    d->targets = length_of(object, "targets");
    if (d->features == 0 || d->targets == 0 || !take_degree(d, object) || !take_hidden(d, object))
        return 0;
    d->in = d->degree > 0 ? d->degree : d->features;
    if (!description_allocate(d) || !take_names(object, "features", d->feature) ||
        !take_names(object, "targets", d->target) ||
        !take_numbers(object, "mean", d->mean, d->in) ||
        !take_numbers(object, "scale", d->scale, d->in) ||
        !take_numbers(object, "target_mean", d->target_mean, d->targets) ||
        !take_number(object, "target_scale", &d->target_scale) || !(d->target_scale > 0))
        return 0;
    for (size_t i = 0; i < d->in; i++)
        if (!(d->scale[i] > 0))
            return 0;
    return 1;
}

int description_from_json(struct description *d, const cJSON *object)
{
    *d = (struct description){0};
    if (take_all(d, object))
        return 1;
    description_free(d);
    return 0;
}
