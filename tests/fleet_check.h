/* SPDX-License-Identifier: MIT */
/* Whether what a fleet says of a problem holds. */
#ifndef LANEFIT_TESTS_FLEET_CHECK_H
#define LANEFIT_TESTS_FLEET_CHECK_H

#include "fleets.h"

/* Of the problems that were checked, to see that a run has met what it should: handed over are
 * those that have the bits of the single solver and not the bound. */
struct fleet_counts {
    size_t solved, failed, handed_over;
};
extern struct fleet_counts fleet_counts;

/* Fails unless problem q is within the stated error of its solution in quadruple precision, or has
 * the bits of the single solver, with the status and the counts that solver gives. */
void fleet_check(const struct lf_fleet *f, const struct fleet_outputs *o, size_t q,
                 const char *name);

#endif
