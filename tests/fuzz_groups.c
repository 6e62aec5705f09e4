/* SPDX-License-Identifier: MIT */
/* Any bytes as a table whose first columns are keys: its groups are those that comparing texts
 * finds, each has the sums and the solution of its rows alone, and keys that are written read as
 * themselves. `./dev fuzz` runs it; `fuzz_replay` does with the files of data/tables. */
#include "fuzz_table.h"

#include "bits.h"

#include "grouping.h"
#include "table.h"
#include "writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST_KEYS = 2, MOST_IN = 3, MOST_WIDTH = MOST_IN + 2, MOST_PARAMS = 8, BLOCK = 7 };
enum { MOST_ROWS = 4096, MOST_COMPARED = 8 };

/* All that was read. */
struct all {
    size_t keys, in, width, rows;
    struct lf_lsq_options options;
    double *value;         /* [rows, width] */
    char *text[MOST_ROWS]; /* of the keys, a NUL behind each */
    size_t length[MOST_ROWS];
    uint32_t group[MOST_ROWS]; /* as comparing texts finds it */
};

static void must(int condition)
{
    if (!condition)
        abort();
}

static size_t least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* What is asked of the table, drawn from its bytes; 0: it has too few columns. */
static int draw(struct all *all, size_t columns, uint64_t bits)
{
    if (columns < 3)
        return 0;
    *all = (struct all){.keys = 1 + bits % least_of(MOST_KEYS, columns - 2)};
    all->in = 1 + bits / 2 % least_of(MOST_IN, columns - all->keys - 1);
    all->options.weight_is_last = all->keys + all->in + 1 < columns && (bits >> 8 & 1);
    all->options.no_intercept = bits >> 9 & 1;
    all->options.ridge = bits >> 10 & 1 ? 0.5 : 0;
    all->options.degree = all->in == 1 ? bits >> 11 & 3 : 0;
    all->width = all->in + 1 + (size_t)all->options.weight_is_last;
    return 1;
}

/* Whether the rows can be taken: the command refuses weights below 0. */
static int are_weights(const struct all *all, size_t got, const double *values)
{
    int fine = 1;
    for (size_t r = 0; r < got && all->options.weight_is_last; r++)
        fine &= !(values[(r + 1) * all->width - 1] < 0);
    return fine && all->rows + got <= MOST_ROWS;
}

/* Keeps rows, and finds their groups by comparing. */
static void keep(struct all *all, size_t got, const double *values, const struct table *table,
                 uint32_t *groups)
{
    all->value = realloc(all->value, (all->rows + got) * all->width * sizeof *values);
    must(all->value != NULL);
    memcpy(all->value + all->rows * all->width, values, got * all->width * sizeof *values);
    const size_t *start;
    const char *texts = table_texts(table, &start);
    for (size_t i = 0; i < got; i++) {
        const size_t r = all->rows++;
        const char *text = texts + start[i];
        size_t same = 0;
        all->length[r] = start[i + 1] - start[i];
        all->text[r] = malloc(all->length[r]);
        must(all->text[r] != NULL);
        memcpy(all->text[r], text, all->length[r]);
        while (all->length[same] != all->length[r] ||
               memcmp(all->text[same], text, all->length[r]) != 0)
            same++;
        all->group[r] = same < r ? all->group[same] : (*groups)++;
    }
}

/* Reads what can be read; returns the number of groups. */
static uint32_t read_all(struct all *all, struct table *table, struct grouping *grouping)
{
    double values[BLOCK * MOST_WIDTH];
    struct table_error error;
    uint32_t groups = 0;
    size_t got = 1;
    int done = 1;
    while (done && got > 0) {
        struct batch *batch = grouping_next(grouping);
        must(batch != NULL);
        /* A batch holds a block or two, so that groups go on in the next. */
        for (int block = 0; done && got > 0 && block < 2; block++) {
            done = table_read(table, BLOCK, values, &got, &error) && are_weights(all, got, values);
            if (!done || got == 0)
                continue;
            keep(all, got, values, table, &groups);
            must(batch_take(batch, got, values, table));
        }
        grouping_give(grouping);
    }
    must(grouping_end(grouping));
    return groups;
}

struct answer {
    double b[MOST_PARAMS], se[MOST_PARAMS], t[MOST_PARAMS], p[MOST_PARAMS];
    struct lf_lsq_result r;
};

static void solve(const struct lf_lsq_groups *groups, size_t i, struct answer *a)
{
    struct lf_lsq_solver solver;
    memset(a, 0, sizeof *a);
    a->r = (struct lf_lsq_result){
        .coefficients = a->b, .standard_errors = a->se, .t = a->t, .p = a->p};
    must(lf_lsq_solver_create(&solver, groups));
    must(lf_lsq_groups_fit(groups, i, &solver, &a->r) == LF_OK);
    lf_lsq_solver_destroy(&solver);
}

