/* SPDX-License-Identifier: MIT */
/* A stack of images over time, a trend with its standard error for every pixel, in one call: the
 * stack is used where it lies, and what is missing is left out pixel by pixel. */
#include <lanefit/lanefit.h>

#include <math.h>
#include <stdio.h>

enum { TIME = 120, HEIGHT = 40, WIDTH = 60, PIXELS = HEIGHT * WIDTH };

static float stack[TIME][HEIGHT][WIDTH], year[TIME];
static double trend[2][PIXELS], error[2][PIXELS]; /* intercepts, then slopes */
static unsigned char status[PIXELS];

/* Temperatures that rise from west to east by 0 to 0.1 degrees a year, one in ten of them missing
 * behind clouds; a lake has none at all. */
static void make_stack(void)
{
    const struct lf_kernels *kernels = lf_kernels_best();
    struct lf_rng rng;
    static float noise[PIXELS], cloud[PIXELS];
    lf_rng_seed(&rng, 3);
    for (int t = 0; t < TIME; t++) {
        year[t] = 2010 + (float)t / 12;
        kernels->f32.normal(&rng, PIXELS, 0, 0.5f, noise);
        kernels->f32.uniform(&rng, PIXELS, cloud);
        for (int i = 0; i < PIXELS; i++) {
            const int is_lake = i % WIDTH < 3 && i / WIDTH < 5;
            const int missing = is_lake || cloud[i] < 0.1f;
            const float rise = 0.1f * (float)(i % WIDTH) / (WIDTH - 1);
            stack[t][i / WIDTH][i % WIDTH] =
                missing ? NAN : 15 + rise * (year[t] - 2010) + noise[i];
        }
    }
}

int main(void)
{
    const struct lf_fleet fleet = {
        .dtype = LF_F32,
        .problems = PIXELS,
        .rows = TIME,
        .in = 1,
        .x = {.data = year, .row = 1}, /* the same for every pixel: no stride between problems */
        .y = {.data = stack, .row = PIXELS, .problem = 1},
    };
    const struct lf_fleet_result result = {.coefficients = trend[0],
                                           .standard_errors = error[0],
                                           .param_stride = PIXELS, /* an image a parameter */
                                           .problem_stride = 1,
                                           .status = status};
    make_stack();
    if (lf_fleet_fit(&fleet, NULL, &result))
        return 1;
    const int some[] = {0, 20, 40, 59};
    for (int i = 0; i < 4; i++)
        printf("pixel 0,%-2d  %s: %.3f +- %.3f degrees a year\n", some[i],
               lf_fit_status_string((enum lf_fit_status)status[some[i]]), trend[1][some[i]],
               error[1][some[i]]);
    return 0;
}
