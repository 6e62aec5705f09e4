/* SPDX-License-Identifier: MIT */
#ifndef LANEFIT_SRC_AUTOGRAD_OPTIM_H
#define LANEFIT_SRC_AUTOGRAD_OPTIM_H

#include <lanefit/optim.h>

/* high + low */
struct lf_double_double {
    double high, low;
};

struct lf_optimizer {
    struct lf_model *model;
    struct lf_optimizer_options options;
    size_t size;         /* elements of the model when this was created */
    uint64_t steps;      /* taken */
    void *mean, *square; /* Adam's; the mean is SGD's velocity. NULL where they are not needed */
    struct lf_double_double power1, power2; /* beta1^steps, beta2^steps */
};

#endif
