/* SPDX-License-Identifier: MIT */
/* Rows on their way to the sums of their groups: one thread reads them in batches, another one
 * finds their groups and adds them, in the order of the rows. */
#ifndef LANEFIT_SRC_CLI_GROUPING_H
#define LANEFIT_SRC_CLI_GROUPING_H

#include "../data/table.h"
#include "../lsq/groups.h"
#include "keys.h"

#include <pthread.h>

/* Rows as lf_lsq_groups_add takes them, and their keys as keys_number does. */
struct batch {
    size_t rows, most, width;
    double *values; /* [most, width] */
    size_t *start;  /* [most + 1] */
    char *text;
    size_t room;
    uint32_t *number; /* [most] */
};

enum { BATCHES = 2 };

struct grouping {
    struct keys keys;
    struct lf_lsq_groups sums;
    struct batch batch[BATCHES];
    uint32_t *order, *first; /* what lf_lsq_groups_add needs */
    size_t first_room;
    int has_thread;
    pthread_t thread;
    /* Under the mutex: batches that were given, and that are added; whether the last one is given;
     * whether memory is out. */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t given, added;
    int ended, failed;
};

/* For rows of in + 1 values or one more with weights, of which a batch has room for a block at
 * least. 0 where memory is out; to be freed in any case. */
int grouping_begin(struct grouping *grouping, size_t in, const struct lf_lsq_options *options,
                   size_t block);
void grouping_free(struct grouping *grouping);

/* A batch without rows, to be filled, once one is free; NULL where memory was out for one before.
 */
struct batch *grouping_next(struct grouping *grouping);

/* Takes over rows from the last block of the table, and their keys. 0 where memory is out. */
int batch_take(struct batch *batch, size_t rows, const double *values, const struct table *table);

/* Gives away the batch that was filled. */
void grouping_give(struct grouping *grouping);

/* Waits until all are added. 0 where memory is out. */
int grouping_end(struct grouping *grouping);

#endif
