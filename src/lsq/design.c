/* SPDX-License-Identifier: MIT */
#include "design.h"

#include "../autograd/model.h"

enum { MOST_EXPONENT = 900 };

static double element(enum lf_dtype dtype, const void *from, size_t i)
{
    return dtype == LF_F32 ? (double)((const float *)from)[i] : ((const double *)from)[i];
}

static int is_weighted(const struct lf_lsq_design *d)
{
    return d->data.weight || d->options.weight_is_last;
}

lf_status lf_lsq_design_create(struct lf_lsq_design *d, const struct lf_data *data,
                               const struct lf_lsq_options *options, struct lf_memory *memory)
{
    const size_t size = lf_dtype_size(data->dtype);
    *d = (struct lf_lsq_design){.data = *data, .options = *options, .memory = memory};
    d->params = lf_lsq_params(data->in, options);
    d->data.in -= options->weight_is_last != 0;
    d->exponent = lf_memory_new(memory, data->in, sizeof *d->exponent);
    d->low = lf_memory_new(memory, data->in, sizeof *d->low);
    d->high = lf_memory_new(memory, data->in, sizeof *d->high);
    d->column = lf_memory_new(memory, d->params + 1, sizeof *d->column);
    d->weighted =
        is_weighted(d) ? lf_memory_new(memory, d->params + 1, sizeof *d->column) : d->column;
    d->x = data->stream ? lf_memory_new(memory, data->in * LSQ_BLOCK, size) : NULL;
    d->y = data->stream ? lf_memory_new(memory, LSQ_BLOCK, size) : NULL;
    if (d->exponent && d->low && d->high && d->column && d->weighted &&
        (!data->stream || (d->x && d->y)))
        return LF_OK;
    lf_lsq_design_destroy(d);
    return LF_NO_MEMORY;
}

void lf_lsq_design_destroy(struct lf_lsq_design *d)
{
    lf_memory_free(d->memory, d->exponent);
    lf_memory_free(d->memory, d->low);
    lf_memory_free(d->memory, d->high);
    if (d->weighted != d->column)
        lf_memory_free(d->memory, d->weighted);
    lf_memory_free(d->memory, d->column);
    lf_memory_free(d->memory, d->x);
    lf_memory_free(d->memory, d->y);
    *d = (struct lf_lsq_design){.memory = d->memory};
}

/* ---- Rows --------------------------------------------------------------------------------- */

/* Where the rows from `first` on lie. */
static lf_status take(struct lf_lsq_design *d, size_t first, struct lf_data *rows)
{
    const struct lf_stream *stream = d->data.stream;
    const size_t left = d->data.rows - first, n = left < LSQ_BLOCK ? left : LSQ_BLOCK;
    if (!stream) {
        *rows = lf_data_rows(&d->data, first, n);
        return LF_OK;
    }
    *rows = d->data;
    rows->rows = n;
    rows->x = d->x;
    rows->y = d->y;
    return (first > 0 || stream->seek(stream->context, 0)) &&
                   stream->read(stream->context, n, d->x, d->y)
               ? LF_OK
               : LF_IO;
}

static double x_of(const struct lf_data *rows, size_t r, size_t i)
{
    return element(rows->dtype, rows->x, r * rows->x_row_stride + i * rows->x_col_stride);
}

static double y_of(const struct lf_data *rows, size_t r)
{
    return element(rows->dtype, rows->y, r * rows->y_row_stride);
}

static double weight_of(const struct lf_lsq_design *d, const struct lf_data *rows, size_t r)
{
    if (d->options.weight_is_last)
        return x_of(rows, r, rows->in);
    return rows->weight ? element(rows->dtype, rows->weight, r) : 1;
}

static unsigned char state_of(const struct lf_lsq_design *d, const struct lf_data *rows, size_t r)
{
    const double weight = weight_of(d, rows, r);
    int missing = isnan(y_of(rows, r)) || isnan(weight);
    for (size_t i = 0; i < rows->in; i++)
        missing |= isnan(x_of(rows, r, i));
    return missing ? LSQ_DROPPED : weight == 0 ? LSQ_UNWEIGHTED : LSQ_USED;
}

/* ---- Scaling ------------------------------------------------------------------------------ */

/* The exponent that takes a largest magnitude to [1/2, 1). */
static int exponent_of(double magnitude)
{
    int exponent = 0;
    if (magnitude > 0)
        frexp(magnitude, &exponent);
    return exponent < -MOST_EXPONENT ? -MOST_EXPONENT : exponent;
}

struct extent {
    double y, weight;
    int negative; /* a weight is */
};

