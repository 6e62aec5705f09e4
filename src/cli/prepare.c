/* SPDX-License-Identifier: MIT */
#include "prepare.h"
#include "cli.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 4096 };

size_t prepare_train_rows(size_t rows, double held)
{
    return rows - (size_t)(held * (double)rows);
}

/* ---- Scaling ------------------------------------------------------------------------------ */

/* The basis and the targets side by side, as they are: what means and deviations are taken of. */
struct unscaled {
    const struct description *description;
    struct rows *rows;
    double *raw; /* a block */
};

static int seek_unscaled(void *context, size_t row)
{
    return rows_seek(((struct unscaled *)context)->rows, row);
}

static int read_unscaled(void *context, size_t count, void *x, void *y)
{
    const struct unscaled *u = context;
    const struct description *d = u->description;
    const size_t width = u->rows->width;
    double *out = x;
    (void)y;
    if (!rows_read(u->rows, count, u->raw))
        return 0;
    for (size_t r = 0; r < count; r++, out += d->in + d->targets) {
        const double *row = u->raw + r * width;
        description_basis(d, 1, row, width, out);
        memcpy(out + d->in, row + d->features, d->targets * sizeof *out);
    }
    return 1;
}

static int out_of_memory(const struct rows *rows)
{
    complain("%s: out of memory", rows->path);
    return 0;
}

/* Whether the squares of what a column spans are numbers. */
static int can_be_scaled(const struct rows *rows)
{
    static const double least = 1e-140, most = 1e140;
    for (size_t i = 0; i < rows->width; i++) {
        const double span = rows->high[i] / 2 - rows->low[i] / 2;
        if (span == 0 || (span >= least && span <= most))
            continue;
        complain(
            "%s: the values of column %zu (%s) are too far apart, or too close: they span %g to "
            "%g; lanefit takes spans of 1e-140 to 1e140: use another unit",
            rows->path, rows->columns[i] + 1, rows->name[i], rows->low[i], rows->high[i]);
        return 0;
    }
    return 1;
}

/* Whether the features vary: one value in all rows can't be told from the intercept. */
static int vary(const struct rows *rows)
{
    for (size_t i = 0; i < rows->features; i++)
        if (rows->low[i] == rows->high[i]) {
            complain("%s: column %zu (%s) has one value in all rows, %g: leave it out with "
                     "--features",
                     rows->path, rows->columns[i] + 1, rows->name[i], rows->low[i]);
            return 0;
        }
    return 1;
}

/* Means of their own, and one scale for all: the root of the mean square of their deviations. */
static void scale_targets(struct description *d, const struct rows *rows, const double *mean,
                          const double *scale)
{
    double sum = 0;
    const int in_units = d->loss == LF_BCE_WITH_LOGITS_LOSS || d->loss == LF_POISSON_NLL_LOSS;
    for (size_t i = 0; i < d->targets; i++) {
        const size_t column = d->features + i;
        d->target_mean[i] = in_units ? 0 : mean[i];
        sum += rows->low[column] == rows->high[column] ? 0 : scale[i] * scale[i];
    }
    d->target_scale = !in_units && sum > 0 ? sqrt(sum / (double)d->targets) : 1;
}

int prepare_scaling(struct description *d, struct rows *rows, const struct lf_kernels *kernels,
                    double held)
{
    if (!vary(rows) || !can_be_scaled(rows))
        return 0;
    d->low = rows->low[0];
    d->high = rows->high[0];
    const size_t width = d->in + d->targets;
    struct unscaled unscaled = {d, rows, malloc(BLOCK * rows->width * sizeof(double))};
    const struct lf_stream stream = {seek_unscaled, read_unscaled, &unscaled};
    const struct lf_data data =
        lf_data_stream(LF_F64, prepare_train_rows(rows->used, held), width, 0, &stream);
    double *mean = malloc(2 * width * sizeof *mean), *scale = mean ? mean + width : NULL;
    lf_status status =
        unscaled.raw && mean ? lf_data_scaling(kernels, &data, mean, scale) : LF_NO_MEMORY;
    if (status == LF_OK) {
        memcpy(d->mean, mean, d->in * sizeof *mean);
        memcpy(d->scale, scale, d->in * sizeof *scale);
        scale_targets(d, rows, mean + d->in, scale + d->in);
    } else if (status != LF_IO) {
        out_of_memory(rows);
    }
    free(unscaled.raw);
    free(mean);
    return status == LF_OK;
}

/* ---- Rows --------------------------------------------------------------------------------- */

static int seek_prepared(void *context, size_t row)
{
    const struct prepared_stream *s = context;
    return rows_seek(s->of->rows, s->first + row);
}

static int read_prepared(void *context, size_t count, void *x, void *y)
{
    const struct prepared *p = ((const struct prepared_stream *)context)->of;
    const struct description *d = p->description;
    const size_t width = p->rows->width, size = d->dtype == LF_F32 ? sizeof(float) : sizeof(double);
    char *to_x = x, *to_y = y;
    for (size_t done = 0, n; done < count; done += n) {
        n = count - done < BLOCK ? count - done : BLOCK;
        if (!rows_read(p->rows, n, p->raw))
            return 0;
        for (size_t r = 0; r < n; r++, to_x += d->in * size, to_y += d->targets * size) {
            description_basis(d, 1, p->raw + r * width, width, p->basis);
            description_scale(d, p->basis, to_x);
            description_scale_targets(d, p->raw + r * width + d->features, to_y);
        }
    }
    return 1;
}

/* All rows into memory, where they are views of the same arrays. */
static int fill(struct prepared *p)
{
    const struct description *d = p->description;
    const size_t size = d->dtype == LF_F32 ? sizeof(float) : sizeof(double);
    p->x = calloc(p->rows->used, d->in * size);
    p->y = calloc(p->rows->used, d->targets * size);
    if (!p->x || !p->y)
        return out_of_memory(p->rows);
    if (!seek_prepared(&p->streams[0], 0) ||
        !read_prepared(&p->streams[0], p->rows->used, p->x, p->y))
        return 0;
    struct lf_data all = {d->dtype, p->rows->used, d->in, d->targets, p->x, p->y, d->in,
                          1,        d->targets,    1,     NULL,       NULL};
    p->validation = lf_data_rows(&all, p->train.rows, p->validation.rows);
    p->train = lf_data_rows(&all, 0, p->train.rows);
    rows_forget(p->rows);
    return 1;
}

int prepare_open(struct prepared *p, struct rows *rows, const struct description *d, double held)
{
    const size_t train = prepare_train_rows(rows->used, held);
    *p = (struct prepared){.rows = rows, .description = d};
    p->raw = malloc(BLOCK * rows->width * sizeof *p->raw);
    p->basis = malloc(d->in * sizeof *p->basis);
    if (!p->raw || !p->basis)
        return out_of_memory(rows);
    for (int i = 0; i < 2; i++) {
        p->streams[i] = (struct prepared_stream){.of = p, .first = i == 0 ? 0 : train};
        p->streams[i].stream = (struct lf_stream){seek_prepared, read_prepared, &p->streams[i]};
    }
    p->train = lf_data_stream(d->dtype, train, d->in, d->targets, &p->streams[0].stream);
    p->validation =
        lf_data_stream(d->dtype, rows->used - train, d->in, d->targets, &p->streams[1].stream);
    return rows->file || fill(p);
}

void prepare_close(struct prepared *p)
{
    free(p->raw);
    free(p->basis);
    free(p->x);
    free(p->y);
    *p = (struct prepared){0};
}
