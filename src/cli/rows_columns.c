/* SPDX-License-Identifier: MIT */
#include "columns.h"
#include "rows.h"

#include <stdlib.h>
#include <string.h>

static int out_of_memory(const char *path)
{
    complain("%s: out of memory", path);
    return 0;
}

static int is_among(size_t column, const size_t *columns, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (columns[i] == column)
            return 1;
    return 0;
}

static int is_both(const struct rows *rows, size_t column, const char *what)
{
    complain("%s: column %zu is both %s", rows->path, column + 1, what);
    return 0;
}

/* The last column that is nothing else yet. Complains and returns 0 where there is none. */
static int find_last(const struct rows *rows, const size_t *weight, size_t *last)
{
    for (*last = table_columns(rows->table); (*last)-- > 0;)
        if (!(weight && *weight == *last) && !is_among(*last, rows->keys, rows->key_count))
            return 1;
    complain("%s: a fit needs a column to predict: all are keys or weights", rows->path);
    return 0;
}

/* Whether each column has one part to play; complains if not. */
static int are_apart(const struct rows *rows)
{
    const size_t *columns = rows->columns;
    for (size_t i = rows->features; i < rows->features + rows->targets; i++)
        if (is_among(columns[i], columns, rows->features))
            return is_both(rows, columns[i], "a feature and a target");
    if (rows->has_weight && is_among(columns[rows->width - 1], columns, rows->features))
        return is_both(rows, columns[rows->width - 1], "a feature and the weight");
    if (rows->has_weight &&
        is_among(columns[rows->width - 1], columns + rows->features, rows->targets))
        return is_both(rows, columns[rows->width - 1], "a target and the weight");
    for (size_t i = 0; i < rows->width; i++)
        if (is_among(columns[i], rows->keys, rows->key_count))
            return is_both(rows, columns[i],
                           i < rows->features                   ? "a feature and a key of --by"
                           : i < rows->features + rows->targets ? "a target and a key of --by"
                                                                : "the weight and a key of --by");
    return 1;
}

/* rows->columns = features and targets as the lists have them, NULL: all others, the last; and the
 * weight, NULL: none. */
static int choose(struct rows *rows, const size_t *features, const size_t *targets,
                  const size_t *weight)
{
    const size_t all = table_columns(rows->table);
    size_t last;
    if (!targets) {
        if (!find_last(rows, weight, &last))
            return 0;
        targets = &last;
        rows->targets = 1;
    }
    rows->has_weight = weight != NULL;
    rows->columns = malloc((all + rows->features + rows->targets + 1) * sizeof *rows->columns);
    if (!rows->columns)
        return out_of_memory(rows->path);
    for (size_t i = 0; features && i < rows->features; i++)
        rows->columns[i] = features[i];
    for (size_t i = 0; !features && i < all; i++)
        if (!is_among(i, targets, rows->targets) && !(weight && *weight == i) &&
            !is_among(i, rows->keys, rows->key_count))
            rows->columns[rows->features++] = i;
    if (rows->features == 0) {
        complain("%s: a fit needs a feature beside the target%s%s: there is no other column",
                 rows->path, weight ? " and the weight" : "",
                 rows->key_count ? " and the keys" : "");
        return 0;
    }
    memcpy(rows->columns + rows->features, targets, rows->targets * sizeof *targets);
    rows->width = rows->features + rows->targets;
    if (weight)
        rows->columns[rows->width++] = *weight;
    return are_apart(rows);
}

static int name_columns(struct rows *rows)
{
    char spare[TABLE_NAME_CHARS];
    rows->name = calloc(rows->width, sizeof *rows->name);
    rows->missing = calloc(rows->width, sizeof *rows->missing);
    rows->block = malloc(rows->width * ROWS_BLOCK * sizeof *rows->block);
    rows->low = calloc(rows->width, sizeof *rows->low);
    rows->high = calloc(rows->width, sizeof *rows->high);
    rows->sum = calloc(rows->width, sizeof *rows->sum);
    if (!rows->name || !rows->missing || !rows->block || !rows->low || !rows->high || !rows->sum)
        return out_of_memory(rows->path);
    for (size_t i = 0; i < rows->width; i++) {
        struct table_error error;
        size_t found;
        const char *name = table_name(rows->table, rows->columns[i], spare);
        /* By a name that stands twice, the column would not be found again. */
        if (!table_find(rows->table, name, &found, &error)) {
            snprintf(spare, sizeof spare, "%zu", rows->columns[i] + 1);
            name = spare;
        }
        if (!(rows->name[i] = strdup(name)))
            return out_of_memory(rows->path);
    }
    return 1;
}

/* The columns of a model that exists. */
static int find_like(struct rows *rows, const struct description *d)
{
    rows->features = d->features;
    rows->targets = d->targets;
    rows->width = d->features + d->targets;
    rows->columns = malloc(rows->width * sizeof *rows->columns);
    char **names = malloc(rows->width * sizeof *names);
    int found = names && rows->columns;
    if (found) {
        memcpy(names, d->feature, d->features * sizeof *names);
        memcpy(names + d->features, d->target, d->targets * sizeof *names);
        found = columns_named(rows->table, names, rows->width, rows->columns);
    } else {
        out_of_memory(rows->path);
    }
    free(names);
    return found && name_columns(rows);
}

int rows_find_columns(struct rows *rows, const struct rows_request *request)
{
    struct table_error error;
    size_t *targets = NULL, *features = NULL, weight;
    int found = 1;
    if (request->like)
        found = find_like(rows, request->like);
    if (request->targets)
        found = (targets = columns_listed(rows->table, request->targets, &rows->targets)) != NULL;
    if (found && request->by)
        found = (rows->keys = columns_listed(rows->table, request->by, &rows->key_count)) != NULL;
    if (found && request->features)
        found =
            (features = columns_listed(rows->table, request->features, &rows->features)) != NULL;
    if (found && request->weight && !table_find(rows->table, request->weight, &weight, &error)) {
        complain("%s", error.text);
        found = 0;
    }
    if (!request->like)
        found = found && choose(rows, features, targets, request->weight ? &weight : NULL) &&
                name_columns(rows);
    free(targets);
    free(features);
    if (found && !table_choose(rows->table, rows->width, rows->columns, LF_F64, &error)) {
        complain("%s", error.text);
        return 0;
    }
    return found;
}
