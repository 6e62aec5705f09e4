/* SPDX-License-Identifier: MIT */
#ifndef LANEFIT_SRC_AUTOGRAD_MODEL_H
#define LANEFIT_SRC_AUTOGRAD_MODEL_H

#include <lanefit/autograd.h>

/* What a model knows of a parameter. */
struct lf_entry {
    char *name;
    size_t rows, cols, offset;
    double bound; /* lf_model_init draws from [-bound, bound); 0: nothing */
};

struct lf_model {
    const struct lf_kernels *kernels;
    enum lf_dtype dtype;
    size_t size; /* elements of value and grad */
    void *value, *grad;
    size_t entry_count;
    struct lf_entry *entries;
    size_t version; /* moves when the library changes or moves the parameters */
};

static inline size_t lf_dtype_size(enum lf_dtype dtype)
{
    return dtype == LF_F32 ? sizeof(float) : sizeof(double);
}

/* n elements of a type, aligned to 64 bytes and all 0, to be freed; NULL when memory is out. */
void *lf_flat_vector(enum lf_dtype dtype, size_t n);

#endif
