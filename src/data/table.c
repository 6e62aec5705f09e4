/* SPDX-License-Identifier: MIT */
#include "table.h"

#include "csv.h"
#include "npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct table {
    struct input input;
    int is_npy;
    struct csv csv; /* of the two only one is in use */
    struct npy npy;
};

static int open_content(struct table *table, const struct table_options *options,
                        struct table_error *error)
{
    const char *bytes;
    size_t size;
    if (!input_peek(&table->input, &bytes, &size, error))
        return 0;
    table->is_npy = npy_is_it(bytes, size);
    return table->is_npy ? npy_open(&table->npy, &table->input, error)
                         : csv_open(&table->csv, &table->input, options, error);
}

int table_open(struct table **table, const char *path, const struct table_options *options,
               struct table_error *error)
{
    static const struct table_options defaults = {.header = TABLE_HEADER_FOUND};
    options = options ? options : &defaults;
    *table = NULL;
    struct table *made = calloc(1, sizeof *made);
    if (!made)
        return table_fail_memory(error, path);
    if (!input_open(&made->input, path, options->again, error)) {
        free(made);
        return 0;
    }
    if (!open_content(made, options, error)) {
        table_close(made);
        return 0;
    }
    *table = made;
    return 1;
}

void table_close(struct table *table)
{
    if (!table)
        return;
    csv_close(&table->csv);
    npy_close(&table->npy);
    input_close(&table->input);
    free(table);
}

size_t table_columns(const struct table *table)
{
    return table->is_npy ? table->npy.header.columns : table->csv.columns;
}

const char *table_name(const struct table *table, size_t i, char spare[TABLE_NAME_CHARS])
{
    const char *name = table->is_npy ? "" : csv_name(&table->csv, i);
    if (*name)
        return name;
    snprintf(spare, TABLE_NAME_CHARS, "x%zu", i + 1);
    return spare;
}

/* A number from 1 to `most` and nothing else; 0: it is none. */
static size_t column_number(const char *text, size_t most)
{
    size_t number = 0;
    for (; *text >= '0' && *text <= '9' && number <= most; text++)
        number = number * 10 + (size_t)(*text - '0');
    return *text || number > most ? 0 : number;
}

static int fail_column(const struct table *table, const char *name, struct table_error *error)
{
    enum { SHOWN = 8 };
    char list[SHOWN * (PRINTABLE_CHARS + 2)] = "", spare[TABLE_NAME_CHARS], text[PRINTABLE_CHARS];
    size_t columns = table_columns(table), used = 0;
    for (size_t i = 0; i < columns && i < SHOWN; i++) {
        const char *called = table_name(table, i, spare);
        table_printable(text, called, strlen(called));
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", text);
    }
    table_printable(text, name, strlen(name));
    return table_fail(error, "%s: there is no column '%s': the %zu are %s%s", table->input.name,
                      text, columns, list, columns > SHOWN ? ", ..." : "");
}

int table_find(const struct table *table, const char *name, size_t *column,
               struct table_error *error)
{
    size_t columns = table_columns(table), found = columns;
    char spare[TABLE_NAME_CHARS], text[PRINTABLE_CHARS];
    for (size_t i = 0; i < columns; i++) {
        if (strcmp(table_name(table, i, spare), name) != 0)
            continue;
        if (found < columns)
            return table_fail(
                error, "%s: columns %zu and %zu are both called '%s': give the number",
                table->input.name, found + 1, i + 1, table_printable(text, name, strlen(name)));
        found = i;
    }
    size_t number = found < columns ? found + 1 : column_number(name, columns);
    *column = number - 1;
    return number > 0 || fail_column(table, name, error);
}

int table_choose(struct table *table, size_t count, const size_t *columns, enum lf_dtype dtype,
                 struct table_error *error)
{
    for (size_t i = 0; i < count; i++)
        if (columns[i] >= table_columns(table))
            return table_fail(error, "%s: there is no column %zu: there are %zu", table->input.name,
                              columns[i] + 1, table_columns(table));
    return table->is_npy ? npy_choose(&table->npy, count, columns, dtype, error)
                         : csv_choose(&table->csv, count, columns, dtype, error);
}

int table_keep_texts(struct table *table, size_t count, const size_t *columns,
                     struct table_error *error)
{
    return table->is_npy ? npy_keep_texts(&table->npy, count, columns, error)
                         : csv_keep_texts(&table->csv, count, columns, error);
}

const char *table_texts(const struct table *table, const size_t **start)
{
    const struct texts *texts = table->is_npy ? &table->npy.texts : &table->csv.texts;
    *start = texts->start;
    return texts->text;
}

int table_read(struct table *table, size_t rows, void *out, size_t *got, struct table_error *error)
{
    if (!table->is_npy)
        return csv_read(&table->csv, rows, out, got, error);
    return npy_read(&table->npy, rows, out, got, error);
}

int table_rewind(struct table *table, struct table_error *error)
{
    if (!table->is_npy)
        return csv_rewind(&table->csv, error);
    table->npy.row = 0;
    return 1;
}

uint64_t table_row_at(const struct table *table, size_t i)
{
    return table->is_npy ? table->npy.read_at + i + 1 : table->csv.kept.line[i];
}

const char *table_record(const struct table *table, size_t i, size_t *length)
{
    const struct csv_kept *kept = &table->csv.kept;
    *length = 0;
    if (table->is_npy)
        return NULL;
    *length = kept->start[i + 1] - kept->start[i] - 1;
    return kept->text + kept->start[i];
}

const char *table_header(const struct table *table, size_t *length)
{
    *length = table->csv.header_length;
    return table->csv.header;
}

char table_delimiter(const struct table *table)
{
    return table->csv.dialect.delimiter;
}

int table_array(const struct table *table, struct table_array *array)
{
    return table->is_npy && npy_array(&table->npy, array);
}
