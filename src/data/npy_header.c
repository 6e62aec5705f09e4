/* SPDX-License-Identifier: MIT */
#include "npy_header.h"

#include "table.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static const char own_order = '<';
#else
static const char own_order = '>';
#endif

enum { PREFIX = 10, LONG_PREFIX = 12 }; /* magic, version, and the length of the dictionary */

/* The dictionary as it is being read: every step looks where it is. */
struct reader {
    const char *p, *end;
};

struct string {
    const char *text;
    size_t length;
};

static void skip_blanks(struct reader *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\t' || *r->p == '\r'))
        r->p++;
}

static int take(struct reader *r, char c)
{
    skip_blanks(r);
    if (r->p == r->end || *r->p != c)
        return 0;
    r->p++;
    return 1;
}

static int take_string(struct reader *r, struct string *string)
{
    skip_blanks(r);
    if (r->p == r->end || (*r->p != '\'' && *r->p != '"'))
        return 0;
    char quote = *r->p++;
    string->text = r->p;
    while (r->p < r->end && *r->p != quote)
        r->p++;
    string->length = (size_t)(r->p - string->text);
    return take(r, quote);
}

static int is(const struct string *string, const char *text)
{
    return string->length == strlen(text) && memcmp(string->text, text, string->length) == 0;
}

static int take_word(struct reader *r, const char *word)
{
    size_t length = strlen(word);
    skip_blanks(r);
    if ((size_t)(r->end - r->p) < length || memcmp(r->p, word, length) != 0)
        return 0;
    r->p += length;
    return 1;
}

/* A count; one that does not fit is SIZE_MAX, which no file is as large as. */
static int take_count(struct reader *r, size_t *count)
{
    skip_blanks(r);
    const char *start = r->p;
    *count = 0;
    for (; r->p < r->end && *r->p >= '0' && *r->p <= '9'; r->p++)
        if (__builtin_mul_overflow(*count, 10, count) ||
            __builtin_add_overflow(*count, (size_t)(*r->p - '0'), count))
            *count = SIZE_MAX / 10;
    int any = r->p > start;
    if (r->p < r->end && *r->p == 'L') /* Python 2 wrote it so */
        r->p++;
    return any;
}

/* A shape of any number of dimensions; the first two are kept. */
static int take_shape(struct reader *r, size_t shape[2], size_t *dimensions)
{
    *dimensions = 0;
    if (!take(r, '('))
        return 0;
    while (!take(r, ')')) {
        size_t count;
        if (!take_count(r, &count) || (!take(r, ',') && (r->p == r->end || *r->p != ')')))
            return 0;
        if (*dimensions < 2)
            shape[*dimensions] = count;
        ++*dimensions;
    }
    return 1;
}

/* What the dictionary holds. */
struct entries {
    struct string type;
    int has_type, is_list, has_order, has_shape;
    int by_columns;
    size_t shape[2], dimensions;
};

/* A value behind its key. Where the type is a list, nothing behind it matters. */
static int take_entry(struct reader *r, struct entries *entries)
{
    struct string key;
    if (!take_string(r, &key) || !take(r, ':'))
        return 0;
    if (is(&key, "descr")) {
        entries->has_type = 1;
        entries->is_list = take(r, '[');
        return entries->is_list || take_string(r, &entries->type);
    }
    if (is(&key, "fortran_order")) {
        entries->has_order = 1;
        entries->by_columns = take_word(r, "True");
        return entries->by_columns || take_word(r, "False");
    }
    entries->has_shape = is(&key, "shape");
    return entries->has_shape && take_shape(r, entries->shape, &entries->dimensions);
}

static int take_dictionary(struct reader *r, struct entries *entries)
{
    *entries = (struct entries){.has_type = 0};
    if (!take(r, '{'))
        return 0;
    while (!take(r, '}')) {
        if (!take_entry(r, entries))
            return 0;
        if (entries->is_list)
            return 1;
        if (!take(r, ',') && (r->p == r->end || *r->p != '}'))
            return 0;
    }
    return entries->has_type && entries->has_order && entries->has_shape;
}

/* Finds the dictionary: 0 where the file ends before it does. */
static int find_dictionary(struct reader *r, const char *file, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)file;
    if (size < LONG_PREFIX)
        return 0;
    int is_long = bytes[NPY_MAGIC_BYTES] > 1;
    size_t prefix = is_long ? LONG_PREFIX : PREFIX;
    size_t length = bytes[8] | (size_t)bytes[9] << 8;
    if (is_long)
        length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (length > size - prefix)
        return 0;
    r->p = file + prefix;
    r->end = r->p + length;
    return 1;
}

