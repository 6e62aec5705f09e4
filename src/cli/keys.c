/* SPDX-License-Identifier: MIT */
#include "keys.h"

#include <stdlib.h>
#include <string.h>

/* Keys that are looked up side by side, so that their waits for memory overlap. */
enum { TOGETHER = 64 };

/* Words are multiplied in one after the other; the factor is 2^64 over the golden ratio. */
static uint64_t hash_of(const char *key, size_t length)
{
    const uint64_t factor = 0x9e3779b97f4a7c15u;
    uint64_t hash = length * factor;
    for (; length > 0; key += sizeof hash) {
        uint64_t word = 0;
        const size_t part = length < sizeof word ? length : sizeof word;
        memcpy(&word, key, part);
        hash = (hash ^ word) * factor;
        hash ^= hash >> 32;
        length -= part;
    }
    return hash * factor;
}

/* The first slot to look at: the lowest bits of a product depend on the lowest alone. */
static struct keys_slot *slot_of(const struct keys *keys, uint64_t hash)
{
    return keys->slot + ((hash >> 20) & (keys->slots - 1));
}

static struct keys_slot *next_slot(const struct keys *keys, struct keys_slot *slot)
{
    return slot + 1 == keys->slot + keys->slots ? keys->slot : slot + 1;
}

/* ---- Room --------------------------------------------------------------------------------- */

static int grow_slots(struct keys *keys)
{
    struct keys grown = *keys;
    grown.slots = keys->slots ? 2 * keys->slots : 4 * TOGETHER;
    grown.slot = calloc(grown.slots, sizeof *grown.slot);
    if (!grown.slot)
        return 0;
    for (size_t i = 0; i < keys->slots; i++) {
        if (keys->slot[i].number == 0)
            continue;
        struct keys_slot *slot = slot_of(&grown, keys->slot[i].hash);
        while (slot->number > 0)
            slot = next_slot(&grown, slot);
        *slot = keys->slot[i];
    }
    free(keys->slot);
    *keys = grown;
    return 1;
}

/* Room for a key of this length; 0 where memory is out. */
static int grow_text(struct keys *keys, size_t length)
{
    if (keys->used + length > keys->text_room) {
        const size_t room = 2 * (keys->used + length);
        char *text = realloc(keys->text, room);
        if (!text)
            return 0;
        keys->text = text;
        keys->text_room = room;
    }
    if (keys->count + 2 > keys->start_room) {
        const size_t room = 2 * (keys->count + 2);
        size_t *start = realloc(keys->start, room * sizeof *start);
        if (!start)
            return 0;
        keys->start = start;
        keys->start_room = room;
    }
    return 1;
}

/* ---- Keys --------------------------------------------------------------------------------- */

static int add(struct keys *keys, struct keys_slot *slot, uint64_t hash, const char *key,
               size_t length)
{
    if (keys->count == UINT32_MAX - 1 || length > UINT32_MAX || !grow_text(keys, length))
        return 0;
    memcpy(keys->text + keys->used, key, length);
    *slot = (struct keys_slot){hash, keys->used, (uint32_t)length, (uint32_t)(keys->count + 1)};
    keys->start[keys->count++] = keys->used;
    keys->start[keys->count] = keys->used += length;
    return 1;
}

/* The number of a key; 0 where memory is out. */
static uint32_t number_of(struct keys *keys, uint64_t hash, const char *key, size_t length)
{
    struct keys_slot *slot = slot_of(keys, hash);
    for (; slot->number > 0; slot = next_slot(keys, slot))
        if (slot->hash == hash && slot->length == length &&
            memcmp(keys->text + slot->start, key, length) == 0)
            return slot->number;
    return add(keys, slot, hash, key, length) ? slot->number : 0;
}

int keys_number(struct keys *keys, size_t rows, const char *text, const size_t *start,
                uint32_t *number)
{
    uint64_t hash[TOGETHER];
    for (size_t first = 0; first < rows; first += TOGETHER) {
        const size_t n = rows - first < TOGETHER ? rows - first : TOGETHER;
        const size_t *at = start + first;
        while (keys->slots <= 2 * (keys->count + n))
            if (!grow_slots(keys))
                return 0;
        for (size_t i = 0; i < n; i++) {
            hash[i] = hash_of(text + at[i], at[i + 1] - at[i]);
            __builtin_prefetch(slot_of(keys, hash[i]));
        }
        for (size_t i = 0; i < n; i++)
            __builtin_prefetch(keys->text + slot_of(keys, hash[i])->start);
        for (size_t i = 0; i < n; i++) {
            const uint32_t found = number_of(keys, hash[i], text + at[i], at[i + 1] - at[i]);
            if (found == 0)
                return 0;
            number[first + i] = found - 1;
        }
    }
    return 1;
}

const char *keys_at(const struct keys *keys, size_t number, size_t *length)
{
    *length = keys->start[number + 1] - keys->start[number];
    return keys->text + keys->start[number];
}

void keys_free(struct keys *keys)
{
    free(keys->slot);
    free(keys->text);
    free(keys->start);
    *keys = (struct keys){0};
}
