/* SPDX-License-Identifier: MIT */
#include "npy_convert.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint8_t swap8(uint8_t bits)
{
    return bits;
}

/* A function that converts from the type, whose bits are those of a uint##width##_t. Elements may
 * stand at any byte. */
#define swap16 __builtin_bswap16
#define swap32 __builtin_bswap32
#define swap64 __builtin_bswap64
#define CONVERTER(name, type, width)                                                               \
    static void name(const struct npy_column *from, size_t n, enum lf_dtype dtype, void *out,      \
                     size_t out_step)                                                              \
    {                                                                                              \
        const char *p = from->data;                                                                \
        for (size_t i = 0; i < n; i++, p += from->step) {                                          \
            uint##width##_t bits;                                                                  \
            type value;                                                                            \
            memcpy(&bits, p, sizeof bits);                                                         \
            bits = from->is_swapped ? swap##width(bits) : bits;                                    \
            memcpy(&value, &bits, sizeof value);                                                   \
            if (dtype == LF_F32)                                                                   \
                ((float *)out)[i * out_step] = (float)value;                                       \
            else                                                                                   \
                ((double *)out)[i * out_step] = (double)value;                                     \
        }                                                                                          \
    }

CONVERTER(from_f4, float, 32)
CONVERTER(from_f8, double, 64)
CONVERTER(from_i1, int8_t, 8)
CONVERTER(from_i2, int16_t, 16)
CONVERTER(from_i4, int32_t, 32)
CONVERTER(from_i8, int64_t, 64)
CONVERTER(from_u1, uint8_t, 8)
CONVERTER(from_u2, uint16_t, 16)
CONVERTER(from_u4, uint32_t, 32)
CONVERTER(from_u8, uint64_t, 64)

/* True is any bits but 0. */
static void from_b1(const struct npy_column *from, size_t n, enum lf_dtype dtype, void *out,
                    size_t out_step)
{
    for (size_t i = 0; i < n; i++) {
        int value = from->data[i * from->step] != 0;
        if (dtype == LF_F32)
            ((float *)out)[i * out_step] = (float)value;
        else
            ((double *)out)[i * out_step] = value;
    }
}

void npy_convert(const struct npy_header *header, const struct npy_column *from, size_t n,
                 enum lf_dtype dtype, void *out, size_t out_step)
{
    static const struct {
        char kind;
        size_t size;
        void (*convert)(const struct npy_column *from, size_t n, enum lf_dtype dtype, void *out,
                        size_t out_step);
    } rows[] = {
        {'f', 4, from_f4}, {'f', 8, from_f8}, {'i', 1, from_i1}, {'i', 2, from_i2},
        {'i', 4, from_i4}, {'i', 8, from_i8}, {'u', 1, from_u1}, {'u', 2, from_u2},
        {'u', 4, from_u4}, {'u', 8, from_u8}, {'b', 1, from_b1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].kind == header->kind && rows[i].size == header->size)
            rows[i].convert(from, n, dtype, out, out_step);
}

size_t npy_text(const struct npy_header *header, const struct npy_column *from,
                char out[NUMBER_CHARS])
{
    double value;
    int64_t whole;
    npy_convert(header, from, 1, LF_F64, &value, 1);
    if (header->kind == 'f') {
        const char *end = header->size == sizeof(float) ? number_write_f32(out, (float)value)
                                                        : number_write_f64(out, value);
        return (size_t)(end - out);
    }
    whole = header->size < sizeof whole ? (int64_t)value : 0;
    if (header->size == sizeof whole) { /* a double does not hold all of these */
        memcpy(&whole, from->data, sizeof whole);
        whole = from->is_swapped ? (int64_t)swap64((uint64_t)whole) : whole;
    }
    return (size_t)(header->kind == 'u' ? snprintf(out, NUMBER_CHARS, "%" PRIu64, (uint64_t)whole)
                                        : snprintf(out, NUMBER_CHARS, "%" PRId64, whole));
}
