/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What an interrupt has to remove. */
static char *volatile unfinished;

static void remove_unfinished(int signal_number)
{
    if (unfinished)
        unlink(unfinished);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void watch_signals(void)
{
    static const int watched[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++)
        if (signal(watched[i], remove_unfinished) == SIG_IGN)
            signal(watched[i], SIG_IGN);
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
    static const char suffix[] = ".XXXXXX";
    size_t length = strlen(output->final_path);
    output->temporary = malloc(length + sizeof suffix);
    if (!output->temporary) {
        errno = ENOMEM;
        return 0;
    }
    memcpy(output->temporary, output->final_path, length);
    memcpy(output->temporary + length, suffix, sizeof suffix);
    int fd = mkstemp(output->temporary);
    if (fd < 0) {
        free(output->temporary);
        output->temporary = NULL;
        return 0;
    }
    unfinished = output->temporary;
    watch_signals();
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

int output_open(struct output *output, const char *path)
{
    *output = (struct output){.path = path};
    if (strcmp(path, "-") == 0) {
        output->file = stdout;
        return 1;
    }
    struct stat old;
    int exists = stat(path, &old) == 0;
    int opened;
    if (exists && !S_ISREG(old.st_mode)) { /* a device or pipe is written to, not replaced */
        opened = (output->file = fopen(path, "w")) != NULL;
    } else if (exists && access(path, W_OK) != 0) {
        opened = 0;
    } else {
        output->final_path = exists ? realpath(path, NULL) : strdup(path);
        opened = output->final_path && open_temporary(output, exists ? &old : NULL);
    }
    if (!opened) {
        complain("can't write '%s': %s", path, reason());
        output_discard(output);
    }
    return opened;
}

void output_discard(struct output *output)
{
    if (output->file && output->file != stdout)
        fclose(output->file);
    if (output->temporary)
        unlink(output->temporary);
    unfinished = NULL;
    free(output->temporary);
    free(output->final_path);
    *output = (struct output){0};
}

int output_commit(struct output *output)
{
    if (output->file == stdout)
        return flush_stdout();
    errno = 0;
    int lost = ferror(output->file);
    lost |= fclose(output->file) != 0;
    output->file = NULL;
    if (!lost && output->temporary)
        lost = rename(output->temporary, output->final_path) != 0;
    if (lost) {
        complain("can't write '%s': %s", output->path, reason());
    } else {
        unfinished = NULL;
        free(output->temporary);
        output->temporary = NULL;
    }
    output_discard(output);
    return !lost;
}

int flush_stdout(void)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 1;
    complain("can't write to standard output: %s", reason());
    return 0;
}
