/* SPDX-License-Identifier: MIT */
/* `lanefit fit --by`: a regression for each group of rows, in one pass over the table. */
#include "fit.h"
#include "group_table.h"
#include "lsq.h"

#include <stdlib.h>
#include <string.h>

static int out_of_memory(const struct fit *fit, size_t groups)
{
    char number[32];
    complain("%s: out of memory for %s groups: name fewer columns with --by or --features",
             fit->rows.path, grouped(groups, number));
    return 0;
}

/* Whether no weight of the block is negative; complains if not. */
static int are_weights(const struct rows *rows, size_t got)
{
    for (size_t r = 0; r < got && rows->has_weight; r++)
        if (rows->block[(r + 1) * rows->width - 1] < 0)
            return rows_refuse(rows, r, rows->width - 1, "is no weight: weights are 0 or more");
    return 1;
}

enum outcome { FAILED, NO_MEMORY, FILLED, LAST };

/* Fills a batch, which is the last one where the table ends. */
static enum outcome fill(const struct fit *fit, struct batch *batch)
{
    const struct rows *rows = &fit->rows;
    struct table_error error;
    size_t got;
    while (batch->rows + ROWS_BLOCK <= batch->most) {
        if (!table_read(rows->table, ROWS_BLOCK, rows->block, &got, &error)) {
            progress_hide();
            rows_complain(&fit->settings->rows, &error);
            return FAILED;
        }
        if (got == 0)
            return LAST;
        if (!are_weights(rows, got))
            return FAILED;
        if (!batch_take(batch, got, rows->block, rows->table))
            return NO_MEMORY;
    }
    return FILLED;
}

/* Reads all rows. */
static int read_rows(const struct fit *fit, struct grouping *grouping)
{
    struct progress progress;
    struct batch *batch;
    enum outcome outcome = FILLED;
    size_t all = 0;
    progress_begin(&progress, fit->rows.path, "rows", 0, fit->settings->quiet);
    while (outcome == FILLED && (batch = grouping_next(grouping))) {
        outcome = fill(fit, batch);
        progress_update(&progress, (double)(all += batch->rows));
        grouping_give(grouping);
    }
    progress_end(&progress);
    if (!grouping_end(grouping) || outcome == NO_MEMORY)
        return outcome != FAILED && out_of_memory(fit, grouping->keys.count);
    if (outcome == LAST && all == 0)
        complain("%s: there are no rows", fit->rows.path);
    return outcome == LAST && all > 0;
}

/* "100,000 groups: 99,998 ok, 2 too few rows" */
static void summarize(const struct group_table *t)
{
    char number[32];
    const size_t groups = t->grouping->keys.count;
    const char *before = ": ";
    fprintf(stderr, "%s group%s", grouped(groups, number), groups == 1 ? "" : "s");
    for (size_t s = 0; s < FIT_STATUSES; s++) {
        if (t->count[s] == 0)
            continue;
        fprintf(stderr, "%s%s %s", before, grouped(t->count[s], number),
                lf_fit_status_string((enum lf_fit_status)s));
        before = ", ";
    }
    putc('\n', stderr);
}

static int write_groups(const struct fit *fit, struct grouping *grouping, char *const *keys)
{
    const struct fit_settings *s = fit->settings;
    struct group_table table;
    struct output output;
    int done = group_table_open(&table, s->format, grouping, &fit->description, keys,
                                fit->rows.key_count) &&
               output_open(&output, s->output ? s->output : "-");
    if (done) {
        done = group_table_write(&table, output.file) && output_commit(&output);
        if (done && !s->quiet)
            summarize(&table);
        output_discard(&output);
    }
    group_table_free(&table);
    return done;
}

/* The names of the key columns, to be freed with what they are; NULL after complaining. */
static char **key_names(const struct rows *rows)
{
    char spare[TABLE_NAME_CHARS];
    char **names = calloc(rows->key_count + 1, sizeof *names);
    int fine = names != NULL;
    for (size_t i = 0; fine && i < rows->key_count; i++)
        fine = (names[i] = strdup(table_name(rows->table, rows->keys[i], spare))) != NULL;
    if (fine)
        return names;
    complain("%s: out of memory", rows->path);
    for (size_t i = 0; names && i < rows->key_count; i++)
        free(names[i]);
    free(names);
    return NULL;
}

/* Whether there is such a regression, and keys are kept; complains if not. */
static int prepare(struct fit *fit)
{
    struct rows *rows = &fit->rows;
    struct table_error error;
    if (!rows_find(rows, &fit->settings->rows) || !fit_describe(fit))
        return 0;
    if (rows->targets > 1) {
        complain("--by takes one target, and there are %zu", rows->targets);
        return 0;
    }
    if (!lsq_are_few(fit))
        return 0;
    if (table_keep_texts(rows->table, rows->key_count, rows->keys, &error))
        return 1;
    complain("%s", error.text);
    return 0;
}

int fit_by(struct fit *fit)
{
    struct grouping grouping;
    if (!prepare(fit))
        return EXIT_FAILED;
    char **keys = key_names(&fit->rows);
    if (!keys)
        return EXIT_FAILED;
    int done = grouping_begin(&grouping, fit->rows.features, &fit->settings->lsq, ROWS_BLOCK) ||
               out_of_memory(fit, 0);
    done = done && read_rows(fit, &grouping) && write_groups(fit, &grouping, keys);
    grouping_free(&grouping);
    for (size_t i = 0; i < fit->rows.key_count; i++)
        free(keys[i]);
    free(keys);
    return done ? EXIT_DONE : EXIT_FAILED;
}
