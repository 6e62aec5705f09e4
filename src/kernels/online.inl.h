/* SPDX-License-Identifier: MIT */
/* Uniform draws, and runs of one-sample SGD, one model at a time.
 *
 * A run is one chain of dependent operations from step to step. Draws and targets do not depend on
 * the model: a group of V of them is made at once, and the core works on the next group while the
 * chain of this one still runs. So a run takes the time of its chain:
 *   linear   x*w, + b, - y, * 2x, fma                            5 operations
 *   shared   x*w, + b, * w, + b, - y, * 2w, * x, + g h, fma      9 operations
 * The factor 2 of the gradient is folded into x and w, off the chain; that is exact unless 2d or 2w
 * overflows, which leaves a parameter that is not finite: such a group is run again, step by step
 * and without the folding. */

#define is_finite TYPED(is_finite)
#define both_finite TYPED(both_finite)
#define step TYPED(step)
#define samples TYPED(samples)
#define sample TYPED(sample)
#define steps_folded TYPED(steps_folded)
#define steps_plain TYPED(steps_plain)
#define groups TYPED(groups)
#define online TYPED(online)

static void TYPED(uniform)(struct lf_rng *rng, size_t n, REAL *out)
{
    size_t i = 0;
    while (i < n) {
        if (n - i < LF_VECTOR(REAL) || rng->next % LF_LANES != 0) {
            out[i++] = TYPED(draw)(rng);
        } else {
            v_store(out + i, TYPED(draws)(next_group(rng)));
            i += LF_VECTOR(REAL);
        }
    }
}

/* By its bits: a floating-point comparison here costs the chain of a run about 1 %. */
LF_INLINE int is_finite(REAL x)
{
    REAL_BITS bits;
    memcpy(&bits, &x, sizeof bits);
    return (bits & REAL_EXPONENT) != REAL_EXPONENT;
}

LF_INLINE int both_finite(REAL weight, REAL bias)
{
    return is_finite(weight) && is_finite(bias);
}

/* One step in the plain order. */
LF_INLINE void step(int shared, struct TYPED(lf_online) * run, REAL x,
                    struct TYPED(lf_online_step) * row)
{
    REAL y = x * run->true_weight + run->true_bias;
    REAL h = x * run->weight + run->bias;
    REAL prediction = shared ? h * run->weight + run->bias : h;
    REAL d = prediction - y;
    REAL g = d + d;
    REAL g1 = g * run->weight;
    run->weight = FMA(-run->lr, shared ? g * h + g1 * x : g * x, run->weight);
    run->bias = FMA(-run->lr, shared ? g + g1 : g, run->bias);
    if (row)
        *row = (struct TYPED(lf_online_step)){x, y, prediction, d * d, run->weight, run->bias};
}

/* What V steps take from the generator: x, the target y, and 2 x. */
struct samples {
    REAL x[LF_VECTOR(REAL)], y[LF_VECTOR(REAL)], twice[LF_VECTOR(REAL)];
};

LF_INLINE void sample(const struct TYPED(lf_online) * run, vec x, struct samples *samples)
{
    v_store(samples->x, x);
    v_store(samples->y, v_add(v_mul(x, v_set1(run->true_weight)), v_set1(run->true_bias)));
    v_store(samples->twice, v_add(x, x));
}

/* Steps from `begin` to `end` of a group, with the factor 2 folded; w and b move. */
LF_INLINE void steps_folded(int shared, const struct samples *samples, size_t begin, size_t end,
                            REAL minus_lr, REAL *weight, REAL *bias)
{
    REAL w = *weight, b = *bias;
    for (size_t i = begin; i < end; i++) {
        REAL x = samples->x[i];
        REAL h = x * w + b;
        REAL d = (shared ? h * w + b : h) - samples->y[i];
        REAL g = d + d;
        REAL g1 = d * (w + w);
        w = FMA(minus_lr, shared ? g * h + g1 * x : d * samples->twice[i], w);
        b = FMA(minus_lr, shared ? g + g1 : g, b);
    }
    *weight = w;
    *bias = b;
}

