/* SPDX-License-Identifier: MIT */
/* What a fitted model is, beside its parameters: which columns it takes, how they are scaled, what
 * they go through. It stands in the note of a model file as JSON (docs/model-file.md). */
#ifndef LANEFIT_SRC_CLI_DESCRIPTION_H
#define LANEFIT_SRC_CLI_DESCRIPTION_H

#include <cjson/cJSON.h>
#include <lanefit/lanefit.h>

enum { MOST_HIDDEN = 8, MOST_MODULES = 2 * MOST_HIDDEN + 1, MOST_DEGREE = 24, MOST_WIDTH = 4096 };

/* A row of features goes through
 *   a basis     the features as they are; or, of one feature x, the Legendre polynomials P_1(t) ..
 *               P_degree(t), t = (2 x - low - high) / (high - low)
 *   scaling     (basis - mean) / scale, in double, rounded to the type
 *   modules     linear layers with an activation in between
 *   units       target_mean + target_scale times what comes out: for logistic and Poisson
 * regression as it is, the logit or the logarithm of the rate */
struct description {
    enum lf_dtype dtype;
    enum lf_loss_kind loss;
    double delta; /* of the huber loss, in the targets' units */
    size_t features, targets;
    char **feature, **target; /* their names */
    size_t degree;            /* 0: no polynomial */
    double low, high;
    size_t in;            /* of the first layer: features, or degree */
    double *mean, *scale; /* [in] */
    double *target_mean;  /* [targets] */
    double target_scale;  /* the same for all, so that a loss keeps its meaning */
    size_t hidden_count;  /* layers but the last */
    size_t hidden[MOST_HIDDEN];
    enum lf_activation activation;
};

/* Makes room for what depends on the sizes; 0 when memory is out. */
int description_allocate(struct description *description);
void description_free(struct description *description); /* an all-zero one is fine */

/* The modules, without parameters; returns how many. */
size_t description_modules(const struct description *description,
                           struct lf_module modules[MOST_MODULES]);

/* What the basis makes of rows of features, `stride` apart, into out[rows,in]. */
void description_basis(const struct description *description, size_t rows, const double *features,
                       size_t stride, double *out);

/* x[in] of the type, from basis[in]; and y[targets] from the targets themselves. */
void description_scale(const struct description *description, const double *basis, void *x);
void description_scale_targets(const struct description *description, const double *targets,
                               void *y);

/* The prediction in the targets' units from what the modules give for target i: a mean, a
 * probability, a rate. */
double description_response(const struct description *description, size_t i, double output);

/* A loss of scaled targets, as one of the targets themselves; and delta the other way round. */
double description_loss(const struct description *description, double loss);
double description_scaled_delta(const struct description *description);

/* How many coefficients a target has: the intercept and one for each feature or power; 0 for a
 * network, which has none that could be read. */
size_t description_coefficients(const struct description *description);

/* coefficient[...] of target i in the units of the data, the intercept first, from the one linear
 * layer. Powers: in double, which far from 0 costs digits. */
void description_unscale(const struct description *description, const struct lf_layer *layer,
                         size_t i, double *coefficient);

/* The name of coefficient j: "(intercept)", "x", "x^2"; good until the next call. */
const char *description_coefficient_name(const struct description *description, size_t j);

/* ---- JSON -------------------------------------------------------------------------------- */

/* Adds to an object what describes the model; 0 when memory is out. */
int description_to_json(const struct description *description, cJSON *object);

/* Reads it from one; 0 where something in it is missing or can't be, or memory is out. */
int description_from_json(struct description *description, const cJSON *object);

/* Names in options and files, NULL-terminated; indexed by lf_loss_kind and lf_activation. */
extern const char *const loss_names[], *const activation_names[];

/* The index of a text, `length` long, among such names; -1: it is none. */
int name_index(const char *const names[], const char *text, size_t length);

#endif
