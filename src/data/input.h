/* SPDX-License-Identifier: MIT */
/* The bytes of a file or of standard input, unpacked where they are gzip's. */
#ifndef LANEFIT_SRC_DATA_INPUT_H
#define LANEFIT_SRC_DATA_INPUT_H

#include "error.h"

#include <sys/types.h>

enum { INPUT_AHEAD = 6 };

/* Bytes that were read to look at them, and are still to come. */
struct ahead {
    char bytes[INPUT_AHEAD];
    size_t used, size;
};

struct input {
    const char *name; /* for messages: the path as given, or "standard input" */
    int fd;
    off_t start;           /* where fd stood; -1: it can't go back */
    struct gunzip *packed; /* NULL: the bytes are as they are */
    struct ahead raw, ahead;
};

/* Opens the path, which has to outlive the input; "-" is standard input. `again`: input_rewind will
 * be called, so what can't go back is kept in a temporary file. 0: error says why, and there is
 * nothing to close. */
int input_open(struct input *input, const char *path, int again, struct table_error *error);
void input_close(struct input *input);

/* Reads up to `size` bytes, at least one of them where any are left; *got = 0 at the end. */
int input_read(struct input *input, char *out, size_t size, size_t *got, struct table_error *error);

/* The next bytes, INPUT_AHEAD or as many as there are, which stay to be read. Only before the first
 * read. */
int input_peek(struct input *input, const char **bytes, size_t *size, struct table_error *error);

/* Back to the first byte. */
int input_rewind(struct input *input, struct table_error *error);

/* Before the first read: a file that holds all of the input, unpacked, from the offset on. It is
 * the input's own where that is such a one, else a temporary one; the input owns both. */
int input_whole(struct input *input, int *fd, off_t *offset, struct table_error *error);

#endif
