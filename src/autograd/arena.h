/* SPDX-License-Identifier: MIT */
/* Memory that is handed out piece by piece and taken back all at once.
 *
 * Chunks stay allocated over a reset and are filled in the same order again: a loop that asks for
 * the same sizes every time allocates nothing after its first round. */
#ifndef LANEFIT_SRC_AUTOGRAD_ARENA_H
#define LANEFIT_SRC_AUTOGRAD_ARENA_H

#include <stddef.h>

struct lf_arena_chunk;

/* All zero: an empty arena. */
struct lf_arena {
    struct lf_arena_chunk *first, *current;
    size_t used; /* bytes of the current chunk */
};

/* Bytes aligned to 64, not cleared; NULL when memory is out. */
void *lf_arena_alloc(struct lf_arena *arena, size_t bytes);
void lf_arena_reset(struct lf_arena *arena);
void lf_arena_free(struct lf_arena *arena);

#endif
