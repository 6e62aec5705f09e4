/* SPDX-License-Identifier: MIT */
/* The model that least squares leaves in a file. Coefficients of the columns as they are would lose
 * digits where their terms cancel, as those of powers do: the weights are solved for once more, of
 * the columns that a prediction is made from, Legendre polynomials or features around their means.
 */
#include "lsq.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Columns ------------------------------------------------------------------------------ */

/* The power of two at or above a column's largest distance from its mean, which divides without
 * rounding. */
static double scale_of(double distance)
{
    int exponent;
    if (!(distance > 0) || isinf(distance))
        return 1;
    frexp(distance, &exponent);
    return ldexp(1, exponent < -1000 ? -1000 : exponent > 1000 ? 1000 : exponent);
}

/* Without an intercept a model is 0 where its features are: so is each of its columns, a feature or
 * P_k less what it is where x is 0, and the bias too. */
static void set_scaling(struct description *d, const struct rows *rows, int no_intercept)
{
    static const double zero = 0;
    d->target_scale = 1;
    d->low = rows->low[0];
    d->high = rows->high[0];
    if (d->low == d->high) { /* which a ridge allows */
        d->high = d->low != 0 ? fabs(d->low) : 1;
        d->low = -d->high;
    }
    if (d->degree > 0 && no_intercept)
        description_basis(d, 1, &zero, 1, d->mean);
    for (size_t i = 0; i < d->in; i++) {
        d->scale[i] = 1;
        if (d->degree > 0)
            continue;
        const double mean = rows->sum[i] / (double)rows->used;
        d->mean[i] = no_intercept || !isfinite(mean) ? 0 : mean;
        d->scale[i] = scale_of(fmax(rows->high[i] - d->mean[i], d->mean[i] - rows->low[i]));
    }
}

/* What a ridge punishes are the coefficients in the units of the data: coefficient k, from 0, is
 * the sum of penalty[k in + j] times weight j. NULL when memory is out. */
static double *penalty_of(const struct network *n)
{
    const size_t in = n->description->in;
    const struct lf_layer *layer = network_layer(n);
    double *penalty = malloc(in * in * sizeof *penalty);
    double *coefficient = malloc((in + 1) * sizeof *coefficient);
    double *weight = lf_parameter_value(&layer->weight);
    for (size_t j = 0; penalty && coefficient && j < in; j++) {
        weight[j] = 1;
        description_unscale(n->description, layer, 0, coefficient);
        weight[j] = 0;
        for (size_t k = 0; k < in; k++)
            penalty[k * in + j] = coefficient[k + 1];
    }
    free(coefficient);
    if (coefficient)
        return penalty;
    free(penalty);
    return NULL;
}

/* ---- Rows --------------------------------------------------------------------------------- */

/* A column of ones unless there is no intercept, the model's columns, and the weight. Behind the
 * rows of the table a ridge has one for each coefficient, which says that it is 0. */
struct columns {
    struct lsq_source *source;
    const struct description *description;
    int has_ones, has_weight;
    double *basis, ridge;
    const double *penalty;
    size_t next;
};

static int seek_columns(void *context, size_t row)
{
    struct columns *c = context;
    c->next = row;
    return lsq_seek(c->source, row);
}

static int read_columns(void *context, size_t count, void *x, void *y)
{
    struct columns *c = context;
    const struct description *d = c->description;
    const struct rows *rows = c->source->rows;
    double *to_x = x, *to_y = y;
    for (size_t r = 0; r < count; r++, to_x += d->in, c->next++) {
        const int is_row = c->next < rows->used;
        if (is_row && !lsq_read(c->source))
            return 0;
        if (c->has_ones)
            *to_x++ = is_row;
        if (is_row) {
            description_basis(d, 1, c->source->row, rows->features, c->basis);
            description_scale(d, c->basis, to_x);
        } else {
            memcpy(to_x, c->penalty + (c->next - rows->used) * d->in, d->in * sizeof *to_x);
        }
        if (c->has_weight)
            *(to_x++ + d->in) = !is_row            ? c->ridge
                                : rows->has_weight ? c->source->row[rows->width - 1]
                                                   : 1;
        *to_y++ = is_row ? c->source->row[rows->features + c->source->target] : 0;
    }
    return 1;
}

/* weight[in] and bias of a target; *found says whether they could be determined. */
static lf_status solve(struct columns *c, double *weight, double *bias, enum lf_fit_status *found)
{
    const size_t in = c->description->in;
    const struct lf_stream stream = {seek_columns, read_columns, c};
    const struct lf_data data =
        lf_data_stream(LF_F64, c->source->rows->used + (c->ridge > 0 ? in : 0),
                       in + (c->has_ones ? 1 : 0) + (c->has_weight ? 1 : 0), 1, &stream);
    const struct lf_lsq_options options = {.no_intercept = 1, .weight_is_last = c->has_weight};
    double *solution = malloc((in + 1) * sizeof *solution);
    struct lf_lsq_result result = {.coefficients = solution};
    const lf_status status = solution ? lf_lsq_fit(&data, &options, &result) : LF_NO_MEMORY;
    if (status == LF_OK) {
        *bias = c->has_ones ? solution[0] : 0;
        memcpy(weight, solution + (c->has_ones ? 1 : 0), in * sizeof *weight);
        *found = result.status;
    }
    free(solution);
    return status;
}

/* ---- The model ---------------------------------------------------------------------------- */

static int solve_all(struct fit *fit, struct columns *c)
{
    const struct description *d = &fit->description;
    const struct lf_layer *layer = network_layer(&fit->network);
    double *weight = lf_parameter_value(&layer->weight), *bias = lf_parameter_value(&layer->bias);
    for (size_t i = 0; i < d->targets; i++) {
        enum lf_fit_status found = LF_FIT_OK;
        c->source->target = i;
        const lf_status status = solve(c, weight + i * d->in, bias + i, &found);
        if (!lsq_is_done(c->source, status))
            return 0;
        if (found != LF_FIT_OK) {
            complain("%s: no model is saved: its columns are too close to each other for "
                     "predictions in double",
                     fit->rows.path);
            return 0;
        }
    }
    return 1;
}

int lsq_model(struct fit *fit, struct lsq_source *source)
{
    const struct lf_lsq_options *options = &fit->settings->lsq;
    struct description *d = &fit->description;
    set_scaling(d, &fit->rows, options->no_intercept);
    if (!network_open(&fit->network, d, NULL))
        return 0;
    double *penalty = options->ridge > 0 ? penalty_of(&fit->network) : NULL;
    struct columns columns = {.source = source,
                              .description = d,
                              .has_ones = !options->no_intercept,
                              .has_weight = fit->rows.has_weight || options->ridge > 0,
                              .basis = malloc(d->in * sizeof(double)),
                              .ridge = options->ridge,
                              .penalty = penalty};
    int done = columns.basis && (penalty || options->ridge == 0);
    if (!done)
        complain("out of memory for the model");
    done = done && solve_all(fit, &columns);
    free(columns.basis);
    free(penalty);
    return done;
}
