/* SPDX-License-Identifier: MIT */
/* Fitting a line by one-sample SGD: the two experiments of the post, as a run that goes on.
 *
 * A step draws x ~ U[0,1), sets y = true_weight x + true_bias, and takes one step of SGD on
 * (f(x) - y)^2. f is one Linear(1, 1), or that layer applied twice ("shared"). Every float of a run
 * is the one that PyTorch 1.13.1 computes on an x86 CPU with AVX2, on every table and both paths.
 */
#ifndef LANEFIT_LINE_H
#define LANEFIT_LINE_H

#include <lanefit/autograd.h>

#ifdef __cplusplus
extern "C" {
#endif

enum lf_line_model {
    LF_LINE_LINEAR, /* f(x) = weight x + bias */
    LF_LINE_SHARED  /* f(x) = weight (weight x + bias) + bias */
};

enum lf_line_path {
    LF_PATH_FUSED,   /* the whole run inside one kernel */
    LF_PATH_AUTOGRAD /* step by step through a tape */
};

struct lf_line_options {
    enum lf_line_model model;
    enum lf_dtype dtype;
    enum lf_line_path path;
    uint64_t seed; /* as for torch.manual_seed */
    double lr;     /* finite, >= 0 */
    double true_weight, true_bias;
    const struct lf_kernels *kernels; /* NULL: the best table */
};

/* One step: the sample, the model's answer to it, and the parameters after the update. */
struct lf_line_step {
    double x, y, prediction, loss, weight, bias;
};

struct lf_line;

/* Seeds the generator and draws weight and bias. LF_INVALID (a number is not finite, or not in the
 * range of the type), LF_NO_MEMORY, LF_UNSUPPORTED: *line is then NULL. */
LF_API lf_status lf_line_create(struct lf_line **line, const struct lf_line_options *options);
LF_API void lf_line_destroy(struct lf_line *line);

/* Goes back to step 0 with another seed: what lf_line_create does, without allocating. */
LF_API void lf_line_restart(struct lf_line *line, uint64_t seed);

/* Takes `steps` more steps; trace[steps], unless NULL, receives one row each. LF_DIVERGED once a
 * parameter is not finite: the run ends with that step, and lf_line_steps tells its number.
 * LF_INVALID; LF_NO_MEMORY on the autograd path, before the step that lf_line_steps would count
 * next: the run can go on. A run in pieces has the bits of the run in one piece. */
LF_API lf_status lf_line_run(struct lf_line *line, size_t steps, struct lf_line_step *trace);

/* The steps taken so far, and the parameters as they stand. */
LF_API size_t lf_line_steps(const struct lf_line *line);
LF_API void lf_line_parameters(const struct lf_line *line, double *weight, double *bias);

/* Where a run started and where it ended. */
struct lf_line_fate {
    double start_weight, start_bias;
    double weight, bias;
};

/* One run of `steps` steps for each of seeds[n], 16 side by side in SIMD lanes, each with the bits
 * of the run alone; options->seed and ->path are not used. A run that diverges ends with parameters
 * that are not finite and disturbs no other. LF_INVALID, LF_NO_MEMORY, LF_UNSUPPORTED: fates is
 * untouched. */
LF_API lf_status lf_line_fates(const struct lf_line_options *options, size_t steps, size_t n,
                               const uint64_t seeds[], struct lf_line_fate fates[]);

#ifdef __cplusplus
}
#endif

#endif
