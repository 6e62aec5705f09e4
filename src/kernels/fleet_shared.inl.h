/* SPDX-License-Identifier: MIT */
/* Fleets: values of one type to lanes, and sums over rows that share columns. A problem is a lane;
 * `registers` of them, a constant, hide each other's latencies. */

#define fleet_columns TYPED(fleet_columns)
#define fleet_all TYPED(fleet_all)
#define fleet_chunk TYPED(fleet_chunk)
#define fleet_gaps TYPED(fleet_gaps)
#define fleet_gather TYPED(fleet_gather)
#define fleet_transpose TYPED(fleet_transpose)
#define fleet_fours TYPED(fleet_fours)
#define fleet_short_rows TYPED(fleet_short_rows)
#define fleet_line TYPED(fleet_line)
#define fleet_ahead TYPED(fleet_ahead)
#define fleet_fetch TYPED(fleet_fetch)
#define fleet_fetch_lanes TYPED(fleet_fetch_lanes)
#define r_widen TYPED(r_widen)
#define v_load_lanes TYPED(v_load_lanes)

#ifndef LF_FLEET_SHARED
#define LF_FLEET_SHARED

enum {
    LF_FLEET_WIDE = REGISTERS == 32 ? 4 : 2, /* registers of few columns */
    LF_FLEET_CHUNK = 4,                      /* columns that so many sum at once */
    LF_FLEET_LONG = 8,                       /* and one register */
    LF_FLEET_SERIES = 128, /* neighbours from which on others of the lane follow */
    LF_FLEET_GAPS = 128,   /* rows among which gaps are looked for */
    LF_FLEET_STREAMS = 8,  /* rows that are read side by side: whose lines fit into one set of L1 */
    LF_FLEET_AHEAD = 512   /* bytes of a row, from fetching to reading */
};

/* missing += the gaps of n rows, one register each, times `of`, a column, or nothing if NULL, times
 * m columns. */
LF_INLINE void fleet_lost(size_t m, size_t n, const double *gap, const double *const row[],
                          const size_t *of, size_t at, size_t size, double *missing)
{
    enum { R = LF_FLEET_REG };
    reg_f64 sum[LF_FLEET_CHUNK];
    LF_UNROLL
    for (size_t k = 0; k < m; k++)
        sum[k] = r_load_f64(missing + k * size);
    for (size_t i = 0; i < n; i++) {
        reg_f64 q = r_load_f64(gap + i * R);
        if (of)
            q = r_mul_f64(q, r_set1_f64(row[i][*of]));
        LF_UNROLL
        for (size_t k = 0; k < m; k++)
            sum[k] = r_fma_f64(q, r_set1_f64(row[i][at + k]), sum[k]);
    }
    LF_UNROLL
    for (size_t k = 0; k < m; k++)
        r_store_f64(missing + k * size, sum[k]);
}

/* The same of all columns from `at` on; returns what follows the sums. */
LF_INLINE double *fleet_all_lost(size_t columns, size_t n, const double *gap,
                                 const double *const row[], const size_t *of, size_t at,
                                 size_t size, double *missing)
{
    enum { C = LF_FLEET_CHUNK };
    for (; columns - at >= C; at += C, missing += C * size)
        fleet_lost(C, n, gap, row, of, at, size, missing);
    if (columns - at == 3)
        fleet_lost(3, n, gap, row, of, at, size, missing);
    else if (columns - at == 2)
        fleet_lost(2, n, gap, row, of, at, size, missing);
    else if (columns - at == 1)
        fleet_lost(1, n, gap, row, of, at, size, missing);
    return missing + (columns - at) * size;
}

LF_APART void fleet_add_lost(size_t columns, size_t n, const double *gap, const double *const row[],
                             size_t size, double *missing)
{
    reg_f64 count = r_load_f64(missing);
    for (size_t i = 0; i < n; i++)
        count = r_add_f64(count, r_load_f64(gap + i * LF_FLEET_REG));
    r_store_f64(missing, count);
    missing = fleet_all_lost(columns, n, gap, row, NULL, 0, size, missing + size);
    for (size_t j = 0; j < columns; j++)
        missing = fleet_all_lost(columns, n, gap, row, &j, j, size, missing);
}
#endif

