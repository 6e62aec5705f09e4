/* SPDX-License-Identifier: MIT */
/* Elements of any type that is read, as floats. */
#ifndef LANEFIT_SRC_DATA_NPY_CONVERT_H
#define LANEFIT_SRC_DATA_NPY_CONVERT_H

#include "npy_header.h"
#include "numbers.h"

/* A column in memory; `step` in bytes. */
struct npy_column {
    const char *data;
    size_t step;
    int is_swapped;
};

/* Writes n elements as the type, out_step elements apart. */
void npy_convert(const struct npy_header *header, const struct npy_column *from, size_t n,
                 enum lf_dtype dtype, void *out, size_t out_step);

/* Writes the first element as the shortest number that is it, and a NUL; returns its length. */
size_t npy_text(const struct npy_header *header, const struct npy_column *from,
                char out[NUMBER_CHARS]);

#endif
