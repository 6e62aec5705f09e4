/* SPDX-License-Identifier: MIT */
#ifndef LANEFIT_SRC_LSQ_STUDENT_H
#define LANEFIT_SRC_LSQ_STUDENT_H

#include <stddef.h>

/* p[i], i below n: the probability that |T| >= |t[i]| where T has Student's t distribution with
 * df[i] degrees of freedom, a whole number; NaN for a NaN, and for df that are not above 0.
 * Relative error below 1e-12 for df to 1e8. */
void lf_lsq_student_p(size_t n, const double *t, const double *df, double *p);

#endif
