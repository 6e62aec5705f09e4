/* SPDX-License-Identifier: MIT */
/* The first record of a text: which delimiter, whether it is a header, and its names. */
#include "csv.h"
#include "csv_detect.h"
#include "csv_keep.h"
#include "csv_value.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOKED_AT = 1 << 16, /* bytes from which the delimiter is found */
    GOOD_CHUNK = 1 << 18
};

/* What the fields of the first record are. */
struct first {
    size_t columns, values, commas; /* numbers and missing values; with a decimal comma */
};

/* Goes over the first record; its names go to csv->names where there is such. The record stays to
 * be read. */
static enum csv_step over_first(struct csv *csv, struct first *first, const char **next)
{
    enum csv_step step;
    const char *p = csv_first_field(&csv->dialect, csv->text.at);
    char *name = csv->names;
    *first = (struct first){0};
    do {
        struct csv_field field;
        step = csv_field(&csv->dialect, p, csv->text.end, &field);
        if (step != CSV_FIELD && step != CSV_LAST_FIELD)
            break;
        double value;
        int is_value = csv_value(field.first, field.last, LF_F64, &value);
        first->values += is_value;
        first->commas += !is_value && csv_is_decimal_comma(field.first, field.last);
        if (name) {
            csv->name_start[first->columns] = (size_t)(name - csv->names);
            name += csv_unquote(&field, name);
            *name++ = '\0';
        }
        first->columns++;
        p = field.next;
    } while (step == CSV_FIELD);
    *next = p;
    return step;
}

static int find_columns(struct csv *csv, struct first *first, const char **next,
                        struct table_error *error)
{
    enum csv_step step;
    while ((step = over_first(csv, first, next)) == CSV_MORE && !csv->text.is_whole)
        if (!csv_text_more(&csv->text, error))
            return 0;
    csv->columns = first->columns;
    if (first->columns > TABLE_MOST_COLUMNS)
        return table_fail(error, "%s, line %" PRIu64 ": more than %d columns",
                          csv->text.input->name, csv->text.line, TABLE_MOST_COLUMNS);
    /* What is wrong with it is told as for every record. */
    return step == CSV_LAST_FIELD || csv_read_record(csv, NULL, error);
}

/* Keeps the header, which ends at next. */
static int keep_header(struct csv *csv, const char *next, struct table_error *error)
{
    struct first first;
    size_t size = (size_t)(next - csv->text.at);
    csv->header_length = csv_record_length(csv->text.at, next);
    csv->header = malloc(csv->header_length + 1);
    /* A field loses at least its delimiter, in whose place the NUL stands. */
    csv->names = malloc(size + 1);
    csv->name_start = calloc(csv->columns, sizeof *csv->name_start);
    if (!csv->header || !csv->names || !csv->name_start)
        return table_fail_memory(error, csv->text.input->name);
    memcpy(csv->header, csv->text.at, csv->header_length);
    csv->header[csv->header_length] = '\0';
    over_first(csv, &first, &next);
    return 1;
}

/* Whether all that keeps the record from being numbers are decimal commas. */
static int has_decimal_commas(const struct csv *csv, const struct first *first)
{
    return csv->dialect.delimiter != ',' && first->commas > 0 &&
           first->values + first->commas == first->columns;
}

static int first_record(struct csv *csv, const struct table_options *options,
                        struct table_error *error)
{
    struct first first;
    const char *next;
    enum csv_found found = csv_text_record(&csv->text, &csv->dialect, error);
    if (found == CSV_END)
        return table_fail(error, "%s: there is no data in it", csv->text.input->name);
    if (found == CSV_FAILED || !find_columns(csv, &first, &next, error))
        return 0;
    csv->first_line = csv->text.line;
    if (options->header == TABLE_NO_HEADER ||
        (options->header == TABLE_HEADER_FOUND && first.values == first.columns))
        return 1;
    if (options->header == TABLE_HEADER_FOUND && has_decimal_commas(csv, &first))
        return table_fail(error,
                          "%s, line %" PRIu64 ": numbers with a decimal comma, it seems: lanefit "
                          "reads decimal points",
                          csv->text.input->name, csv->text.line);
    return keep_header(csv, next, error) && csv_read_record(csv, NULL, error);
}

/* From the first LOOKED_AT bytes alone, however many are there. */
static char find_delimiter(struct csv_text *text, char comment)
{
    size_t size = (size_t)(text->end - text->at);
    char *end = text->buffer + (text->at - text->buffer) + (size < LOOKED_AT ? size : LOOKED_AT);
    char kept = *end;
    *end = '\0';
    char delimiter = csv_find_delimiter(text->at, end, comment);
    *end = kept;
    return delimiter;
}

int csv_open(struct csv *csv, struct input *input, const struct table_options *options,
             struct table_error *error)
{
    char comment = options->comment ? options->comment : '#';
    char delimiter = options->delimiter;
    *csv = (struct csv){.dtype = LF_F64};
    csv_text_init(&csv->text, input, options->chunk ? options->chunk : GOOD_CHUNK);
    if (!csv_text_start(&csv->text, delimiter ? CSV_MARK_BYTES : CSV_MARK_BYTES + LOOKED_AT, error))
        return 0;
    if (!delimiter)
        delimiter = find_delimiter(&csv->text, comment);
    csv->dialect = csv_dialect(delimiter, comment);
    csv->keep = options->keep;
    return first_record(csv, options, error);
}

int csv_rewind(struct csv *csv, struct table_error *error)
{
    if (!input_rewind(csv->text.input, error) || !csv_text_start(&csv->text, CSV_MARK_BYTES, error))
        return 0;
    csv->kept.rows = 0;
    if (!csv->header)
        return 1;
    enum csv_found found = csv_text_record(&csv->text, &csv->dialect, error);
    if (found == CSV_END)
        return table_fail(error, "%s: it has changed", csv->text.input->name);
    return found == CSV_RECORD && csv_read_record(csv, NULL, error);
}

void csv_close(struct csv *csv)
{
    csv_text_free(&csv->text);
    csv_keep_free(&csv->kept);
    texts_free(&csv->texts);
    free(csv->named);
    free(csv->field);
    free(csv->header);
    free(csv->names);
    free(csv->name_start);
    free(csv->wanted);
}
