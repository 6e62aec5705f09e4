/* SPDX-License-Identifier: MIT */
/* What kind of text a file is. */
#ifndef LANEFIT_SRC_DATA_CSV_DETECT_H
#define LANEFIT_SRC_DATA_CSV_DETECT_H

#include "csv_field.h"

/* The delimiter of the text, which begins with the start of a line and ends in a NUL at `end`;
 * records that are cut there do not count, unless there is no other. */
char csv_find_delimiter(const char *text, const char *end, char comment);

#endif
