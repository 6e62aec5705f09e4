/* SPDX-License-Identifier: MIT */
/* Tables of text. */
#ifndef LANEFIT_SRC_DATA_CSV_H
#define LANEFIT_SRC_DATA_CSV_H

#include "csv_text.h"
#include "table.h"
#include "texts.h"

/* A chosen column, and where its values go in a row. */
struct csv_wanted {
    size_t column, place;
};

/* Where the rows of a block stand. Texts lie one behind the other in `text`, a NUL behind each. */
struct csv_kept {
    uint64_t *line;
    size_t *start; /* [rows + 1] */
    size_t rows, capacity;
    char *text;
    size_t text_capacity;
};

struct csv {
    struct csv_text text;
    struct csv_dialect dialect;
    enum table_keep keep;
    size_t columns;
    uint64_t first_line; /* of the first record */
    char *header;        /* as it stands; NULL: there is none */
    size_t header_length;
    char *names; /* column i's from names + name_start[i] on, with a NUL; NULL: there are none */
    size_t *name_start;
    struct csv_wanted *wanted; /* by column */
    size_t wanted_count;
    enum lf_dtype dtype;
    struct csv_wanted *named; /* columns whose texts are kept, by column */
    size_t named_count;
    struct csv_field *field; /* [named_count]: of the record, by place */
    struct texts texts;
    struct csv_kept kept;
};

/* Reads the first record. The csv is to be closed in any case. */
int csv_open(struct csv *csv, struct input *input, const struct table_options *options,
             struct table_error *error);
void csv_close(struct csv *csv);

int csv_rewind(struct csv *csv, struct table_error *error);

/* The name in the header; "" where there is none. */
const char *csv_name(const struct csv *csv, size_t column);

int csv_choose(struct csv *csv, size_t count, const size_t *columns, enum lf_dtype dtype,
               struct table_error *error);
int csv_keep_texts(struct csv *csv, size_t count, const size_t *columns, struct table_error *error);
int csv_read(struct csv *csv, size_t rows, void *out, size_t *got, struct table_error *error);

/* Reads the record at csv->text.at, and steps behind it; the values that are wanted go to `out`.
 * NULL: the record is stepped over. */
int csv_read_record(struct csv *csv, char *out, struct table_error *error);

#endif
