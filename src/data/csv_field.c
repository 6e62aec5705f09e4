/* SPDX-License-Identifier: MIT */
#include "csv_field.h"

#include <string.h>

struct csv_dialect csv_dialect(char delimiter, char comment)
{
    struct csv_dialect dialect = {.delimiter = delimiter, .comment = comment};
    dialect.blanks = delimiter == ' ';
    dialect.kind[' '] = dialect.kind['\t'] = dialect.blanks ? CSV_DELIMITER : CSV_BLANK;
    dialect.kind[(unsigned char)delimiter] = CSV_DELIMITER;
    dialect.kind['\n'] = CSV_LF;
    dialect.kind['\r'] = CSV_CR;
    dialect.kind['\0'] = CSV_NUL;
    return dialect;
}

static enum csv_kind kind_of(const struct csv_dialect *dialect, const char *p)
{
    return (enum csv_kind)dialect->kind[(unsigned char)*p];
}

/* Steps over an end of line at p, if there is one. CSV_FIELD: there is none. */
static enum csv_step line_end(const struct csv_dialect *dialect, const char *p, const char *end,
                              const char **next)
{
    enum csv_kind kind = kind_of(dialect, p);
    *next = p;
    if (kind == CSV_NUL)
        return p == end ? CSV_MORE : CSV_NUL_BYTE;
    if (kind == CSV_CR && p + 1 == end)
        return CSV_MORE; /* does LF follow? */
    if (kind < CSV_LF)
        return CSV_FIELD;
    *next = p + 1 + (kind == CSV_CR && p[1] == '\n');
    return CSV_LAST_FIELD;
}

enum csv_step csv_field_end(const struct csv_dialect *dialect, const char *p, const char *end,
                            const char **next)
{
    while (kind_of(dialect, p) == CSV_BLANK)
        p++;
    enum csv_step step = line_end(dialect, p, end, next);
    if (step != CSV_FIELD)
        return step;
    if (kind_of(dialect, p) != CSV_DELIMITER)
        return CSV_AFTER_QUOTE;
    p++;
    if (dialect->blanks) {
        while (kind_of(dialect, p) == CSV_DELIMITER)
            p++;
        return line_end(dialect, p, end, next);
    }
    *next = p;
    return CSV_FIELD;
}

/* A field whose quote opens at p. */
static enum csv_step quoted_field(const struct csv_dialect *dialect, const char *p, const char *end,
                                  struct csv_field *field)
{
    field->quoted = 1;
    field->first = ++p;
    for (;; p++) {
        if (*p == '"' && p[1] == '"')
            p++;
        else if (*p == '"')
            break;
        else if (*p == '\n' || (*p == '\r' && p[1] != '\n'))
            field->lines++;
        else if (*p == '\0') {
            field->next = p;
            return p == end ? CSV_MORE : CSV_NUL_BYTE;
        }
    }
    field->last = p;
    return csv_field_end(dialect, p + 1, end, &field->next);
}

enum csv_step csv_field(const struct csv_dialect *dialect, const char *p, const char *end,
                        struct csv_field *field)
{
    field->quoted = 0;
    field->lines = 0;
    while (kind_of(dialect, p) == CSV_BLANK)
        p++;
    if (*p == '"')
        return quoted_field(dialect, p, end, field);
    field->first = p;
    while (kind_of(dialect, p) <= CSV_BLANK)
        p++;
    field->last = p;
    while (field->last > field->first && kind_of(dialect, field->last - 1) == CSV_BLANK)
        field->last--;
    return csv_field_end(dialect, p, end, &field->next);
}

/* Whether the line at p is a comment. CSV_MORE: it takes more bytes to tell. */
static enum csv_step is_comment(const struct csv_dialect *dialect, const char *p, const char *end)
{
    static const char missing[] = "#N/A";
    enum { LENGTH = sizeof missing - 1 };
    if (*p != dialect->comment || dialect->comment == '\n')
        return CSV_FIELD;
    size_t left = (size_t)(end - p);
    if (memcmp(p, missing, left < LENGTH ? left : LENGTH) != 0)
        return CSV_LAST_FIELD;
    if (left <= LENGTH)
        return CSV_MORE;
    return kind_of(dialect, p + LENGTH) == CSV_TEXT ? CSV_LAST_FIELD : CSV_FIELD;
}

const char *csv_first_field(const struct csv_dialect *dialect, const char *p)
{
    while (dialect->blanks && kind_of(dialect, p) == CSV_DELIMITER)
        p++;
    return p;
}

enum csv_step csv_skip(const struct csv_dialect *dialect, const char **p, const char *end,
                       uint64_t *line)
{
    for (;;) {
        const char *q = *p, *next;
        enum csv_step comment = is_comment(dialect, q, end);
        if (comment == CSV_MORE)
            return CSV_MORE;
        q = csv_first_field(dialect, q);
        while (kind_of(dialect, q) == CSV_BLANK ||
               (comment == CSV_LAST_FIELD && kind_of(dialect, q) < CSV_LF))
            q++;
        enum csv_step step = line_end(dialect, q, end, &next);
        if (step == CSV_NUL_BYTE)
            *p = q;
        if (step != CSV_LAST_FIELD)
            return step;
        ++*line;
        *p = next;
    }
}

size_t csv_unquote(const struct csv_field *field, char *out)
{
    char *q = out;
    if (!field->quoted) {
        memmove(out, field->first, (size_t)(field->last - field->first));
        return (size_t)(field->last - field->first);
    }
    for (const char *p = field->first; p < field->last; p++) {
        *q++ = *p;
        if (*p == '"')
            p++;
    }
    return (size_t)(q - out);
}
