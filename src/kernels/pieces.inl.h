/* SPDX-License-Identifier: MIT */
/* Vectors of which only the first n lanes stand for something, n from 1 to V. */

#ifndef LF_PIECES
/* body for the vectors of n elements: m = V elements from i on, and at last m < V of them. Two
 * copies of the body, the first without a question about m. */
#define LF_PIECES(type, n, body)                                                                   \
    do {                                                                                           \
        size_t i = 0;                                                                              \
        for (; (n)-i >= LF_VECTOR(type); i += LF_VECTOR(type)) {                                   \
            enum { m = LF_VECTOR(type) };                                                          \
            body;                                                                                  \
        }                                                                                          \
        if (i < (n)) {                                                                             \
            const size_t m = (n)-i;                                                                \
            body;                                                                                  \
        }                                                                                          \
    } while (0)
#endif

#define load_first TYPED(load_first)
#define load_strided TYPED(load_strided)
#define store_first TYPED(store_first)
#define fma_first TYPED(fma_first)
#define fill_empty TYPED(fill_empty)

/* The first n lanes from p, 0 in the others. */
LF_INLINE vec load_first(const REAL *p, size_t n)
{
    return n == LF_VECTOR(REAL) ? v_load(p) : v_load_part(p, n);
}

/* Lane j = p[j*stride] for the first n lanes, 0 in the others. */
LF_INLINE vec load_strided(const REAL *p, size_t stride, size_t n)
{
    if (stride == 1)
        return load_first(p, n);
    REAL lane[LF_VECTOR(REAL)] = {0};
    for (size_t j = 0; j < n; j++)
        lane[j] = p[j * stride];
    return v_load(lane);
}

LF_INLINE void store_first(REAL *p, vec v, size_t n)
{
    if (n == LF_VECTOR(REAL))
        v_store(p, v);
    else
        v_store_part(p, v, n);
}

/* fma(a, b, sum) in the first n lanes, sum in the others. */
LF_INLINE vec fma_first(size_t n, vec a, vec b, vec sum)
{
    vec next = v_fma(a, b, sum);
    return n == LF_VECTOR(REAL) ? next : v_first(n, next, sum);
}

/* Sums of nothing. */
LF_INLINE void fill_empty(size_t n, REAL *sums)
{
    for (size_t i = 0; i < n; i += LF_VECTOR(REAL))
        store_first(sums + i, v_set1((REAL)-0.0), LF_PIECE(REAL, n, i));
}
