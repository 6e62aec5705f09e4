/* SPDX-License-Identifier: MIT */
#include <lanefit/optim.h>
#include <lanefit/line.h>

#include "../random/stretch.h"

#include <math.h>
#include <stdlib.h>

/* The parameters live in a model of one layer; the fused path takes them out for a run and puts
 * them back. */
struct lf_line {
    struct lf_line_options options;
    struct lf_rng rng;
    struct lf_model *model;
    struct lf_layer layer;
    struct lf_tape *tape; /* NULL on the fused path, as the optimizer */
    struct lf_optimizer *sgd;
    size_t steps;
    int drawn; /* x is the draw of a step that ran out of memory */
    double x;
};

#include "../kernels/type_f32.h"
#include "line.inl.h"

#include "../kernels/type_f64.h"
#include "line.inl.h"

static int in_range(double x, enum lf_dtype dtype)
{
    return isfinite(x) && (dtype == LF_F64 || isfinite((float)x));
}

/* Checks the options, and puts the best table where none is named. */
static lf_status check(struct lf_line_options *o)
{
    if ((o->model != LF_LINE_LINEAR && o->model != LF_LINE_SHARED) ||
        (o->dtype != LF_F32 && o->dtype != LF_F64) ||
        (o->path != LF_PATH_FUSED && o->path != LF_PATH_AUTOGRAD) || !in_range(o->lr, o->dtype) ||
        o->lr < 0 || !in_range(o->true_weight, o->dtype) || !in_range(o->true_bias, o->dtype))
        return LF_INVALID;
    if (!o->kernels)
        o->kernels = lf_kernels_best();
    return o->kernels ? LF_OK : LF_UNSUPPORTED;
}

lf_status lf_line_create(struct lf_line **line, const struct lf_line_options *options)
{
    if (!line)
        return LF_INVALID;
    *line = NULL;
    if (!options)
        return LF_INVALID;
    struct lf_line_options checked = *options;
    lf_status status = check(&checked);
    if (status != LF_OK)
        return status;
    struct lf_line *l = calloc(1, sizeof *l);
    if (!l)
        return LF_NO_MEMORY;
    l->options = checked;
    status = lf_model_create(&l->model, checked.kernels, checked.dtype);
    if (status == LF_OK)
        status = lf_model_add_linear(l->model, "linear", 1, 1, &l->layer);
    if (status == LF_OK && checked.path == LF_PATH_AUTOGRAD)
        status = lf_tape_create(&l->tape, l->model);
    const struct lf_optimizer_options sgd = lf_sgd(checked.lr);
    if (status == LF_OK && checked.path == LF_PATH_AUTOGRAD)
        status = lf_optimizer_create(&l->sgd, l->model, &sgd);
    if (status != LF_OK) {
        lf_line_destroy(l);
        return status;
    }
    lf_line_restart(l, checked.seed);
    *line = l;
    return LF_OK;
}

void lf_line_restart(struct lf_line *line, uint64_t seed)
{
    if (!line)
        return;
    lf_rng_seed(&line->rng, seed);
    lf_model_init(line->model, &line->rng);
    line->steps = 0;
    line->drawn = 0;
}

void lf_line_destroy(struct lf_line *line)
{
    if (!line)
        return;
    lf_optimizer_destroy(line->sgd);
    lf_tape_destroy(line->tape);
    lf_model_destroy(line->model);
    free(line);
}

lf_status lf_line_run(struct lf_line *line, size_t steps, struct lf_line_step *trace)
{
    if (!line)
        return LF_INVALID;
    if (line->options.dtype == LF_F32)
        return line->tape ? run_autograd_f32(line, steps, trace)
                          : run_fused_f32(line, steps, trace);
    return line->tape ? run_autograd_f64(line, steps, trace) : run_fused_f64(line, steps, trace);
}

size_t lf_line_steps(const struct lf_line *line)
{
    return line ? line->steps : 0;
}

void lf_line_parameters(const struct lf_line *line, double *weight, double *bias)
{
    if (!line)
        *weight = *bias = __builtin_nan("");
    else if (line->options.dtype == LF_F32)
        parameters_f32(line, weight, bias);
    else
        parameters_f64(line, weight, bias);
}

lf_status lf_line_fates(const struct lf_line_options *options, size_t steps, size_t n,
                        const uint64_t seeds[], struct lf_line_fate fates[])
{
    if (!options || (n > 0 && (!seeds || !fates)))
        return LF_INVALID;
    struct lf_line_options checked = *options;
    lf_status status = check(&checked);
    if (status != LF_OK)
        return status;
    struct lf_rng_lanes *rng = malloc(sizeof *rng);
    if (!rng)
        return LF_NO_MEMORY;
    for (size_t i = 0; i < n; i += LF_LANES) {
        size_t count = n - i < LF_LANES ? n - i : LF_LANES;
        uint64_t seed[LF_LANES];
        for (size_t j = 0; j < LF_LANES; j++)
            seed[j] = seeds[i + (j < count ? j : 0)];
        lf_rng_seed_lanes(rng, seed);
        if (checked.dtype == LF_F32)
            fates_f32(&checked, rng, steps, count, fates + i);
        else
            fates_f64(&checked, rng, steps, count, fates + i);
    }
    free(rng);
    return LF_OK;
}
