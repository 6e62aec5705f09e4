/* SPDX-License-Identifier: MIT */
#include "arena.h"

#include <stdint.h>
#include <stdlib.h>

enum { CHUNK_BYTES = 16384 };

struct lf_arena_chunk {
    struct lf_arena_chunk *next;
    size_t bytes;
    _Alignas(LF_ARENA_ALIGNMENT) unsigned char data[];
};

/* A new chunk at the end, as large as all before it together, or as `bytes`: so chunks that are too
 * small for a piece, and skipped, never make up most of the memory. */
static struct lf_arena_chunk *append_chunk(struct lf_arena *arena, size_t bytes)
{
    size_t size = arena->total > CHUNK_BYTES ? arena->total : CHUNK_BYTES;
    if (size < bytes)
        size = bytes;
    struct lf_arena_chunk *chunk = aligned_alloc(LF_ARENA_ALIGNMENT, sizeof *chunk + size);
    if (!chunk)
        return NULL;
    chunk->next = NULL;
    chunk->bytes = size;
    if (arena->current)
        arena->current->next = chunk;
    else
        arena->first = chunk;
    arena->total += size;
    return chunk;
}

static void begin_chunk(struct lf_arena *arena, struct lf_arena_chunk *chunk)
{
    arena->current = chunk;
    arena->next = chunk ? chunk->data : NULL;
    arena->end = chunk ? chunk->data + chunk->bytes : NULL;
}

void *lf_arena_alloc_slow(struct lf_arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        return NULL;
    bytes = (bytes / LF_ARENA_ALIGNMENT + (bytes % LF_ARENA_ALIGNMENT != 0 || bytes == 0)) *
            LF_ARENA_ALIGNMENT;
    while (bytes > (size_t)(arena->end - arena->next)) {
        struct lf_arena_chunk *next = arena->current ? arena->current->next : NULL;
        if (!next && !(next = append_chunk(arena, bytes)))
            return NULL;
        begin_chunk(arena, next);
    }
    void *piece = arena->next;
    arena->next += bytes;
    return piece;
}

void lf_arena_reset(struct lf_arena *arena)
{
    begin_chunk(arena, arena->first);
}

void lf_arena_free(struct lf_arena *arena)
{
    for (struct lf_arena_chunk *chunk = arena->first; chunk;) {
        struct lf_arena_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    *arena = (struct lf_arena){0};
}
