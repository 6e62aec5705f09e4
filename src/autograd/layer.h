/* SPDX-License-Identifier: MIT */
/* What the operations with a linear layer share. */
#ifndef LANEFIT_SRC_AUTOGRAD_LAYER_H
#define LANEFIT_SRC_AUTOGRAD_LAYER_H

#include "tape.h"

#include <stdint.h>

#define LF_NO_BIAS SIZE_MAX

/* Whether the layer may be applied to x; else the error is on the tape. */
int lf_layer_takes(const char *name, const struct lf_layer *layer, struct lf_tensor *x);

static inline struct lf_place lf_place_of(const struct lf_layer *layer)
{
    return (struct lf_place){layer->weight.offset,
                             layer->bias.model ? layer->bias.offset : LF_NO_BIAS};
}

/* The layer's part of a vector as long as the model's; NULL for a bias that is not there. */
#define at_weight(vector, place) ((REAL *)(vector) + (place)->weight)
#define at_bias(vector, place)                                                                     \
    ((place)->bias == LF_NO_BIAS ? NULL : (REAL *)(vector) + (place)->bias)

#endif
