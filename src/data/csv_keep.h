/* SPDX-License-Identifier: MIT */
/* Where the rows of the last block stood. */
#ifndef LANEFIT_SRC_DATA_CSV_KEEP_H
#define LANEFIT_SRC_DATA_CSV_KEEP_H

#include "csv.h"

/* Keeps what is to be kept of the record from text.at up to next. */
int csv_keep_row(struct csv *csv, const char *next, struct table_error *error);

void csv_keep_free(struct csv_kept *kept);

/* The length of a record without its end of line. */
size_t csv_record_length(const char *record, const char *next);

#endif
