/* SPDX-License-Identifier: MIT */
#include "gunzip.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

enum { PACKED_BYTES = 1 << 16, GZIP_ONLY = 16 };

struct gunzip {
    z_stream stream;
    int inside;                /* a member */
    int pending;               /* output had no room: there may be more of it without more input */
    enum gunzip_result result; /* GUNZIP_DONE: so far nothing is wrong */
    unsigned char in[PACKED_BYTES];
};

struct gunzip *gunzip_create(void)
{
    struct gunzip *gunzip = calloc(1, sizeof *gunzip);
    if (gunzip && inflateInit2(&gunzip->stream, MAX_WBITS + GZIP_ONLY) != Z_OK) {
        free(gunzip);
        return NULL;
    }
    return gunzip;
}

void gunzip_destroy(struct gunzip *gunzip)
{
    if (gunzip)
        inflateEnd(&gunzip->stream);
    free(gunzip);
}

static enum gunzip_result unpack(struct gunzip *gunzip)
{
    gunzip->inside = 1;
    int answer = inflate(&gunzip->stream, Z_NO_FLUSH);
    gunzip->pending = gunzip->stream.avail_out == 0;
    switch (answer) {
    case Z_STREAM_END:
        gunzip->inside = gunzip->pending = 0;
        inflateReset(&gunzip->stream);
        return GUNZIP_DONE;
    case Z_OK:
    case Z_BUF_ERROR: /* it wants more bytes */
        return GUNZIP_DONE;
    case Z_MEM_ERROR:
        return GUNZIP_MEMORY;
    default:
        return GUNZIP_DAMAGED;
    }
}

enum gunzip_result gunzip_read(struct gunzip *gunzip, gunzip_source *source, void *context,
                               char *out, size_t size, size_t *got)
{
    z_stream *stream = &gunzip->stream;
    unsigned room = size < UINT_MAX ? (unsigned)size : UINT_MAX;
    enum gunzip_result result = gunzip->result;
    stream->next_out = (unsigned char *)out;
    stream->avail_out = room;
    while (stream->avail_out == room && result == GUNZIP_DONE) {
        if (stream->avail_in == 0 && !gunzip->pending) {
            size_t bytes;
            if (!source(context, (char *)gunzip->in, sizeof gunzip->in, &bytes)) {
                result = GUNZIP_SOURCE;
                break;
            }
            if (bytes == 0) {
                result = gunzip->inside ? GUNZIP_CUT : GUNZIP_DONE;
                break;
            }
            stream->next_in = gunzip->in;
            stream->avail_in = (unsigned)bytes;
        }
        result = unpack(gunzip);
    }
    gunzip->result = result;
    *got = room - stream->avail_out;
    return *got ? GUNZIP_DONE : result;
}
