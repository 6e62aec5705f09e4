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

/* A new chunk behind the current one, large enough for `bytes`. */
static struct lf_arena_chunk *insert_chunk(struct lf_arena *arena, size_t bytes)
{
    size_t size = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
    struct lf_arena_chunk *chunk = aligned_alloc(LF_ARENA_ALIGNMENT, sizeof *chunk + size);
    if (!chunk)
        return NULL;
    chunk->bytes = size;
    chunk->next = arena->current ? arena->current->next : NULL;
    if (arena->current)
        arena->current->next = chunk;
    else
        arena->first = chunk;
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
    if (bytes > (size_t)(arena->end - arena->next)) {
        struct lf_arena_chunk *next = arena->current ? arena->current->next : NULL;
        if (next && next->bytes < bytes) { /* empty, and too small: larger steps outgrow it */
            arena->current->next = next->next;
            free(next);
            next = NULL;
        }
        if (!next)
            next = insert_chunk(arena, bytes);
        if (!next)
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
