/* SPDX-License-Identifier: MIT */
/* What an .npy file says of itself, and what lanefit writes in front of an array. */
#ifndef LANEFIT_SRC_DATA_NPY_HEADER_H
#define LANEFIT_SRC_DATA_NPY_HEADER_H

#include "error.h"

#include <lanefit/lanefit.h>

struct npy_header {
    char kind;      /* 'f', 'i', 'u' or 'b' */
    size_t size;    /* of an element */
    int is_swapped; /* in the other byte order */
    int by_columns; /* Fortran order */
    size_t rows, columns;
    size_t start; /* where the data starts */
};

#define NPY_MAGIC "\x93NUMPY"
enum { NPY_MAGIC_BYTES = sizeof NPY_MAGIC - 1 };

/* Reads the header of a file of `size` bytes, and holds it against that size. */
int npy_header_read(struct npy_header *header, const char *file, size_t size, const char *name,
                    struct table_error *error);

enum { NPY_HEADER_BYTES = 128 }; /* so that it may be written anew when the rows are counted */

/* Writes the header of a C-ordered array in this machine's byte order. */
void npy_header_write(char out[NPY_HEADER_BYTES], enum lf_dtype dtype, size_t rows, size_t columns);

#endif
