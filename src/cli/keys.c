/* SPDX-License-Identifier: MIT */
#include "keys.h"

#include <stdlib.h>
#include <string.h>

/* Keys that are looked up side by side, so that their waits for memory overlap. */
enum { TOGETHER = 64 };

enum { WORD = sizeof(uint64_t), SHORT = 2 * WORD, CACHE_LINE = 64 };

static uint64_t word_at(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

static uint64_t half_at(const char *p)
{
    uint32_t half;
    memcpy(&half, p, sizeof half);
    return half;
}

/* Up to WORD bytes as a word, which no others of this length have. Parts that overlap spare a loop.
 */
static uint64_t short_word(const char *key, size_t length)
{
    const unsigned char *byte = (const unsigned char *)key;
    if (length == WORD)
        return word_at(key);
    if (length >= WORD / 2)
        return half_at(key) << 32 | half_at(key + length - WORD / 2);
    if (length == 0)
        return 0;
    return (uint64_t)byte[0] << 16 | (uint64_t)byte[length / 2] << 8 | byte[length - 1];
}

/* Words are multiplied in one after the other; the factor is 2^64 over the golden ratio. */
static const uint64_t factor = 0x9e3779b97f4a7c15u;

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * factor;
    return hash ^ hash >> 32;
}

/* What the slot of a key holds, but for its number and the place of its text. */
static struct keys_slot slot_for(const char *key, size_t length)
{
    struct keys_slot slot = {.length = (uint32_t)length};
    uint64_t hash = length * factor;
    if (length <= WORD)
        hash = mix(hash, slot.word[0] = short_word(key, length));
    for (size_t i = 0; i + WORD <= length && length > WORD; i += WORD)
        hash = mix(hash, word_at(key + i));
    if (length > WORD && length % WORD > 0)
        hash = mix(hash, word_at(key + length - WORD));
    if (length > WORD && length <= SHORT) {
        slot.word[0] = word_at(key);
        slot.word[1] = word_at(key + length - WORD);
    }
    slot.hash = hash * factor;
    return slot;
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
    grown.slot = aligned_alloc(CACHE_LINE, grown.slots * sizeof *grown.slot);
    if (!grown.slot)
        return 0;
    memset(grown.slot, 0, grown.slots * sizeof *grown.slot);
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

static int add(struct keys *keys, struct keys_slot *slot, const struct keys_slot *wanted,
               const char *key, size_t length)
{
    if (keys->count == UINT32_MAX - 1 || length > UINT32_MAX || !grow_text(keys, length))
        return 0;
    memcpy(keys->text + keys->used, key, length);
    *slot = *wanted;
    slot->number = (uint32_t)(keys->count + 1);
    if (length > SHORT)
        slot->word[0] = keys->used;
    keys->start[keys->count++] = keys->used;
    keys->start[keys->count] = keys->used += length;
    return 1;
}

static int is_same(const struct keys *keys, const struct keys_slot *slot,
                   const struct keys_slot *wanted, const char *key, size_t length)
{
    if (slot->hash != wanted->hash || slot->length != length)
        return 0;
    if (length > SHORT)
        return memcmp(keys->text + slot->word[0], key, length) == 0;
    return slot->word[0] == wanted->word[0] && slot->word[1] == wanted->word[1];
}

/* The number of a key; 0 where memory is out. */
static uint32_t number_of(struct keys *keys, const struct keys_slot *wanted, const char *key,
                          size_t length)
{
    struct keys_slot *slot = slot_of(keys, wanted->hash);
    for (; slot->number > 0; slot = next_slot(keys, slot))
        if (is_same(keys, slot, wanted, key, length))
            return slot->number;
    return add(keys, slot, wanted, key, length) ? slot->number : 0;
}

int keys_number(struct keys *keys, size_t rows, const char *text, const size_t *start,
                uint32_t *number)
{
    struct keys_slot wanted[TOGETHER];
    for (size_t first = 0; first < rows; first += TOGETHER) {
        const size_t n = rows - first < TOGETHER ? rows - first : TOGETHER;
        const size_t *at = start + first;
        while (keys->slots <= 2 * (keys->count + n))
            if (!grow_slots(keys))
                return 0;
        for (size_t i = 0; i < n; i++) {
            wanted[i] = slot_for(text + at[i], at[i + 1] - at[i]);
            __builtin_prefetch(slot_of(keys, wanted[i].hash));
        }
        for (size_t i = 0; i < n; i++) {
            const struct keys_slot *slot = slot_of(keys, wanted[i].hash);
            if (wanted[i].length > SHORT && slot->length > SHORT)
                __builtin_prefetch(keys->text + slot->word[0]);
        }
        for (size_t i = 0; i < n; i++) {
            const uint32_t found = number_of(keys, &wanted[i], text + at[i], at[i + 1] - at[i]);
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
