/* SPDX-License-Identifier: MIT */
/* Whole files, and the bytes in them. */
#ifndef LANEFIT_SRC_TRAIN_FILE_H
#define LANEFIT_SRC_TRAIN_FILE_H

#include <lanefit/checkpoint.h>

#include <stddef.h>
#include <stdint.h>

/* A file in memory that grows while it is written. */
struct lf_bytes {
    unsigned char *data;
    size_t size, room;
    int failed; /* memory was out: what follows is not written */
};

/* Appends. What is put as `bytes` is padded with zeros to a multiple of 8. */
void lf_put_bytes(struct lf_bytes *bytes, const void *data, size_t size);
void lf_put_u32(struct lf_bytes *bytes, uint32_t value);
void lf_put_u64(struct lf_bytes *bytes, uint64_t value);
void lf_put_f64(struct lf_bytes *bytes, double value);

/* What is still to be read. Behind the end everything is 0, and `failed`. */
struct lf_cursor {
    const unsigned char *at;
    size_t left;
    int failed;
};

const void *lf_take_bytes(struct lf_cursor *cursor, uint64_t size); /* padded; NULL: not there */
uint32_t lf_take_u32(struct lf_cursor *cursor);
uint64_t lf_take_u64(struct lf_cursor *cursor);
double lf_take_f64(struct lf_cursor *cursor);

/* CRC-32 as in IEEE 802.3. */
uint32_t lf_crc32(const void *data, size_t size);

/* Keeps a line in the message, unless that is NULL, and returns the status. */
lf_status lf_file_fail(char message[LF_CHECKPOINT_MESSAGE], lf_status status, const char *format,
                       ...) __attribute__((format(printf, 3, 4)));

/* Replaces the file by these bytes, or leaves it as it was: LF_IO, LF_NO_MEMORY. */
lf_status lf_file_replace(const char *path, const void *data, size_t size,
                          char message[LF_CHECKPOINT_MESSAGE]);

/* *data = the bytes of a regular file, to be freed. LF_IO, LF_NO_MEMORY. */
lf_status lf_file_read(const char *path, unsigned char **data, size_t *size,
                       char message[LF_CHECKPOINT_MESSAGE]);

#endif
