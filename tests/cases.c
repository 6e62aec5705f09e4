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

/* The same of the products of one output. */
static long double chain_depth(size_t in, size_t out, size_t v)
{
    return in > 16 && out <= 3 ? depth(in, v) : (long double)in;
}

/* gamma_n = n u / (1 - n u): N. Higham, Accuracy and Stability of Numerical Algorithms, 3.1. */
static long double gamma_of(long double n, long double u)
{
    return n * u / (1 - n * u);
}

/* ---- Losses: exact, with the error of a correct kernel in roundings of u ------------------- */

struct loss_element {
    long double value, value_error, slope, slope_error;
};

/* p is known to within `error`. An error of d = p - t reaches a loss by its steepest slope. */
static struct loss_element difference_loss(enum lf_loss_kind kind, long double d, long double error,
                                           long double delta, long double u)
{
    long double z = fabsl(d), carried = error + u * (z + error), steep;
    switch (kind) {
    case LF_L1_LOSS:
        return (struct loss_element){z, carried, (d > 0) - (d < 0), z <= carried ? 2 : 0};
    case LF_HUBER_LOSS: {
        long double value = z <= delta ? d * d / 2 : delta * (z - delta / 2);
        steep = z + carried < delta ? z + carried : delta;
        return (struct loss_element){value, steep * carried + gamma_of(3, u) * (value + delta * z),
                                     z <= delta ? d : copysignl(delta, d), carried};
    }
    default:
        return (struct loss_element){d * d, carried * (2 * z + carried), 2 * d, 2 * carried};
    }
}

static struct loss_element loss_element(enum lf_loss_kind kind, long double p, long double error,
                                        long double t, long double delta, long double u)
{
    if (kind == LF_POISSON_NLL_LOSS) {
        long double e = expl(p), carried = 2 * error * e; /* while error < 1 */
        long double value = e - t * p, slope = e - t;
        return (struct loss_element){value,
                                     carried + fabsl(t) * error + gamma_of(2, u) * e +
                                         u * (fabsl(t * p) + fabsl(value)),
                                     slope, carried + gamma_of(2, u) * e + u * fabsl(slope)};
    }
    if (kind == LF_BCE_WITH_LOGITS_LOSS) {
        long double e = expl(-fabsl(p)), sigmoid = (p < 0 ? e : 1) / (1 + e);
        long double top = p > 0 ? p : 0, tail = log1pl(e), slope = sigmoid - t;
        long double value = top - p * t + tail;
        return (struct loss_element){
            value,
            (fabsl(slope) + error) * error +
                u * (fabsl(p * t) + fabsl(top - p * t) + fabsl(value)) + gamma_of(6, u) * tail,
            slope, error / 4 + gamma_of(6, u) * sigmoid + u * fabsl(slope)};
    }
    return difference_loss(kind, p - t, error, delta, u);
}

/* The elements of a matrix: contributions to the value, weighted, and gradients, scaled. */
struct loss_elements {
    long double *value, *value_error, *grad, *grad_error;
};

static struct loss_elements loss_elements_alloc(size_t n)
{
    long double *all = calloc(4 * n + 1, sizeof *all);
    return (struct loss_elements){all, all + n, all + 2 * n, all + 3 * n};
}

static void loss_elements_free(struct loss_elements *e)
{
    free(e->value);
}

/* ---- Activations --------------------------------------------------------------------------- */

static long double activation_value(enum lf_activation kind, long double x, long double u,
                                    long double *bound)
{
    long double y = 0;
    switch (kind) {
    case LF_RELU:
        *bound = 0;
        return x > 0 ? x : 0;
    case LF_TANH:
        y = tanhl(x);
        break;
    case LF_SIGMOID:
        y = 1 / (1 + expl(-x));
        *bound = gamma_of(6, u) * y;
        return y;
    case LF_SOFTPLUS:
        y = (x > 0 ? x : 0) + log1pl(expl(-fabsl(x)));
        *bound = gamma_of(6, u) * y;
        return y;
    case LF_GELU:
        y = x * erfcl(-x * sqrtl(0.5L)) / 2;
        *bound = gamma_of(5, u) * fabsl(x);
        return y;
    case LF_EXP:
        y = expl(x);
        break;
    case LF_LOG:
        y = logl(x);
        break;
    }
    *bound = gamma_of(2, u) * fabsl(y);
    return y;
}

/* The derivative, from x or from the value y as lf_activation_needs_x says. */
static long double activation_slope(enum lf_activation kind, long double at, long double u,
                                    long double *bound)
{
    long double slope = 0, cdf, density;
    *bound = 0;
    switch (kind) {
    case LF_RELU:
        return at > 0;
    case LF_TANH:
        *bound = u * (at * at + fabsl(1 - at * at));
        return 1 - at * at;
    case LF_SIGMOID:
        *bound = gamma_of(2, u) * fabsl(at * (1 - at)); /* g (1 - y) y: the first product too */
        return at * (1 - at);
    case LF_SOFTPLUS:
        slope = 1 / (1 + expl(-at));
        *bound = gamma_of(6, u) * slope;
        return slope;
    case LF_GELU:
        cdf = erfcl(-at * sqrtl(0.5L)) / 2;
        density = expl(-at * at / 2) / sqrtl(2 * acosl(-1));
        slope = cdf + at * density;
        *bound =
            gamma_of(4, u) + gamma_of(5 + at * at / 2, u) * fabsl(at) * density + u * fabsl(slope);
        return slope;
    case LF_EXP:
        return at;
    case LF_LOG:
        break;
    }
    return 1 / at;
}

/* ---- MT19937, as in the paper -------------------------------------------------------------- */

struct twister {
    uint32_t state[624], next;
};

static struct twister twister(uint32_t seed)
{
    struct twister t = {.next = 624};
    t.state[0] = seed;
    for (uint32_t i = 1; i < 624; i++)
        t.state[i] = 1812433253u * (t.state[i - 1] ^ (t.state[i - 1] >> 30)) + i;
    return t;
}

static uint32_t twister_next(struct twister *t)
{
    if (t->next == 624) {
        for (uint32_t i = 0; i < 624; i++) {
            uint32_t y = (t->state[i] & 0x80000000u) | (t->state[(i + 1) % 624] & 0x7fffffffu);
            t->state[i] = t->state[(i + 397) % 624] ^ (y >> 1) ^ (y % 2 ? 0x9908b0dfu : 0);
        }
        t->next = 0;
    }
    uint32_t y = t->state[t->next++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

static void seed_lanes(struct lf_rng_lanes *rng)
{
    uint64_t seeds[LF_LANES];
    for (size_t j = 0; j < LF_LANES; j++)
        seeds[j] = SEED + j;
    lf_rng_seed_lanes(rng, seeds);
}

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
    BOTH("online_linear", 0, 0, online, online, in_eight),
    BOTH("online_shared", 0, 1, online, online, in_eight),
    BOTH("online_linear_lanes", LF_FEW_IN, 0, online_lanes, online_lanes, lanes),
    BOTH("online_shared_lanes", 0, 1, online_lanes, online_lanes, lanes),
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
