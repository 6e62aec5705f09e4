/* SPDX-License-Identifier: MIT */
/* A hash table that numbers keys, any bytes, from 0 in the order in which they first come. */
#ifndef LANEFIT_SRC_CLI_KEYS_H
#define LANEFIT_SRC_CLI_KEYS_H

#include <stddef.h>
#include <stdint.h>

/* Half a cache line: a short key is found without its text. */
struct keys_slot {
    uint64_t hash;
    uint64_t word[2]; /* the bytes of a key of up to 16; of a longer one where its text stands */
    uint32_t length;
    uint32_t number; /* from 1; 0: the slot is free */
};

/* All zero is a table without keys. */
struct keys {
    struct keys_slot *slot;
    size_t slots, count; /* a power of two; more than twice as many as keys */
    char *text;          /* key i's from text + start[i] to text + start[i + 1] */
    size_t *start;
    size_t used, text_room, start_room;
};

/* number[rows] = those of keys, of which the i-th stands from text + start[i] to text + start[i +
 * 1]. 0 where memory is out, or where there are 2^32 - 1 keys already. */
int keys_number(struct keys *keys, size_t rows, const char *text, const size_t *start,
                uint32_t *number);

/* The key with this number. */
const char *keys_at(const struct keys *keys, size_t number, size_t *length);

void keys_free(struct keys *keys);

#endif
