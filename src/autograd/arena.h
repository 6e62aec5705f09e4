/* SPDX-License-Identifier: MIT */
/* Memory that is handed out piece by piece and taken back all at once.
 *
 * Chunks stay allocated over a reset and are filled in the same order again, those skipped that are
 * too small for a piece. A new chunk goes to the end, which moves no piece of any round back: each
 * kind of round allocates once, in whatever order they come. */
#ifndef LANEFIT_SRC_AUTOGRAD_ARENA_H
#define LANEFIT_SRC_AUTOGRAD_ARENA_H

#include <stddef.h>

enum { LF_ARENA_ALIGNMENT = 64 };

struct lf_arena_chunk;

/* All zero: an empty arena. */
struct lf_arena {
    struct lf_arena_chunk *first, *current;
    size_t total;              /* bytes of all chunks */
    unsigned char *next, *end; /* what is free in the current chunk, a multiple of the alignment */
};

/* lf_arena_alloc where the current chunk does not do. */
void *lf_arena_alloc_slow(struct lf_arena *arena, size_t bytes);

/* Bytes aligned to 64, not cleared; NULL when memory is out. */
static inline void *lf_arena_alloc(struct lf_arena *arena, size_t bytes)
{
    if (bytes == 0 || bytes > (size_t)(arena->end - arena->next))
        return lf_arena_alloc_slow(arena, bytes);
    void *piece = arena->next;
    arena->next += (bytes + LF_ARENA_ALIGNMENT - 1) / LF_ARENA_ALIGNMENT * LF_ARENA_ALIGNMENT;
    return piece;
}

void lf_arena_reset(struct lf_arena *arena);
void lf_arena_free(struct lf_arena *arena);

#endif