static void scan_rows(struct lf_lsq_design *d, const struct lf_data *rows, struct extent *extent)
{
    for (size_t r = 0; r < rows->rows; r++) {
        const unsigned char state = state_of(d, rows, r);
        const double weight = weight_of(d, rows, r), y = y_of(rows, r);
        extent->negative |= weight < 0;
        d->dropped += state == LSQ_DROPPED;
        if (state != LSQ_USED)
            continue;
        d->finite &= isfinite(y) && isfinite(weight);
        extent->y = fmax(extent->y, fabs(y));
        extent->weight = fmax(extent->weight, weight);
        for (size_t i = 0; i < rows->in; i++) {
            const double x = x_of(rows, r, i);
            d->finite &= isfinite(x);
            d->low[i] = d->used == 0 || x < d->low[i] ? x : d->low[i];
            d->high[i] = d->used == 0 || x > d->high[i] ? x : d->high[i];
        }
        d->used++;
    }
}

/* A column so small that its share of the ridge would overflow is scaled less. */
static int ridge_exponent(const struct lf_lsq_design *d)
{
    int exponent;
    frexp(d->options.ridge, &exponent);
    return d->options.ridge > 0 ? (exponent - d->weight_exponent - 500) / 2 : -MOST_EXPONENT;
}

static void shift(struct lf_lsq_design *d)
{
    const int e = d->exponent[0];
    const double low = ldexp(d->low[0], -e), high = ldexp(d->high[0], -e);
    d->center = low / 2 + high / 2;
    d->stretch = -exponent_of(fmax(high - d->center, d->center - low));
}

lf_status lf_lsq_design_scan(struct lf_lsq_design *d)
{
    struct extent extent = {0};
    d->used = d->dropped = 0;
    d->finite = 1;
    for (size_t first = 0; first < d->data.rows; first += LSQ_BLOCK) {
        struct lf_data rows;
        const lf_status status = take(d, first, &rows);
        if (status != LF_OK)
            return status;
        scan_rows(d, &rows, &extent);
    }
    if (extent.negative)
        return LF_INVALID;
    if (!d->finite)
        return LF_OK;
    d->y_exponent = exponent_of(extent.y);
    d->weight_exponent = exponent_of(extent.weight);
    d->weight_exponent -= d->weight_exponent % 2;
    if (!is_weighted(d))
        d->weight_exponent = 0;
    for (size_t i = 0; i < d->data.in; i++) {
        const int least = ridge_exponent(d);
        d->exponent[i] = exponent_of(fmax(fabs(d->low[i]), fabs(d->high[i])));
        if (d->exponent[i] < least)
            d->exponent[i] = least;
    }
    if (lf_lsq_design_is_shifted(d) && d->used > 0)
        shift(d);
    return LF_OK;
}

/* ---- Columns ------------------------------------------------------------------------------ */

static void put(struct lf_lsq_column *column, size_t r, lf_dd value)
{
    column->hi[r] = value.hi;
    column->lo[r] = value.lo;
}

/* The columns of a row that is used. */
static void fill_row(struct lf_lsq_design *d, const struct lf_data *rows, size_t r)
{
    struct lf_lsq_column *column = d->column;
    if (!d->options.no_intercept)
        put(column++, r, dd_of(1));
    if (d->options.degree == 0) {
        for (size_t i = 0; i < rows->in; i++)
            put(column++, r, dd_of(ldexp(x_of(rows, r, i), -d->exponent[i])));
    } else {
        const double x = ldexp(x_of(rows, r, 0), -d->exponent[0]);
        const lf_dd t = dd_scale(two_sum(x, -d->center), d->stretch);
        lf_dd power = t;
        for (size_t k = 0; k < d->options.degree; k++, power = dd_multiply(power, t))
            put(column++, r, power);
    }
    put(column, r, dd_of(ldexp(y_of(rows, r), -d->y_exponent)));
}

static void weigh_row(struct lf_lsq_design *d, size_t r)
{
    for (size_t j = 0; j <= d->params; j++) {
        const lf_dd value = {d->column[j].hi[r], d->column[j].lo[r]};
        put(d->weighted + j, r, dd_multiply(value, dd_of(d->weight[r])));
    }
}

lf_status lf_lsq_design_block(struct lf_lsq_design *d, size_t first)
{
    struct lf_data rows;
    const lf_status status = take(d, first, &rows);
    if (status != LF_OK)
        return status;
    d->rows = rows.rows;
    for (size_t r = 0; r < LSQ_BLOCK; r++) {
        const int used = r < rows.rows && (d->state[r] = state_of(d, &rows, r)) == LSQ_USED;
        d->weight[r] = used ? ldexp(weight_of(d, &rows, r), -d->weight_exponent) : 0;
        if (used)
            fill_row(d, &rows, r);
        for (size_t j = 0; !used && j <= d->params; j++)
            put(d->column + j, r, dd_of(0));
        if (d->weighted != d->column)
            weigh_row(d, r);
    }
    return LF_OK;
}
