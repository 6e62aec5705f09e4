/* SPDX-License-Identifier: MIT */
/* Rows on their way to their groups: with a thread and without one the sums are the same, and where
 * memory ends nobody waits for ever. */
#include "failing.inl.h"
#include "tables.h"

#include "grouping.h"

#include <errno.h>
#include <string.h>

enum { BLOCK = 512, BLOCKS = 2000, KEYS = 3000 };

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *context);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *context);

static int no_threads;

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *context)
{
    return no_threads ? EAGAIN : __real_pthread_create(thread, attributes, start, context);
}

static const struct lf_lsq_options options;

/* A block of rows of keys that jump. */
static struct table *open_block(double values[2 * BLOCK])
{
    static char text[BLOCK * 32], path[PATH_CHARS];
    const size_t chosen[] = {1, 2}, named = 0;
    char *to = text;
    struct table *table;
    struct table_error error;
    size_t got;
    for (size_t i = 0; i < BLOCK; i++)
        to += sprintf(to, "key %zu,%zu,%zu\n", i * 7919 % KEYS, i, i * i % 17);
    file_of(text, (size_t)(to - text), path);
    ck_assert(table_open(&table, path, NULL, &error));
    ck_assert(table_choose(table, 2, chosen, LF_F64, &error));
    ck_assert(table_keep_texts(table, 1, &named, &error));
    ck_assert(table_read(table, BLOCK, values, &got, &error) && got >= BLOCK - 1);
    return table;
}

/* Block after block until the batch is full; whether the sums of all came to be. */
static int feed(struct grouping *g, const struct table *table, double values[2 * BLOCK])
{
    struct batch *batch;
    int kept = grouping_begin(g, 1, &options, BLOCK);
    for (size_t block = 0; kept && block < BLOCKS && (batch = grouping_next(g));) {
        for (; kept && block < BLOCKS && batch->rows + BLOCK <= batch->most; block++) {
            values[0] = (double)block;
            kept = batch_take(batch, BLOCK - 1, values, table);
        }
        grouping_give(g);
    }
    return grouping_end(g) && kept;
}

START_TEST(threads_change_nothing)
{
    struct grouping g[2];
    double values[2 * BLOCK];
    struct table *table = open_block(values);
    for (no_threads = 0; no_threads < 2; no_threads++) {
        ck_assert(feed(&g[no_threads], table, values));
        ck_assert_uint_eq(g[no_threads].keys.count, BLOCK - 1);
    }
    for (size_t i = 0; i < g[0].sums.slabs; i++)
        ck_assert_mem_eq(g[0].sums.slab[i], g[1].sums.slab[i],
                         LSQ_SLAB_GROUPS * g[0].sums.size * sizeof(double));
    ck_assert_uint_gt(g[0].given, 2); /* batches were waited for */
    grouping_free(&g[0]);
    grouping_free(&g[1]);
    table_close(table);
}
END_TEST

static struct table *table;
static double values[2 * BLOCK];

static int feed_all(void)
{
    struct grouping g;
    const int whole = feed(&g, table, values);
    grouping_free(&g);
    return whole;
}

START_TEST(every_allocation_fails)
{
    no_threads = 1;
    table = open_block(values);
    fail_every_allocation(feed_all);
    table_close(table);
}
END_TEST

/* While the other thread adds, this one allocates nothing. */
START_TEST(the_thread_is_out_of_memory)
{
    struct grouping g;
    table = open_block(values);
    for (int again = 0; again < 20; again++) {
        ck_assert(grouping_begin(&g, 1, &options, BLOCK));
        ck_assert(g.has_thread);
        ck_assert(batch_take(grouping_next(&g), BLOCK - 1, values, table));
        failing = allocations + 1;
        failing_on = 1;
        grouping_give(&g);
        const struct batch *batch = grouping_next(&g);
        if (batch)
            grouping_give(&g);
        batch = grouping_next(&g);
        const int whole = grouping_end(&g);
        failing = 0;
        ck_assert(batch == NULL && !whole);
        grouping_free(&g);
    }
    table_close(table);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("grouping");
    TCase *tests = tcase_create("grouping");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, threads_change_nothing);
    tcase_add_test(tests, every_allocation_fails);
    tcase_add_test(tests, the_thread_is_out_of_memory);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