static int read_type(struct npy_header *header, const struct string *type, const char *name,
                     struct table_error *error)
{
    static const char *const known[] = {"f4", "f8", "i1", "i2", "i4", "i8",
                                        "u1", "u2", "u4", "u8", "b1"};
    char text[PRINTABLE_CHARS];
    char order = type->length == 3 ? type->text[0] : '\0';
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (type->length != 3 || memcmp(type->text + 1, known[i], 2) != 0)
            continue;
        header->kind = known[i][0];
        header->size = (size_t)(known[i][1] - '0');
        header->is_swapped = (order == '<' || order == '>') && order != own_order;
        if (order == '<' || order == '>' || order == '=' || (order == '|' && header->size == 1))
            return 1;
    }
    return table_fail(error,
                      "%s: elements of type '%s': lanefit reads f4, f8, i1 to i8, u1 to u8 and b1; "
                      "astype('f8') in NumPy makes them so",
                      name, table_printable(text, type->text, type->length));
}

/* Holds the shape against the size of the file. */
static int check_size(const struct npy_header *header, size_t size, const char *name,
                      struct table_error *error)
{
    size_t elements, bytes, needed;
    if (__builtin_mul_overflow(header->rows, header->columns, &elements) ||
        __builtin_mul_overflow(elements, header->size, &bytes) ||
        __builtin_add_overflow(bytes, header->start, &needed) || needed > size)
        return table_fail(error,
                          "%s: it ends before its %zu x %zu elements do: was it copied whole?",
                          name, header->rows, header->columns);
    if (needed < size)
        return table_fail(error, "%s: %zu bytes stand behind the array: one array a file, please",
                          name, size - needed);
    return 1;
}

int npy_header_read(struct npy_header *header, const char *file, size_t size, const char *name,
                    struct table_error *error)
{
    struct reader r;
    struct entries entries;
    *header = (struct npy_header){.kind = 'f'};
    if (size > NPY_MAGIC_BYTES && (file[NPY_MAGIC_BYTES] < 1 || file[NPY_MAGIC_BYTES] > 3))
        return table_fail(error, "%s: version %d of .npy: lanefit reads 1, 2 and 3", name,
                          (unsigned char)file[NPY_MAGIC_BYTES]);
    if (!find_dictionary(&r, file, size))
        return table_fail(error, "%s: it ends inside its header: was it copied whole?", name);
    header->start = (size_t)(r.end - file);
    if (!take_dictionary(&r, &entries))
        return table_fail(error, "%s: its header is not one that NumPy writes", name);
    if (entries.is_list)
        return table_fail(error, "%s: a structured array: lanefit reads plain ones", name);
    if (!read_type(header, &entries.type, name, error))
        return 0;
    if (entries.dimensions < 1 || entries.dimensions > 2)
        return table_fail(error, "%s: an array of %zu dimensions: lanefit reads 1 and 2", name,
                          entries.dimensions);
    header->by_columns = entries.by_columns;
    header->rows = entries.shape[0];
    header->columns = entries.dimensions == 2 ? entries.shape[1] : 1;
    if (header->columns == 0)
        return table_fail(error, "%s: an array without columns", name);
    if (header->columns > TABLE_MOST_COLUMNS)
        return table_fail(error, "%s: more than %d columns", name, TABLE_MOST_COLUMNS);
    return check_size(header, size, name, error);
}

void npy_header_write(char out[NPY_HEADER_BYTES], enum lf_dtype dtype, size_t rows, size_t columns)
{
    char *p = out + PREFIX;
    int room = NPY_HEADER_BYTES - PREFIX;
    memcpy(out, NPY_MAGIC "\1", NPY_MAGIC_BYTES + 2); /* version 1.0 */
    out[8] = (char)room;
    out[9] = 0;
    int used = snprintf(p, (size_t)room,
                        "{'descr': '%cf%d', 'fortran_order': False, 'shape': (%zu, %zu), }",
                        own_order, dtype == LF_F32 ? 4 : 8, rows, columns);
    memset(p + used, ' ', (size_t)(room - used - 1));
    p[room - 1] = '\n';
}
