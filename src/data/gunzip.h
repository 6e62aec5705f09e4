/* SPDX-License-Identifier: MIT */
/* Unpacks gzip's bytes, of one member or of several in a row. */
#ifndef LANEFIT_SRC_DATA_GUNZIP_H
#define LANEFIT_SRC_DATA_GUNZIP_H

#include <stddef.h>

struct gunzip;

/* Fills `in` with up to `size` bytes: *got = 0 at the end. Returns 0 when it can't. */
typedef int gunzip_source(void *context, char *in, size_t size, size_t *got);

enum gunzip_result { GUNZIP_DONE, GUNZIP_SOURCE, GUNZIP_MEMORY, GUNZIP_DAMAGED, GUNZIP_CUT };

struct gunzip *gunzip_create(void); /* NULL without memory */
void gunzip_destroy(struct gunzip *gunzip);

/* Up to `size` unpacked bytes, at least one where any are left; *got = 0 at the end. What comes
 * before something wrong is delivered first. */
enum gunzip_result gunzip_read(struct gunzip *gunzip, gunzip_source *source, void *context,
                               char *out, size_t size, size_t *got);

#endif
