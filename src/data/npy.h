/* SPDX-License-Identifier: MIT */
/* Tables that NumPy wrote: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
#ifndef LANEFIT_SRC_DATA_NPY_H
#define LANEFIT_SRC_DATA_NPY_H

#include "input.h"
#include "npy_header.h"
#include "table.h"
#include "texts.h"

struct npy {
    const char *name; /* for messages */
    struct npy_header header;
    void *map; /* NULL: nothing is mapped */
    size_t map_size;
    const char *data;
    size_t row;     /* the next one */
    size_t read_at; /* the first one of the last block */
    size_t *wanted;
    size_t wanted_count;
    enum lf_dtype dtype;
    size_t *named; /* columns whose texts are kept */
    size_t named_count;
    struct texts texts;
};

/* Whether bytes that a file begins with are an .npy file's. */
int npy_is_it(const char *bytes, size_t size);

/* Maps the input, which has not been read yet. The npy is to be closed in any case. */
int npy_open(struct npy *npy, struct input *input, struct table_error *error);
void npy_close(struct npy *npy);

int npy_choose(struct npy *npy, size_t count, const size_t *columns, enum lf_dtype dtype,
               struct table_error *error);
int npy_keep_texts(struct npy *npy, size_t count, const size_t *columns, struct table_error *error);
int npy_read(struct npy *npy, size_t rows, void *out, size_t *got, struct table_error *error);
int npy_array(const struct npy *npy, struct table_array *array);

#endif
