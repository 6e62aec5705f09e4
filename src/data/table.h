/* SPDX-License-Identifier: MIT */
/* Reads tables of numbers, a block of rows at a time: the one face of this folder's readers.
 *
 * A path, "-" for standard input; gzip is unpacked wherever it stands. What begins with "\x93NUMPY"
 * is an .npy file, everything else is text.
 *
 * Text is records of fields, one a line:
 * - A delimiter is found among tab ; | , and runs of blanks (spaces and tabs): the one that cuts
 *   the most of the first records into as many fields as the first, and into two or more; the first
 *   in this order where several do. Lines end in LF, CRLF or CR, the last one with or without. A
 *   UTF-8 byte order mark is skipped.
 * - Lines of blanks are skipped, and lines that start with '#' (with "#N/A" as first field they are
 *   records).
 * - A field in double quotes may hold delimiters, ends of lines, and quotes, doubled. A quote
 * inside a field that does not start with one is a character like others. Blanks around fields are
 * no part of them.
 * - Missing is an empty field and NA, N/A, #N/A, nan, null, none (in any case), "-", "?" and ".".
 * - A number is what number_read_f64 takes: 1, -2.5, +1e-3, .5, inf. An f32 is rounded once, from
 *   the digits.
 * - The first record is a header where some field of it is neither a number nor missing. A name
 * that stands twice can't be looked up; an unnamed column i is called "xi".
 * - Every record has as many fields as the first. Columns that nobody asks for may hold any text.
 * - A record has at most 64 MiB, and a table 1,048,576 columns.
 *
 * .npy files are of version 1, 2 or 3; f4, f8, i1 to i8, u1 to u8 or b1 in either byte order; in C
 * or Fortran order; of one dimension (one column) or two. Integers are rounded once. They are
 * mapped: one that is cut short while it is read ends the process. What comes through a pipe or out
 * of gzip is unpacked into a temporary file first. Columns are called x1 to xn.
 *
 * Functions return 0 when something is wrong, and the error then holds a line like
 *   data.csv, line 12, column 3 (mass): 'abc' is not a number
 *   data.csv, line 12: 3 fields, where line 1 has 4
 *   data.csv, line 7: the quote that opens here is never closed
 *   data.npy: the type is '<c8': lanefit reads ...
 * Lines are counted from 1, columns from 1. Nothing depends on the locale. */
#ifndef LANEFIT_SRC_DATA_TABLE_H
#define LANEFIT_SRC_DATA_TABLE_H

#include "error.h"

#include <lanefit/lanefit.h>

#include <stdint.h>

struct table;

enum { TABLE_MOST_COLUMNS = 1 << 20 };

enum table_header { TABLE_HEADER_FOUND, TABLE_HEADER, TABLE_NO_HEADER };

/* What is kept of the rows of the last block: nothing costs nothing. */
enum table_keep { TABLE_KEEP_NOTHING, TABLE_KEEP_LINES, TABLE_KEEP_RECORDS };

enum { TABLE_NO_COMMENTS = '\n' };

/* All zero is a good start. */
struct table_options {
    enum table_header header;
    /* 0: found, for which 64 KiB are waited for; ' ' is runs of blanks */
    char delimiter;
    char comment; /* what such lines start with; 0: '#'; TABLE_NO_COMMENTS: there are none */
    enum table_keep keep;
    int again;    /* table_rewind will be called: what comes through a pipe is kept in a file */
    size_t chunk; /* bytes read at a time; 0: a good number. No result depends on it */
};

/* Opens the path, which has to outlive the table; options NULL: all zero. *table = NULL on failure.
 */
int table_open(struct table **table, const char *path, const struct table_options *options,
               struct table_error *error);
void table_close(struct table *table); /* NULL is fine */

size_t table_columns(const struct table *table);

enum { TABLE_NAME_CHARS = 24 };

/* The name of column i (from 0), not longer than a record; `spare` is where a name is made that the
 * file does not have. */
const char *table_name(const struct table *table, size_t i, char spare[TABLE_NAME_CHARS]);

/* The column (from 0) that is called so, or else has this number (from 1). */
int table_find(const struct table *table, const char *name, size_t *column,
               struct table_error *error);

/* What table_read reads, from the next row on: these columns, in this order, as this type. The same
 * one may stand there twice. They are copied. */
int table_choose(struct table *table, size_t count, const size_t *columns, enum lf_dtype dtype,
                 struct table_error *error);

/* Columns, each named once, whose texts table_read keeps besides; those that are not chosen too may
 * hold any text. */
int table_keep_texts(struct table *table, size_t count, const size_t *columns,
                     struct table_error *error);

/* Reads up to `rows` rows of the chosen columns into out, row-major; a missing value is NaN. *got =
 * how many, 0 only at the end. On failure *got rows in front of the error are in out. */
int table_read(struct table *table, size_t rows, void *out, size_t *got, struct table_error *error);

/* Back to the first row; needs options.again. The choice stays. */
int table_rewind(struct table *table, struct table_error *error);

/* The texts of the rows of the last block, row i's from start[i] to start[i + 1], in the order in
 * which table_keep_texts has the columns, a NUL behind each: fields without blanks around them and
 * without their quotes; the elements of an array as the shortest numbers that are theirs. They live
 * until the next call. */
const char *table_texts(const struct table *table, const size_t **start);

/* Where row i of the last block stands: the line of the text on which it starts (needs
 * TABLE_KEEP_LINES or _RECORDS), or the row of the array, from 1. */
uint64_t table_row_at(const struct table *table, size_t i);

/* Row i of the last block as it stands in the text (needs TABLE_KEEP_RECORDS), without its end of
 * line; NULL for an .npy file. It ends in a zero as well, and lives until the next call. */
const char *table_record(const struct table *table, size_t i, size_t *length);

/* The header as it stands in the text; NULL: there is none. */
const char *table_header(const struct table *table, size_t *length);

/* The delimiter that was found or given; 0 for an .npy file. */
char table_delimiter(const struct table *table);

/* An array of floats as this machine holds them, to be read in place: element (i, j) stands at data
 * + i * row_step + j * column_step. It lives as long as the table. */
struct table_array {
    enum lf_dtype dtype;
    const void *data;
    size_t rows, columns;
    ptrdiff_t row_step, column_step; /* in elements */
};

/* Whether the table is such an array: an .npy file of f4 or f8 in this machine's byte order. */
int table_array(const struct table *table, struct table_array *array);

#endif
