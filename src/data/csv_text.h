/* SPDX-License-Identifier: MIT */
/* The part of a text that is in memory: from the record that is being read on. */
#ifndef LANEFIT_SRC_DATA_CSV_TEXT_H
#define LANEFIT_SRC_DATA_CSV_TEXT_H

#include "csv_field.h"
#include "input.h"

/* What a record may have, so that a quote that is never closed does not take all memory. */
enum { CSV_RECORD_LIMIT = 64 << 20 };

enum { CSV_MARK_BYTES = 3 }; /* of a byte order mark */

struct csv_text {
    struct input *input;
    size_t chunk;
    char *buffer;
    size_t capacity;
    const char *at, *end; /* of what is not yet read; *end is NUL */
    int is_whole;         /* there is nothing behind end; it then stands behind an LF */
    uint64_t line;        /* of `at` */
};

void csv_text_init(struct csv_text *text, struct input *input, size_t chunk);
void csv_text_free(struct csv_text *text);

/* Reads from the start of the input until there are `size` bytes, CSV_MARK_BYTES or more, if there
 * are so many, and steps over a byte order mark. */
int csv_text_start(struct csv_text *text, size_t size, struct table_error *error);

/* Reads on: at least a byte, or text->is_whole. `at` and what is behind it move in memory. */
int csv_text_more(struct csv_text *text, struct table_error *error);

enum csv_found { CSV_FAILED, CSV_RECORD, CSV_END };

/* Goes to the start of the next record. */
enum csv_found csv_text_record(struct csv_text *text, const struct csv_dialect *dialect,
                               struct table_error *error);

/* The lines of what may be wrong with a text. All return 0. */
int csv_fail_nul(const struct csv_text *text, uint64_t line, struct table_error *error);
int csv_fail_limit(const struct csv_text *text, struct table_error *error);

#endif
