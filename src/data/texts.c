/* SPDX-License-Identifier: MIT */
#include "texts.h"

#include <stdlib.h>

char *texts_room(struct texts *texts, size_t length)
{
    const size_t needed = texts->used + length + 1;
    if (needed > texts->capacity) {
        const size_t capacity = 2 * needed;
        char *text = realloc(texts->text, capacity);
        if (!text)
            return NULL;
        texts->text = text;
        texts->capacity = capacity;
    }
    return texts->text + texts->used;
}

void texts_end(struct texts *texts, size_t length)
{
    texts->used += length;
    texts->text[texts->used++] = '\0';
}

int texts_end_row(struct texts *texts)
{
    if (texts->rows + 1 >= texts->room) {
        const size_t room = texts->room ? 2 * texts->room : 256;
        size_t *start = realloc(texts->start, room * sizeof *start);
        if (!start)
            return 0;
        texts->start = start;
        texts->room = room;
    }
    if (texts->rows == 0)
        texts->start[0] = 0;
    texts->start[++texts->rows] = texts->used;
    return 1;
}

void texts_clear(struct texts *texts)
{
    texts->rows = texts->used = 0;
}

void texts_free(struct texts *texts)
{
    free(texts->text);
    free(texts->start);
    *texts = (struct texts){0};
}
