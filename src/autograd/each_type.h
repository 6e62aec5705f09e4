/* SPDX-License-Identifier: MIT */
/* An operation's file includes this with its own name in LF_TEXT, and so itself once per type, with
 * REAL defined. What stands under `#ifdef REAL` there is the text that serves both. */
#include "../kernels/type_f32.h"
#include "sums.inl.h"
#include LF_TEXT

#include "../kernels/type_f64.h"
#include "sums.inl.h"
#include LF_TEXT

#undef REAL
