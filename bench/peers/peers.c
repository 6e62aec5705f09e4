/* SPDX-License-Identifier: MIT */
#include "peers.h"

/* PEERS(X) is X(peer) for every peer of this build. */
#define DECLARE(name) extern const struct peer peer_##name;
#define LIST(name) &peer_##name,
PEERS(DECLARE)

const struct peer *const peers[] = {PEERS(LIST)};
const size_t peer_count = sizeof peers / sizeof peers[0];
