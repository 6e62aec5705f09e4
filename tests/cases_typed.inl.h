/* SPDX-License-Identifier: MIT */
/* cases.c: what depends on the type. */

static long double TYPED(at)(const void *values, size_t i)
{
    return ((const REAL *)values)[i];
}

#include "cases_rows.inl.h"
#include "cases_flat.inl.h"
#include "cases_draws.inl.h"