/* The same in the plain order, as long as the parameters are finite. Returns where it ended. Not
 * inlined: the parameters a group started with should wait in memory, not in registers. */
static __attribute__((noinline)) size_t steps_plain(int shared, struct TYPED(lf_online) * run,
                                                    const struct samples *samples, size_t begin,
                                                    size_t end)
{
    for (; begin < end && both_finite(run->weight, run->bias); begin++)
        step(shared, run, samples->x[begin], NULL);
    return begin;
}

/* Steps by groups. Samples are made one group ahead of the steps that use them, in between those of
 * the group before, so that even a short reorder window holds work for the gaps of the chain. The
 * generator's state takes a group in when its steps begin: it stands where the run ends. */
LF_INLINE size_t groups(int shared, struct TYPED(lf_online) * run, struct lf_rng *rng, size_t steps)
{
    const size_t group = LF_VECTOR(REAL), draw = LF_LANES / LF_VECTOR(REAL);
    REAL w = run->weight, b = run->bias, minus_lr = -run->lr;
    struct samples samples[2], *now = samples, *ahead = samples + 1;
    uint32_t first = rng->next / LF_LANES * LF_LANES;
    size_t left = steps, begin = rng->next % LF_LANES / draw;
    vec_u32 words = begin > 0 ? u_load(rng->state + first) : twisted_group(rng, first);
    sample(run, TYPED(draws)(temper(words)), now);
    int finite = both_finite(w, b);
    while (left > 0 && finite) {
        size_t end = left < group - begin ? begin + left : group;
        store_group(rng, first, words);
        words = twisted_group(rng, group_after(first));
        if (end - begin == group) {
            steps_folded(shared, now, 0, group / 4, minus_lr, &w, &b);
            if (rng->seeded < LF_RNG_WORDS)
                seed_to(rng, rng->seeded + LF_LANES / 2);
            vec_u32 tempered = temper(words);
            steps_folded(shared, now, group / 4, group / 2, minus_lr, &w, &b);
            if (rng->seeded < LF_RNG_WORDS)
                seed_to(rng, rng->seeded + LF_LANES / 2);
            sample(run, TYPED(draws)(tempered), ahead);
            steps_folded(shared, now, group / 2, group, minus_lr, &w, &b);
        } else {
            sample(run, TYPED(draws)(temper(words)), ahead);
            steps_folded(shared, now, begin, end, minus_lr, &w, &b);
        }
        if (is_finite(w + b)) {
            run->weight = w;
            run->bias = b;
        } else {
            end = steps_plain(shared, run, now, begin, end);
            w = run->weight;
            b = run->bias;
            finite = both_finite(w, b);
        }
        left -= end - begin;
        rng->next = (uint32_t)(first + end * draw) % LF_RNG_WORDS;
        begin = 0;
        first = group_after(first);
        struct samples *used = now;
        now = ahead;
        ahead = used;
    }
    return steps - left;
}

LF_INLINE size_t online(int shared, struct TYPED(lf_online) * run, struct lf_rng *rng, size_t steps,
                        struct TYPED(lf_online_step) * trace)
{
    size_t done = 0;
    if (!trace && rng->next % (LF_LANES / LF_VECTOR(REAL)) == 0)
        return groups(shared, run, rng, steps);
    for (; done < steps && both_finite(run->weight, run->bias); done++)
        step(shared, run, TYPED(draw)(rng), trace ? trace + done : NULL);
    return done;
}

static size_t TYPED(online_linear)(struct TYPED(lf_online) * run, struct lf_rng *rng, size_t steps,
                                   struct TYPED(lf_online_step) * trace)
{
    return online(0, run, rng, steps, trace);
}

static size_t TYPED(online_shared)(struct TYPED(lf_online) * run, struct lf_rng *rng, size_t steps,
                                   struct TYPED(lf_online_step) * trace)
{
    return online(1, run, rng, steps, trace);
}
