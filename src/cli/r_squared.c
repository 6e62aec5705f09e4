/* SPDX-License-Identifier: MIT */
#include "fit.h"

#include <math.h>
#include <stdlib.h>

static double element(enum lf_dtype dtype, const void *vector, size_t i)
{
    return dtype == LF_F32 ? (double)((const float *)vector)[i] : ((const double *)vector)[i];
}

/* Adds those of a block of rows, scaled as they are; 0 when memory is out. */
static int add_squares(struct network *n, size_t rows, const void *x, const void *y, double *errors,
                       double *squares)
{
    const struct description *d = n->description;
    const void *answer = network_run(n, rows, x);
    for (size_t i = 0; answer && i < rows * d->targets; i++) {
        const double target = element(d->dtype, y, i);
        const double error = target - element(d->dtype, answer, i);
        errors[i % d->targets] += error * error;
        squares[i % d->targets] += target * target;
    }
    return answer != NULL;
}

/* Over all rows trained on, from memory or by another pass, for which x and y have room. */
static int sum_squares(struct fit *fit, void *x, void *y, double *errors, double *squares)
{
    enum { BLOCK = 4096 };
    const struct description *d = &fit->description;
    const struct lf_data *data = &fit->prepared.train;
    const size_t size = d->dtype == LF_F32 ? sizeof(float) : sizeof(double);
    const struct lf_stream *stream = data->stream;
    if (stream && !stream->seek(stream->context, 0))
        return 0;
    for (size_t row = 0, n; row < data->rows; row += n) {
        n = data->rows - row < BLOCK ? data->rows - row : BLOCK;
        if (stream && !stream->read(stream->context, n, x, y))
            return 0;
        if (!add_squares(&fit->network, n, stream ? x : (const char *)data->x + row * d->in * size,
                         stream ? y : (const char *)data->y + row * d->targets * size, errors,
                         squares)) {
            complain("out of memory for R2");
            return 0;
        }
    }
    return 1;
}

int r_squared(struct fit *fit)
{
    enum { BLOCK = 4096 };
    const struct description *d = &fit->description;
    const int has_residuals = d->loss != LF_BCE_WITH_LOGITS_LOSS && d->loss != LF_POISSON_NLL_LOSS;
    void *x = malloc(BLOCK * d->in * sizeof(double));
    void *y = malloc(BLOCK * d->targets * sizeof(double));
    double *errors = calloc(2 * d->targets, sizeof *errors);
    double *r2 = fit->result.r_squared = calloc(d->targets, sizeof *r2);
    int done = x && y && errors && r2;
    if (!done)
        complain("out of memory for R2");
    else if (has_residuals)
        done = sum_squares(fit, x, y, errors, errors + d->targets);
    for (size_t i = 0; done && i < d->targets; i++)
        r2[i] = has_residuals && errors[d->targets + i] > 0 ? 1 - errors[i] / errors[d->targets + i]
                                                            : NAN;
    free(x);
    free(y);
    free(errors);
    return done;
}