/* ---- To lanes ----------------------------------------------------------------------------- */

/* Element k of every lane. */
LF_INLINE void fleet_gather(const REAL *const from[LF_FLEET_LANES], ptrdiff_t k, double *to)
{
    double lane[LF_FLEET_LANES];
    LF_UNROLL
    for (size_t l = 0; l < LF_FLEET_LANES; l++)
        lane[l] = (double)from[l][k];
    for (size_t h = 0; h < LF_FLEET_LANES; h += LF_FLEET_REG)
        r_store_f64(to + h, r_load_f64(lane + h));
}

/* What follows is read when all other lanes have been, of which the machine sees too many. */
LF_INLINE void fleet_fetch_lanes(const REAL *const from[LF_FLEET_LANES], size_t at)
{
    LF_UNROLL
    for (size_t l = 0; l < LF_FLEET_LANES; l++)
        __builtin_prefetch((const void *)((uintptr_t)from[l] + at * sizeof(REAL)), 0, 2);
}

/* n neighbours in every lane, four at a time, to slots that are `step` apart; the last four may be
 * done twice. */
LF_INLINE void fleet_fours(size_t n, const REAL *const from[LF_FLEET_LANES], size_t at, size_t step,
                           double *to)
{
    for (size_t k = 0; k < n; k += 4) {
        vec_f64 v[4];
        k = n - k < 4 ? n - 4 : k;
        if (n >= LF_FLEET_SERIES && k % (64 / sizeof(REAL)) == 0)
            fleet_fetch_lanes(from, at + k + n);
        v_load_lanes(from, at + k, v);
        LF_UNROLL
        for (size_t i = 0; i < 4; i++)
            v_store_f64(to + (k + i) * step * LF_FLEET_LANES, v[i]);
    }
}

/* The same of rows that are too short for it. */
LF_INLINE void fleet_short_rows(size_t n, const REAL *const from[LF_FLEET_LANES], size_t run,
                                size_t skip, double *to)
{
    for (size_t k = 0; k < n; k += 4) {
        vec_f64 v[4];
        k = n - k < 4 ? n - 4 : k;
        size_t slot = k + k / run * skip, left = run - k % run;
        v_load_lanes(from, k, v);
        LF_UNROLL
        for (size_t i = 0; i < 4; i++, slot++) {
            v_store_f64(to + slot * LF_FLEET_LANES, v[i]);
            if (--left == 0) {
                slot += skip;
                left = run;
            }
        }
    }
}

/* n is 4 at least, and whole rows. */
static void fleet_transpose(size_t n, const REAL *const from[LF_FLEET_LANES], size_t run,
                            size_t skip, double *to)
{
    if (run == 1) {
        fleet_fours(n, from, 0, 1 + skip, to);
    } else if (run < 4) {
        fleet_short_rows(n, from, run, skip, to);
    } else {
        for (size_t k = 0; k < n; k += run, to += (run + skip) * LF_FLEET_LANES)
            fleet_fours(run, from, k, 1, to);
    }
}

static void TYPED(fleet_load)(size_t n, const REAL *const from[LF_FLEET_LANES], ptrdiff_t stride,
                              size_t run, size_t skip, double *to)
{
    int neighbours = 1;
    LF_UNROLL
    for (size_t l = 1; l < LF_FLEET_LANES; l++)
        neighbours &= from[l] == from[0] + l;
    if (!neighbours && stride == 1 && n >= 4) {
        fleet_transpose(n, from, run, skip, to);
        return;
    }
    for (size_t k = 0; k < n; k++) {
        double *slot = to + (run == 1 ? k * (1 + skip) : k + k / run * skip) * LF_FLEET_LANES;
        for (size_t h = 0; neighbours && h < LF_FLEET_LANES; h += LF_FLEET_REG)
            r_store_f64(slot + h, r_widen(from[0] + (ptrdiff_t)k * stride + h));
        if (!neighbours)
            fleet_gather(from, (ptrdiff_t)k * stride, slot);
    }
}

