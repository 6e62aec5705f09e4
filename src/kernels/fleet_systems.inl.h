/* SPDX-License-Identifier: MIT */
/* Fleets of regressions: the normal equations of eight problems. */

LF_INLINE vec_f64 fleet_element(const double *packed, size_t columns, size_t j, size_t k)
{
    return v_load_f64(packed + lf_fleet_packed(columns, j, k));
}

/* c - a b. */
LF_INLINE vec_f64 fleet_less(vec_f64 a, vec_f64 b, vec_f64 c)
{
    return v_fma_f64(v_sub_f64(v_set1_f64(-0.0), a), b, c);
}

LF_INLINE void fleet_eliminate(size_t columns, size_t k, vec_f64 inverse, double *gram)
{
    const size_t n = columns - 1;
    const double *pivot_row = gram + lf_fleet_packed(columns, k, 0);
    for (size_t i = k + 1; i < n; i++) {
        const vec_f64 share = v_mul_f64(fleet_element(gram, columns, k, i), inverse);
        double *row = gram + lf_fleet_packed(columns, i, 0);
        for (size_t m = i; m < columns; m++) {
            const vec_f64 above = v_load_f64(pivot_row + m * LF_FLEET_LANES);
            v_store_f64(row + m * LF_FLEET_LANES,
                        fleet_less(share, above, v_load_f64(row + m * LF_FLEET_LANES)));
        }
    }
    for (size_t i = k + 1; i < columns; i++)
        v_store_f64(gram + lf_fleet_packed(columns, k, i),
                    v_mul_f64(fleet_element(gram, columns, k, i), inverse));
}

/* b = L'^-1 b. */
LF_INLINE void fleet_back(size_t columns, const double *factor, double *b)
{
    const size_t n = columns - 1;
    for (size_t k = n; k-- > 0;) {
        vec_f64 sum = v_load_f64(b + k * LF_FLEET_LANES);
        for (size_t i = k + 1; i < n; i++)
            sum = fleet_less(fleet_element(factor, columns, k, i),
                             v_load_f64(b + i * LF_FLEET_LANES), sum);
        v_store_f64(b + k * LF_FLEET_LANES, sum);
    }
}

static void fleet_factor(size_t columns, double *gram, double *b, double *least)
{
    const size_t n = columns - 1;
    double diagonal[LF_FLEET_FEATURES * LF_FLEET_LANES];
    vec_f64 smallest = v_set1_f64(1);
    for (size_t k = 0; k < n; k++)
        v_store_f64(diagonal + k * LF_FLEET_LANES, fleet_element(gram, columns, k, k));
    for (size_t k = 0; k < n; k++) {
        const vec_f64 pivot = fleet_element(gram, columns, k, k);
        const vec_f64 inverse = v_div_f64(v_set1_f64(1), pivot);
        const vec_f64 ratio = v_div_f64(pivot, v_load_f64(diagonal + k * LF_FLEET_LANES));
        smallest = v_if_greater_f64(ratio, smallest, smallest, ratio);
        fleet_eliminate(columns, k, inverse, gram);
        v_store_f64(gram + lf_fleet_packed(columns, k, k), inverse);
        v_store_f64(b + k * LF_FLEET_LANES, fleet_element(gram, columns, k, n));
    }
    fleet_back(columns, gram, b);
    v_store_f64(least, smallest);
}

static void fleet_solve(size_t columns, const double *factor, double *step)
{
    const size_t n = columns - 1;
    for (size_t k = 0; k < n; k++) {
        const vec_f64 x = v_load_f64(step + k * LF_FLEET_LANES);
        for (size_t i = k + 1; i < n; i++)
            v_store_f64(step + i * LF_FLEET_LANES,
                        fleet_less(fleet_element(factor, columns, k, i), x,
                                   v_load_f64(step + i * LF_FLEET_LANES)));
        v_store_f64(step + k * LF_FLEET_LANES, v_mul_f64(x, fleet_element(factor, columns, k, k)));
    }
    fleet_back(columns, factor, step);
}

static void fleet_form(size_t columns, const double *factor, double *v, double *form)
{
    const size_t n = columns - 1;
    vec_f64 sum = v_set1_f64(0);
    for (size_t k = 0; k < n; k++) {
        const vec_f64 x = v_load_f64(v + k * LF_FLEET_LANES);
        sum = v_fma_f64(v_mul_f64(x, fleet_element(factor, columns, k, k)), x, sum);
        for (size_t i = k + 1; i < n; i++)
            v_store_f64(v + i * LF_FLEET_LANES, fleet_less(fleet_element(factor, columns, k, i), x,
                                                           v_load_f64(v + i * LF_FLEET_LANES)));
    }
    v_store_f64(form, sum);
}
