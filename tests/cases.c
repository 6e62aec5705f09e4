/* SPDX-License-Identifier: MIT */
#include "cases.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { OUTPUT = LF_OPERANDS - 1, SEED = 1024 };

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

#include "cases_exact.inl.h"

/* ---- Runs and oracles, per type ----------------------------------------------------------- */

#define V (64 / sizeof(REAL))

#define REAL double
#define UNIT (0.5L * (long double)DBL_EPSILON)
#define TYPED(name) name##_f64
#define TYPED_FIELD f64
#define TYPED_FMA fma
#include "cases_typed.inl.h"
#undef REAL
#undef UNIT
#undef TYPED
#undef TYPED_FIELD
#undef TYPED_FMA

#define REAL float
#define UNIT (0.5L * (long double)FLT_EPSILON)
#define TYPED(name) name##_f32
#define TYPED_FIELD f32
#define TYPED_FMA fmaf
#include "cases_typed.inl.h"

/* ---- Operands ------------------------------------------------------------------------------ */

static struct lf_operand reads(size_t count)
{
    return (struct lf_operand){LF_READ, count, 0};
}

static struct lf_operand reads_positive(size_t count)
{
    return (struct lf_operand){LF_READ, count, 1};
}

static struct lf_operand writes(size_t count)
{
    return (struct lf_operand){LF_WRITTEN, count, 0};
}

static struct lf_operand updates(size_t count)
{
    return (struct lf_operand){LF_UPDATED, count, 0};
}

static size_t weight_count(const struct lf_shape *s)
{
    return s->row_weights ? s->rows : 0;
}

static void affine_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    operand[0] = reads(x_count(s));
    operand[1] = reads(s->in * s->out);
    operand[2] = reads(s->no_bias ? 0 : s->out);
    operand[OUTPUT] = writes(s->rows * s->out);
}

static void affine_grad_input_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    operand[0] = reads(s->rows * s->out);
    operand[1] = reads(s->in * s->out);
    operand[OUTPUT] = updates(s->rows * s->in);
}

static void affine_grad_part_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    operand[0] = reads(x_count(s));
    operand[1] = reads(s->rows * s->out);
    operand[OUTPUT] = writes(s->in * s->out + s->out);
}

static void affine_loss_part_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    affine_operands(s, operand);
    operand[3] = reads_positive(s->rows * s->out);
    operand[4] = reads_positive(weight_count(s));
    operand[OUTPUT] = writes(s->in * s->out + s->out + 1);
}

static void loss_part_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    operand[0] = reads(s->rows * s->out);
    operand[1] = reads_positive(s->rows * s->out);
    operand[2] = reads_positive(weight_count(s));
    operand[OUTPUT] = writes(1);
}

static void loss_grad_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    loss_part_operands(s, operand);
    operand[OUTPUT] = updates(s->rows * s->out);
}

static void column_moments_part_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    operand[0] = reads(x_count(s));
    operand[1] = reads(s->no_bias ? 0 : s->in);
    operand[OUTPUT] = writes(2 * s->in);
}

static void gram_part_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    operand[0] = reads(x_count(s));
    operand[1] = reads(s->rows * s->out);
    operand[2] = reads_positive(weight_count(s));
    operand[OUTPUT] = writes((s->in + s->out) * (s->in + 1));
}

static void axpy_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    operand[0] = reads(s->rows);
    operand[OUTPUT] = updates(s->rows);
}

static void sum_part_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    operand[0] = reads(s->rows);
    operand[OUTPUT] = writes(1);
}

static void dot_part_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    operand[0] = operand[1] = reads(s->rows);
    operand[OUTPUT] = writes(1);
}

static void parts_finish_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    operand[0] = reads(s->rows * s->in);
    operand[1] = (struct lf_operand){LF_SCRATCH, lf_part_slots(s->rows) * s->in, 0};
    operand[OUTPUT] = updates(s->in);
}

static void activation_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    operand[0] = reads(s->rows);
    operand[OUTPUT] = writes(s->rows);
}

static void log_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    operand[0] = reads_positive(s->rows);
    operand[OUTPUT] = writes(s->rows);
}

static void activation_grad_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    operand[0] = operand[1] = reads(s->rows);
    operand[OUTPUT] = updates(s->rows);
}

static void momentum_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    operand[0] = reads(s->rows);
    operand[1] = operand[OUTPUT] = updates(s->rows);
}

