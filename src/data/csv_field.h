/* SPDX-License-Identifier: MIT */
/* How text is cut into lines and fields. All of it works on bytes that end in a NUL at `end`: what
 * would need more of them says so, and is asked again from its start. */
#ifndef LANEFIT_SRC_DATA_CSV_FIELD_H
#define LANEFIT_SRC_DATA_CSV_FIELD_H

#include <stddef.h>
#include <stdint.h>

/* What a byte is. Up to CSV_BLANK it belongs to a field. */
enum csv_kind { CSV_TEXT, CSV_BLANK, CSV_DELIMITER, CSV_LF, CSV_CR, CSV_NUL };

struct csv_dialect {
    unsigned char kind[256]; /* enum csv_kind */
    char delimiter, comment;
    int blanks; /* the delimiter is a run of blanks */
};

struct csv_dialect csv_dialect(char delimiter, char comment);

enum csv_step {
    CSV_FIELD,       /* a field, and others behind it */
    CSV_LAST_FIELD,  /* of the record */
    CSV_MORE,        /* the end of the bytes was reached */
    CSV_NUL_BYTE,    /* where `next` stands */
    CSV_AFTER_QUOTE, /* text behind a closing quote, where `next` stands */
};

struct csv_field {
    const char *first, *last; /* without blanks around it and without its quotes */
    int quoted;               /* what stands in quotes; doubled quotes stay doubled */
    uint64_t lines;           /* that end inside it */
    const char *next;         /* the next field or record */
};

/* The field that starts at p, which is in front of end. */
enum csv_step csv_field(const struct csv_dialect *dialect, const char *p, const char *end,
                        struct csv_field *field);

/* Steps over the end of a field's text, and blanks in front of it: to the next field or record. */
enum csv_step csv_field_end(const struct csv_dialect *dialect, const char *p, const char *end,
                            const char **next);

/* Steps over lines without a record, from the start of a line: *p becomes the start of the line of
 * the next record (CSV_FIELD), of a line that is not all there (CSV_MORE), or a NUL byte; *line
 * counts. */
enum csv_step csv_skip(const struct csv_dialect *dialect, const char **p, const char *end,
                       uint64_t *line);

/* The first field of the record whose line starts at p. */
const char *csv_first_field(const struct csv_dialect *dialect, const char *p);

/* Writes the field's text without doubled quotes to out, which may be where it stands; returns its
 * length. */
size_t csv_unquote(const struct csv_field *field, char *out);

#endif
