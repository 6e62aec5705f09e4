/* SPDX-License-Identifier: MIT */
/* lanefit: small regressions, very fast, with the same bits everywhere. All public headers.
 *
 * A NULL where an object belongs is not an accident: functions that return a status return
 * LF_INVALID, all others do nothing and return 0, NaN or NULL. Kernels alone take no NULL but where
 * they say so. Objects may be used from several threads, each from one at a time. */
#ifndef LANEFIT_LANEFIT_H
#define LANEFIT_LANEFIT_H

#include <lanefit/autograd.h>
#include <lanefit/checkpoint.h>
#include <lanefit/data.h>
#include <lanefit/fleet.h>
#include <lanefit/isa.h>
#include <lanefit/kernels.h>
#include <lanefit/line.h>
#include <lanefit/lsq.h>
#include <lanefit/optim.h>
#include <lanefit/random.h>
#include <lanefit/statistics.h>
#include <lanefit/status.h>
#include <lanefit/train.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LF_VERSION "0.1.0"

/* The version of the library that is linked, which LF_VERSION of the headers should equal. */
LF_API const char *lf_version(void);

#ifdef __cplusplus
}
#endif

#endif
