/* SPDX-License-Identifier: MIT */
/* cases.c: what the oracles of both types are made of: bounds of rounding errors, losses and
 * activations in long double, a generator of words. */

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
