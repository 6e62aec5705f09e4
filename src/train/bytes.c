/* SPDX-License-Identifier: MIT */
/* Numbers as bytes. The machines that lanefit runs on are little-endian, as its files are. */
#include "file.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are copied as they lie");

/* ---- Writing ------------------------------------------------------------------------------ */

static int grow(struct lf_bytes *b, size_t size)
{
    size_t room;
    if (__builtin_add_overflow(b->size, size, &room))
        return 0;
    if (room <= b->room)
        return 1;
    if (room < 2 * b->room)
        room = 2 * b->room;
    unsigned char *data = realloc(b->data, room);
    if (!data)
        return 0;
    b->data = data;
    b->room = room;
    return 1;
}

static void append(struct lf_bytes *b, const void *data, size_t size, size_t zeros)
{
    b->failed = b->failed || size > SIZE_MAX - zeros || !grow(b, size + zeros);
    if (b->failed)
        return;
    if (size > 0)
        memcpy(b->data + b->size, data, size);
    if (zeros > 0)
        memset(b->data + b->size + size, 0, zeros);
    b->size += size + zeros;
}

void lf_put_bytes(struct lf_bytes *b, const void *data, size_t size)
{
    append(b, data, size, (8 - size % 8) % 8);
}

void lf_put_u32(struct lf_bytes *b, uint32_t value)
{
    append(b, &value, sizeof value, 0);
}

void lf_put_u64(struct lf_bytes *b, uint64_t value)
{
    append(b, &value, sizeof value, 0);
}

void lf_put_f64(struct lf_bytes *b, double value)
{
    append(b, &value, sizeof value, 0);
}

/* ---- Reading ------------------------------------------------------------------------------ */

static const void *take(struct lf_cursor *c, size_t size)
{
    if (c->failed || size > c->left) {
        c->failed = 1;
        return NULL;
    }
    const void *at = c->at;
    c->at += size;
    c->left -= size;
    return at;
}

const void *lf_take_bytes(struct lf_cursor *c, uint64_t size)
{
    if (size > SIZE_MAX - 7) {
        c->failed = 1;
        return NULL;
    }
    return take(c, ((size_t)size + 7) / 8 * 8);
}

uint32_t lf_take_u32(struct lf_cursor *c)
{
    uint32_t value = 0;
    const void *at = take(c, sizeof value);
    if (at)
        memcpy(&value, at, sizeof value);
    return value;
}

uint64_t lf_take_u64(struct lf_cursor *c)
{
    uint64_t value = 0;
    const void *at = take(c, sizeof value);
    if (at)
        memcpy(&value, at, sizeof value);
    return value;
}

double lf_take_f64(struct lf_cursor *c)
{
    double value = 0;
    const void *at = take(c, sizeof value);
    if (at)
        memcpy(&value, at, sizeof value);
    return value;
}

/* ---- Checksum ----------------------------------------------------------------------------- */

uint32_t lf_crc32(const void *data, size_t size)
{
    uint32_t table[256], crc = 0xffffffffu;
    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++)
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320u : 0);
    }
    for (const unsigned char *byte = data; size > 0; size--, byte++)
        crc = crc >> 8 ^ table[(crc ^ *byte) & 0xff];
    return ~crc;
}
