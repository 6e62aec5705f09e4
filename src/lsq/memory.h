/* SPDX-License-Identifier: MIT */
/* Memory from the heap, or from a piece that a caller has set aside. */
#ifndef LANEFIT_SRC_LSQ_MEMORY_H
#define LANEFIT_SRC_LSQ_MEMORY_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What is left of a piece; aligned to 64 bytes. */
struct lf_memory {
    unsigned char *next;
    size_t left;
};

enum { LF_MEMORY_ALIGNMENT = 64 };

/* The bytes that count elements take of a piece; SIZE_MAX where that is too many. */
static inline size_t lf_memory_bytes(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2 - LF_MEMORY_ALIGNMENT)
        return SIZE_MAX;
    return (bytes + LF_MEMORY_ALIGNMENT - 1) / LF_MEMORY_ALIGNMENT * LF_MEMORY_ALIGNMENT;
}

/* count elements, all 0; NULL where there are not so many. */
static inline void *lf_memory_new(struct lf_memory *memory, size_t count, size_t size)
{
    if (!memory)
        return calloc(count > 0 ? count : 1, size);
    const size_t bytes = lf_memory_bytes(count, size);
    if (bytes == SIZE_MAX || bytes > memory->left)
        return NULL;
    unsigned char *start = memory->next;
    memory->next += bytes;
    memory->left -= bytes;
    return memset(start, 0, bytes);
}

/* What a piece has given goes back with the piece. */
static inline void lf_memory_free(const struct lf_memory *memory, void *start)
{
    if (!memory)
        free(start);
}

#endif
