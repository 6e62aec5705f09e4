/* SPDX-License-Identifier: MIT */
/* Runs of one-sample SGD, 16 models side by side. */

#define models TYPED(models)
#define linear_lanes TYPED(linear_lanes)
#define step_lanes TYPED(step_lanes)
#define where_finite TYPED(where_finite)
#define all_finite TYPED(all_finite)
#define step_models TYPED(step_models)
#define steps_with_care TYPED(steps_with_care)
#define VECS (LF_LANES / LF_VECTOR(REAL))
#define online_lanes TYPED(online_lanes)

static void TYPED(uniform_lanes)(struct lf_rng_lanes *rng, REAL out[LF_LANES])
{
    struct TYPED(lanes) draws = TYPED(draw_lanes)(rng);
    for (size_t h = 0; h < LF_LANES / LF_VECTOR(REAL); h++)
        v_store(out + h * LF_VECTOR(REAL), draws.v[h]);
}

/* The 16 models' parameters, as far as they have inputs. */
struct models {
    vec weight[LF_LANES_INPUTS][VECS], bias[VECS];
};

/* W x + b of V models or teachers, whose weights are `step` vecs apart. */
LF_INLINE vec linear_lanes(size_t in, const struct TYPED(lanes) * x, size_t h, const vec *weight,
                           size_t step, vec bias)
{
    vec sum = v_set1((REAL)-0.0);
    for (size_t i = 0; i < in; i++)
        sum = v_fma(x[i].v[h], weight[i * step], sum);
    return v_add(sum, bias);
}

/* One step of the V models h in the plain order. */
LF_INLINE void step_lanes(int shared, size_t in, const struct TYPED(lanes) * x, size_t h, vec y,
                          vec minus_lr, struct models *models)
{
    vec w = models->weight[0][h], b = models->bias[h];
    vec first = linear_lanes(in, x, h, &models->weight[0][h], VECS, b);
    vec d = v_sub(shared ? v_add(v_mul(first, w), b) : first, y);
    vec g = v_add(d, d), g1 = v_mul(g, w);
    for (size_t i = 0; i < in; i++) {
        vec grad = v_mul(g, x[i].v[h]);
        if (shared)
            grad = v_add(v_mul(g, first), v_mul(g1, x[i].v[h]));
        models->weight[i][h] = v_fma(minus_lr, grad, models->weight[i][h]);
    }
    models->bias[h] = v_fma(minus_lr, shared ? v_add(g, g1) : g, b);
}

/* t where the V models h are finite. */
LF_INLINE vec where_finite(size_t in, const struct models *models, size_t h, vec t, vec otherwise)
{
    for (size_t i = 0; i < in; i++)
        t = v_if_finite(models->weight[i][h], t, otherwise);
    return v_if_finite(models->bias[h], t, otherwise);
}

LF_INLINE int all_finite(size_t in, const struct models *models)
{
    int finite = 1;
    for (size_t h = 0; h < VECS; h++) {
        finite &= v_all_finite(models->bias[h]);
        for (size_t i = 0; i < in; i++)
            finite &= v_all_finite(models->weight[i][h]);
    }
    return finite;
}

/* The 16 models after a step; with `frozen` one that is not finite keeps its parameters. */
LF_INLINE void step_models(int shared, int frozen, size_t in, const struct TYPED(lanes) * x,
                           const struct TYPED(lf_online_lanes) * run, struct models *models)
{
    for (size_t h = 0; h < VECS; h++) {
        struct models before = *models;
        vec true_weight[LF_LANES_INPUTS];
        for (size_t i = 0; i < in; i++)
            true_weight[i] = v_set1(run->true_weight[i]);
        vec y = linear_lanes(in, x, h, true_weight, 1, v_set1(run->true_bias));
        step_lanes(shared, in, x, h, y, v_set1(-run->lr), models);
        for (size_t i = 0; frozen && i < in; i++)
            models->weight[i][h] =
                where_finite(in, &before, h, models->weight[i][h], before.weight[i][h]);
        if (frozen)
            models->bias[h] = where_finite(in, &before, h, models->bias[h], before.bias[h]);
    }
}

/* n steps, with a look at every one whether a model is finite. */
LF_APART void steps_with_care(int shared, size_t in, size_t n, const struct TYPED(lanes) * x,
                              const struct TYPED(lf_online_lanes) * run, struct models *models)
{
    for (size_t i = 0; i < n; i++)
        step_models(shared, 1, in, x + i * in, run, models);
}

/* Whether the models are finite is looked at every few steps: one that is not stays so, and those
 * steps are taken again with care. */
LF_INLINE void online_lanes(int shared, size_t in, struct TYPED(lf_online_lanes) * run,
                            struct lf_rng_lanes *rng, size_t steps)
{
    enum { STRETCH = 8 };
    struct TYPED(lanes) x[STRETCH * LF_LANES_INPUTS];
    struct models models;
    for (size_t h = 0; h < VECS; h++) {
        models.bias[h] = v_load(run->bias + h * LF_VECTOR(REAL));
        for (size_t i = 0; i < in; i++)
            models.weight[i][h] = v_load(run->weight[i] + h * LF_VECTOR(REAL));
    }
    for (size_t done = 0, n; done < steps; done += n) {
        n = steps - done < STRETCH ? steps - done : STRETCH;
        for (size_t i = 0; i < n * in; i++)
            x[i] = TYPED(draw_lanes)(rng);
        struct models next = models;
        for (size_t i = 0; i < n; i++)
            step_models(shared, 0, in, x + i * in, run, &next);
        if (!all_finite(in, &next)) {
            struct models careful = models; /* a copy: models stay in registers */
            steps_with_care(shared, in, n, x, run, &careful);
            next = careful;
        }
        models = next;
    }
    for (size_t h = 0; h < VECS; h++) {
        v_store(run->bias + h * LF_VECTOR(REAL), models.bias[h]);
        for (size_t i = 0; i < in; i++)
            v_store(run->weight[i] + h * LF_VECTOR(REAL), models.weight[i][h]);
    }
}

static void TYPED(online_linear_lanes)(size_t in, struct TYPED(lf_online_lanes) * run,
                                       struct lf_rng_lanes *rng, size_t steps)
{
    if (in == 1)
        online_lanes(0, 1, run, rng, steps);
    else
        online_lanes(0, in, run, rng, steps);
}

static void TYPED(online_shared_lanes)(struct TYPED(lf_online_lanes) * run,
                                       struct lf_rng_lanes *rng, size_t steps)
{
    online_lanes(1, 1, run, rng, steps);
}
