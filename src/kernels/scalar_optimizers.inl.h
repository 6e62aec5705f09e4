/* SPDX-License-Identifier: MIT */
/* scalar.c: optimizer updates. */

static void TYPED(sgd)(size_t n, const struct TYPED(lf_sgd) * sgd, const REAL *g, REAL *velocity,
                       REAL *w)
{
    for (size_t i = 0; i < n; i++) {
        REAL step = g[i];
        if (sgd->weight_decay != 0)
            step = FMA(sgd->weight_decay, w[i], step);
        if (sgd->momentum != 0) {
            velocity[i] = velocity[i] * sgd->momentum + step;
            step = sgd->nesterov ? FMA(sgd->momentum, velocity[i], step) : velocity[i];
        }
        w[i] = FMA(-sgd->lr, step, w[i]);
    }
}

static void TYPED(adam)(size_t n, const struct TYPED(lf_adam) * adam, const REAL *g, REAL *mean,
                        REAL *square, REAL *w)
{
    for (size_t i = 0; i < n; i++) {
        REAL slope = adam->weight_decay != 0 ? FMA(adam->weight_decay, w[i], g[i]) : g[i];
        mean[i] = FMA(adam->gain1, slope, mean[i] * adam->beta1);
        square[i] = FMA(adam->gain2 * slope, slope, square[i] * adam->beta2);
        REAL root = TYPED(s_sqrt)(square[i]) / adam->bias_correction2_sqrt + adam->eps;
        w[i] = w[i] * adam->keep + -adam->step_size * mean[i] / root;
    }
}