static void TYPED(fleet_first)(size_t rows, size_t problems, const REAL *v, ptrdiff_t stride,
                               double *first)
{
    for (size_t i = 0; i < problems; i++) {
        const REAL *value = v + i;
        first[i] = 0;
        for (size_t r = 0; r < rows; r++, value += stride)
            if (*value == *value) {
                first[i] = (double)*value;
                break;
            }
    }
}

/* ---- What is read next -------------------------------------------------------------------- */

/* From a row of the problems from i on to what is read LF_FLEET_AHEAD elements later: of the same
 * row, or, after its last problem, of the one in its place in the next rows. Rows are far apart, so
 * that the machine does not see it coming. */
LF_INLINE ptrdiff_t fleet_ahead(size_t i, size_t problems, size_t rows, ptrdiff_t stride)
{
    const size_t ahead =
        LF_FLEET_AHEAD / sizeof(REAL) < problems ? LF_FLEET_AHEAD / sizeof(REAL) : problems;
    return (ptrdiff_t)ahead +
           (i + ahead < problems ? 0 : (ptrdiff_t)rows * stride - (ptrdiff_t)problems);
}

LF_INLINE void fleet_fetch(const REAL *v, ptrdiff_t ahead, size_t registers)
{
    const uintptr_t next = (uintptr_t)v + (uintptr_t)ahead * sizeof(REAL);
    LF_UNROLL
    for (size_t at = 0; at < registers * LF_FLEET_REG * sizeof(REAL); at += 64)
        __builtin_prefetch((const void *)(next + at));
}

/* ---- Sums over shared columns ------------------------------------------------------------- */

/* Sums of `registers` registers of problems: d and d^2 where `squares`, d times n columns. With
 * gaps a NaN counts as d = 0. */
LF_INLINE void fleet_columns(size_t registers, size_t n, int squares, int gaps, size_t rows,
                             size_t columns, const double *basis, const REAL *v, ptrdiff_t stride,
                             ptrdiff_t ahead, const double *first, size_t size, double *sums,
                             double *column_sums)
{
    enum { R = LF_FLEET_REG, W = LF_FLEET_WIDE, C = LF_FLEET_LONG };
    reg_f64 f[W], s[W], s2[W], sum[W * C];
    LF_UNROLL
    for (size_t i = 0; i < registers; i++) {
        f[i] = r_load_f64(first + i * R);
        s[i] = s2[i] = r_set1_f64(0);
        if (squares) {
            s[i] = r_load_f64(sums + i * R);
            s2[i] = r_load_f64(sums + size + i * R);
        }
        LF_UNROLL
        for (size_t k = 0; k < n; k++)
            sum[i * C + k] = r_load_f64(column_sums + k * size + i * R);
    }
    for (size_t r = 0; r < rows; r++, v += stride, basis += columns) {
        if (squares)
            fleet_fetch(v, ahead, registers);
        LF_UNROLL
        for (size_t i = 0; i < registers; i++) {
            const reg_f64 x = r_widen(v + i * R);
            const reg_f64 d = gaps ? r_sub_unless_f64(r_nan_f64(x), x, f[i]) : r_sub_f64(x, f[i]);
            if (squares) {
                s[i] = r_add_f64(s[i], d);
                s2[i] = r_fma_f64(d, d, s2[i]);
            }
            LF_UNROLL
            for (size_t k = 0; k < n; k++)
                sum[i * C + k] = r_fma_f64(d, r_set1_f64(basis[k]), sum[i * C + k]);
        }
    }
    LF_UNROLL
    for (size_t i = 0; i < registers; i++) {
        if (squares) {
            r_store_f64(sums + i * R, s[i]);
            r_store_f64(sums + size + i * R, s2[i]);
        }
        LF_UNROLL
        for (size_t k = 0; k < n; k++)
            r_store_f64(column_sums + k * size + i * R, sum[i * C + k]);
    }
}

