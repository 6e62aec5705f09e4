/* SPDX-License-Identifier: MIT */
#include "grouping.h"

#include <stdlib.h>
#include <string.h>

/* What a batch takes: the more rows, the more of them meet the sums of a group in a cache. */
enum { BATCH_BYTES = 4 << 20 };

/* ---- A batch ------------------------------------------------------------------------------ */

static int batch_create(struct batch *batch, size_t most, size_t width)
{
    *batch = (struct batch){.most = most, .width = width};
    batch->values = malloc(most * width * sizeof *batch->values);
    batch->start = calloc(most + 1, sizeof *batch->start);
    batch->number = malloc(most * sizeof *batch->number);
    return batch->values && batch->start && batch->number;
}

static void batch_free(struct batch *batch)
{
    free(batch->values);
    free(batch->start);
    free(batch->text);
    free(batch->number);
}

int batch_take(struct batch *batch, size_t rows, const double *values, const struct table *table)
{
    const size_t *start, used = batch->start[batch->rows];
    const char *text = table_texts(table, &start);
    const size_t needed = used + start[rows];
    if (needed > batch->room) {
        char *grown = realloc(batch->text, 2 * needed);
        if (!grown)
            return 0;
        batch->text = grown;
        batch->room = 2 * needed;
    }
    memcpy(batch->text + used, text, start[rows]);
    for (size_t i = 1; i <= rows; i++)
        batch->start[batch->rows + i] = used + start[i];
    memcpy(batch->values + batch->rows * batch->width, values,
           rows * batch->width * sizeof *values);
    batch->rows += rows;
    return 1;
}

/* Room for so many groups; 0 where memory is out. */
static int grow(struct grouping *g, size_t groups)
{
    if (groups + 1 > g->first_room) {
        uint32_t *first = realloc(g->first, 2 * (groups + 1) * sizeof *first);
        if (!first)
            return 0;
        g->first = first;
        g->first_room = 2 * (groups + 1);
    }
    return lf_lsq_groups_grow(&g->sums, groups);
}

static int add_batch(struct grouping *g, const struct batch *batch)
{
    if (!keys_number(&g->keys, batch->rows, batch->text, batch->start, batch->number) ||
        !grow(g, g->keys.count))
        return 0;
    lf_lsq_groups_add(&g->sums, batch->rows, batch->number, batch->values, g->order, g->first);
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
                   size_t block)
{
    const size_t width = in + 1 + (options->weight_is_last != 0);
    size_t most = BATCH_BYTES / (width * sizeof(double));
    most = most < block ? block : most / block * block;
    *g = (struct grouping){.ended = 0};
    pthread_mutex_init(&g->mutex, NULL);
    pthread_cond_init(&g->changed, NULL);
    int fine = lf_lsq_groups_create(&g->sums, in, options);
    for (size_t i = 0; i < BATCHES && fine; i++)
        fine = batch_create(&g->batch[i], most, width);
    g->order = malloc(most * sizeof *g->order);
    fine = fine && g->order;
    /* Without a thread, one after the other gives the same. */
    g->has_thread = fine && pthread_create(&g->thread, NULL, add_batches, g) == 0;
    return fine;
}

struct batch *grouping_next(struct grouping *g)
{
    pthread_mutex_lock(&g->mutex);
    while (g->given - g->added == BATCHES)
        pthread_cond_wait(&g->changed, &g->mutex);
    struct batch *batch = g->failed ? NULL : &g->batch[g->given % BATCHES];
    pthread_mutex_unlock(&g->mutex);
    if (batch)
        batch->rows = 0;
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
    free(g->order);
    free(g->first);
    lf_lsq_groups_destroy(&g->sums);
    keys_free(&g->keys);
}
