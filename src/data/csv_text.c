/* SPDX-License-Identifier: MIT */
#include "csv_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    ENDING = 2, /* an LF that the file lacks, and the NUL */
    LONG = 1 << 16
};

void csv_text_init(struct csv_text *text, struct input *input, size_t chunk)
{
    *text = (struct csv_text){.input = input, .chunk = chunk};
}

void csv_text_free(struct csv_text *text)
{
    free(text->buffer);
}

int csv_fail_nul(const struct csv_text *text, uint64_t line, struct table_error *error)
{
    return table_fail(error,
                      "%s, line %" PRIu64 ": a NUL byte, which no text has: text in UTF-16 has to "
                      "be saved as UTF-8",
                      text->input->name, line);
}

int csv_fail_limit(const struct csv_text *text, struct table_error *error)
{
    return table_fail(error,
                      "%s, line %" PRIu64 ": a record of more than %d MiB: is a quote left open?",
                      text->input->name, text->line, CSV_RECORD_LIMIT >> 20);
}

/* Moves what is left to the front of a buffer with room for `more` bytes. */
static int make_room(struct csv_text *text, size_t more, struct table_error *error)
{
    size_t left = (size_t)(text->end - text->at), needed = left + more + ENDING;
    if (left > 0)
        memmove(text->buffer, text->at, left);
    char *buffer = text->buffer;
    if (text->capacity < needed) {
        buffer = realloc(text->buffer, needed);
        if (buffer) {
            text->buffer = buffer;
            text->capacity = needed;
        }
    }
    text->at = text->buffer;
    text->end = text->buffer + left;
    if (text->buffer)
        text->buffer[left] = '\0';
    return buffer || table_fail_memory(error, text->input->name);
}

/* Reads until there are `wanted` bytes, if there are so many. */
static int read_to(struct csv_text *text, size_t wanted, struct table_error *error)
{
    size_t used = (size_t)(text->end - text->at);
    size_t missing = wanted > used ? wanted - used : 0;
    if (!make_room(text, missing > text->chunk ? missing : text->chunk, error))
        return 0;
    while (used < wanted && !text->is_whole) {
        char *end = text->buffer + used;
        size_t room = text->capacity - ENDING - used, got;
        if (!input_read(text->input, end, room < text->chunk ? room : text->chunk, &got, error))
            return 0;
        if (got == 0) {
            text->is_whole = 1;
            if (used > 0 && end[-1] != '\n')
                end[got++] = '\n';
        }
        used += got;
        text->end = text->buffer + used;
        text->buffer[used] = '\0';
    }
    return 1;
}

int csv_text_more(struct csv_text *text, struct table_error *error)
{
    size_t left = (size_t)(text->end - text->at);
    if (left > CSV_RECORD_LIMIT)
        return csv_fail_limit(text, error);
    /* A long record grows by as much as there is of it, so that it is not gone over too often. */
    return read_to(text, left > LONG ? 2 * left : left + 1, error);
}

int csv_text_start(struct csv_text *text, size_t size, struct table_error *error)
{
    static const char mark[] = "\xef\xbb\xbf";
    text->at = text->end = text->buffer;
    text->is_whole = 0;
    text->line = 1;
    if (!read_to(text, size, error))
        return 0;
    if (text->end - text->at >= CSV_MARK_BYTES && memcmp(text->at, mark, CSV_MARK_BYTES) == 0)
        text->at += CSV_MARK_BYTES;
    return 1;
}

enum csv_found csv_text_record(struct csv_text *text, const struct csv_dialect *dialect,
                               struct table_error *error)
{
    for (;;) {
        enum csv_step step = csv_skip(dialect, &text->at, text->end, &text->line);
        if (step == CSV_FIELD)
            return CSV_RECORD;
        if (step == CSV_NUL_BYTE)
            return (enum csv_found)csv_fail_nul(text, text->line, error);
        if (text->is_whole)
            return CSV_END;
        if (!csv_text_more(text, error))
            return CSV_FAILED;
    }
}
