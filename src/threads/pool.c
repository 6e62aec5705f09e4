/* SPDX-License-Identifier: MIT */
#include "pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

struct helper {
    struct lf_pool *pool;
    size_t worker;
    pthread_t thread;
};

struct lf_pool {
    pthread_mutex_t mutex;
    pthread_cond_t begin, done;
    /* Under the mutex: */
    size_t jobs; /* begun so far */
    size_t busy; /* helpers that are not yet through with the last of them */
    int stopping;
    /* Of the job that runs: */
    lf_pool_job job;
    void *context;
    size_t count;
    atomic_size_t next;
    size_t helpers;
    struct helper helper[];
};

static void work(struct lf_pool *pool, size_t worker)
{
    size_t i;
    while ((i = atomic_fetch_add(&pool->next, 1)) < pool->count)
        pool->job(pool->context, worker, i);
}

static void *help(void *context)
{
    struct helper *self = context;
    struct lf_pool *pool = self->pool;
    size_t seen = 0;
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        while (pool->jobs == seen && !pool->stopping)
            pthread_cond_wait(&pool->begin, &pool->mutex);
        if (pool->stopping)
            break;
        seen = pool->jobs;
        pthread_mutex_unlock(&pool->mutex);
        work(pool, self->worker);
        pthread_mutex_lock(&pool->mutex);
        if (--pool->busy == 0)
            pthread_cond_signal(&pool->done);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

struct lf_pool *lf_pool_start(size_t workers)
{
    enum { MOST = 1 << 16 };
    const size_t wanted = workers < MOST ? workers : MOST;
    struct lf_pool *pool = calloc(1, sizeof *pool + wanted * sizeof pool->helper[0]);
    if (!pool)
        return NULL;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->begin, NULL);
    pthread_cond_init(&pool->done, NULL);
    /* Signals are for the threads of the program, not for these. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (size_t i = 1; i < wanted; i++) {
        struct helper *helper = &pool->helper[pool->helpers];
        *helper = (struct helper){.pool = pool, .worker = i};
        if (pthread_create(&helper->thread, NULL, help, helper) != 0)
            break;
        pool->helpers++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return pool;
}

void lf_pool_stop(struct lf_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->mutex);
    pool->stopping = 1;
    pthread_cond_broadcast(&pool->begin);
    pthread_mutex_unlock(&pool->mutex);
    for (size_t i = 0; i < pool->helpers; i++)
        pthread_join(pool->helper[i].thread, NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->begin);
    pthread_mutex_destroy(&pool->mutex);
    free(pool);
}

void lf_pool_run(struct lf_pool *pool, lf_pool_job job, void *context, size_t count)
{
    if (!pool || count < 2) {
        for (size_t i = 0; i < count; i++)
            job(context, 0, i);
        return;
    }
    pthread_mutex_lock(&pool->mutex);
    pool->job = job;
    pool->context = context;
    pool->count = count;
    atomic_store(&pool->next, 0);
    pool->jobs++;
    pool->busy = pool->helpers;
    pthread_cond_broadcast(&pool->begin);
    pthread_mutex_unlock(&pool->mutex);
    work(pool, 0);
    pthread_mutex_lock(&pool->mutex);
    while (pool->busy > 0)
        pthread_cond_wait(&pool->done, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}