static void adam_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    operand[0] = reads(s->rows);
    operand[1] = operand[OUTPUT] = updates(s->rows);
    operand[2] = (struct lf_operand){LF_UPDATED, s->rows, 1};
}

static void draw_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    operand[OUTPUT] = writes(s->rows);
}

static void draw_lanes_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    operand[OUTPUT] = writes(s->rows * LF_LANES);
}

static void online_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    (void)s;
    operand[OUTPUT] = updates(2);
}

static void online_rows_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    operand[0] = reads(s->rows);
    operand[1] = reads(s->rows);
    operand[2] = writes(s->rows);
    operand[3] = writes(1);
    operand[OUTPUT] = updates(2);
}

static void online_strided_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    online_rows_operands(s, operand);
    operand[0] = reads(2 * s->rows);
    operand[1] = reads(3 * s->rows);
}

static void online_lanes_operands(const struct lf_shape *s, struct lf_operand operand[])
{
    operand[OUTPUT] = updates((s->in + 1) * LF_LANES);
}

/* ---- Costs: a multiply-add counts two, an elementary function one -------------------------- */

#define FLOPS(name, expression)                                                                    \
    static double name##_flops(const struct lf_shape *s)                                           \
    {                                                                                              \
        return (double)s->rows * (expression);                                                     \
    }
FLOPS(no, 0)
FLOPS(one, 1)
FLOPS(two, 2)
FLOPS(four, 4)
FLOPS(ten, 10)
FLOPS(out_four, 4 * (double)s->out)
FLOPS(in_one, (double)s->in)
FLOPS(in_four, 4 * (double)s->in)
FLOPS(in_eight, 8 * (double)s->in)
FLOPS(lanes, LF_LANES *(8 * (double)s->in))
FLOPS(product, 2 * (double)s->in * (double)s->out)
FLOPS(two_products, 4 * (double)s->in * (double)s->out)
FLOPS(gram, 2 * (double)s->in * (double)(s->in + s->out))

/* ---- The registry -------------------------------------------------------------------------- */

#define ENTRY(name, dtype, suffix, uses, variant, text, operands, flops)                           \
    {                                                                                              \
        name, dtype, uses, variant, operands##_operands, text##_run_##suffix,                      \
            text##_oracle_##suffix, flops##_flops                                                  \
    }
#define BOTH(name, uses, variant, text, operands, flops)                                           \
    ENTRY(name, LF_F32, f32, uses, variant, text, operands, flops),                                \
        ENTRY(name, LF_F64, f64, uses, variant, text, operands, flops)

#define MATRIX (LF_HAS_IN | LF_HAS_OUT)
#define LOSSES(name, uses, text, flops)                                                            \
    BOTH(name "/mse_loss", uses, LF_MSE_LOSS, text, text, flops),                                  \
        BOTH(name "/l1_loss", uses, LF_L1_LOSS, text, text, flops),                                \
        BOTH(name "/huber_loss", uses, LF_HUBER_LOSS, text, text, flops),                          \
        BOTH(name "/bce_with_logits", uses, LF_BCE_WITH_LOGITS_LOSS, text, text, flops),           \
        BOTH(name "/poisson_nll_loss", uses, LF_POISSON_NLL_LOSS, text, text, flops)
#define ACTIVATIONS(name, text, operands, log_operands, flops)                                     \
    BOTH(name "/relu", LF_ANY_ROWS, LF_RELU, text, operands, flops),                               \
        BOTH(name "/tanh", LF_ANY_ROWS, LF_TANH, text, operands, flops),                           \
        BOTH(name "/sigmoid", LF_ANY_ROWS, LF_SIGMOID, text, operands, flops),                     \
        BOTH(name "/softplus", LF_ANY_ROWS, LF_SOFTPLUS, text, operands, flops),                   \
        BOTH(name "/gelu", LF_ANY_ROWS, LF_GELU, text, operands, flops),                           \
        BOTH(name "/exp", LF_ANY_ROWS, LF_EXP, text, operands, flops),                             \
        BOTH(name "/log", LF_ANY_ROWS, LF_LOG, text, log_operands, flops)

