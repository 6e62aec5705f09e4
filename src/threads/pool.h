/* SPDX-License-Identifier: MIT */
/* Threads that share the pieces of a job. */
#ifndef LANEFIT_SRC_THREADS_POOL_H
#define LANEFIT_SRC_THREADS_POOL_H

#include <stddef.h>

struct lf_pool;

/* Piece i of a job, done by that worker. */
typedef void (*lf_pool_job)(void *context, size_t worker, size_t i);

/* Starts threads beside the caller's, workers in all or as many as the system grants. NULL when
 * memory is out. */
struct lf_pool *lf_pool_start(size_t workers);
void lf_pool_stop(struct lf_pool *pool); /* joins them; NULL is fine */

/* Does pieces 0 .. count - 1, each once, in any order, and returns when all are done. Worker 0 is
 * the caller. A pool of NULL is the caller alone. */
void lf_pool_run(struct lf_pool *pool, lf_pool_job job, void *context, size_t count);

#endif
