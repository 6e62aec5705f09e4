/* SPDX-License-Identifier: MIT */
#include "cases.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { OUTPUT = LF_OPERANDS - 1 };

static size_t row_stride(const struct lf_shape *s)
{
    return s->column_major ? 1 : s->in + s->pad;
}

static size_t col_stride(const struct lf_shape *s)
{
    return s->column_major ? s->rows + s->pad : 1;
}

static size_t x_count(const struct lf_shape *s)
{
    return s->column_major ? s->in * (s->rows + s->pad) : s->rows * (s->in + s->pad);
}

/* ---- Bounds ------------------------------------------------------------------------------ */

/* The contract's lanes, from the words of kernels.h. */
static size_t row_lanes(size_t in, size_t out, size_t v)
{
    if (out == 1)
        return in > 16 ? 1 : v;
    for (size_t lanes = 1; lanes < v; lanes *= 2)
        if (lanes * in * out >= 4 * v)
            return lanes;
    return v;
}

/* How many roundings a sum of n products over `lanes` lanes passes through at most. */
static long double depth(size_t n, size_t lanes)
{
    long double halvings = 0;
    for (size_t l = lanes; l > 1; l /= 2)
        halvings++;
    return (long double)((n + lanes - 1) / lanes) + halvings;
}

/* gamma_n = n u / (1 - n u): N. Higham, Accuracy and Stability of Numerical Algorithms, 3.1. */
static long double gamma_of(long double n, long double u)
{
    return n * u / (1 - n * u);
}

/* ---- Runs and oracles, per type ----------------------------------------------------------- */

#define REAL float
#define UNIT (0.5L * (long double)FLT_EPSILON)
#define TYPED(name) name##_f32
#define TYPED_FIELD f32
#include "cases.inl.h"
#undef REAL
#undef UNIT
#undef TYPED
#undef TYPED_FIELD

#define REAL double
#define UNIT (0.5L * (long double)DBL_EPSILON)
#define TYPED(name) name##_f64
#define TYPED_FIELD f64
#include "cases.inl.h"

/* ---- Operands and costs ------------------------------------------------------------------- */

static void affine_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    operand[0] = (struct lf_operand){LF_READ, x_count(s)};
    operand[1] = (struct lf_operand){LF_READ, s->in * s->out};
    operand[2] = (struct lf_operand){LF_READ, s->out};
    operand[OUTPUT] = (struct lf_operand){LF_WRITTEN, s->rows * s->out};
}

static void affine_grad_input_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    operand[0] = (struct lf_operand){LF_READ, s->rows * s->out};
    operand[1] = (struct lf_operand){LF_READ, s->in * s->out};
    operand[OUTPUT] = (struct lf_operand){LF_UPDATED, s->rows * s->in};
}

static void affine_grad_part_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    operand[0] = (struct lf_operand){LF_READ, x_count(s)};
    operand[1] = (struct lf_operand){LF_READ, s->rows * s->out};
    operand[OUTPUT] = (struct lf_operand){LF_WRITTEN, s->in * s->out + s->out};
}

static void affine_mse_part_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    affine_operands(s, operand);
    operand[3] = (struct lf_operand){LF_READ, s->rows * s->out};
    operand[OUTPUT] = (struct lf_operand){LF_WRITTEN, s->in * s->out + s->out + 1};
}

static void mse_part_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    operand[0] = operand[1] = (struct lf_operand){LF_READ, s->rows};
    operand[OUTPUT] = (struct lf_operand){LF_WRITTEN, 1};
}

static void mse_grad_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    operand[0] = operand[1] = (struct lf_operand){LF_READ, s->rows};
    operand[OUTPUT] = (struct lf_operand){LF_UPDATED, s->rows};
}

static void vector_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    operand[0] = (struct lf_operand){LF_READ, s->rows};
    operand[OUTPUT] = (struct lf_operand){LF_UPDATED, s->rows};
}

/* A multiply-add counts two. */
static double product_flops(const struct lf_shape *s)
{
    return 2.0 * (double)s->rows * (double)s->in * (double)s->out;
}

static double two_products_flops(const struct lf_shape *s)
{
    return 2 * product_flops(s);
}

static double one_flop(const struct lf_shape *s)
{
    return (double)s->rows;
}

static double two_flops(const struct lf_shape *s)
{
    return 2 * (double)s->rows;
}

static double three_flops(const struct lf_shape *s)
{
    return 3 * (double)s->rows;
}

static double four_flops(const struct lf_shape *s)
{
    return 4 * (double)s->rows;
}

#define ENTRY(name, dtype, suffix, flat, operands, flops)                                          \
    {                                                                                              \
#name, dtype, flat, operands, name##_run_##suffix, name##_oracle_##suffix, flops           \
    }
#define BOTH(name, flat, operands, flops)                                                          \
    ENTRY(name, LF_F32, f32, flat, operands, flops), ENTRY(name, LF_F64, f64, flat, operands, flops)

const struct lf_case lf_cases[] = {
    BOTH(affine, 0, affine_operands, product_flops),
    BOTH(affine_grad_input, 0, affine_grad_input_operands, product_flops),
    BOTH(affine_grad_part, 0, affine_grad_part_operands, product_flops),
    BOTH(affine_mse_part, 0, affine_mse_part_operands, two_products_flops),
    BOTH(mse_part, 1, mse_part_operands, three_flops),
    BOTH(mse_grad, 1, mse_grad_operands, four_flops),
    BOTH(add, 1, vector_operands, one_flop),
    BOTH(sgd, 1, vector_operands, two_flops),
};

const size_t lf_case_count = sizeof lf_cases / sizeof lf_cases[0];

double lf_case_bytes(const struct lf_case *c, const struct lf_shape *shape)
{
    struct lf_operand operand[LF_OPERANDS] = {{LF_UNUSED, 0}};
    double elements = 0;
    c->operands(shape, operand);
    for (size_t i = 0; i < LF_OPERANDS; i++)
        elements += (double)operand[i].count * (operand[i].role == LF_UPDATED ? 2 : 1);
    return elements * (c->dtype == LF_F32 ? 4 : 8);
}
