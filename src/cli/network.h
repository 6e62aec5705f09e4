/* SPDX-License-Identifier: MIT */
/* A described model with its parameters, ready to answer. */
#ifndef LANEFIT_SRC_CLI_NETWORK_H
#define LANEFIT_SRC_CLI_NETWORK_H

#include "description.h"

struct network {
    const struct description *description;
    struct lf_model *model;
    struct lf_module modules[MOST_MODULES];
    size_t count;
    struct lf_tape *tape;
};

/* Makes the model that is described, all parameters 0; the description must outlive it. Complains
 * and returns 0 when memory is out. */
int network_open(struct network *network, const struct description *description,
                 const struct lf_kernels *kernels);
void network_close(struct network *network); /* an all-zero one is fine */

/* What the modules give for x[rows,in], scaled, as [rows,targets] of the type; good until the next
 * call. NULL when memory is out. */
const void *network_run(struct network *network, size_t rows, const void *x);

/* The one layer of a linear model. */
const struct lf_layer *network_layer(const struct network *network);

/* Reads a model file: what it describes, its parameters, and the checkpoint itself, to be freed,
 * unless that is NULL. Complains and returns 0. */
int network_load(struct network *network, struct description *description, const char *path,
                 const struct lf_kernels *kernels, struct lf_checkpoint **checkpoint);

/* The note of a checkpoint as JSON, to be deleted; NULL where it is none. */
cJSON *note_of(const struct lf_checkpoint *checkpoint);

#endif
