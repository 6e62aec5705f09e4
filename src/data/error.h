/* SPDX-License-Identifier: MIT */
/* What went wrong with a table, as one line for whoever called the command. */
#ifndef LANEFIT_SRC_DATA_ERROR_H
#define LANEFIT_SRC_DATA_ERROR_H

#include <stddef.h>

enum { TABLE_ERROR_CHARS = 512 };

struct table_error {
    char text[TABLE_ERROR_CHARS]; /* no end of line */
    int is_no_number;             /* it is that a field holds other text */
};

/* Sets the text, cut where it gets too long, and returns 0. */
int table_fail(struct table_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "PATH: out of memory" */
int table_fail_memory(struct table_error *error, const char *path);

enum { PRINTABLE_CHARS = 48 };

/* Text of a file as a message may show it: shortened, on one line, without what a terminal would
 * obey. Returns out. */
const char *table_printable(char out[PRINTABLE_CHARS], const char *text, size_t length);

#endif
