/* SPDX-License-Identifier: MIT */
/* What the text of a field means. */
#ifndef LANEFIT_SRC_DATA_CSV_VALUE_H
#define LANEFIT_SRC_DATA_CSV_VALUE_H

#include <lanefit/lanefit.h>

/* Whether [first, last), blanks around it aside, is a number or a missing value, which is NaN:
 * *value is of the type. */
int csv_value(const char *first, const char *last, enum lf_dtype dtype, void *value);

/* Whether it may be a number with a decimal comma: digits, points and at least one comma. */
int csv_is_decimal_comma(const char *first, const char *last);

#endif
