/* SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

lf_status lf_file_fail(char message[LF_CHECKPOINT_MESSAGE], lf_status status, const char *format,
                       ...)
{
    if (message) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(message, LF_CHECKPOINT_MESSAGE, format, arguments);
        va_end(arguments);
    }
    return status;
}

/* ---- Writing ------------------------------------------------------------------------------ */

/* A file that is on its way to its name. */
struct replacement {
    char *path, *temporary;
    int fd;
};

static char *copy_of(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    if (copy)
        memcpy(copy, text, size);
    else
        errno = ENOMEM;
    return copy;
}

/* Where the path leads: a link is followed, so that it stays one. *old tells of what is there. */
static char *target_of(const char *path, struct stat *old, int *exists)
{
    char resolved[PATH_MAX];
    *exists = stat(path, old) == 0;
    if (*exists)
        return realpath(path, resolved) ? copy_of(resolved) : NULL;
    struct stat link;
    if (lstat(path, &link) == 0)
        return NULL; /* a link to nothing: errno says so */
    return copy_of(path);
}

/* A new file beside the path. Its name tells the process, so that nobody else takes it; a file that
 * a process of that number left behind when it was killed is passed over. */
static int open_temporary(struct replacement *r)
{
    enum { TRIES = 100 };
    const size_t size = strlen(r->path) + 40;
    r->temporary = malloc(size);
    if (!r->temporary) {
        errno = ENOMEM;
        return 0;
    }
    for (int i = 0; i < TRIES; i++) {
        snprintf(r->temporary, size, "%s.%ld-%d.tmp", r->path, (long)getpid(), i);
        r->fd = open(r->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (r->fd >= 0 || errno != EEXIST)
            break;
    }
    return r->fd >= 0;
}

static int write_all(int fd, const unsigned char *data, size_t size)
{
    while (size > 0) {
        const ssize_t written = write(fd, data, size < 1 << 30 ? size : 1 << 30);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return 0;
        data += written;
        size -= (size_t)written;
    }
    return 1;
}

/* The name itself has to be on the disk, too. Where the folder can't be opened or synced, as on
 * some file systems, the system's own habit must do. */
static void sync_folder(char *path)
{
    char *slash = strrchr(path, '/'), *end = slash == path ? path + 1 : slash, kept = '\0';
    if (end) {
        kept = *end;
        *end = '\0';
    }
    const int fd = open(end ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (end)
        *end = kept;
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

static int replace(struct replacement *r, const char *path, const void *data, size_t size)
{
    struct stat old;
    int exists;
    r->path = target_of(path, &old, &exists);
    if (!r->path)
        return 0;
    if (exists && !S_ISREG(old.st_mode)) {
        errno = S_ISDIR(old.st_mode) ? EISDIR : EINVAL;
        return 0;
    }
    if ((exists && access(r->path, W_OK) != 0) || !open_temporary(r))
        return 0;
    if (exists && fchmod(r->fd, old.st_mode & 07777) != 0)
        return 0;
    if (!write_all(r->fd, data, size) || fsync(r->fd) != 0)
        return 0;
    const int fd = r->fd;
    r->fd = -1;
    if (close(fd) != 0 || rename(r->temporary, r->path) != 0)
        return 0;
    free(r->temporary);
    r->temporary = NULL;
    sync_folder(r->path);
    return 1;
}

lf_status lf_file_replace(const char *path, const void *data, size_t size,
                          char message[LF_CHECKPOINT_MESSAGE])
{
    struct replacement r = {.fd = -1};
    const int done = replace(&r, path, data, size), error = errno;
    if (r.fd >= 0)
        close(r.fd);
    if (r.temporary)
        unlink(r.temporary);
    free(r.temporary);
    free(r.path);
    return done ? LF_OK
                : lf_file_fail(message, error == ENOMEM ? LF_NO_MEMORY : LF_IO,
                               "can't write '%s': %s", path, strerror(error));
}

/* ---- Reading ------------------------------------------------------------------------------ */

static int read_all(int fd, unsigned char *data, size_t size)
{
    while (size > 0) {
        const ssize_t got = read(fd, data, size < 1 << 30 ? size : 1 << 30);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            errno = got == 0 ? EIO : errno; /* it has got shorter */
            return 0;
        }
        data += got;
        size -= (size_t)got;
    }
    return 1;
}

lf_status lf_file_read(const char *path, unsigned char **data, size_t *size,
                       char message[LF_CHECKPOINT_MESSAGE])
{
    struct stat file;
    *data = NULL;
    /* Without O_NONBLOCK a pipe that nobody writes to would be waited for. */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &file) != 0) {
        lf_file_fail(message, LF_IO, "can't read '%s': %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return LF_IO;
    }
    lf_status status = LF_OK;
    *size = (size_t)file.st_size;
    if (!S_ISREG(file.st_mode))
        status = lf_file_fail(message, LF_IO, "'%s' is not a regular file", path);
    else if (!(*data = malloc(*size > 0 ? *size : 1)))
        status = lf_file_fail(message, LF_NO_MEMORY, "'%s': out of memory", path);
    else if (!read_all(fd, *data, *size))
        status = lf_file_fail(message, LF_IO, "can't read '%s': %s", path, strerror(errno));
    close(fd);
    if (status != LF_OK) {
        free(*data);
        *data = NULL;
    }
    return status;
}