/* A group beside one of its rows alone. */
static void check_group(const struct all *all, const struct lf_lsq_groups *groups, uint32_t which)
{
    static const uint32_t zero;
    struct lf_lsq_groups alone;
    struct answer got, expected;
    uint32_t order[1], start[2];
    must(lf_lsq_groups_create(&alone, all->in, &all->options) && lf_lsq_groups_grow(&alone, 1));
    for (size_t r = 0; r < all->rows; r++)
        if (all->group[r] == which)
            lf_lsq_groups_add(&alone, 1, &zero, all->value + r * all->width, order, start);
    const double *sums = groups->slab[which / LSQ_SLAB_GROUPS];
    must(memcmp(sums + which % LSQ_SLAB_GROUPS * groups->size, alone.slab[0],
                groups->size * sizeof *sums) == 0);
    solve(groups, which, &got);
    solve(&alone, 0, &expected);
    must(got.r.status == expected.r.status && got.r.rows_used == expected.r.rows_used);
    must(memcmp(got.b, expected.b, 4 * sizeof got.b) == 0);
    lf_lsq_groups_destroy(&alone);
}

/* Writes the keys, a row a group as the command does, and reads them. */
static void check_keys(const struct all *all, const struct keys *keys)
{
    static const struct table_options options = {.header = TABLE_HEADER, .delimiter = ','};
    const size_t named[MOST_KEYS] = {0, 1}, chosen = all->keys;
    char path[64];
    int fd = memfd_create("keys", MFD_CLOEXEC);
    must(fd >= 0);
    FILE *file = fdopen(fd, "w");
    must(file != NULL && fputs(all->keys == 2 ? "a,b,number\n" : "a,number\n", file) >= 0);
    for (size_t i = 0; i < keys->count; i++) {
        size_t length;
        const char *key = keys_at(keys, i, &length), *end = key + length;
        for (; key < end; key += strlen(key) + 1) {
            write_field(file, key, strlen(key), ',');
            putc(',', file);
        }
        must(fprintf(file, "%zu\n", i) > 0);
    }
    must(fflush(file) == 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct table *table;
    struct table_error error;
    must(table_open(&table, path, &options, &error) &&
         table_choose(table, 1, &chosen, LF_F64, &error) &&
         table_keep_texts(table, all->keys, named, &error));
    for (size_t i = 0; i <= keys->count; i++) {
        double number;
        size_t got, expected;
        const size_t *start;
        must(table_read(table, 1, &number, &got, &error) && got == (i < keys->count));
        if (got == 0)
            break;
        const char *text = table_texts(table, &start), *key = keys_at(keys, i, &expected);
        must(start[1] == expected && memcmp(text, key, expected) == 0 && number == (double)i);
    }
    table_close(table);
    fclose(file);
}

static void check(struct all *all, struct table *table)
{
    size_t column[MOST_KEYS + MOST_WIDTH];
    struct table_error error;
    struct grouping grouping;
    for (size_t i = 0; i < MOST_KEYS + MOST_WIDTH; i++)
        column[i] = i;
    must(table_choose(table, all->width, column + all->keys, LF_F64, &error) &&
         table_keep_texts(table, all->keys, column, &error));
    must(grouping_begin(&grouping, all->in, &all->options, BLOCK));
    const uint32_t groups = read_all(all, table, &grouping);
    must(grouping.keys.count == groups);
    for (size_t r = 0; r < all->rows; r++) {
        size_t length;
        const char *key = keys_at(&grouping.keys, all->group[r], &length);
        must(length == all->length[r] && memcmp(key, all->text[r], length) == 0);
    }
    for (uint32_t i = 0; i < groups && i < MOST_COMPARED; i++)
        check_group(all, &grouping.sums, i);
    check_keys(all, &grouping.keys);
    grouping_free(&grouping);
}

size_t fuzz_rows;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct all all;
    char path[64];
    struct table *table;
    struct table_error error;
    int fd = memfd_create("table", MFD_CLOEXEC);
    must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (table_open(&table, path, NULL, &error)) {
        if (draw(&all, table_columns(table), fnv1a(FNV1A_START, data, size)))
            check(&all, table);
        fuzz_rows += all.rows;
        for (size_t r = 0; r < all.rows; r++)
            free(all.text[r]);
        free(all.value);
        all.rows = 0;
        all.value = NULL;
        table_close(table);
    }
    close(fd);
    return 0;
}
