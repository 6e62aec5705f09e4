/* SPDX-License-Identifier: MIT */
/* Forward differentiation in long double, with bounds: what gradients of graphs are compared with.
 *
 * It shares nothing with the library: the library goes backwards through matrices, this goes
 * forward through numbers, along one direction. Beside value and derivative a number carries the
 * scale of the errors that a computation in working precision makes in both: every operation adds
 * the magnitude of its result, and passes on what its operands bring by the derivatives. The
 * derivative's magnitude is that of the sum over all paths without cancellation, as backward sums
 * them. */
#ifndef LANEFIT_TESTS_DUAL_H
#define LANEFIT_TESTS_DUAL_H

#include <lanefit/kernels.h>

struct dual {
    long double value, slope;
    long double slope_size;               /* sum of the magnitudes of the paths */
    long double value_error, slope_error; /* in units of u */
};

struct dual dual_constant(long double value);
struct dual dual_variable(long double value, int along); /* along: the direction is this one */
struct dual dual_add(struct dual a, struct dual b);
struct dual dual_sub(struct dual a, struct dual b);
struct dual dual_mul(struct dual a, struct dual b);
struct dual dual_power(struct dual x, long double exponent);
struct dual dual_activation(enum lf_activation kind, struct dual x);
struct dual dual_loss(enum lf_loss_kind kind, long double delta, struct dual p, struct dual t);

/* How far x is from where its derivative, or itself, is not continuous. */
long double dual_margin(enum lf_activation kind, struct dual x);
long double dual_loss_margin(enum lf_loss_kind kind, long double delta, struct dual p,
                             struct dual t);

#endif
