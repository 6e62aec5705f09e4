/* SPDX-License-Identifier: MIT */
/* The table of what `lanefit fit --by` finds: a row a group. */
#ifndef LANEFIT_SRC_CLI_GROUP_TABLE_H
#define LANEFIT_SRC_CLI_GROUP_TABLE_H

#include "fit.h"
#include "grouping.h"
#include "regression.h"

#include <stdio.h>

enum { FIT_STATUSES = LF_FIT_NON_FINITE + 1 };

struct group_table {
    enum group_format format;
    const struct grouping *grouping;
    const struct description *description;
    size_t keys, params, columns; /* columns: of all */
    char **name;                  /* [columns] */
    size_t count[FIT_STATUSES];   /* groups of each status, once written */
};

/* Names the columns after the keys of the rows. Complains and returns 0, two columns with the same
 * name among the reasons; to be freed in any case. */
int group_table_open(struct group_table *table, enum group_format format,
                     const struct grouping *grouping, const struct description *description,
                     char *const *keys, size_t key_count);
void group_table_free(struct group_table *table);

/* Solves all groups, and writes them; two threads have a share each. Complains and returns 0, a key
 * that is no number where .npy is written among the reasons. */
int group_table_write(struct group_table *table, FILE *file);

#endif
