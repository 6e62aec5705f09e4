/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What an interrupt has to remove; free places are NULL. */
enum { MOST_UNFINISHED = 4 };
static char *volatile unfinished[MOST_UNFINISHED];

static void remove_unfinished(int signal_number)
{
    for (int i = 0; i < MOST_UNFINISHED; i++)
        if (unfinished[i])
            unlink(unfinished[i]);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void note_unfinished(char *name)
{
    for (int i = 0; i < MOST_UNFINISHED; i++)
        if (!unfinished[i]) {
            unfinished[i] = name;
            return;
        }
}

static void forget_unfinished(const char *name)
{
    for (int i = 0; i < MOST_UNFINISHED; i++)
        if (unfinished[i] == name)
            unfinished[i] = NULL;
}

static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

static void watch_signals(void)
{
    for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++)
        if (signal(watched[i], remove_unfinished) == SIG_IGN)
            signal(watched[i], SIG_IGN);
}

/* mkstemp and the note of what it made, with no signal in between. */
static int make_temporary(char *name)
{
    sigset_t set, old;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++)
        sigaddset(&set, watched[i]);
    watch_signals();
    sigprocmask(SIG_BLOCK, &set, &old);
    int fd = mkstemp(name);
    if (fd >= 0)
        note_unfinished(name);
    sigprocmask(SIG_SETMASK, &old, NULL);
    return fd;
}

/* The permissions a new file would get, or those of the file that is replaced. */
static mode_t permissions(const struct stat *old)
{
    if (old)
        return old->st_mode & 07777;
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

/* A temporary file in the folder of output->final_path. */
static int open_temporary(struct output *output, const struct stat *old)
{
    static const char name[] = ".lanefit-XXXXXX";
    const char *slash = strrchr(output->final_path, '/');
    size_t folder = slash ? (size_t)(slash - output->final_path) + 1 : 0;
    output->temporary = malloc(folder + sizeof name);
    if (!output->temporary) {
        errno = ENOMEM;
        return 0;
    }
    memcpy(output->temporary, output->final_path, folder);
    memcpy(output->temporary + folder, name, sizeof name);
    int fd = make_temporary(output->temporary);
    if (fd < 0) {
        free(output->temporary);
        output->temporary = NULL;
        return 0;
    }
    if (fchmod(fd, permissions(old)) != 0 || !(output->file = fdopen(fd, "w"))) {
        close(fd);
        return 0;
    }
    return 1;
}

static const char *reason(void)
{
    return errno ? strerror(errno) : "write error";
}

/* Whether the path leads to where standard output goes, as /dev/stdout does. */
static int is_stdout(const struct stat *file)
{
    struct stat out;
    return fstat(STDOUT_FILENO, &out) == 0 && out.st_dev == file->st_dev &&
           out.st_ino == file->st_ino;
}

/* Opens for writing in place what is no regular file, else a temporary one. */
static int open_file(struct output *output, const char *path)
{
    struct stat old;
    int exists = stat(path, &old) == 0;
    if (exists && is_stdout(&old))
        return (output->file = stdout) != NULL;
    if (exists && !S_ISREG(old.st_mode))
        return (output->file = fopen(path, "w")) != NULL;
    if (exists && access(path, W_OK) != 0)
        return 0;
    struct stat link;
    if (!exists && lstat(path, &link) == 0 && S_ISLNK(link.st_mode))
        return 0; /* a link to nothing: errno says so */
    output->final_path = exists ? realpath(path, NULL) : strdup(path);
    return output->final_path && open_temporary(output, exists ? &old : NULL);
}

int can_replace(const char *path)
{
    struct stat file;
    char *folder = strdup(path);
    char *slash = folder ? strrchr(folder, '/') : NULL;
    const int exists = stat(path, &file) == 0;
    int can = 0;
    if (slash)
        slash[slash == folder] = '\0';
    if (exists && !S_ISREG(file.st_mode))
        errno = S_ISDIR(file.st_mode) ? EISDIR : EINVAL;
    else
        can = folder && (!exists || access(path, W_OK) == 0) &&
              access(slash ? folder : ".", W_OK | X_OK) == 0;
    if (!can)
        complain("can't write '%s': %s", path, reason());
    free(folder);
    return can;
}

int spares_input(const char *path, const char *input)
{
    struct stat one, other;
    if (!path || stat(path, &one) != 0 || stat(input, &other) != 0 || !S_ISREG(one.st_mode) ||
        one.st_dev != other.st_dev || one.st_ino != other.st_ino)
        return 1;
    complain("'%s' is the file that is read: it would be overwritten", path);
    return 0;
}

int output_open(struct output *output, const char *path)
{
    *output = (struct output){.path = path};
    if (strcmp(path, "-") == 0) {
        output->file = stdout;
        return 1;
    }
    if (open_file(output, path))
        return 1;
    int error = errno;
    output_discard(output);
    errno = error;
    complain("can't write '%s': %s", path, reason());
    return 0;
}

void output_discard(struct output *output)
{
    if (output->file && output->file != stdout)
        fclose(output->file);
    if (output->temporary) {
        unlink(output->temporary);
        forget_unfinished(output->temporary);
    }
    free(output->temporary);
    free(output->final_path);
    *output = (struct output){0};
}

int output_commit(struct output *output)
{
    if (output->file == stdout)
        return flush_stdout();
    const char *path = output->path;
    errno = 0;
    int lost = ferror(output->file);
    lost |= fclose(output->file) != 0;
    output->file = NULL;
    if (!lost && output->temporary) {
        lost = rename(output->temporary, output->final_path) != 0;
        if (!lost) {
            forget_unfinished(output->temporary);
            free(output->temporary);
            output->temporary = NULL;
        }
    }
    int error = errno;
    output_discard(output);
    errno = error;
    if (lost)
        complain("can't write '%s': %s", path, reason());
    return !lost;
}

int flush_stdout(void)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 1;
    if (errno != EPIPE) /* who reads no further knows */
        complain("can't write to standard output: %s", reason());
    return 0;
}
