/* SPDX-License-Identifier: MIT */
/* scalar.c: normal draws. */

#define normal_group TYPED(normal_group)
#define normal_one TYPED(normal_one)

/* Draws j and j + 8 of 16 uniform ones make a pair. */
static void normal_group(REAL mean, REAL std, REAL out[16])
{
    for (size_t j = 0; j < 8; j++) {
        REAL radius = TYPED(s_sqrt)(-2 * TYPED(s_log)(1 - out[j])), turn = 2 * out[j + 8];
        out[j] = FMA(radius * TYPED(s_cospi)(turn), std, mean);
        out[j + 8] = FMA(radius * TYPED(s_sinpi)(turn), std, mean);
    }
}

static REAL normal_one(struct lf_rng *rng, REAL mean, REAL std)
{
    double draw = rng->normal;
    if (!rng->has_normal) {
        double turn = 2 * draw_f64(rng);
        double radius = s_sqrt_f64(-2 * s_log_f64(1 - draw_f64(rng)));
        draw = radius * s_cospi_f64(turn);
        rng->normal = radius * s_sinpi_f64(turn);
    } else {
        rng->normal = 0;
    }
    rng->has_normal = !rng->has_normal;
    return (REAL)__builtin_fma(draw, (double)std, (double)mean);
}

static void TYPED(normal)(struct lf_rng *rng, size_t n, REAL mean, REAL std, REAL *out)
{
    if (n < 16) {
        for (size_t i = 0; i < n; i++)
            out[i] = normal_one(rng, mean, std);
        return;
    }
    TYPED(uniform)(rng, n, out);
    for (size_t i = 0; i + 16 <= n; i += 16)
        normal_group(mean, std, out + i);
    if (n % 16 != 0) {
        TYPED(uniform)(rng, 16, out + n - 16);
        normal_group(mean, std, out + n - 16);
    }
}
