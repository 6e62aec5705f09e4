/* SPDX-License-Identifier: MIT */
/* scalar.c: draws, and runs of one-sample SGD. */

#define step_linear TYPED(step_linear)
#define step_shared TYPED(step_shared)
#define both_finite TYPED(both_finite)
#define step_kind TYPED(step_kind)
#define online TYPED(online)
#define step_inputs TYPED(step_inputs)
#define lane_is_finite TYPED(lane_is_finite)

static void TYPED(uniform)(struct lf_rng *rng, size_t n, REAL *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = TYPED(draw)(rng);
}

/* One step of SGD at x, in PyTorch's order of operations. */
static struct TYPED(lf_online_step) step_linear(struct TYPED(lf_online) * run, REAL x)
{
    REAL y = x * run->true_weight + run->true_bias;
    REAL prediction = x * run->weight + run->bias;
    REAL d = prediction - y;
    REAL g = 2 * d;
    run->weight = FMA(-run->lr, g * x, run->weight);
    run->bias = FMA(-run->lr, g, run->bias);
    return (struct TYPED(lf_online_step)){x, y, prediction, d * d, run->weight, run->bias};
}

/* The layer is applied twice; the gradients of its two uses are added. */
static struct TYPED(lf_online_step) step_shared(struct TYPED(lf_online) * run, REAL x)
{
    REAL y = x * run->true_weight + run->true_bias;
    REAL h = x * run->weight + run->bias;
    REAL prediction = h * run->weight + run->bias;
    REAL d = prediction - y;
    REAL g = 2 * d;
    REAL g1 = g * run->weight;
    run->weight = FMA(-run->lr, g * h + g1 * x, run->weight);
    run->bias = FMA(-run->lr, g + g1, run->bias);
    return (struct TYPED(lf_online_step)){x, y, prediction, d * d, run->weight, run->bias};
}

static int both_finite(REAL weight, REAL bias)
{
    return weight - weight == 0 && bias - bias == 0;
}

typedef struct TYPED(lf_online_step) (*step_kind)(struct TYPED(lf_online) *, REAL);

static size_t online(step_kind step, struct TYPED(lf_online) * run, struct lf_rng *rng,
                     size_t steps, struct TYPED(lf_online_step) * trace)
{
    size_t done = 0;
    for (; done < steps && both_finite(run->weight, run->bias); done++) {
        struct TYPED(lf_online_step) row = step(run, TYPED(draw)(rng));
        if (trace)
            trace[done] = row;
    }
    return done;
}

static size_t TYPED(online_rows)(size_t rows, const REAL *x, size_t x_stride, const REAL *y,
                                 size_t y_stride, REAL lr, REAL *weight, REAL *bias, REAL *loss)
{
    for (size_t r = 0; r < rows; r++) {
        REAL prediction = x[r * x_stride] * *weight + *bias;
        REAL d = prediction - y[r * y_stride];
        loss[r] = d * d;
        if (loss[r] - loss[r] != 0)
            return r;
        *weight = FMA(-lr, 2 * d * x[r * x_stride] + 0, *weight);
        *bias = FMA(-lr, 2 * d + 0, *bias);
    }
    return rows;
}

static size_t TYPED(online_linear)(struct TYPED(lf_online) * run, struct lf_rng *rng, size_t steps,
                                   struct TYPED(lf_online_step) * trace)
{
    return online(step_linear, run, rng, steps, trace);
}

static size_t TYPED(online_shared)(struct TYPED(lf_online) * run, struct lf_rng *rng, size_t steps,
                                   struct TYPED(lf_online_step) * trace)
{
    return online(step_shared, run, rng, steps, trace);
}

/* One model of several inputs, in the plain order. */
static void step_inputs(size_t in, struct TYPED(lf_online_lanes) * lanes, size_t j, const REAL *x)
{
    REAL y = (REAL)-0.0, prediction = (REAL)-0.0;
    for (size_t i = 0; i < in; i++) {
        y = FMA(x[i], lanes->true_weight[i], y);
        prediction = FMA(x[i], lanes->weight[i][j], prediction);
    }
    REAL d = (prediction + lanes->bias[j]) - (y + lanes->true_bias), g = d + d;
    for (size_t i = 0; i < in; i++)
        lanes->weight[i][j] = FMA(-lanes->lr, g * x[i], lanes->weight[i][j]);
    lanes->bias[j] = FMA(-lanes->lr, g, lanes->bias[j]);
}

static int lane_is_finite(size_t in, const struct TYPED(lf_online_lanes) * lanes, size_t j)
{
    int finite = both_finite(lanes->bias[j], lanes->bias[j]);
    for (size_t i = 0; i < in; i++)
        finite &= both_finite(lanes->weight[i][j], lanes->weight[i][j]);
    return finite;
}

static void TYPED(online_linear_lanes)(size_t in, struct TYPED(lf_online_lanes) * lanes,
                                       struct lf_rng_lanes *rng, size_t steps)
{
    for (size_t done = 0; done < steps; done++) {
        REAL draws[LF_LANES_INPUTS][LF_LANES];
        for (size_t i = 0; i < in; i++)
            TYPED(uniform_lanes)(rng, draws[i]);
        for (size_t j = 0; j < LF_LANES; j++) {
            REAL x[LF_LANES_INPUTS];
            for (size_t i = 0; i < in; i++)
                x[i] = draws[i][j];
            if (lane_is_finite(in, lanes, j))
                step_inputs(in, lanes, j, x);
        }
    }
}

static void TYPED(online_shared_lanes)(struct TYPED(lf_online_lanes) * lanes,
                                       struct lf_rng_lanes *rng, size_t steps)
{
    for (size_t done = 0; done < steps; done++) {
        REAL x[LF_LANES];
        TYPED(uniform_lanes)(rng, x);
        for (size_t j = 0; j < LF_LANES; j++) {
            struct TYPED(lf_online) run = {lanes->weight[0][j], lanes->bias[j],
                                           lanes->true_weight[0], lanes->true_bias, lanes->lr};
            if (!both_finite(run.weight, run.bias))
                continue;
            step_shared(&run, x[j]);
            lanes->weight[0][j] = run.weight;
            lanes->bias[j] = run.bias;
        }
    }
}
