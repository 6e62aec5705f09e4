/* SPDX-License-Identifier: MIT */
/* Runs of one-sample SGD, 16 models side by side. */

#define step_lanes TYPED(step_lanes)
#define models TYPED(models)
#define all_finite TYPED(all_finite)
#define steps_lanes TYPED(steps_lanes)
#define VECS (LF_LANES / LF_VECTOR(REAL))
#define online_lanes TYPED(online_lanes)

static void TYPED(uniform_lanes)(struct lf_rng_lanes *rng, REAL out[LF_LANES])
{
    struct TYPED(lanes) draws = TYPED(draw_lanes)(rng);
    for (size_t h = 0; h < LF_LANES / LF_VECTOR(REAL); h++)
        v_store(out + h * LF_VECTOR(REAL), draws.v[h]);
}

/* One step of V models in the plain order. */
LF_INLINE void step_lanes(int shared, vec x, vec y, vec minus_lr, vec *weight, vec *bias)
{
    vec w = *weight, b = *bias;
    vec h = v_add(v_mul(x, w), b);
    vec d = v_sub(shared ? v_add(v_mul(h, w), b) : h, y);
    vec g = v_add(d, d);
    vec g1 = v_mul(g, w);
    vec weight_grad = shared ? v_add(v_mul(g, h), v_mul(g1, x)) : v_mul(g, x);
    *weight = v_fma(minus_lr, weight_grad, w);
    *bias = v_fma(minus_lr, shared ? v_add(g, g1) : g, b);
}

/* The 16 models' parameters. */
struct models {
    vec weight[VECS], bias[VECS];
};

LF_INLINE int all_finite(const struct models *models)
{
    for (size_t h = 0; h < VECS; h++)
        if (!v_all_finite(models->weight[h]) || !v_all_finite(models->bias[h]))
            return 0;
    return 1;
}

/* n steps at the draws x[n]. With `frozen` a model that is not finite keeps its parameters. */
LF_INLINE struct models steps_lanes(int shared, int frozen, size_t n, const struct TYPED(lanes) * x,
                                    const struct TYPED(lf_online_lanes) * run, struct models models)
{
    vec true_weight = v_set1(run->true_weight), true_bias = v_set1(run->true_bias);
    vec minus_lr = v_set1(-run->lr);
    for (size_t i = 0; i < n; i++)
        for (size_t h = 0; h < VECS; h++) {
            vec *weight = &models.weight[h], *bias = &models.bias[h], w = *weight, b = *bias;
            vec y = v_add(v_mul(x[i].v[h], true_weight), true_bias);
            step_lanes(shared, x[i].v[h], y, minus_lr, weight, bias);
            if (frozen) {
                *weight = v_if_finite(w, v_if_finite(b, *weight, w), w);
                *bias = v_if_finite(w, v_if_finite(b, *bias, b), b);
            }
        }
    return models;
}

/* Whether the models are finite is looked at every few steps: one that is not stays so, and those
 * steps are taken again with care. */
LF_INLINE void online_lanes(int shared, struct TYPED(lf_online_lanes) * run,
                            struct lf_rng_lanes *rng, size_t steps)
{
    enum { STRETCH = 8 };
    struct TYPED(lanes) x[STRETCH];
    struct models models;
    for (size_t h = 0; h < VECS; h++) {
        models.weight[h] = v_load(run->weight + h * LF_VECTOR(REAL));
        models.bias[h] = v_load(run->bias + h * LF_VECTOR(REAL));
    }
    for (size_t done = 0, n; done < steps; done += n) {
        n = steps - done < STRETCH ? steps - done : STRETCH;
        for (size_t i = 0; i < n; i++)
            x[i] = TYPED(draw_lanes)(rng);
        struct models next = steps_lanes(shared, 0, n, x, run, models);
        models = all_finite(&next) ? next : steps_lanes(shared, 1, n, x, run, models);
    }
    for (size_t h = 0; h < VECS; h++) {
        v_store(run->weight + h * LF_VECTOR(REAL), models.weight[h]);
        v_store(run->bias + h * LF_VECTOR(REAL), models.bias[h]);
    }
}

static void TYPED(online_linear_lanes)(struct TYPED(lf_online_lanes) * run,
                                       struct lf_rng_lanes *rng, size_t steps)
{
    online_lanes(0, run, rng, steps);
}

static void TYPED(online_shared_lanes)(struct TYPED(lf_online_lanes) * run,
                                       struct lf_rng_lanes *rng, size_t steps)
{
    online_lanes(1, run, rng, steps);
}
