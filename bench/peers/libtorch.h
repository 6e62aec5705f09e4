/* SPDX-License-Identifier: MIT */
/* What libtorch does in the place of a tape, on one thread, in f32. */
#ifndef LANEFIT_BENCH_PEERS_LIBTORCH_H
#define LANEFIT_BENCH_PEERS_LIBTORCH_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Steps of one-sample SGD on the post's line; applied twice where `shared`. Goes on where the last
 * call stopped; returns the weight. */
float libtorch_line(int shared, size_t steps);

/* Steps of SGD on a batch of 32 through a 1-16-16-1 tanh network. Goes on where the last call
 * stopped; returns the loss. */
float libtorch_network(size_t steps);

/* An epoch of SGD on the mean squared error of a linear layer, batches in order, on the rows
 * x[rows,in] and y[rows] where they lie; parameters[in+1], weight and bias, are moved. */
void libtorch_epoch(size_t rows, size_t in, const float *x, const float *y, size_t batch, double lr,
                    float *parameters);

#ifdef __cplusplus
}
#endif

#endif
