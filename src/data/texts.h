/* SPDX-License-Identifier: MIT */
/* Texts of some columns of the rows of a block. */
#ifndef LANEFIT_SRC_DATA_TEXTS_H
#define LANEFIT_SRC_DATA_TEXTS_H

#include <stddef.h>

/* Row i's stand one behind the other from text + start[i] on, a NUL behind each. */
struct texts {
    char *text;
    size_t used, capacity;
    size_t *start; /* [rows + 1] */
    size_t rows, room;
};

/* Room for another text of so many bytes, whose end texts_end then says; NULL: memory is out. */
char *texts_room(struct texts *texts, size_t length);
void texts_end(struct texts *texts, size_t length);

/* Ends a row; 0 where memory is out. */
int texts_end_row(struct texts *texts);

void texts_clear(struct texts *texts);
void texts_free(struct texts *texts);

#endif
