/* SPDX-License-Identifier: MIT */
#include "group_table.h"

#include "../data/csv_value.h"
#include "../data/npy_header.h"
#include "../data/numbers.h"
#include "../data/writer.h"
#include "cli.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1024 };          /* groups that a thread solves at a time */
enum { COUNTS = 3, FACTS = 3 }; /* columns in front of the coefficients, and behind them */

/* ---- Columns ------------------------------------------------------------------------------ */

static int out_of_memory(void)
{
    complain("out of memory for the groups");
    return 0;
}

static char *joined(const char *name, const char *end)
{
    char *text = malloc(strlen(name) + strlen(end) + 1);
    if (text)
        strcat(strcpy(text, name), end);
    return text;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Whether all names differ; complains if not. */
static int are_unique(const struct group_table *t)
{
    char name[PRINTABLE_CHARS];
    int unique = 1;
    char **sorted = malloc(t->columns * sizeof *sorted);
    if (!sorted)
        return out_of_memory();
    memcpy(sorted, t->name, t->columns * sizeof *sorted);
    qsort(sorted, t->columns, sizeof *sorted, by_name);
    for (size_t i = 1; i < t->columns && unique; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0) {
            complain("two columns of the output would be called '%s': rename a column of the table",
                     table_printable(name, sorted[i], strlen(sorted[i])));
            unique = 0;
        }
    free(sorted);
    return unique;
}

static int name_all(struct group_table *t, const struct regression *r, char *const *keys)
{
    static const char *const counts[COUNTS] = {"status", "rows_used", "rows_dropped"};
    static const char *const facts[FACTS] = {"r_squared", "residual_sd", "digits"};
    static const char *const ends[] = {"", "_se", "_t", "_p"};
    char **to = t->name;
    int fine = 1;
    for (size_t i = 0; i < t->keys; i++)
        fine &= (*to++ = strdup(keys[i])) != NULL;
    for (size_t i = 0; i < COUNTS; i++)
        fine &= (*to++ = strdup(counts[i])) != NULL;
    for (size_t j = 0; j < t->params; j++)
        for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
            fine &= (*to++ = joined(regression_name(r, j), ends[i])) != NULL;
    for (size_t i = 0; i < FACTS; i++)
        fine &= (*to++ = strdup(facts[i])) != NULL;
    return fine;
}

int group_table_open(struct group_table *t, enum group_format format,
                     const struct grouping *grouping, const struct description *description,
                     char *const *keys, size_t key_count)
{
    struct regression r;
    *t = (struct group_table){
        .format = format, .grouping = grouping, .description = description, .keys = key_count};
    int fine = regression_create(&r, description, &grouping->sums.options, 0);
    t->params = r.params;
    t->columns = t->keys + COUNTS + 4 * t->params + FACTS;
    t->name = fine ? calloc(t->columns, sizeof *t->name) : NULL;
    fine = t->name && name_all(t, &r, keys);
    regression_free(&r);
    return fine ? are_unique(t) : out_of_memory();
}

void group_table_free(struct group_table *t)
{
    for (size_t i = 0; t->name && i < t->columns; i++)
        free(t->name[i]);
    free(t->name);
}

/* ---- A row -------------------------------------------------------------------------------- */

/* Groups that one thread solves, and what it writes of them. */
struct chunk {
    const struct group_table *table;
    size_t first, count;
    struct lf_lsq_solver solver;
    struct regression regression;
    double *value; /* [columns]: those of a row behind its keys */
    char *line;    /* room for them as text */
    FILE *file;
    char *text;
    size_t size;
    size_t statuses[FIT_STATUSES];
    int failed;        /* memory is out */
    size_t bad_number; /* the first group with a key that is no number, from 1 */
};

/* The row's numbers; NaN where there is none. */
static void fill_values(struct chunk *c)
{
    const struct lf_lsq_result *r = &c->regression.result;
    double *to = c->value;
    *to++ = (double)r->status;
    *to++ = (double)r->rows_used;
    *to++ = (double)r->rows_dropped;
    for (size_t j = 0; j < c->table->params; j++) {
        *to++ = r->coefficients[j];
        *to++ = r->standard_errors[j];
        *to++ = r->t[j];
        *to++ = r->p[j];
    }
    *to++ = r->r_squared;
    *to++ = r->residual_sd;
    *to++ = r->status == LF_FIT_OK ? r->digits : (double)NAN;
}

static void write_csv(struct chunk *c, const char *key)
{
    const struct group_table *t = c->table;
    for (size_t i = 0; i < t->keys; i++, key += strlen(key) + 1) {
        write_field(c->file, key, strlen(key), ',');
        putc(',', c->file);
    }
    fputs(lf_fit_status_string(c->regression.result.status), c->file);
    char *to = c->line;
    for (size_t i = 1; i < t->columns - t->keys; i++) {
        *to++ = ',';
        to = isnan(c->value[i]) ? to : number_write_f64(to, c->value[i]);
    }
    *to++ = '\n';
    fwrite(c->line, 1, (size_t)(to - c->line), c->file);
}

static void write_string(FILE *file, const char *text)
{
    putc('"', file);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putc('\\', file);
        if ((unsigned char)*text < ' ')
            fprintf(file, "\\u%04x", (unsigned)(unsigned char)*text);
        else
            putc(*text, file);
    }
    putc('"', file);
}

