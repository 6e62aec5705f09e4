/* SPDX-License-Identifier: MIT */
#ifndef LANEFIT_SRC_AUTOGRAD_MODEL_H
#define LANEFIT_SRC_AUTOGRAD_MODEL_H

#include <lanefit/autograd.h>

struct lf_model {
    const struct lf_kernels *kernels;
    enum lf_dtype dtype;
    size_t size; /* elements of value and grad */
    void *value, *grad;
    size_t parameter_count;
    struct lf_parameter *parameters; /* value and grad are not kept here */
};

static inline size_t lf_dtype_size(enum lf_dtype dtype)
{
    return dtype == LF_F32 ? sizeof(float) : sizeof(double);
}

#endif
