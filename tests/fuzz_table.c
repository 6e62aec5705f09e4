/* SPDX-License-Identifier: MIT */
/* Any bytes as a table: read whole and in small pieces, twice, and as both types. What is read, or
 * the line of the error, must be the same. `./dev fuzz` runs it; the suite of tables replays its
 * corpus. */
#include "fuzz_table.h"

#include "bits.h"

#include "csv_field.h"
#include "csv_value.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST_CHOSEN = 9, BLOCK = 7 };

/* What a reading comes to. */
struct reading {
    size_t columns, rows;
    uint64_t hash; /* of the values, names, lines and records */
    struct table_error error;
};

static void must(int condition)
{
    if (!condition)
        abort();
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
    return fnv1a(hash, text, strlen(text) + 1);
}

/* A row against its record, field by field, without the short cuts of the reader. */
static void check_row(const char *record, size_t length, char delimiter, size_t chosen,
                      const size_t *columns, const double *row)
{
    struct csv_dialect dialect = csv_dialect(delimiter, '#');
    char *text = malloc(length + 2);
    must(text != NULL);
    memcpy(text, record, length);
    memcpy(text + length, "\n", 2);
    const char *p = csv_first_field(&dialect, text);
    enum csv_step step = CSV_FIELD;
    for (size_t column = 0; step == CSV_FIELD; column++) {
        struct csv_field field;
        step = csv_field(&dialect, p, text + length + 1, &field);
        must(step == CSV_FIELD || step == CSV_LAST_FIELD);
        for (size_t i = 0; i < chosen; i++) {
            double value;
            if (columns[i] == column)
                must(csv_value(field.first, field.last, LF_F64, &value) &&
                     memcmp(&value, row + i, sizeof value) == 0);
        }
        p = field.next;
    }
    free(text);
}

/* Reads the rows that are left. */
static void read_rows(struct table *table, const struct table_options *options, size_t chosen,
                      const size_t *columns, enum lf_dtype dtype, struct reading *reading)
{
    double values[BLOCK * MOST_CHOSEN];
    size_t got = 1, length, size = dtype == LF_F32 ? sizeof(float) : sizeof(double);
    reading->rows = 0;
    reading->hash = FNV1A_START;
    while (got > 0) {
        int done = table_read(table, BLOCK, values, &got, &reading->error);
        must(got <= BLOCK);
        reading->rows += got;
        reading->hash = fnv1a(reading->hash, values, got * chosen * size);
        for (size_t i = 0; i < got && options->keep != TABLE_KEEP_NOTHING; i++) {
            uint64_t line = table_row_at(table, i);
            const char *record = NULL;
            reading->hash = fnv1a(reading->hash, &line, sizeof line);
            if (options->keep == TABLE_KEEP_RECORDS)
                record = table_record(table, i, &length);
            if (!record)
                continue;
            reading->hash = fnv1a(reading->hash, record, length + 1);
            if (dtype == LF_F64)
                check_row(record, length, table_delimiter(table), chosen, columns,
                          values + i * chosen);
        }
        if (!done)
            return;
    }
}

static void read_table(const char *path, const struct table_options *options, enum lf_dtype dtype,
                       struct reading *reading)
{
    struct table *table;
    size_t columns[MOST_CHOSEN], chosen = 0;
    char spare[TABLE_NAME_CHARS];
    *reading = (struct reading){.hash = FNV1A_START};
    if (!table_open(&table, path, options, &reading->error)) {
        must(table == NULL && reading->error.text[0] != '\0');
        return;
    }
    reading->columns = table_columns(table);
    must(reading->columns > 0);
    /* From the last one on, so that most texts are gone over and few are read. */
    for (size_t i = reading->columns; i > 0 && chosen<MOST_CHOSEN; i = i> 3 ? i - 2 : i - 1)
        columns[chosen++] = i - 1;
    must(table_choose(table, chosen, columns, dtype, &reading->error));
    read_rows(table, options, chosen, columns, dtype, reading);
    struct reading first = *reading;
    if (reading->error.text[0] == '\0' && options->again) {
        must(table_rewind(table, &reading->error));
        read_rows(table, options, chosen, columns, dtype, reading);
        must(reading->rows == first.rows && reading->hash == first.hash);
    }
    for (size_t i = 0; i < reading->columns && i < MOST_CHOSEN; i++)
        reading->hash = hash_text(reading->hash, table_name(table, i, spare));
    table_close(table);
}

static void compare(const char *path, struct table_options options, enum lf_dtype dtype,
                    size_t chunk)
{
    struct reading whole, pieces;
    read_table(path, &options, dtype, &whole);
    options.chunk = chunk;
    read_table(path, &options, dtype, &pieces);
    must(whole.columns == pieces.columns && whole.rows == pieces.rows);
    must(whole.hash == pieces.hash && strcmp(whole.error.text, pieces.error.text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = memfd_create("table", MFD_CLOEXEC);
    must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    size_t chunk = 1 + (size_t)(fnv1a(FNV1A_START, data, size) % 13);
    struct table_options options = {.again = 1, .keep = TABLE_KEEP_RECORDS};
    compare(path, options, LF_F64, chunk);
    options.keep = TABLE_KEEP_NOTHING;
    options.header = TABLE_NO_HEADER;
    compare(path, options, LF_F32, chunk);
    options.header = TABLE_HEADER;
    options.delimiter = ' ';
    options.comment = (char)TABLE_NO_COMMENTS;
    compare(path, options, LF_F64, chunk);
    close(fd);
    return 0;
}
