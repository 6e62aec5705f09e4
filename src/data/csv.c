/* SPDX-License-Identifier: MIT */
/* The rows of a text. */
#include "csv.h"

#include "csv_keep.h"
#include "csv_value.h"
#include "numbers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a record is being read. */
struct place {
    const char *p;
    uint64_t line;
    size_t column;
};

static int fail_text(const struct csv *csv, const struct place *place,
                     const struct csv_field *field, struct table_error *error)
{
    char text[PRINTABLE_CHARS], name[PRINTABLE_CHARS];
    const char *header = csv_name(csv, place->column);
    table_printable(text, field->first, (size_t)(field->last - field->first));
    table_printable(name, header, strlen(header));
    const char *open = *name ? " (" : "", *close = *name ? ")" : "";
    const char *why = csv_is_decimal_comma(field->first, field->last)
                          ? ": a decimal comma? lanefit reads decimal points"
                          : "";
    table_fail(error, "%s, line %" PRIu64 ", column %zu%s%s%s: '%s' is not a number%s",
               csv->text.input->name, place->line, place->column + 1, open, name, close, text, why);
    error->is_no_number = 1;
    return 0;
}

static int fail_ragged(const struct csv *csv, size_t columns, struct table_error *error)
{
    return table_fail(error, "%s, line %" PRIu64 ": %zu field%s, where line %" PRIu64 " has %zu",
                      csv->text.input->name, csv->text.line, columns, columns == 1 ? "" : "s",
                      csv->first_line, csv->columns);
}

/* What a record ends with that is not a whole one. `rest` is where that stands. */
static int fail_step(const struct csv *csv, const struct place *place, enum csv_step step,
                     const char *rest, struct table_error *error)
{
    const char *name = csv->text.input->name;
    uint64_t line = place->line;
    if (step == CSV_MORE)
        return table_fail(error, "%s, line %" PRIu64 ": the quote that opens here is never closed",
                          name, line);
    for (const char *p = place->p; p < rest; p++)
        line += *p == '\n' || (*p == '\r' && p[1] != '\n');
    if (step == CSV_NUL_BYTE)
        return csv_fail_nul(&csv->text, line, error);
    return table_fail(error,
                      "%s, line %" PRIu64
                      ", column %zu: text behind a closing quote; a quote inside "
                      "quotes is written twice",
                      name, line, place->column + 1);
}

/* Reads a field that is a bare number with its end behind it, as nearly all are. Anything else is
 * left as it is: 0. */
static inline int plain_number(const struct csv *csv, const char *p, void *value,
                               enum csv_step *step, const char **next)
{
    const char *end = csv->text.end;
    const char *q =
        csv->dtype == LF_F32 ? number_read_f32(p, end, value) : number_read_f64(p, end, value);
    if (q == p)
        return 0;
    enum csv_kind kind = (enum csv_kind)csv->dialect.kind[(unsigned char)*q];
    if (kind == CSV_LF || (kind == CSV_DELIMITER && !csv->dialect.blanks)) {
        *step = kind == CSV_LF ? CSV_LAST_FIELD : CSV_FIELD;
        *next = q + 1;
        return 1;
    }
    *step = csv_field_end(&csv->dialect, q, end, &q);
    if (*step != CSV_FIELD && *step != CSV_LAST_FIELD)
        return 0;
    *next = q;
    return 1;
}

/* Puts the value to all places of the column, and steps over them. */
static inline const struct csv_wanted *put(const struct csv *csv, const struct csv_wanted *wanted,
                                           const void *value, char *out)
{
    const struct csv_wanted *stop = csv->wanted + csv->wanted_count;
    size_t column = wanted->column;
    for (; wanted < stop && wanted->column == column; wanted++) {
        if (csv->dtype == LF_F32)
            memcpy(out + wanted->place * sizeof(float), value, sizeof(float));
        else
            memcpy(out + wanted->place * sizeof(double), value, sizeof(double));
    }
    return wanted;
}

enum outcome { FAILED, READ, MORE };

