/* SPDX-License-Identifier: MIT */
/* Optimizer updates over flat vectors. The rates are copied, so that no store could change them;
 * the usual choices have loops of their own. */

#define sgd_piece TYPED(sgd_piece)
#define adam_piece TYPED(adam_piece)

LF_INLINE void sgd_piece(struct TYPED(lf_sgd) sgd, size_t m, const REAL *g, REAL *velocity, REAL *w)
{
    vec step = load_first(g, m), old = load_first(w, m);
    if (sgd.weight_decay != 0)
        step = v_fma(v_set1(sgd.weight_decay), old, step);
    if (sgd.momentum != 0) {
        vec momentum = v_set1(sgd.momentum);
        vec v = v_add(v_mul(load_first(velocity, m), momentum), step);
        store_first(velocity, v, m);
        step = sgd.nesterov ? v_fma(momentum, v, step) : v;
    }
    store_first(w, v_fma(v_set1(-sgd.lr), step, old), m);
}

static void TYPED(sgd)(size_t n, const struct TYPED(lf_sgd) * sgd, const REAL *g, REAL *velocity,
                       REAL *w)
{
    enum { FEW = 4 }; /* elements that vectors take longer for */
    if (n <= FEW && sgd->weight_decay == 0 && sgd->momentum == 0) {
        for (size_t i = 0; i < n; i++)
            w[i] = FMA(-sgd->lr, g[i], w[i]);
        return;
    }
    const struct TYPED(lf_sgd) s = *sgd, plain = {.lr = s.lr};
    const struct TYPED(lf_sgd) heavy = {.lr = s.lr, .momentum = s.momentum};
    if (s.weight_decay == 0 && s.momentum == 0)
        LF_PIECES(REAL, n, sgd_piece(plain, m, g + i, NULL, w + i));
    else if (s.weight_decay == 0 && !s.nesterov)
        LF_PIECES(REAL, n, sgd_piece(heavy, m, g + i, velocity + i, w + i));
    else if (s.momentum == 0)
        LF_PIECES(REAL, n, sgd_piece(s, m, g + i, NULL, w + i));
    else
        LF_PIECES(REAL, n, sgd_piece(s, m, g + i, velocity + i, w + i));
}

LF_INLINE void adam_piece(struct TYPED(lf_adam) adam, size_t n, const REAL *g, REAL *mean,
                          REAL *square, REAL *w)
{
    vec old = load_first(w, n), slope = load_first(g, n);
    if (adam.weight_decay != 0)
        slope = v_fma(v_set1(adam.weight_decay), old, slope);
    vec kept = v_mul(old, v_set1(adam.keep));
    vec m = v_mul(load_first(mean, n), v_set1(adam.beta1));
    m = v_fma(v_set1(adam.gain1), slope, m);
    vec v = v_mul(load_first(square, n), v_set1(adam.beta2));
    v = v_fma(v_mul(v_set1(adam.gain2), slope), slope, v);
    vec root = v_div(v_sqrt(v), v_set1(adam.bias_correction2_sqrt));
    vec step = v_div(v_mul(v_set1(-adam.step_size), m), v_add(root, v_set1(adam.eps)));
    store_first(mean, m, n);
    store_first(square, v, n);
    store_first(w, v_add(kept, step), n);
}

static void TYPED(adam)(size_t n, const struct TYPED(lf_adam) * adam, const REAL *g, REAL *mean,
                        REAL *square, REAL *w)
{
    const struct TYPED(lf_adam) a = *adam;
    LF_PIECES(REAL, n, adam_piece(a, m, g + i, mean + i, square + i, w + i));
}
