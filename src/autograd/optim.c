/* SPDX-License-Identifier: MIT */
/* Optimizers and clipped gradients. */
#ifndef REAL
#include "model.h"
#include "optim.h"

#include <math.h>
#include <stdlib.h>

static int in_range(double x, double low, double below)
{
    return x >= low && x < below;
}

static int are_valid(const struct lf_optimizer_options *o)
{
    if (!in_range(o->lr, 0, INFINITY) || !in_range(o->weight_decay, 0, INFINITY))
        return 0;
    if (o->kind == LF_SGD)
        return in_range(o->momentum, 0, INFINITY) && (!o->nesterov || o->momentum > 0);
    return (o->kind == LF_ADAM || o->kind == LF_ADAMW) && in_range(o->beta1, 0, 1) &&
           in_range(o->beta2, 0, 1) && in_range(o->eps, 0, INFINITY);
}

/* The product with b to twice the precision of a double: a power of any number of steps, rounded,
 * is the power in all but a few cases, as Python's is. T. J. Dekker, Numer. Math. 18, 1971. */
static void multiply(struct lf_double_double *a, double b)
{
    double product = a->high * b;
    double rest = __builtin_fma(a->high, b, -product) + a->low * b;
    a->high = product + rest;
    a->low = rest - (a->high - product);
}

#include "../kernels/type_f32.h"
#include "optim.c"

#include "../kernels/type_f64.h"
#include "optim.c"

#undef REAL

lf_status lf_optimizer_create(struct lf_optimizer **optimizer, struct lf_model *model,
                              const struct lf_optimizer_options *options)
{
    if (!optimizer)
        return LF_INVALID;
    *optimizer = NULL;
    if (!model || !options || !are_valid(options))
        return LF_INVALID;
    struct lf_optimizer *o = calloc(1, sizeof *o);
    if (!o)
        return LF_NO_MEMORY;
    o->model = model;
    o->options = *options;
    o->size = model->size;
    o->power1 = o->power2 = (struct lf_double_double){1, 0};
    const int adam = options->kind != LF_SGD, velocity = !adam && options->momentum != 0;
    if (adam || velocity)
        o->mean = lf_flat_vector(model->dtype, model->size);
    if (adam)
        o->square = lf_flat_vector(model->dtype, model->size);
    if (((adam || velocity) && !o->mean) || (adam && !o->square)) {
        lf_optimizer_destroy(o);
        return LF_NO_MEMORY;
    }
    if (velocity && model->dtype == LF_F32)
        begin_velocity_f32(o);
    else if (velocity)
        begin_velocity_f64(o);
    *optimizer = o;
    return LF_OK;
}

void lf_optimizer_destroy(struct lf_optimizer *optimizer)
{
    if (!optimizer)
        return;
    free(optimizer->mean);
    free(optimizer->square);
    free(optimizer);
}

lf_status lf_optimizer_step(struct lf_optimizer *optimizer)
{
    if (!optimizer || optimizer->size != optimizer->model->size)
        return LF_INVALID;
    optimizer->steps++;
    optimizer->model->version++;
    if (optimizer->options.kind != LF_SGD) {
        multiply(&optimizer->power1, optimizer->options.beta1);
        multiply(&optimizer->power2, optimizer->options.beta2);
    }
    if (optimizer->model->dtype == LF_F32)
        step_f32(optimizer);
    else
        step_f64(optimizer);
    return LF_OK;
}

lf_status lf_optimizer_set_lr(struct lf_optimizer *optimizer, double lr)
{
    if (!optimizer || !in_range(lr, 0, INFINITY))
        return LF_INVALID;
    optimizer->options.lr = lr;
    return LF_OK;
}

double lf_optimizer_lr(const struct lf_optimizer *optimizer)
{
    return optimizer ? optimizer->options.lr : NAN;
}

uint64_t lf_optimizer_steps(const struct lf_optimizer *optimizer)
{
    return optimizer ? optimizer->steps : 0;
}

lf_status lf_clip_grad_value(struct lf_model *model, double limit)
{
    if (!model || !(limit >= 0))
        return LF_INVALID;
    if (model->dtype == LF_F32)
        clip_value_f32(model, (float)limit);
    else
        clip_value_f64(model, limit);
    return LF_OK;
}

double lf_clip_grad_norm(struct lf_model *model, double max_norm)
{
    if (!model || !(max_norm >= 0))
        return NAN;
    return model->dtype == LF_F32 ? clip_norm_f32(model, max_norm) : clip_norm_f64(model, max_norm);
}
#else

/* An empty sum: the first velocity is the gradient itself. */
static void TYPED(begin_velocity)(struct lf_optimizer *o)
{
    for (size_t i = 0; i < o->size; i++)
        ((REAL *)o->mean)[i] = (REAL)-0.0;
}

static void TYPED(step)(struct lf_optimizer *optimizer)
{
    const struct lf_optimizer_options *o = &optimizer->options;
    struct lf_model *model = optimizer->model;
    if (o->kind == LF_SGD) {
        const struct TYPED(lf_sgd)
            sgd = {(REAL)o->lr, (REAL)o->momentum, (REAL)o->weight_decay, o->nesterov};
        KERNELS(model->kernels)->sgd(model->size, &sgd, model->grad, optimizer->mean, model->value);
        return;
    }
    const int decoupled = o->kind == LF_ADAMW;
    const struct TYPED(lf_adam)
        adam = {.beta1 = (REAL)o->beta1,
                .gain1 = (REAL)(1 - o->beta1),
                .beta2 = (REAL)o->beta2,
                .gain2 = (REAL)(1 - o->beta2),
                .step_size = (REAL)(o->lr / (1 - optimizer->power1.high)),
                .bias_correction2_sqrt = (REAL)sqrt(1 - optimizer->power2.high),
                .eps = (REAL)o->eps,
                .weight_decay = (REAL)(decoupled ? 0 : o->weight_decay),
                .keep = (REAL)(decoupled ? 1 - o->lr * o->weight_decay : 1)};
    KERNELS(model->kernels)
        ->adam(model->size, &adam, model->grad, optimizer->mean, optimizer->square, model->value);
}

static void TYPED(clip_value)(struct lf_model *model, REAL limit)
{
    REAL *grad = model->grad;
    for (size_t i = 0; i < model->size; i++)
        grad[i] = grad[i] > limit ? limit : grad[i] < -limit ? -limit : grad[i];
}

/* The Euclidean norm in double, scaled by a power of two so that no square is out of range. */
static double TYPED(norm_of)(size_t n, const REAL *x)
{
    enum { CHAINS = 8 };
    double largest = 0, sum[CHAINS] = {0};
    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i]))
            return NAN;
        largest = fmax(largest, fabs((double)x[i]));
    }
    if (largest == 0 || isinf(largest))
        return largest;
    const double scale = ldexp(1, -(ilogb(largest) > -1000 ? ilogb(largest) : -1000));
    for (size_t i = 0; i < n; i++) {
        double y = (double)x[i] * scale;
        sum[i % CHAINS] += y * y;
    }
    for (int width = CHAINS / 2; width > 0; width /= 2)
        for (int i = 0; i < width; i++)
            sum[i] += sum[i + width];
    return sqrt(sum[0]) / scale;
}

static double TYPED(clip_norm)(struct lf_model *model, double max_norm)
{
    REAL *grad = model->grad;
    double norm = TYPED(norm_of)(model->size, grad), scale = max_norm / (norm + 1e-6);
    for (size_t i = 0; i < model->size; i++)
        grad[i] *= (REAL)(scale > 1 ? 1 : scale);
    return norm;
}
#endif