/* As many columns as a chunk takes of those that are left; returns how many. */
LF_INLINE size_t fleet_chunk(size_t registers, size_t left, int squares, int gaps, size_t rows,
                             size_t columns, const double *basis, const REAL *v, ptrdiff_t stride,
                             ptrdiff_t ahead, const double *first, size_t size, double *sums,
                             double *column_sums)
{
#define CHUNK(n)                                                                                   \
    {                                                                                              \
        fleet_columns(registers, n, squares, gaps, rows, columns, basis, v, stride, ahead, first,  \
                      size, sums, column_sums);                                                    \
        return n;                                                                                  \
    }
    if (registers == 1 && left >= LF_FLEET_LONG)
        CHUNK(LF_FLEET_LONG)
    if (left >= LF_FLEET_CHUNK)
        CHUNK(LF_FLEET_CHUNK)
    if (left == 3)
        CHUNK(3)
    if (left == 2)
        CHUNK(2)
    if (left == 1)
        CHUNK(1)
    CHUNK(0)
#undef CHUNK
}

/* All columns, in chunks. */
LF_INLINE void fleet_all(size_t registers, int gaps, size_t rows, size_t columns,
                         const double *basis, const REAL *v, ptrdiff_t stride, ptrdiff_t ahead,
                         const double *first, size_t size, double *sums)
{
    double *column_sums = sums + 2 * size;
    size_t k = fleet_chunk(registers, columns, 1, gaps, rows, columns, basis, v, stride, ahead,
                           first, size, sums, column_sums);
    while (k < columns)
        k += fleet_chunk(registers, columns - k, 0, gaps, rows, columns, basis + k, v, stride,
                         ahead, first, size, sums, column_sums + k * size);
}

/* A few rows at a time, so that the machine sees each of them go on and reads ahead. */
static void TYPED(fleet_shared)(size_t rows, size_t columns, size_t problems, const double *basis,
                                const REAL *v, ptrdiff_t stride, const double *first, size_t size,
                                double *sums)
{
    enum { WIDE = LF_FLEET_WIDE * LF_FLEET_REG };
    for (size_t r = 0; r < rows; r += LF_FLEET_STREAMS) {
        const size_t n = rows - r < LF_FLEET_STREAMS ? rows - r : LF_FLEET_STREAMS;
        const REAL *row = v + (ptrdiff_t)r * stride;
        const double *q = basis + r * columns;
        size_t i = 0;
        for (; problems - i >= WIDE; i += WIDE)
            fleet_all(LF_FLEET_WIDE, 0, n, columns, q, row + i, stride,
                      fleet_ahead(i, problems, n, stride), first + i, size, sums + i);
        for (; i < problems; i += LF_FLEET_REG)
            fleet_all(1, 0, n, columns, q, row + i, stride, fleet_ahead(i, problems, n, stride),
                      first + i, size, sums + i);
    }
}

/* ---- Gaps --------------------------------------------------------------------------------- */

/* What one register of problems misses: the rows with gaps are few, and found first. */
LF_INLINE void fleet_gaps(size_t rows, size_t columns, const double *basis, const REAL *v,
                          ptrdiff_t stride, size_t size, double *missing)
{
    enum { R = LF_FLEET_REG };
    double gap[LF_FLEET_GAPS * R];
    const double *row[LF_FLEET_GAPS];
    for (size_t r = 0; r < rows;) {
        const size_t end = rows - r < LF_FLEET_GAPS ? rows : r + LF_FLEET_GAPS;
        size_t n = 0;
        for (; r < end; r++, v += stride) {
            const reg_f64 x = r_widen(v);
            row[n] = basis + r * columns;
            r_store_f64(gap + n * R, r_add_if_f64(r_nan_f64(x), r_set1_f64(0), r_set1_f64(1)));
            n += r_any_nan_f64(x) != 0;
        }
        if (n > 0)
            fleet_add_lost(columns, n, gap, row, size, missing);
    }
}

