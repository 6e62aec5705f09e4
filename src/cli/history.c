/* SPDX-License-Identifier: MIT */
#include "history.h"

#include "writer.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static void halve(struct history *history)
{
    size_t kept = 0;
    for (size_t i = 0; i < history->count; i += 2)
        history->points[kept++] = history->points[i];
    history->count = kept;
    history->stride *= 2;
}

static int make_room(struct history *history)
{
    if (history->count < history->room)
        return 1;
    size_t room = history->room ? 2 * history->room : 64;
    struct loss_point *points = realloc(history->points, room * sizeof *points);
    if (!points)
        return 0;
    history->points = points;
    history->room = room;
    return 1;
}

int history_add(struct history *history, const struct loss_point *point)
{
    /* An extra point leaves its place free, so nothing is lost before there is room. */
    if (!history->newest_is_extra && !make_room(history))
        return 0;
    if (history->stride == 0)
        history->stride = 1;
    history->count -= history->newest_is_extra != 0;
    int extra = history->added % history->stride != 0;
    /* HISTORY_MOST is even: an epoch that was due stays due at twice the stride. */
    if (!extra && history->count == HISTORY_MOST)
        halve(history);
    history->points[history->count++] = *point;
    history->newest_is_extra = extra;
    history->added++;
    history->has_validation |= !isnan(point->validation_loss);
    return 1;
}

void history_free(struct history *history)
{
    free(history->points);
    *history = (struct history){0};
}

void history_write_head(FILE *file, int has_validation)
{
    fputs("epoch,step,lr,loss", file);
    fputs(has_validation ? ",validation_loss\n" : "\n", file);
}

void history_write_point(FILE *file, const struct loss_point *point, int has_validation)
{
    fprintf(file, "%" PRIu64 ",%" PRIu64 ",", point->epoch, point->step);
    write_number(file, LF_F64, &point->lr);
    putc(',', file);
    write_number(file, LF_F64, &point->loss);
    if (has_validation) {
        putc(',', file);
        write_number(file, LF_F64, &point->validation_loss);
    }
    putc('\n', file);
}
