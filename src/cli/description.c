/* SPDX-License-Identifier: MIT */
#include "description.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int description_allocate(struct description *d)
{
    d->feature = calloc(d->features, sizeof *d->feature);
    d->target = calloc(d->targets, sizeof *d->target);
    d->mean = calloc(d->in, sizeof *d->mean);
    d->scale = calloc(d->in, sizeof *d->scale);
    d->target_mean = calloc(d->targets, sizeof *d->target_mean);
    return d->feature && d->target && d->mean && d->scale && d->target_mean;
}

static void free_names(char **names, size_t count)
{
    for (size_t i = 0; names && i < count; i++)
        free(names[i]);
    free(names);
}

void description_free(struct description *d)
{
    free_names(d->feature, d->features);
    free_names(d->target, d->targets);
    free(d->mean);
    free(d->scale);
    free(d->target_mean);
    *d = (struct description){0};
}

size_t description_modules(const struct description *d, struct lf_module modules[MOST_MODULES])
{
    size_t count = 0, width = d->in;
    for (size_t i = 0; i < d->hidden_count; i++) {
        modules[count++] = lf_module_linear(width, d->hidden[i]);
        modules[count++] = lf_module_activation(d->activation);
        width = d->hidden[i];
    }
    modules[count++] = lf_module_linear(width, d->targets);
    return count;
}

/* ---- Rows --------------------------------------------------------------------------------- */

/* p[k-1] = P_k(t), by (k + 1) P_(k+1) = (2 k + 1) t P_k - k P_(k-1). */
static void legendre(size_t degree, double t, double *p)
{
    double before = 1, now = t;
    for (size_t k = 1; k <= degree; k++) {
        p[k - 1] = now;
        const double next =
            ((double)(2 * k + 1) * (t * now) - (double)k * before) / (double)(k + 1);
        before = now;
        now = next;
    }
}

void description_basis(const struct description *d, size_t rows, const double *features,
                       size_t stride, double *out)
{
    for (size_t r = 0; r < rows; r++, features += stride, out += d->in) {
        if (d->degree > 0)
            legendre(d->degree,
                     (features[0] - d->low + (features[0] - d->high)) / (d->high - d->low), out);
        else
            memcpy(out, features, d->in * sizeof *out);
    }
}

static void store(enum lf_dtype dtype, void *vector, size_t i, double value)
{
    if (dtype == LF_F32)
        ((float *)vector)[i] = (float)value;
    else
        ((double *)vector)[i] = value;
}

void description_scale(const struct description *d, const double *basis, void *x)
{
    for (size_t i = 0; i < d->in; i++)
        store(d->dtype, x, i, (basis[i] - d->mean[i]) / d->scale[i]);
}

void description_scale_targets(const struct description *d, const double *targets, void *y)
{
    for (size_t i = 0; i < d->targets; i++)
        store(d->dtype, y, i, (targets[i] - d->target_mean[i]) / d->target_scale);
}

double description_response(const struct description *d, size_t i, double output)
{
    const int is_logit = d->loss == LF_BCE_WITH_LOGITS_LOSS;
    if (!is_logit && d->loss != LF_POISSON_NLL_LOSS)
        return d->target_mean[i] + d->target_scale * output;
    /* The kernels' own functions have the same bits on every machine. */
    double response;
    lf_kernels_best()->f64.activation(is_logit ? LF_SIGMOID : LF_EXP, 1, &output, &response);
    return response;
}

double description_loss(const struct description *d, double loss)
{
    return loss * (d->loss == LF_L1_LOSS ? d->target_scale : d->target_scale * d->target_scale);
}

double description_scaled_delta(const struct description *d)
{
    return d->delta / d->target_scale;
}

/* ---- Coefficients ------------------------------------------------------------------------- */

size_t description_coefficients(const struct description *d)
{
    return d->hidden_count > 0 ? 0 : d->in + 1;
}

static double element_of(const struct lf_parameter *parameter, enum lf_dtype dtype, size_t i)
{
    const void *value = lf_parameter_value(parameter);
    return dtype == LF_F32 ? (double)((const float *)value)[i] : ((const double *)value)[i];
}

/* The powers of t in the sum of legendre[k] P_k(t), k = 0 .. degree. */
static void powers_of_t(size_t degree, const double *legendre, double *power)
{
    double before[MOST_DEGREE + 1] = {1}, now[MOST_DEGREE + 1] = {0, 1}, next[MOST_DEGREE + 1];
    memset(power, 0, (degree + 1) * sizeof *power);
    power[0] = legendre[0];
    for (size_t k = 1; k <= degree; k++) {
        for (size_t i = 0; i <= k; i++)
            power[i] += legendre[k] * now[i];
        if (k == degree)
            break;
        for (size_t i = 0; i <= k + 1; i++) {
            const double shifted = i > 0 ? now[i - 1] : 0, old = i <= k - 1 ? before[i] : 0;
            next[i] = ((double)(2 * k + 1) * shifted - (double)k * old) / (double)(k + 1);
        }
        memcpy(before, now, sizeof before);
        memcpy(now, next, (k + 2) * sizeof *now);
    }
}

/* The powers of x in the sum of t[k] (slope x + shift)^k, by Horner's rule. */
static void powers_of_x(size_t degree, const double *t, double slope, double shift, double *x)
{
    memset(x, 0, (degree + 1) * sizeof *x);
    for (size_t k = degree + 1; k-- > 0;) {
        for (size_t i = degree; i > 0; i--)
            x[i] = x[i] * shift + x[i - 1] * slope;
        x[0] = x[0] * shift + t[k];
    }
}

void description_unscale(const struct description *d, const struct lf_layer *layer, size_t i,
                         double *coefficient)
{
    double *slope = coefficient + 1, intercept = element_of(&layer->bias, d->dtype, i);
    intercept = d->target_mean[i] + d->target_scale * intercept;
    for (size_t j = 0; j < d->in; j++) {
        slope[j] =
            d->target_scale * element_of(&layer->weight, d->dtype, i * d->in + j) / d->scale[j];
        intercept -= slope[j] * d->mean[j];
    }
    coefficient[0] = intercept;
    if (d->degree == 0)
        return;
    const double range = d->high - d->low;
    double of_t[MOST_DEGREE + 1];
    powers_of_t(d->degree, coefficient, of_t);
    powers_of_x(d->degree, of_t, 2 / range, -(d->low + d->high) / range, coefficient);
}

const char *description_coefficient_name(const struct description *d, size_t j)
{
    static char power[256];
    if (j == 0)
        return "(intercept)";
    if (d->degree == 0)
        return d->feature[j - 1];
    if (j == 1)
        return d->feature[0];
    snprintf(power, sizeof power, "%.200s^%zu", d->feature[0], j);
    return power;
}
