/* SPDX-License-Identifier: MIT */
/* lanefit: kernels on whole blocks of rows, whose sums are finished, and fleets where they lie. */
#include "peers.h"

#include "rows.h"

#include <lanefit/fleet.h>
#include <lanefit/lanefit.h>

#include <stdlib.h>

static void affine(struct peer_affine *a)
{
    const struct lf_kernels_f32 *k = a->kernels;
    k->affine(a->rows, a->in, a->out, a->x, a->in, 1, a->w, a->b, a->y);
}

/* The rows of the block that begins at row r. */
static size_t block_rows(size_t rows, size_t r)
{
    return rows - r < LF_BLOCK_ROWS ? rows - r : LF_BLOCK_ROWS;
}

static void affine_grad(struct peer_affine *a)
{
    const struct lf_kernels_f32 *k = a->kernels;
    const size_t width = a->in * a->out + a->out;
    size_t block = 0;
    for (size_t r = 0; r < a->rows; r += LF_BLOCK_ROWS, block++) {
        k->affine_grad_part(block_rows(a->rows, r), a->in, a->out, a->x + r * a->in, a->in, 1,
                            a->g + r * a->out, a->work + lf_part_slot(block) * width);
        k->parts_push(block, width, a->work);
    }
    k->parts_finish(block, width, a->work, a->dw);
    k->affine_grad_input(a->rows, a->in, a->out, a->g, a->w, a->dx);
}

static void one_pass(struct peer_affine *a)
{
    const struct lf_kernels_f32 *k = a->kernels;
    const size_t width = a->in + 2;
    const struct lf_loss_f32 mse = {
        .kind = LF_MSE_LOSS, .scale = 1 / (float)a->rows, .upstream = 1};
    size_t block = 0;
    for (size_t r = 0; r < a->rows; r += LF_BLOCK_ROWS, block++) {
        k->affine_loss_part(&mse, block_rows(a->rows, r), a->in, 1, a->x + r * a->in, a->in, 1,
                            a->w, a->b, a->t + r, NULL, a->work + lf_part_slot(block) * width);
        k->parts_push(block, width, a->work);
    }
    for (size_t i = 0; i < width; i++)
        a->dw[i] = -0.0f;
    k->parts_finish(block, width, a->work, a->dw);
    a->loss = a->dw[a->in + 1] * mse.scale;
}

/* Problems `first` to `last`: shared columns alone are x, beside own ones they are common. */
static struct lf_fleet fleet_of(const struct peer_fleet *f, size_t first, size_t last)
{
    const size_t size = f->f32 ? sizeof(float) : sizeof(double);
    const size_t skipped = f->offset ? 0 : first;
    const struct lf_fleet_array z = {f->z_of_type, (ptrdiff_t)f->shared, 1, 0, 0};
    struct lf_fleet fleet = {.dtype = f->f32 ? LF_F32 : LF_F64,
                             .problems = last - first,
                             .rows = f->rows,
                             .in = f->own > 0 ? f->own : f->shared,
                             .common_in = f->own > 0 ? f->shared : 0,
                             .x = {(const char *)f->x + skipped * f->x_problem * size,
                                   (ptrdiff_t)f->x_row, 1, (ptrdiff_t)f->x_problem, 0},
                             .common = z,
                             .y = {(const char *)f->y + skipped * f->y_problem * size,
                                   (ptrdiff_t)f->y_row, 0, (ptrdiff_t)f->y_problem, 0},
                             .offsets = f->offset ? f->offset + first : NULL};
    if (f->own == 0)
        fleet.x = z;
    return fleet;
}

/* A workspace that is kept, as a user with many calls would. */
static void *workspace_for(const struct lf_fleet *fleet, const struct lf_fleet_options *options)
{
    static void *kept;
    static size_t room;
    const size_t bytes = lf_fleet_workspace(fleet, options);
    if (bytes > room) {
        free(kept);
        kept = malloc(bytes);
        room = kept ? bytes : 0;
    }
    return kept;
}

/* What it refuses stays as it was, which is found not to hold. */
static void fit(const struct peer_fleet *f, size_t first, size_t last)
{
    const struct lf_fleet fleet = fleet_of(f, first, last);
    const size_t params = fleet_params(f);
    struct lf_fleet_options options = {.kernels = f->kernels, .threads = 1};
    const struct lf_fleet_result result = {
        .coefficients = f->coefficients + first * params,
        .standard_errors = f->standard_errors ? f->standard_errors + first * params : NULL,
        .r_squared = f->r_squared ? f->r_squared + first : NULL};
    options.workspace = workspace_for(&fleet, &options);
    lf_fleet_fit(&fleet, &options, &result);
}

const struct peer peer_lanefit = {"lanefit", affine, affine_grad, one_pass, fit};
