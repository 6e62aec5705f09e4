/* SPDX-License-Identifier: MIT */
#include "arena.h"

#include <stdint.h>
#include <stdlib.h>

enum { ALIGNMENT = 64, CHUNK_BYTES = 16384 };

struct lf_arena_chunk {
    struct lf_arena_chunk *next;
    size_t bytes;
    _Alignas(ALIGNMENT) unsigned char data[];
};

/* A new chunk behind the current one, large enough for `bytes`. */
static struct lf_arena_chunk *insert_chunk(struct lf_arena *arena, size_t bytes)
{
    size_t size = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
    struct lf_arena_chunk *chunk = aligned_alloc(ALIGNMENT, sizeof *chunk + size);
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

void *lf_arena_alloc(struct lf_arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        return NULL;
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!arena->current || arena->current->bytes - arena->used < bytes) {
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
        arena->current = next;
        arena->used = 0;
    }
    void *piece = arena->current->data + arena->used;
    arena->used += bytes;
    return piece;
}

void lf_arena_reset(struct lf_arena *arena)
{
    arena->current = arena->first;
    arena->used = 0;
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
