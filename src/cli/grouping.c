/* SPDX-License-Identifier: MIT */
#include "grouping.h"

#include <stdlib.h>
#include <string.h>

/* ---- A batch ------------------------------------------------------------------------------ */

static int batch_create(struct batch *batch, size_t rows, size_t width)
{
    batch->values = malloc(rows * width * sizeof *batch->values);
    batch->start = calloc(rows + 1, sizeof *batch->start);
    batch->number = malloc(rows * sizeof *batch->number);
    return batch->values && batch->start && batch->number;
}

static void batch_free(struct batch *batch)
{
    free(batch->values);
    free(batch->start);
    free(batch->text);
    free(batch->number);
}

int batch_take_keys(struct batch *batch, const struct table *table)
{
    size_t length = 0;
    for (size_t i = 0; i < batch->rows; i++) {
        const char *text = table_texts(table, i, &length);
        const size_t needed = batch->start[i] + length;
        if (needed > batch->room) {
            char *grown = realloc(batch->text, 2 * needed);
            if (!grown)
                return 0;
            batch->text = grown;
            batch->room = 2 * needed;
        }
        memcpy(batch->text + batch->start[i], text, length);
        batch->start[i + 1] = needed;
    }
    return 1;
}

static int add_batch(struct grouping *g, const struct batch *batch)
{
    if (!keys_number(&g->keys, batch->rows, batch->text, batch->start, batch->number) ||
        !lf_lsq_groups_grow(&g->sums, g->keys.count))
        return 0;
    lf_lsq_groups_add(&g->sums, batch->rows, batch->number, batch->values);
    return 1;
}

/* ---- The thread --------------------------------------------------------------------------- */

static void *add_batches(void *context)
{
    struct grouping *g = context;
    pthread_mutex_lock(&g->mutex);
    while (!g->failed) {
        while (g->added == g->given && !g->ended)
            pthread_cond_wait(&g->changed, &g->mutex);
        if (g->added == g->given)
            break;
        const struct batch *batch = &g->batch[g->added % BATCHES];
        pthread_mutex_unlock(&g->mutex);
        const int fine = add_batch(g, batch);
        pthread_mutex_lock(&g->mutex);
        g->failed |= !fine;
        g->added++;
        pthread_cond_signal(&g->changed);
    }
    pthread_mutex_unlock(&g->mutex);
    return NULL;
}

int grouping_begin(struct grouping *g, size_t in, const struct lf_lsq_options *options,
                   size_t most_rows)
{
    *g = (struct grouping){.ended = 0};
    pthread_mutex_init(&g->mutex, NULL);
    pthread_cond_init(&g->changed, NULL);
    int fine = lf_lsq_groups_create(&g->sums, in, options);
    for (size_t i = 0; i < BATCHES && fine; i++)
        fine = batch_create(&g->batch[i], most_rows, in + 1 + (options->weight_is_last != 0));
    /* Without a thread, one after the other gives the same. */
    g->has_thread = fine && pthread_create(&g->thread, NULL, add_batches, g) == 0;
    return fine;
}

struct batch *grouping_next(struct grouping *g)
{
    pthread_mutex_lock(&g->mutex);
    while (g->given - g->added == BATCHES && !g->failed)
        pthread_cond_wait(&g->changed, &g->mutex);
    struct batch *batch = g->failed ? NULL : &g->batch[g->given % BATCHES];
    pthread_mutex_unlock(&g->mutex);
    return batch;
}

void grouping_give(struct grouping *g)
{
    pthread_mutex_lock(&g->mutex);
    if (!g->has_thread) {
        g->failed |= !add_batch(g, &g->batch[g->given % BATCHES]);
        g->added++;
    }
    g->given++;
    pthread_cond_signal(&g->changed);
    pthread_mutex_unlock(&g->mutex);
}

int grouping_end(struct grouping *g)
{
    pthread_mutex_lock(&g->mutex);
    g->ended = 1;
    pthread_cond_signal(&g->changed);
    pthread_mutex_unlock(&g->mutex);
    if (g->has_thread)
        pthread_join(g->thread, NULL);
    g->has_thread = 0;
    return !g->failed;
}

void grouping_free(struct grouping *g)
{
    grouping_end(g);
    pthread_mutex_destroy(&g->mutex);
    pthread_cond_destroy(&g->changed);
    for (size_t i = 0; i < BATCHES; i++)
        batch_free(&g->batch[i]);
    lf_lsq_groups_destroy(&g->sums);
    keys_free(&g->keys);
}
