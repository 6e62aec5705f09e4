/* SPDX-License-Identifier: MIT */
/* What the suites of tables share: bytes as a file or through a pipe, read whole. */
#ifndef LANEFIT_TESTS_TABLES_H
#define LANEFIT_TESTS_TABLES_H

#include "table.h"

enum { PATH_CHARS = 64 };

/* A file of these bytes, under a path of this process; it is closed with it. */
void file_of(const void *bytes, size_t size, char path[PATH_CHARS]);

/* Standard input becomes a pipe through which the bytes come, again and again `times` times. A
 * process of its own writes them until nobody reads. */
void pipe_of(const void *bytes, size_t size, size_t times);

enum { NAMES_CHARS = 256 };

/* A table, or what is wrong with it. */
struct whole_table {
    size_t columns, rows;
    double *values;          /* all columns as f64 */
    char names[NAMES_CHARS]; /* with '|' between them */
    char delimiter;
    char error[TABLE_ERROR_CHARS]; /* without the path; "" where all went well */
};

/* Reads the path; 7 rows at a time, so that blocks end anywhere. Where the options say `again` it
 * is read twice, and holds that both come to the same. */
void read_whole(struct whole_table *whole, const char *path, const struct table_options *options);
void whole_free(struct whole_table *whole);

/* Reads bytes in chunks of 1, 2, 3 ... and of the usual size, and holds that the results are the
 * same. */
void read_bytes(struct whole_table *whole, const char *bytes, size_t size,
                const struct table_options *options);

/* The error of reading the text; "" where there is none. Static storage. */
const char *error_of(const char *bytes, size_t size, const struct table_options *options);

#endif
