/* SPDX-License-Identifier: MIT */
#include "writer.h"

#include "numbers.h"

#include <string.h>

void write_number(FILE *file, enum lf_dtype dtype, const void *value)
{
    char text[NUMBER_CHARS];
    if (dtype == LF_F32)
        number_write_f32(text, *(const float *)value);
    else
        number_write_f64(text, *(const double *)value);
    fputs(text, file);
}

static int needs_quotes(const char *text, size_t length, char delimiter)
{
    /* An empty line would be skipped, a line with '#' in front is a comment. */
    if (length == 0 || text[0] == '#' || text[0] == ' ' || text[length - 1] == ' ')
        return 1;
    for (size_t i = 0; i < length; i++)
        if (text[i] == delimiter || strchr("\"\n\r\t", text[i]))
            return 1;
    return 0;
}

void write_field(FILE *file, const char *text, size_t length, char delimiter)
{
    if (!needs_quotes(text, length, delimiter)) {
        fwrite(text, 1, length, file);
        return;
    }
    putc('"', file);
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"')
            putc('"', file);
        putc(text[i], file);
    }
    putc('"', file);
}
