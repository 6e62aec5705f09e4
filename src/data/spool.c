/* SPDX-License-Identifier: MIT */
#include "spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COPIED_AT_ONCE = 1 << 16 };

/* errno says why it can't. */
static int write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno != EINTR)
            return 0;
        if (written > 0) {
            bytes += written;
            size -= (size_t)written;
        }
    }
    return 1;
}

/* A file of no name in the folder; -1, and errno, when it can't. */
static int make_file(const char *folder)
{
    static const char name[] = "/lanefit-XXXXXX";
    size_t length = strlen(folder);
    char *path = malloc(length + sizeof name);
    if (!path) {
        errno = ENOMEM;
        return -1;
    }
    memcpy(path, folder, length);
    memcpy(path + length, name, sizeof name);
    int fd = mkstemp(path);
    if (fd >= 0)
        unlink(path);
    free(path);
    return fd;
}

static const char *folder_name(void)
{
    const char *folder = getenv("TMPDIR");
    return folder && *folder ? folder : "/tmp";
}

int spool_fail(const char *name, struct table_error *error)
{
    if (errno == ENOMEM)
        return table_fail_memory(error, name);
    return table_fail(error, "%s: can't keep a copy in %s: %s; TMPDIR names another folder", name,
                      folder_name(), strerror(errno));
}

FILE *spool_open(const char *name, struct table_error *error)
{
    const int fd = make_file(folder_name());
    FILE *file = fd >= 0 ? fdopen(fd, "w+b") : NULL;
    if (!file) {
        spool_fail(name, error);
        if (fd >= 0)
            close(fd);
    }
    return file;
}

int spool(int *fd, const char *name, spool_source *source, void *context, struct table_error *error)
{
    *fd = make_file(folder_name());
    if (*fd < 0)
        return spool_fail(name, error);
    char bytes[COPIED_AT_ONCE];
    for (size_t got = 1; got > 0;) {
        if (!source(context, bytes, sizeof bytes, &got, error)) {
            close(*fd);
            return 0;
        }
        if (!write_all(*fd, bytes, got) || (got == 0 && lseek(*fd, 0, SEEK_SET) < 0)) {
            spool_fail(name, error);
            close(*fd);
            return 0;
        }
    }
    return 1;
}