const struct lf_case lf_cases[] = {
    BOTH("affine", MATRIX | LF_HAS_LAYOUT | LF_HAS_BIAS, 0, affine, affine, product),
    BOTH("affine_grad_input", MATRIX, 0, affine_grad_input, affine_grad_input, product),
    BOTH("affine_grad_part", MATRIX | LF_HAS_LAYOUT, 0, affine_grad_part, affine_grad_part,
         product),
    LOSSES("affine_loss_part", MATRIX | LF_HAS_LAYOUT | LF_HAS_BIAS | LF_HAS_WEIGHTS,
           affine_loss_part, two_products),
    LOSSES("loss_part", LF_HAS_OUT | LF_HAS_WEIGHTS, loss_part, out_four),
    LOSSES("loss_grad", LF_HAS_OUT | LF_HAS_WEIGHTS, loss_grad, out_four),
    ACTIVATIONS("activation", activation, activation, log, one),
    ACTIVATIONS("activation_grad", activation_grad, activation_grad, activation_grad, four),
    BOTH("sgd", LF_ANY_ROWS, 0, sgd, axpy, two),
    BOTH("sgd/weight_decay", LF_ANY_ROWS, 4, sgd, axpy, four),
    BOTH("sgd/momentum", LF_ANY_ROWS, 1, sgd, momentum, four),
    BOTH("sgd/nesterov", LF_ANY_ROWS, 7, sgd, momentum, ten),
    BOTH("adam", LF_ANY_ROWS, 0, adam, adam, ten),
    BOTH("adam/weight_decay", LF_ANY_ROWS, 1, adam, adam, ten),
    BOTH("adam/adamw", LF_ANY_ROWS, 2, adam, adam, ten),
    BOTH("axpy", LF_ANY_ROWS, 0, axpy, axpy, two),
    BOTH("sum_part", 0, 0, sum_part, sum_part, one),
    BOTH("dot_part", 0, 1, dot_part, dot_part, two),
    BOTH("parts_finish", LF_HAS_IN, 0, parts_finish, parts_finish, in_one),
    BOTH("column_moments_part", LF_HAS_IN | LF_HAS_LAYOUT | LF_HAS_BIAS, 0, column_moments_part,
         column_moments_part, in_four),
    BOTH("gram_part", MATRIX | LF_HAS_LAYOUT | LF_HAS_WEIGHTS, 0, gram_part, gram_part, gram),
    BOTH("uniform", LF_ANY_ROWS, 0, uniform, draw, no),
    BOTH("uniform_lanes", 0, 0, uniform_lanes, draw_lanes, no),
    BOTH("normal", LF_ANY_ROWS, 0, normal, draw, no),
    BOTH("online_linear", LF_CHAIN_LINEAR, 0, online, online, in_eight),
    BOTH("online_shared", LF_CHAIN_SHARED, 1, online, online, in_eight),
    BOTH("online_rows", LF_ANY_ROWS | LF_CHAIN_LINEAR, 0, online_rows, online_rows, in_eight),
    BOTH("online_rows/strided", LF_ANY_ROWS | LF_CHAIN_LINEAR, 1, online_rows, online_strided,
         in_eight),
    BOTH("online_linear_lanes", LF_FEW_IN | LF_CHAIN_LINEAR, 0, online_lanes, online_lanes, lanes),
    BOTH("online_shared_lanes", LF_CHAIN_SHARED, 1, online_lanes, online_lanes, lanes),
};

const size_t lf_case_count = sizeof lf_cases / sizeof lf_cases[0];

struct lf_shape lf_case_shape(const struct lf_case *c, const struct lf_shape *shape)
{
    struct lf_shape s = *shape;
    if (!(c->uses & LF_HAS_IN))
        s.in = c->uses & LF_FEW_IN && s.in > 1 ? (s.in - 1) % LF_LANES_INPUTS + 1 : 1;
    if (!(c->uses & LF_HAS_OUT))
        s.out = 1;
    s.column_major &= (c->uses & LF_HAS_LAYOUT) != 0;
    s.pad *= (c->uses & LF_HAS_LAYOUT) != 0;
    s.no_bias &= (c->uses & LF_HAS_BIAS) != 0;
    s.row_weights &= (c->uses & LF_HAS_WEIGHTS) != 0;
    return s;
}

double lf_case_bytes(const struct lf_case *c, const struct lf_shape *shape)
{
    struct lf_operand operand[LF_OPERANDS] = {{LF_UNUSED, 0, 0}};
    double elements = 0;
    c->operands(shape, operand);
    for (size_t i = 0; i < LF_OPERANDS; i++)
        elements += (double)operand[i].count * (operand[i].role == LF_UPDATED ? 2 : 1);
    return elements * (c->dtype == LF_F32 ? 4 : 8);
}
