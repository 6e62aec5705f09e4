/* SPDX-License-Identifier: MIT */
/* scalar.c: affine maps and their gradients. */

#define chain TYPED(chain)
#define lane_chains TYPED(lane_chains)
#define dot_bias TYPED(dot_bias)
#define sums_clear TYPED(sums_clear)
#define sums_halve TYPED(sums_halve)
#define grad_sums TYPED(grad_sums)
#define grad_begin TYPED(grad_begin)
#define grad_row TYPED(grad_row)
#define grad_end TYPED(grad_end)

/* x w over `in` inputs: one chain. */
static REAL chain(size_t in, const REAL *x, size_t stride, const REAL *w)
{
    REAL sum = (REAL)-0.0;
    for (size_t i = 0; i < in; i++)
        sum = FMA(x[i * stride], w[i], sum);
    return sum;
}

/* The same cut over V lanes. */
static REAL lane_chains(size_t in, const REAL *x, size_t stride, const REAL *w)
{
    REAL sum[LANES(REAL)];
    for (size_t l = 0; l < LANES(REAL); l++)
        sum[l] = (REAL)-0.0;
    for (size_t i = 0; i < in; i++)
        sum[i % LANES(REAL)] = FMA(x[i * stride], w[i], sum[i % LANES(REAL)]);
    for (size_t half = LANES(REAL) / 2; half > 0; half /= 2)
        for (size_t l = 0; l < half; l++)
            sum[l] += sum[half + l];
    return sum[0];
}

/* One of `out` output elements: x w + b. */
static REAL dot_bias(size_t in, size_t out, const REAL *x, size_t stride, const REAL *w,
                     const REAL *b)
{
    REAL sum = in > 16 && out <= 3 ? lane_chains(in, x, stride, w) : chain(in, x, stride, w);
    return b ? sum + *b : sum;
}

static void TYPED(affine)(size_t rows, size_t in, size_t out, const REAL *x, size_t row_stride,
                          size_t col_stride, const REAL *w, const REAL *b, REAL *y)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t o = 0; o < out; o++)
            y[r * out + o] =
                dot_bias(in, out, x + r * row_stride, col_stride, w + o * in, b ? b + o : NULL);
}

static void TYPED(affine_grad_input)(size_t rows, size_t in, size_t out, const REAL *g,
                                     const REAL *w, REAL *dx)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < in; i++) {
            REAL sum = (REAL)-0.0;
            for (size_t o = 0; o < out; o++)
                sum = FMA(g[r * out + o], w[o * in + i], sum);
            dx[r * in + i] += sum;
        }
}

/* The accumulators of a row sum of `width` values: `lanes` rows of them. */
static void sums_clear(size_t lanes, size_t width, REAL *sums)
{
    for (size_t j = 0; j < lanes * width; j++)
        sums[j] = (REAL)-0.0;
}

/* Adds the lanes by halving and writes the `width` sums to out. */
static void sums_halve(size_t lanes, size_t width, REAL *sums, REAL *out)
{
    for (size_t half = lanes / 2; half > 0; half /= 2)
        for (size_t j = 0; j < half * width; j++)
            sums[j] += sums[half * width + j];
    for (size_t j = 0; j < width; j++)
        out[j] = sums[j];
}

/* The running weight and bias sums of one block. Without lanes the weights are summed in place. */
struct grad_sums {
    REAL *weight_out;
    size_t weight_lanes, bias_lanes;
    REAL weight[MOST_SUMS];
    REAL bias[MOST_SUMS];
};

static void grad_begin(size_t in, size_t out, struct grad_sums *sums, REAL *part)
{
    sums->weight_lanes = row_lanes(in, out, LANES(REAL));
    sums->bias_lanes = row_lanes(1, out, LANES(REAL));
    sums->weight_out = part;
    sums_clear(sums->weight_lanes, in * out, sums->weight_lanes > 1 ? sums->weight : part);
    sums_clear(sums->bias_lanes, out, sums->bias_lanes > 1 ? sums->bias : part + in * out);
}

/* Adds what output o of row r contributes: g x to its weights, g to its bias. Lanes are a power of
 * two; a remainder by them would be a division. */
static void grad_row(size_t in, size_t out, struct grad_sums *sums, size_t r, size_t o,
                     const REAL *x, size_t stride, REAL g)
{
    REAL *weight = sums->weight_out + o * in;
    REAL *bias = sums->weight_out + in * out + o;
    if (sums->weight_lanes > 1)
        weight = sums->weight + (r & (sums->weight_lanes - 1)) * in * out + o * in;
    if (sums->bias_lanes > 1)
        bias = sums->bias + (r & (sums->bias_lanes - 1)) * out + o;
    for (size_t i = 0; i < in; i++)
        weight[i] = FMA(g, x[i * stride], weight[i]);
    *bias += g;
}

static void grad_end(size_t in, size_t out, struct grad_sums *sums)
{
    if (sums->weight_lanes > 1)
        sums_halve(sums->weight_lanes, in * out, sums->weight, sums->weight_out);
    if (sums->bias_lanes > 1)
        sums_halve(sums->bias_lanes, out, sums->bias, sums->weight_out + in * out);
}

static void TYPED(affine_grad_part)(size_t rows, size_t in, size_t out, const REAL *x,
                                    size_t row_stride, size_t col_stride, const REAL *g, REAL *part)
{
    struct grad_sums sums;
    grad_begin(in, out, &sums, part);
    for (size_t r = 0; r < rows; r++)
        for (size_t o = 0; o < out; o++)
            grad_row(in, out, &sums, r, o, x + r * row_stride, col_stride, g[r * out + o]);
    grad_end(in, out, &sums);
}
