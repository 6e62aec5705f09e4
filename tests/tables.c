/* SPDX-License-Identifier: MIT */
#include "tables.h"

#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void file_of(const void *bytes, size_t size, char path[PATH_CHARS])
{
    int fd = memfd_create("table", 0);
    ck_assert_int_ge(fd, 0);
    ck_assert(write(fd, bytes, size) == (ssize_t)size);
    snprintf(path, PATH_CHARS, "/proc/self/fd/%d", fd);
}

void pipe_of(const void *bytes, size_t size, size_t times)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    if (fork() == 0) {
        signal(SIGPIPE, SIG_DFL);
        close(ends[0]);
        for (size_t i = 0; i < times; i++) {
            const char *p = bytes;
            for (size_t left = size; left > 0;) {
                ssize_t written = write(ends[1], p, left);
                if (written < 0)
                    _exit(1);
                p += written;
                left -= (size_t)written;
            }
        }
        _exit(0);
    }
    close(ends[1]);
    ck_assert_int_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
}

static void keep_error(struct whole_table *whole, const char *path, const struct table_error *error)
{
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    size_t length = strlen(name);
    ck_assert_msg(strncmp(error->text, name, length) == 0, "%s", error->text);
    snprintf(whole->error, sizeof whole->error, "%s", error->text + length);
}

static void keep_names(struct whole_table *whole, const struct table *table)
{
    char spare[TABLE_NAME_CHARS];
    size_t used = 0;
    for (size_t i = 0; i < whole->columns && used < NAMES_CHARS; i++)
        used += (size_t)snprintf(whole->names + used, NAMES_CHARS - used, "%s%s", i ? "|" : "",
                                 table_name(table, i, spare));
}

/* Reads the rows that are left, all columns. */
static void read_rows(struct whole_table *whole, struct table *table, const char *path)
{
    enum { ROWS = 7 };
    struct table_error error;
    size_t got;
    whole->values = NULL;
    whole->rows = 0;
    do {
        size_t used = whole->rows * whole->columns, more = ROWS * whole->columns;
        whole->values = realloc(whole->values, (used + more) * sizeof *whole->values);
        if (!table_read(table, ROWS, whole->values + used, &got, &error))
            keep_error(whole, path, &error);
        whole->rows += got;
    } while (got > 0 && !whole->error[0]);
}

static void hold_same(const struct whole_table *a, const struct whole_table *b)
{
    size_t first;
    ck_assert_str_eq(a->error, b->error);
    ck_assert_str_eq(a->names, b->names);
    ck_assert_uint_eq(a->rows, b->rows);
    ck_assert_uint_eq(a->columns, b->columns);
    ck_assert(same_bits(LF_F64, a->rows * a->columns, a->values, b->values, &first));
}

void read_whole(struct whole_table *whole, const char *path, const struct table_options *options)
{
    enum { MOST_COLUMNS = 64 };
    struct table *table;
    struct table_error error;
    size_t columns[MOST_COLUMNS];
    *whole = (struct whole_table){.values = NULL};
    if (!table_open(&table, path, options, &error)) {
        ck_assert_ptr_null(table);
        keep_error(whole, path, &error);
        return;
    }
    whole->columns = table_columns(table);
    whole->delimiter = table_delimiter(table);
    keep_names(whole, table);
    ck_assert_uint_le(whole->columns, MOST_COLUMNS);
    for (size_t i = 0; i < whole->columns; i++)
        columns[i] = i;
    ck_assert(table_choose(table, whole->columns, columns, LF_F64, &error));
    read_rows(whole, table, path);
    if (options && options->again) {
        struct whole_table twice = *whole;
        twice.error[0] = '\0';
        ck_assert_msg(table_rewind(table, &error), "%s", error.text);
        read_rows(&twice, table, path);
        hold_same(whole, &twice);
        whole_free(&twice);
    }
    table_close(table);
}

void whole_free(struct whole_table *whole)
{
    free(whole->values);
}

void read_bytes(struct whole_table *whole, const char *bytes, size_t size,
                const struct table_options *options)
{
    static const size_t chunks[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 31, 1000};
    enum { CHUNKS = sizeof chunks / sizeof chunks[0] };
    char path[PATH_CHARS];
    struct table_options chunked = {.chunk = 0};
    if (options)
        chunked = *options;
    file_of(bytes, size, path);
    read_whole(whole, path, options);
    /* To find the delimiter much is read at once; the second time, and with a delimiter given, not.
     */
    chunked.again = 1;
    for (size_t i = 0; i < 2 * CHUNKS; i++) {
        struct whole_table again;
        chunked.chunk = chunks[i % CHUNKS];
        if (i == CHUNKS && whole->delimiter)
            chunked.delimiter = whole->delimiter;
        read_whole(&again, path, &chunked);
        hold_same(whole, &again);
        whole_free(&again);
    }
}

const char *error_of(const char *bytes, size_t size, const struct table_options *options)
{
    static char error[TABLE_ERROR_CHARS];
    struct whole_table whole;
    read_bytes(&whole, bytes, size, options);
    memcpy(error, whole.error, sizeof error);
    whole_free(&whole);
    return error;
}
