/* SPDX-License-Identifier: MIT */
/* What a problem of a fleet is held against: the normal equations in quadruple precision, of
 * columns about their means where there is an intercept, solved by Gauss-Jordan elimination, and
 * how far an error of 64 (sqrt(n) + p) u of the magnitudes in each of their entries can lead away
 * from that, to first order. */
#ifndef LANEFIT_TESTS_FLEET_EXACT_H
#define LANEFIT_TESTS_FLEET_EXACT_H

#include "fleets.h"

struct fleet_range {
    long double low, high; /* NaN: what comes out has to be NaN */
};

struct fleet_exact {
    size_t params, used;
    double loss; /* the bound as a share of the solution; first order means nothing beyond 0.1 */
    int is_orthogonal; /* where that is so, but shared columns were made orthogonal: the bounds of
                          such a basis */
    struct fleet_range b[LF_FLEET_MOST_PARAMS], se[LF_FLEET_MOST_PARAMS], r_squared, residual_sd;
};

/* Of a problem that has a solution. */
void fleet_solve_exactly(const struct lf_fleet *f, size_t q, struct fleet_exact *exact);

#endif
