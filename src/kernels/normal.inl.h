/* SPDX-License-Identifier: MIT */
/* Normal draws: Box-Muller over PyTorch's uniform draws, in PyTorch's order. */

#define normal_groups TYPED(normal_groups)
#define normal_few TYPED(normal_few)

/* Turns groups of 16 uniform draws into normal ones: draw j and draw j + 8 of a group make a pair.
 * A vec takes V / 8 groups. */
LF_INLINE void normal_groups(size_t groups, REAL mean, REAL std, REAL *out)
{
    enum { TOGETHER = LF_VECTOR(REAL) / 8 };
    for (size_t i = 0; i < groups; i += TOGETHER) {
        REAL first[LF_VECTOR(REAL)] = {0}, second[LF_VECTOR(REAL)] = {0};
        size_t n = groups - i < TOGETHER ? groups - i : TOGETHER;
        for (size_t k = 0; k < n; k++) {
            memcpy(first + 8 * k, out + 16 * (i + k), 8 * sizeof *out);
            memcpy(second + 8 * k, out + 16 * (i + k) + 8, 8 * sizeof *out);
        }
        vec u = v_sub(v_set1(1), v_load(first)), turn = v_add(v_load(second), v_load(second));
        vec radius = v_sqrt(v_mul(v_set1(-2), v_log(u)));
        vec scale = v_set1(std), shift = v_set1(mean);
        v_store(first, v_fma(v_mul(radius, v_cospi(turn)), scale, shift));
        v_store(second, v_fma(v_mul(radius, v_sinpi(turn)), scale, shift));
        for (size_t k = 0; k < n; k++) {
            memcpy(out + 16 * (i + k), first + 8 * k, 8 * sizeof *out);
            memcpy(out + 16 * (i + k) + 8, second + 8 * k, 8 * sizeof *out);
        }
    }
}

/* Fewer than 16 draws: pairs in double precision, the second of the last pair kept for the next
 * such call where it is not used here. */
static void normal_few(struct lf_rng *rng, size_t n, REAL mean, REAL std, REAL *out)
{
    double u[8] = {0}, v[8] = {0}, draws[17];
    size_t kept = rng->has_normal && n > 0, pairs = (n - kept + 1) / 2;
    draws[0] = rng->normal;
    for (size_t k = 0; k < pairs; k++) {
        u[k] = draw_f64(rng);
        v[k] = draw_f64(rng);
    }
    vec_f64 turn = v_add_f64(v_load_f64(u), v_load_f64(u));
    vec_f64 log = v_log_f64(v_sub_f64(v_set1_f64(1), v_load_f64(v)));
    vec_f64 radius = v_sqrt_f64(v_mul_f64(v_set1_f64(-2), log));
    v_store_f64(u, v_mul_f64(radius, v_cospi_f64(turn)));
    v_store_f64(v, v_mul_f64(radius, v_sinpi_f64(turn)));
    for (size_t k = 0; k < pairs; k++) {
        draws[kept + 2 * k] = u[k];
        draws[kept + 2 * k + 1] = v[k];
    }
    for (size_t i = 0; i < n; i++)
        out[i] = (REAL)__builtin_fma(draws[i], (double)std, (double)mean);
    if (n > 0) {
        rng->has_normal = kept + 2 * pairs > n;
        rng->normal = rng->has_normal ? draws[n] : 0;
    }
}

static void TYPED(normal)(struct lf_rng *rng, size_t n, REAL mean, REAL std, REAL *out)
{
    if (n < 16) {
        normal_few(rng, n, mean, std, out);
        return;
    }
    TYPED(uniform)(rng, n, out);
    normal_groups(n / 16, mean, std, out);
    if (n % 16 != 0) {
        TYPED(uniform)(rng, 16, out + n - 16);
        normal_groups(1, mean, std, out + n - 16);
    }
}