/* Reads the record at text.at, if it is all there; *place is then behind it. */
static enum outcome read_fields(struct csv *csv, char *out, struct place *place,
                                struct table_error *error)
{
    const struct csv_wanted *wanted = out ? csv->wanted : NULL;
    const struct csv_wanted *stop = wanted ? wanted + csv->wanted_count : NULL;
    const struct csv_wanted *named = csv->named;
    const struct csv_wanted *last_named = named ? named + csv->named_count : NULL;
    enum csv_step step = CSV_FIELD;
    *place = (struct place){.line = csv->text.line};
    place->p = csv_first_field(&csv->dialect, csv->text.at);
    for (; step == CSV_FIELD; place->column++) {
        union {
            float f32;
            double f64;
        } value;
        int is_wanted = wanted < stop && wanted->column == place->column;
        int is_named = named < last_named && named->column == place->column;
        if (is_wanted && !is_named && plain_number(csv, place->p, &value, &step, &place->p)) {
            wanted = put(csv, wanted, &value, out);
            continue;
        }
        struct csv_field field;
        step = csv_field(&csv->dialect, place->p, csv->text.end, &field);
        if (step == CSV_MORE && !csv->text.is_whole)
            return MORE;
        if (step != CSV_FIELD && step != CSV_LAST_FIELD)
            return (enum outcome)fail_step(csv, place, step, field.next, error);
        if (is_wanted && !csv_value(field.first, field.last, csv->dtype, &value))
            return (enum outcome)fail_text(csv, place, &field, error);
        if (is_wanted)
            wanted = put(csv, wanted, &value, out);
        if (is_named)
            csv->field[named++->place] = field;
        place->line += field.lines;
        place->p = field.next;
    }
    if (place->p - csv->text.at > CSV_RECORD_LIMIT)
        return (enum outcome)csv_fail_limit(&csv->text, error);
    if (place->column != csv->columns)
        return (enum outcome)fail_ragged(csv, place->column, error);
    return READ;
}

/* Keeps the texts of the record's columns that are named. */
static int keep_texts(struct csv *csv, struct table_error *error)
{
    if (csv->named_count == 0)
        return 1;
    for (size_t i = 0; i < csv->named_count; i++) {
        const struct csv_field *field = &csv->field[i];
        char *text = texts_room(&csv->texts, (size_t)(field->last - field->first));
        if (!text)
            return table_fail_memory(error, csv->text.input->name);
        texts_end(&csv->texts, csv_unquote(field, text));
    }
    return texts_end_row(&csv->texts) || table_fail_memory(error, csv->text.input->name);
}

int csv_read_record(struct csv *csv, char *out, struct table_error *error)
{
    struct place place;
    enum outcome outcome;
    while ((outcome = read_fields(csv, out, &place, error)) == MORE)
        if (!csv_text_more(&csv->text, error))
            return 0;
    if (outcome != READ || (out && !csv_keep_row(csv, place.p, error)) ||
        (out && !keep_texts(csv, error)))
        return 0;
    csv->text.at = place.p;
    csv->text.line = place.line + 1;
    return 1;
}

int csv_read(struct csv *csv, size_t rows, void *out, size_t *got, struct table_error *error)
{
    size_t size = csv->dtype == LF_F32 ? sizeof(float) : sizeof(double);
    char *row = out;
    csv->kept.rows = 0;
    texts_clear(&csv->texts);
    for (*got = 0; *got < rows; ++*got) {
        enum csv_found found = csv_text_record(&csv->text, &csv->dialect, error);
        if (found != CSV_RECORD)
            return found == CSV_END;
        if (!csv_read_record(csv, row, error))
            return 0;
        row += csv->wanted_count * size;
    }
    return 1;
}

static int by_column(const void *a, const void *b)
{
    const struct csv_wanted *p = a, *q = b;
    return p->column != q->column ? (p->column > q->column) - (p->column < q->column)
                                  : (p->place > q->place) - (p->place < q->place);
}

/* The columns in order; 0 without memory. */
static int in_order(size_t count, const size_t *columns, struct csv_wanted **wanted)
{
    *wanted = count > 0 ? calloc(count, sizeof **wanted) : NULL;
    if (count > 0 && !*wanted)
        return 0;
    for (size_t i = 0; i < count; i++)
        (*wanted)[i] = (struct csv_wanted){columns[i], i};
    if (count > 0)
        qsort(*wanted, count, sizeof **wanted, by_column);
    return 1;
}

int csv_choose(struct csv *csv, size_t count, const size_t *columns, enum lf_dtype dtype,
               struct table_error *error)
{
    struct csv_wanted *wanted;
    if (!in_order(count, columns, &wanted))
        return table_fail_memory(error, csv->text.input->name);
    free(csv->wanted);
    csv->wanted = wanted;
    csv->wanted_count = count;
    csv->dtype = dtype;
    return 1;
}

int csv_keep_texts(struct csv *csv, size_t count, const size_t *columns, struct table_error *error)
{
    struct csv_wanted *named = NULL;
    struct csv_field *field = calloc(count + 1, sizeof *field);
    if (!field || !in_order(count, columns, &named)) {
        free(field);
        return table_fail_memory(error, csv->text.input->name);
    }
    free(csv->named);
    free(csv->field);
    csv->named = named;
    csv->named_count = count;
    csv->field = field;
    return 1;
}

const char *csv_name(const struct csv *csv, size_t column)
{
    return csv->names ? csv->names + csv->name_start[column] : "";
}