/* Both at once, of one column: where gaps are frequent no branch can tell them. */
LF_INLINE void fleet_line(size_t registers, size_t rows, const double *basis, const REAL *v,
                          ptrdiff_t stride, ptrdiff_t ahead, const double *first, size_t size,
                          double *sums, double *missing)
{
    enum { R = LF_FLEET_REG, W = LF_FLEET_WIDE };
    const reg_f64 one = r_set1_f64(1);
    reg_f64 f[W], s[3 * W], m[3 * W];
    LF_UNROLL
    for (size_t i = 0; i < registers; i++) {
        f[i] = r_load_f64(first + i * R);
        LF_UNROLL
        for (size_t k = 0; k < 3; k++) {
            s[3 * i + k] = r_load_f64(sums + k * size + i * R);
            m[3 * i + k] = r_load_f64(missing + k * size + i * R);
        }
    }
    for (size_t r = 0; r < rows; r++, v += stride) {
        const reg_f64 q = r_set1_f64(basis[r]);
        fleet_fetch(v, ahead, registers);
        LF_UNROLL
        for (size_t i = 0; i < registers; i++) {
            const reg_f64 x = r_widen(v + i * R);
            const lanes_f64 gaps = r_nan_f64(x);
            const reg_f64 d = r_sub_unless_f64(gaps, x, f[i]);
            s[3 * i] = r_add_f64(s[3 * i], d);
            s[3 * i + 1] = r_fma_f64(d, d, s[3 * i + 1]);
            s[3 * i + 2] = r_fma_f64(d, q, s[3 * i + 2]);
            m[3 * i] = r_add_if_f64(gaps, m[3 * i], one);
            m[3 * i + 1] = r_add_if_f64(gaps, m[3 * i + 1], q);
            m[3 * i + 2] = r_fma_if_f64(gaps, q, q, m[3 * i + 2]);
        }
    }
    LF_UNROLL
    for (size_t i = 0; i < registers; i++) {
        LF_UNROLL
        for (size_t k = 0; k < 3; k++) {
            r_store_f64(sums + k * size + i * R, s[3 * i + k]);
            r_store_f64(missing + k * size + i * R, m[3 * i + k]);
        }
    }
}

static void TYPED(fleet_shared_missing)(size_t rows, size_t columns, size_t problems,
                                        const double *basis, const REAL *v, ptrdiff_t stride,
                                        const double *first, size_t size, double *sums,
                                        double *missing)
{
    enum { R = LF_FLEET_REG, PAIR = REGISTERS == 32 ? 2 : 1 };
    for (size_t r = 0; r < rows; r += LF_FLEET_STREAMS) {
        const size_t n = rows - r < LF_FLEET_STREAMS ? rows - r : LF_FLEET_STREAMS;
        const double *part = basis + r * columns;
        const REAL *row = v + (ptrdiff_t)r * stride;
        size_t i = 0;
        for (; columns == 1 && problems - i >= PAIR * R; i += PAIR * R)
            fleet_line(PAIR, n, part, row + i, stride, fleet_ahead(i, problems, n, stride),
                       first + i, size, sums + i, missing + i);
        for (; columns == 1 && i < problems; i += R)
            fleet_line(1, n, part, row + i, stride, fleet_ahead(i, problems, n, stride), first + i,
                       size, sums + i, missing + i);
        for (; i < problems; i += R)
            fleet_all(1, 1, n, columns, part, row + i, stride, fleet_ahead(i, problems, n, stride),
                      first + i, size, sums + i);
    }
    for (size_t i = 0; columns != 1 && i < problems; i += R)
        fleet_gaps(rows, columns, basis, v + i, stride, size, missing + i);
}
