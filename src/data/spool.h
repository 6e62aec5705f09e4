/* SPDX-License-Identifier: MIT */
/* A temporary file for what can be read only once. */
#ifndef LANEFIT_SRC_DATA_SPOOL_H
#define LANEFIT_SRC_DATA_SPOOL_H

#include "error.h"

#include <stdio.h>

/* Reads up to `size` bytes: *got = 0 at the end. Returns 0 with the error's text when it can't. */
typedef int spool_source(void *context, char *out, size_t size, size_t *got,
                         struct table_error *error);

/* Opens a file in $TMPDIR, or in /tmp, that has no name any more, to be written and read; NULL when
 * it can't. */
FILE *spool_open(const char *name, struct table_error *error);

/* That such a file could not be written, with errno's reason: returns 0. */
int spool_fail(const char *name, struct table_error *error);

/* Copies the source into such a file; *fd stands at its start. `name` is what the messages call the
 * source. */
int spool(int *fd, const char *name, spool_source *source, void *context,
          struct table_error *error);

#endif
