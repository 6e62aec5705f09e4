/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <time.h>
#include <unistd.h>

/* The one whose line is on the terminal; NULL: none. */
static struct progress *shown;

double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int progress_is_due(const struct progress *progress)
{
    return progress->on && seconds() - progress->shown >= 0.2;
}

int speaks(int quiet)
{
    return !quiet && isatty(STDERR_FILENO);
}

void progress_begin(struct progress *progress, const char *what, const char *unit, double total,
                    int quiet)
{
    double now = seconds();
    *progress = (struct progress){.what = what,
                                  .unit = unit,
                                  .total = total,
                                  .start = now,
                                  .shown = now,
                                  .on = speaks(quiet)};
}

void progress_update(struct progress *progress, double done)
{
    if (done <= 0 || !progress_is_due(progress))
        return;
    const double now = seconds();
    double elapsed = now - progress->start;
    fprintf(stderr, "\r\033[K%s: ", progress->what);
    if (progress->total > 0)
        fprintf(stderr, "%.0f %%, %s%.3g %s/s, %.0f s left", 100 * done / progress->total,
                progress->note, done / elapsed, progress->unit,
                elapsed * (progress->total - done) / done);
    else
        fprintf(stderr, "%.3g %s, %.3g %s/s", done, progress->unit, done / elapsed, progress->unit);
    fflush(stderr);
    progress->shown = now;
    shown = progress;
}

void progress_hide(void)
{
    if (shown)
        fputs("\r\033[K", stderr);
    shown = NULL;
}

void progress_end(struct progress *progress)
{
    if (shown == progress)
        progress_hide();
}
