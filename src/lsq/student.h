/* SPDX-License-Identifier: MIT */
#ifndef LANEFIT_SRC_LSQ_STUDENT_H
#define LANEFIT_SRC_LSQ_STUDENT_H

/* The probability that |T| >= |t| where T has Student's t distribution with df > 0 degrees of
 * freedom, a whole number; NaN for a NaN. Relative error below 1e-12 for df to 1e8. */
double lf_lsq_student_p(double t, double df);

#endif
