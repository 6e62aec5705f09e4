/* SPDX-License-Identifier: MIT */
#include "input.h"

#include "gunzip.h"
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail_system(const struct input *input, struct table_error *error)
{
    return table_fail(error, "%s: can't read: %s", input->name, strerror(errno));
}

/* What is there of the bytes ahead; 0: none. */
static size_t take(struct ahead *ahead, char *out, size_t size)
{
    size_t left = ahead->size - ahead->used;
    size_t got = left < size ? left : size;
    memcpy(out, ahead->bytes + ahead->used, got);
    ahead->used += got;
    return got;
}

/* The bytes as they stand in the file. errno tells a failure. */
static int read_packed(void *context, char *out, size_t size, size_t *got)
{
    struct input *input = context;
    *got = take(&input->raw, out, size);
    if (*got > 0)
        return 1;
    ssize_t bytes;
    do
        bytes = read(input->fd, out, size);
    while (bytes < 0 && errno == EINTR);
    *got = bytes > 0 ? (size_t)bytes : 0;
    return bytes >= 0;
}

static int unpack(struct input *input, char *out, size_t size, size_t *got,
                  struct table_error *error)
{
    switch (gunzip_read(input->packed, read_packed, input, out, size, got)) {
    case GUNZIP_DONE:
        return 1;
    case GUNZIP_SOURCE:
        return fail_system(input, error);
    case GUNZIP_MEMORY:
        return table_fail_memory(error, input->name);
    case GUNZIP_CUT:
        return table_fail(error, "%s: the gzip data ends too early: was it copied whole?",
                          input->name);
    default:
        return table_fail(error, "%s: the gzip data is damaged; 'gzip -t' tells more", input->name);
    }
}

int input_read(struct input *input, char *out, size_t size, size_t *got, struct table_error *error)
{
    *got = take(&input->ahead, out, size);
    if (*got > 0)
        return 1;
    if (input->packed)
        return unpack(input, out, size, got, error);
    return read_packed(input, out, size, got) || fail_system(input, error);
}

int input_peek(struct input *input, const char **bytes, size_t *size, struct table_error *error)
{
    struct ahead ahead = {.used = 0};
    for (size_t got = 1; got > 0 && ahead.size < INPUT_AHEAD; ahead.size += got)
        if (!input_read(input, ahead.bytes + ahead.size, INPUT_AHEAD - ahead.size, &got, error))
            return 0;
    input->ahead = ahead;
    *bytes = input->ahead.bytes;
    *size = ahead.size;
    return 1;
}

/* A source of a spool: the bytes as they are in the file, or unpacked. */
static int read_raw(void *context, char *out, size_t size, size_t *got, struct table_error *error)
{
    struct input *input = context;
    return read_packed(input, out, size, got) || fail_system(input, error);
}

static int read_unpacked(void *context, char *out, size_t size, size_t *got,
                         struct table_error *error)
{
    return input_read(context, out, size, got, error);
}

/* Puts a temporary file in the place of the input. */
static int keep_in_file(struct input *input, spool_source *source, struct table_error *error)
{
    int fd;
    if (!spool(&fd, input->name, source, input, error))
        return 0;
    close(input->fd);
    input->fd = fd;
    input->start = 0;
    return 1;
}

/* The first two bytes, which tell gzip's. */
static int look_for_gzip(struct input *input, struct table_error *error)
{
    struct ahead raw = {.used = 0};
    for (size_t got = 1; got > 0 && raw.size < 2; raw.size += got)
        if (!read_packed(input, raw.bytes + raw.size, 2 - raw.size, &got))
            return fail_system(input, error);
    input->raw = raw;
    if (raw.size == 2 && memcmp(raw.bytes, "\x1f\x8b", 2) == 0) {
        input->packed = gunzip_create();
        if (!input->packed)
            return table_fail_memory(error, input->name);
    }
    return 1;
}

static int start(struct input *input, int again, struct table_error *error)
{
    struct stat status;
    if (fstat(input->fd, &status) == 0 && S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        return fail_system(input, error);
    }
    /* Of devices some claim that they go back, and don't. */
    input->start = S_ISREG(status.st_mode) ? lseek(input->fd, 0, SEEK_CUR) : -1;
    return look_for_gzip(input, error) &&
           (!again || input->start >= 0 || keep_in_file(input, read_raw, error));
}

int input_open(struct input *input, const char *path, int again, struct table_error *error)
{
    int is_stdin = strcmp(path, "-") == 0;
    *input = (struct input){.name = is_stdin ? "standard input" : path};
    /* A descriptor of our own either way, so that closing it is right either way. */
    input->fd =
        is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
    if (input->fd < 0)
        return fail_system(input, error);
    if (start(input, again, error))
        return 1;
    input_close(input);
    return 0;
}

void input_close(struct input *input)
{
    gunzip_destroy(input->packed);
    close(input->fd);
}

int input_rewind(struct input *input, struct table_error *error)
{
    if (input->start < 0)
        return table_fail(error, "%s: can't be read a second time", input->name);
    if (lseek(input->fd, input->start, SEEK_SET) < 0)
        return fail_system(input, error);
    input->raw = input->ahead = (struct ahead){.used = 0};
    if (input->packed) {
        gunzip_destroy(input->packed);
        input->packed = gunzip_create();
        return input->packed || table_fail_memory(error, input->name);
    }
    return 1;
}

int input_whole(struct input *input, int *fd, off_t *offset, struct table_error *error)
{
    if (input->start >= 0 && !input->packed) {
        *fd = input->fd;
        *offset = input->start;
        return 1;
    }
    if (!keep_in_file(input, read_unpacked, error))
        return 0;
    gunzip_destroy(input->packed);
    input->packed = NULL;
    *fd = input->fd;
    *offset = 0;
    return 1;
}
