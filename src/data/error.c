/* SPDX-License-Identifier: MIT */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int table_fail(struct table_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    error->is_no_number = 0;
    return 0;
}

int table_fail_memory(struct table_error *error, const char *path)
{
    return table_fail(error, "%s: out of memory", path);
}

/* The bytes of the printable character at p, plain or UTF-8; 0: it is none. The controls U+0080 to
 * U+009F are none. */
static size_t character(const unsigned char *p, size_t left)
{
    if (p[0] >= 0x20 && p[0] < 0x7f)
        return 1;
    size_t size = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || size > left || (p[0] == 0xc2 && p[1] < 0xa0))
        return 0;
    for (size_t i = 1; i < size; i++)
        if (p[i] >> 6 != 2)
            return 0;
    return size;
}

const char *table_printable(char out[PRINTABLE_CHARS], const char *text, size_t length)
{
    enum { DOTS = 3 };
    size_t used = 0, size;
    for (size_t i = 0; i < length; i += size) {
        size = character((const unsigned char *)text + i, length - i);
        size_t room = PRINTABLE_CHARS - 1 - used - (i + (size ? size : 1) < length ? DOTS : 0);
        if (room > PRINTABLE_CHARS || room < (size ? size : 1)) {
            memcpy(out + used, "...", DOTS);
            used += DOTS;
            break;
        }
        if (size == 0) {
            out[used++] = '?';
            size = 1;
            continue;
        }
        memcpy(out + used, text + i, size);
        used += size;
    }
    out[used] = '\0';
    return out;
}
