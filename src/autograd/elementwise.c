/* SPDX-License-Identifier: MIT */
/* Functions of one operand, element by element. */
#ifndef REAL
#include "tape.h"

#include <math.h>
#include <sleef.h>

/* Of SLEEF's families that give one answer everywhere this is the one that needs no fused
 * multiply-add, and so no flags of an instruction set. */
#define POW_f32 Sleef_cinz_powf1_u10purec
#define POW_f64 Sleef_cinz_powd1_u10purec

/* The square root rounds once. */
#define ROOT_f32 sqrtf
#define ROOT_f64 sqrt

static enum lf_activation kind_of(const struct lf_tensor *tensor);

#define LF_TEXT "elementwise.c"
#include "each_type.h"

static const struct lf_op scale_op = LF_OP("scale", scale);
static const struct lf_op negate_op = LF_OP("negate", scale);
static const struct lf_op square_op = LF_OP("square", square);
static const struct lf_op power_op = LF_OP("power", power);

/* Indexed by enum lf_activation. */
static const struct lf_op activate_ops[] = {LF_OP("relu", activate),    LF_OP("tanh", activate),
                                            LF_OP("sigmoid", activate), LF_OP("softplus", activate),
                                            LF_OP("gelu", activate),    LF_OP("exp", activate),
                                            LF_OP("log", activate)};

static const size_t activations = sizeof activate_ops / sizeof activate_ops[0];

static enum lf_activation kind_of(const struct lf_tensor *tensor)
{
    return (enum lf_activation)(tensor->op - activate_ops);
}

/* An operation that keeps the shape of x. */
static struct lf_tensor *unary(const struct lf_op *op, struct lf_tensor *x, double factor)
{
    struct lf_tape *tape = lf_tape_of(op->name, x, x);
    if (!tape || !lf_tensor_make_dense(x))
        return NULL;
    struct lf_tensor *y = lf_tape_record(tape, op, x->rows, x->cols, x, NULL);
    if (!y)
        return NULL;
    y->factor = factor;
    return lf_tape_compute(y);
}

struct lf_tensor *lf_scale(struct lf_tensor *x, double factor)
{
    return unary(&scale_op, x, factor);
}

struct lf_tensor *lf_negate(struct lf_tensor *x)
{
    return unary(&negate_op, x, -1);
}

struct lf_tensor *lf_square(struct lf_tensor *x)
{
    return unary(&square_op, x, 0);
}

struct lf_tensor *lf_power(struct lf_tensor *x, double exponent)
{
    struct lf_tape *tape = lf_tape_of(power_op.name, x, x);
    if (tape && !isfinite(tape->model->dtype == LF_F32 ? (double)(float)exponent : exponent)) {
        lf_tape_fail(tape, LF_INVALID, power_op.name,
                     "the exponent of a %zu x %zu tensor is not finite in the model's type",
                     x->rows, x->cols);
        return NULL;
    }
    return unary(&power_op, x, exponent);
}

struct lf_tensor *lf_activate(struct lf_tensor *x, enum lf_activation kind)
{
    if (kind < activations)
        return unary(&activate_ops[kind], x, 0);
    struct lf_tape *tape = lf_tape_of("activate", x, x);
    if (tape)
        lf_tape_fail(tape, LF_INVALID, "activate", "there is no activation %d", (int)kind);
    return NULL;
}
#else

/* The loops of an operation y of one operand: over its elements i, with x[i] and y[i], or dx[i],
 * x[i], y[i] and g[i]. */
#define FORWARD(expression)                                                                        \
    const REAL *x = t->input[0]->value;                                                            \
    REAL *y = t->value;                                                                            \
    for (size_t i = 0; i < t->rows * t->cols; i++)                                                 \
        y[i] = expression;                                                                         \
    return 1

#define BACKWARD(expression)                                                                       \
    const REAL *x = t->input[0]->value, *g = t->grad;                                              \
    REAL *dx = lf_tensor_open_grad(t->input[0]);                                                   \
    for (size_t i = 0; dx && i < t->rows * t->cols; i++)                                           \
        dx[i] += expression;                                                                       \
    (void)x;                                                                                       \
    return dx != NULL

static int TYPED(scale_forward)(struct lf_tensor *t)
{
    const REAL factor = (REAL)t->factor;
    FORWARD(factor * x[i]);
}

static int TYPED(scale_backward)(struct lf_tensor *t)
{
    const REAL factor = (REAL)t->factor;
    BACKWARD(factor * g[i]);
}

static int TYPED(square_forward)(struct lf_tensor *t)
{
    FORWARD(x[i] * x[i]);
}

static int TYPED(square_backward)(struct lf_tensor *t)
{
    BACKWARD(g[i] * (2 * x[i]));
}

static REAL TYPED(power_of)(REAL x, REAL exponent)
{
    if (exponent == 0)
        return 1;
    if (exponent == 1)
        return x;
    if (exponent == 2)
        return x * x;
    if (exponent == 3)
        return x * x * x;
    if (exponent == (REAL)0.5)
        return TYPED(ROOT)(x);
    if (exponent == (REAL)-0.5)
        return 1 / TYPED(ROOT)(x);
    if (exponent == -1)
        return 1 / x;
    if (exponent == -2)
        return 1 / (x * x);
    return TYPED(POW)(x, exponent);
}

static int TYPED(power_forward)(struct lf_tensor *t)
{
    const REAL exponent = (REAL)t->factor;
    FORWARD(TYPED(power_of)(x[i], exponent));
}

static int TYPED(power_backward)(struct lf_tensor *t)
{
    const REAL exponent = (REAL)t->factor;
    BACKWARD(exponent == 0 ? 0 : g[i] * (exponent * TYPED(power_of)(x[i], exponent - 1)));
}
#undef FORWARD
#undef BACKWARD

static int TYPED(activate_forward)(struct lf_tensor *t)
{
    table_of(t)->activation(kind_of(t), t->rows * t->cols, t->input[0]->value, t->value);
    return 1;
}

static int TYPED(activate_backward)(struct lf_tensor *t)
{
    REAL *dx = lf_tensor_open_grad(t->input[0]);
    if (dx)
        table_of(t)->activation_grad(kind_of(t), t->rows * t->cols, t->input[0]->value, t->value,
                                     t->grad, dx);
    return dx != NULL;
}
#endif
