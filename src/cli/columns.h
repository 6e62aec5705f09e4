/* SPDX-License-Identifier: MIT */
/* What a user says of a table and its columns. */
#ifndef LANEFIT_SRC_CLI_COLUMNS_H
#define LANEFIT_SRC_CLI_COLUMNS_H

#include "../data/table.h"
#include "cli.h"

/* What the options --delimiter and --header say of a table, NULL where they are not given.
 * Complains and returns 0. */
int read_table_options(const struct option_rule *delimiter_rule, const char *delimiter,
                       const struct option_rule *header_rule, const char *header,
                       struct table_options *options);

/* Columns that a list names, `count` of them: names or numbers with commas in between; NULL after
 * complaining. To be freed. */
size_t *columns_listed(struct table *table, const char *list, size_t *count);

/* columns[count] = those with such names; or, in a file without names of as many columns, all in
 * order. Complains and returns 0. */
int columns_named(struct table *table, char *const *names, size_t count, size_t *columns);

#endif