/* JSON has no infinities: null too. */
static void write_json(struct chunk *c, const char *key)
{
    const struct group_table *t = c->table;
    for (size_t i = 0; i < t->columns; i++) {
        const double *value = i < t->keys ? NULL : &c->value[i - t->keys];
        fputs(i > 0 ? ", " : "{", c->file);
        write_string(c->file, t->name[i]);
        fputs(": ", c->file);
        if (!value)
            write_string(c->file, key);
        else if (i == t->keys)
            write_string(c->file, lf_fit_status_string(c->regression.result.status));
        else if (isfinite(*value))
            write_number(c->file, LF_F64, value);
        else
            fputs("null", c->file);
        key += value ? 0 : strlen(key) + 1;
    }
    fputs("}\n", c->file);
}

/* 0 where a key is no number. */
static int write_npy(struct chunk *c, const char *key)
{
    const struct group_table *t = c->table;
    for (size_t i = 0; i < t->keys; i++, key += strlen(key) + 1) {
        double value;
        if (!csv_value(key, key + strlen(key), LF_F64, &value))
            return 0;
        fwrite(&value, sizeof value, 1, c->file);
    }
    fwrite(c->value, sizeof *c->value, t->columns - t->keys, c->file);
    return 1;
}

/* ---- Chunks ------------------------------------------------------------------------------- */

static int chunk_open(struct chunk *c, const struct group_table *t)
{
    *c = (struct chunk){.table = t};
    c->value = malloc(t->columns * sizeof *c->value);
    c->line = malloc(t->columns * (NUMBER_CHARS + 1));
    return regression_create(&c->regression, t->description, &t->grouping->sums.options, 0) &&
           lf_lsq_solver_create(&c->solver, &t->grouping->sums) && c->value && c->line;
}

static void chunk_close(struct chunk *c)
{
    free(c->value);
    free(c->line);
    regression_free(&c->regression);
    lf_lsq_solver_destroy(&c->solver);
}

static void *solve_chunk(void *context)
{
    struct chunk *c = context;
    const struct grouping *g = c->table->grouping;
    c->text = NULL;
    c->file = open_memstream(&c->text, &c->size);
    c->failed = !c->file;
    for (size_t i = c->first; i < c->first + c->count && !c->failed && !c->bad_number; i++) {
        size_t length;
        const char *key = keys_at(&g->keys, i, &length);
        if (lf_lsq_groups_fit(&g->sums, i, &c->solver, &c->regression.result) != LF_OK) {
            c->failed = 1;
            break;
        }
        c->statuses[c->regression.result.status]++;
        fill_values(c);
        if (c->table->format == GROUPS_CSV)
            write_csv(c, key);
        else if (c->table->format == GROUPS_JSON)
            write_json(c, key);
        else if (!write_npy(c, key))
            c->bad_number = i + 1;
    }
    if (c->file)
        c->failed |= ferror(c->file) != 0;
    if (c->file)
        c->failed |= fclose(c->file) != 0;
    return NULL;
}

/* The two, side by side where there is a thread for it. */
static void solve_both(struct chunk chunk[2])
{
    pthread_t thread;
    const int has_thread =
        chunk[1].count > 0 && pthread_create(&thread, NULL, solve_chunk, &chunk[1]) == 0;
    solve_chunk(&chunk[0]);
    if (has_thread)
        pthread_join(thread, NULL);
    else
        solve_chunk(&chunk[1]);
}

static int complain_of_key(const struct group_table *t, size_t group)
{
    char text[PRINTABLE_CHARS];
    size_t length, i = 0;
    double value;
    const char *key = keys_at(&t->grouping->keys, group, &length);
    for (; i + 1 < t->keys && csv_value(key, key + strlen(key), LF_F64, &value); i++)
        key += strlen(key) + 1;
    complain("the key '%s' (%s) is no number, and .npy takes nothing else: write .csv or .jsonl",
             table_printable(text, key, strlen(key)), t->name[i]);
    return 0;
}

static void write_head(const struct group_table *t, FILE *file)
{
    if (t->format == GROUPS_NPY) {
        char head[NPY_HEADER_BYTES];
        npy_header_write(head, LF_F64, t->grouping->keys.count, t->columns);
        fwrite(head, 1, sizeof head, file);
    }
    for (size_t i = 0; i < t->columns && t->format == GROUPS_CSV; i++) {
        if (i > 0)
            putc(',', file);
        write_field(file, t->name[i], strlen(t->name[i]), ',');
    }
    if (t->format == GROUPS_CSV)
        putc('\n', file);
}

/* Takes over what a chunk has written. */
static int finish_chunk(struct group_table *t, struct chunk *c, FILE *file)
{
    if (!c->failed && !c->bad_number)
        fwrite(c->text, 1, c->size, file);
    free(c->text);
    return c->failed ? out_of_memory() : c->bad_number ? complain_of_key(t, c->bad_number - 1) : 1;
}

int group_table_write(struct group_table *t, FILE *file)
{
    struct chunk chunk[2];
    const size_t groups = t->grouping->keys.count;
    int fine = chunk_open(&chunk[0], t) & chunk_open(&chunk[1], t);
    if (!fine)
        out_of_memory();
    else
        write_head(t, file);
    for (size_t first = 0; fine && first < groups; first += 2 * (size_t)CHUNK) {
        for (size_t i = 0; i < 2; i++) {
            chunk[i].first = first + i * CHUNK < groups ? first + i * CHUNK : groups;
            const size_t left = groups - chunk[i].first;
            chunk[i].count = left < CHUNK ? left : CHUNK;
        }
        solve_both(chunk);
        fine = finish_chunk(t, &chunk[0], file);
        if (fine)
            fine = finish_chunk(t, &chunk[1], file);
        else
            free(chunk[1].text);
    }
    for (size_t i = 0; i < 2; i++) {
        for (size_t s = 0; s < FIT_STATUSES; s++)
            t->count[s] += chunk[i].statuses[s];
        chunk_close(&chunk[i]);
    }
    return fine;
}
