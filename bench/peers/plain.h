/* SPDX-License-Identifier: MIT */
#ifndef LANEFIT_BENCH_PEERS_PLAIN_H
#define LANEFIT_BENCH_PEERS_PLAIN_H

#include "peers.h"

/* A peer's fit. */
void plain_fit(const struct peer_fleet *fleet, size_t first, size_t last);

#endif
