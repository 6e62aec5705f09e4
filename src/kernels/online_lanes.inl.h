/* SPDX-License-Identifier: MIT */
/* Runs of one-sample SGD, 16 models side by side. */

#define step_lanes TYPED(step_lanes)
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

LF_INLINE void online_lanes(int shared, struct TYPED(lf_online_lanes) * run,
                            struct lf_rng_lanes *rng, size_t steps)
{
    enum { vecs = LF_LANES / LF_VECTOR(REAL) };
    vec true_weight = v_set1(run->true_weight), true_bias = v_set1(run->true_bias);
    vec minus_lr = v_set1(-run->lr);
    vec weight[vecs], bias[vecs];
    for (size_t h = 0; h < vecs; h++) {
        weight[h] = v_load(run->weight + h * LF_VECTOR(REAL));
        bias[h] = v_load(run->bias + h * LF_VECTOR(REAL));
    }
    for (size_t done = 0; done < steps; done++) {
        struct TYPED(lanes) x = TYPED(draw_lanes)(rng);
        for (size_t h = 0; h < vecs; h++) {
            vec w = weight[h], b = bias[h];
            vec y = v_add(v_mul(x.v[h], true_weight), true_bias);
            step_lanes(shared, x.v[h], y, minus_lr, &weight[h], &bias[h]);
            /* A model that was not finite before this step keeps its parameters. */
            if (!v_all_finite(weight[h]) || !v_all_finite(bias[h])) {
                weight[h] = v_if_finite(w, v_if_finite(b, weight[h], w), w);
                bias[h] = v_if_finite(w, v_if_finite(b, bias[h], b), b);
            }
        }
    }
    for (size_t h = 0; h < vecs; h++) {
        v_store(run->weight + h * LF_VECTOR(REAL), weight[h]);
        v_store(run->bias + h * LF_VECTOR(REAL), bias[h]);
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
