/* SPDX-License-Identifier: MIT */
/* The rows of a table that a model is fitted to: chosen columns, without those that lack a value,
 * kept in memory, or in a temporary file where they are too many. */
#ifndef LANEFIT_SRC_CLI_ROWS_H
#define LANEFIT_SRC_CLI_ROWS_H

#include "../data/table.h"
#include "description.h"

#include <stdio.h>

enum { ROWS_BLOCK = 4096 }; /* rows read at a time */

struct rows_request {
    const char *path;
    const char *features;           /* names or numbers, commas between; NULL: all others */
    const char *targets;            /* NULL: the last column */
    const char *weight;             /* name or number of the column of weights; NULL: none */
    const char *by;                 /* columns that tell groups apart; NULL: there are none */
    const struct description *like; /* the columns that this one names, instead; NULL: none */
    struct table_options table;
    enum lf_loss_kind loss; /* what targets may be */
    size_t memory;          /* bytes of rows that are kept, at most */
    int quiet;
};

struct rows {
    struct table *table;
    const char *path;
    size_t features, targets, width;
    int has_weight;
    size_t *columns;         /* [width]: features, then targets, then the weight if there is one */
    size_t *keys, key_count; /* columns that tell groups apart */
    char **name;             /* [width] */
    size_t used;
    uint64_t unweighted;        /* rows of weight 0, which are not used */
    uint64_t dropped, *missing; /* [width]: rows dropped for want of a value of this column, the
                                   first that has none */
    double *low, *high, *sum;   /* [width]: of the values used */
    uint64_t hash;              /* of all values used */
    FILE *file;                 /* where the values are, when they are too many; else NULL, and */
    size_t room;
    double *values; /* [room,width] */
    size_t next;    /* row to be read */
    double *block;  /* of the table, in the first pass */
};

/* Opens the table and finds the columns; rows_find_columns is part of that. Complain and return 0.
 */
int rows_find(struct rows *rows, const struct rows_request *request);
int rows_find_columns(struct rows *rows, const struct rows_request *request);

/* Complains of a value in the last block, "data.csv, line 7, column 2 (mass): -3 is no weight", and
 * returns 0; of what the table says when it is read. */
int rows_refuse(const struct rows *rows, size_t row, size_t i, const char *what);
void rows_complain(const struct rows_request *request, const struct table_error *error);

/* Opens the table and goes over it once. Complains and returns 0: a column that is not there, text
 * that is no number, infinite values, targets that the loss does not take, negative weights, no row
 * left. */
int rows_open(struct rows *rows, const struct rows_request *request);
void rows_close(struct rows *rows); /* an all-zero one is fine */

/* Makes `row` the next of those used; reads so many into out[count,width]. Complain, return 0. */
int rows_seek(struct rows *rows, size_t row);
int rows_read(struct rows *rows, size_t count, double *out);

/* Frees the values in memory, which are not read again. */
void rows_forget(struct rows *rows);

/* Half of the machine's memory. */
size_t rows_memory(void);

#endif
