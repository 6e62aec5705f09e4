/* SPDX-License-Identifier: MIT */
/* Gradients beside difference quotients. */
#include "tape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS = 4 };

struct check {
    struct lf_model *model;
    struct lf_tape *tape;
    lf_objective f;
    void *context;
    double *start;    /* the parameters as they were */
    double *gradient; /* of f there */
};

/* The error of a gradient: its distance from the quotient beyond the noise, relative. */
static double error_of(double gradient, double quotient, double noise)
{
    double distance = fabs(gradient - quotient), larger = fmax(fabs(gradient), fabs(quotient));
    if (!isfinite(distance))
        return INFINITY;
    return distance <= noise ? 0 : (distance - noise) / larger;
}

static lf_status value_of(const struct check *c, double *value)
{
    lf_tape_reset(c->tape);
    lf_tape_set_grad(c->tape, 0);
    struct lf_tensor *y = c->f(c->tape, c->context);
    *value = lf_item(y);
    if (lf_tape_status(c->tape) == LF_OK && (!y || y->rows != 1 || y->cols != 1))
        return LF_SHAPE;
    return lf_tape_status(c->tape);
}

/* The quotient at start + t direction, from t = h, -h, 2h, -2h, and the size of its rounding error:
 * each value of f is taken to be within 16 u of it. */
static lf_status quotient_of(const struct check *c, const double *direction, double h,
                             double *quotient, double *noise)
{
    static const double at[POINTS] = {1, -1, 2, -2}, weight[POINTS] = {8, -8, -1, 1};
    double *value = c->model->value, sum = 0, largest = 0;
    for (int p = 0; p < POINTS; p++) {
        double y;
        for (size_t i = 0; i < c->model->size; i++)
            value[i] = c->start[i] + at[p] * h * direction[i];
        lf_status status = value_of(c, &y);
        if (status != LF_OK)
            return status;
        sum += weight[p] * y;
        largest = fmax(largest, fabs(y));
    }
    *quotient = sum / (12 * h);
    *noise = 16 * 0x1p-53 * largest * 18 / (12 * h);
    return LF_OK;
}

static lf_status gradient_of(const struct check *c)
{
    lf_tape_reset(c->tape);
    lf_model_zero_grad(c->model);
    lf_status status = lf_backward(c->tape, c->f(c->tape, c->context));
    if (status == LF_OK)
        memcpy(c->gradient, c->model->grad, c->model->size * sizeof(double));
    return status;
}

/* Element i of the flat vector, if it is the worst so far. */
static void note(const struct check *c, size_t i, double quotient, double error,
                 struct lf_gradcheck *result)
{
    if (result->parameter.model && error <= result->error)
        return;
    size_t p = 0;
    while (p + 1 < c->model->entry_count && c->model->entries[p + 1].offset <= i)
        p++;
    lf_model_parameter(c->model, p, &result->parameter);
    result->element = i - result->parameter.offset;
    result->gradient = c->gradient[i];
    result->quotient = quotient;
    result->error = error;
}

static lf_status check_elements(const struct check *c, double *direction,
                                struct lf_gradcheck *result)
{
    lf_status status = LF_OK;
    memset(direction, 0, c->model->size * sizeof *direction);
    for (size_t i = 0; i < c->model->size && status == LF_OK; i++) {
        double quotient, noise;
        direction[i] = 1;
        status = quotient_of(c, direction, 0x1p-10 * fmax(1, fabs(c->start[i])), &quotient, &noise);
        direction[i] = 0;
        if (status == LF_OK)
            note(c, i, quotient, error_of(c->gradient[i], quotient, noise), result);
    }
    return status;
}

static lf_status check_direction(const struct check *c, double *direction,
                                 struct lf_gradcheck *result)
{
    uint32_t word = 1;
    double noise;
    for (size_t i = 0; i < c->model->size; i++) {
        word = word * 1664525u + 1013904223u; /* any signs will do */
        direction[i] = copysign(fmax(1, fabs(c->start[i])), word >> 31 ? 1 : -1);
        result->directional_gradient += direction[i] * c->gradient[i];
    }
    lf_status status = quotient_of(c, direction, 0x1p-10, &result->directional_quotient, &noise);
    result->directional_error =
        error_of(result->directional_gradient, result->directional_quotient, noise);
    return status;
}

lf_status lf_gradcheck(struct lf_model *model, lf_objective f, void *context, double tolerance,
                       struct lf_gradcheck *result)
{
    if (!result)
        return LF_INVALID;
    *result = (struct lf_gradcheck){0};
    if (!model || model->dtype != LF_F64 || model->size == 0 || !f || !(tolerance >= 0))
        return LF_INVALID;
    size_t bytes = model->size * sizeof(double);
    struct check c = {.model = model, .f = f, .context = context};
    double *before = lf_flat_vector(LF_F64, model->size);
    double *direction = lf_flat_vector(LF_F64, model->size);
    c.start = lf_flat_vector(LF_F64, model->size);
    c.gradient = lf_flat_vector(LF_F64, model->size);
    lf_status status = lf_tape_create(&c.tape, model);
    if (!before || !direction || !c.start || !c.gradient)
        status = LF_NO_MEMORY;
    if (status == LF_OK) {
        memcpy(c.start, model->value, bytes);
        memcpy(before, model->grad, bytes);
        status = gradient_of(&c);
        if (status == LF_OK)
            status = check_direction(&c, direction, result);
        if (status == LF_OK)
            status = check_elements(&c, direction, result);
        memcpy(model->value, c.start, bytes);
        memcpy(model->grad, before, bytes);
    }
    lf_tape_destroy(c.tape);
    free(before);
    free(direction);
    free(c.start);
    free(c.gradient);
    if (status != LF_OK)
        *result = (struct lf_gradcheck){0};
    else
        result->passed = result->error <= tolerance && result->directional_error <= tolerance;
    return status;
}
