/* SPDX-License-Identifier: MIT */
#include "csv_keep.h"

#include <stdlib.h>
#include <string.h>

size_t csv_record_length(const char *record, const char *next)
{
    size_t length = (size_t)(next - record);
    if (length > 0 && record[length - 1] == '\n')
        length--;
    if (length > 0 && record[length - 1] == '\r')
        length--;
    return length;
}

void csv_keep_free(struct csv_kept *kept)
{
    free(kept->line);
    free(kept->start);
    free(kept->text);
}

/* Makes room for another row; 0 without memory. */
static int grow_rows(struct csv_kept *kept)
{
    if (kept->rows < kept->capacity)
        return 1;
    size_t capacity = kept->capacity ? 2 * kept->capacity : 256;
    uint64_t *line = realloc(kept->line, capacity * sizeof *line);
    kept->line = line ? line : kept->line;
    size_t *start = line ? realloc(kept->start, (capacity + 1) * sizeof *start) : NULL;
    kept->start = start ? start : kept->start;
    if (!start)
        return 0;
    kept->capacity = capacity;
    return 1;
}

static int grow_text(struct csv_kept *kept, size_t needed)
{
    if (needed <= kept->text_capacity)
        return 1;
    size_t capacity = needed > SIZE_MAX / 2 ? needed : 2 * needed;
    char *text = realloc(kept->text, capacity);
    if (!text)
        return 0;
    kept->text = text;
    kept->text_capacity = capacity;
    return 1;
}

int csv_keep_row(struct csv *csv, const char *next, struct table_error *error)
{
    struct csv_kept *kept = &csv->kept;
    if (csv->keep == TABLE_KEEP_NOTHING)
        return 1;
    if (!grow_rows(kept))
        return table_fail_memory(error, csv->text.input->name);
    size_t start = kept->rows > 0 ? kept->start[kept->rows] : 0, length = 0;
    if (csv->keep == TABLE_KEEP_RECORDS) {
        length = csv_record_length(csv->text.at, next);
        if (!grow_text(kept, start + length + 1))
            return table_fail_memory(error, csv->text.input->name);
        memcpy(kept->text + start, csv->text.at, length);
        kept->text[start + length] = '\0';
    }
    kept->line[kept->rows] = csv->text.line;
    kept->start[kept->rows] = start;
    kept->start[++kept->rows] = start + length + 1;
    return 1;
}
