/* SPDX-License-Identifier: MIT */
#include "rows.h"
#include "cli.h"

#include "../data/spool.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

size_t rows_memory(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (size_t)pages / 2 * (size_t)size : (size_t)1 << 30;
}

/* ---- The first pass ----------------------------------------------------------------------- */

int rows_refuse(const struct rows *rows, size_t row, size_t i, const char *what)
{
    char name[PRINTABLE_CHARS];
    complain("%s, %s %" PRIu64 ", column %zu (%s): %g %s", rows->path,
             table_delimiter(rows->table) ? "line" : "row", table_row_at(rows->table, row),
             rows->columns[i] + 1, table_printable(name, rows->name[i], strlen(rows->name[i])),
             rows->block[row * rows->width + i], what);
    return 0;
}

/* Whether a row has all its values; *valid: none of them is out of its range. */
static int is_whole(struct rows *rows, enum lf_loss_kind loss, size_t row, int *valid)
{
    const double *value = rows->block + row * rows->width;
    for (size_t i = 0; i < rows->width; i++)
        if (isnan(value[i])) {
            rows->missing[i]++;
            rows->dropped++;
            return 0;
        }
    for (size_t i = 0; i < rows->width && *valid; i++) {
        const int is_target = i >= rows->features;
        if (isinf(value[i]))
            *valid = rows_refuse(rows, row, i, "is not finite: mark it as missing or leave it out");
        else if (is_target && loss == LF_BCE_WITH_LOGITS_LOSS && !(value[i] >= 0 && value[i] <= 1))
            *valid =
                rows_refuse(rows, row, i, "is no probability: logistic regression takes 0 to 1");
        else if (is_target && loss == LF_POISSON_NLL_LOSS && value[i] < 0)
            *valid = rows_refuse(rows, row, i, "is no count: Poisson regression takes 0 and above");
        else if (rows->has_weight && i + 1 == rows->width && value[i] < 0)
            *valid = rows_refuse(rows, row, i, "is no weight: weights are 0 or more");
    }
    return *valid;
}

static int spill_fail(const struct rows *rows)
{
    struct table_error error;
    spool_fail(rows->path, &error);
    complain("%s", error.text);
    return 0;
}

/* Moves the rows to a file. */
static int spill(struct rows *rows)
{
    struct table_error error;
    rows->file = spool_open(rows->path, &error);
    if (!rows->file) {
        complain("%s", error.text);
        return 0;
    }
    const size_t written =
        rows->used > 0 ? fwrite(rows->values, rows->width * sizeof(double), rows->used, rows->file)
                       : 0;
    rows_forget(rows);
    return written == rows->used || spill_fail(rows);
}

/* Keeps a row, in memory while that is enough. With what is made of it a row takes twice its size,
 * and its place in an order. */
static int keep(struct rows *rows, const double *row, size_t memory)
{
    const size_t bytes = rows->width * sizeof *row, most = memory / (2 * bytes + sizeof(uint32_t));
    if (!rows->file && rows->used == rows->room) {
        const size_t wanted = rows->room < ROWS_BLOCK ? ROWS_BLOCK : 2 * rows->room;
        rows->room = wanted < most ? wanted : most;
        double *values = rows->used < rows->room ? realloc(rows->values, rows->room * bytes) : NULL;
        if (values)
            rows->values = values;
        else if (!spill(rows))
            return 0;
    }
    if (rows->file)
        return fwrite(row, bytes, 1, rows->file) == 1 || spill_fail(rows);
    memcpy(rows->values + rows->used * rows->width, row, bytes);
    return 1;
}

static void note_value(struct rows *rows, const double *row)
{
    for (size_t i = 0; i < rows->width; i++) {
        rows->sum[i] += row[i];
        rows->low[i] = rows->used == 0 || row[i] < rows->low[i] ? row[i] : rows->low[i];
        rows->high[i] = rows->used == 0 || row[i] > rows->high[i] ? row[i] : rows->high[i];
        uint64_t bits;
        memcpy(&bits, &row[i], sizeof bits);
        rows->hash = (rows->hash ^ bits) * 0x100000001b3u;
        rows->hash ^= rows->hash >> 29;
    }
}

static int take_block(struct rows *rows, const struct rows_request *request, size_t got)
{
    int valid = 1;
    for (size_t r = 0; r < got && valid; r++) {
        if (!is_whole(rows, request->loss, r, &valid))
            continue;
        const double *row = rows->block + r * rows->width;
        if (rows->has_weight && row[rows->width - 1] == 0) {
            rows->unweighted++;
            continue;
        }
        if (!keep(rows, row, request->memory))
            return 0;
        note_value(rows, row);
        rows->used++;
    }
    return valid;
}

void rows_complain(const struct rows_request *request, const struct table_error *error)
{
    complain("%s%s", error->text,
             error->is_no_number && !request->features && !request->like
                 ? "; --features names the columns to take"
                 : "");
}

static int go_over(struct rows *rows, const struct rows_request *request)
{
    struct table_error error;
    struct progress progress;
    size_t got, all = 0;
    int fine = 1;
    progress_begin(&progress, rows->path, "rows", 0, request->quiet);
    do {
        if (!table_read(rows->table, ROWS_BLOCK, rows->block, &got, &error)) {
            progress_end(&progress);
            rows_complain(request, &error);
            return 0;
        }
        fine = take_block(rows, request, got);
        progress_update(&progress, (double)(all += got));
    } while (fine && got > 0);
    progress_end(&progress);
    if (fine && rows->file && fflush(rows->file) != 0)
        return spill_fail(rows);
    return fine;
}

/* Why there is no row to use. */
static int complain_of_none(const struct rows *rows)
{
    size_t worst = 0;
    for (size_t i = 1; i < rows->width; i++)
        if (rows->missing[i] > rows->missing[worst])
            worst = i;
    if (rows->dropped == 0 && rows->unweighted == 0)
        complain("%s: there are no rows", rows->path);
    else if (rows->dropped == 0)
        complain("%s: no usable rows: the weight of all is 0", rows->path);
    else
        complain("%s: no usable rows: %" PRIu64 " lack a value, %" PRIu64
                 " of them that of column %zu (%s)",
                 rows->path, rows->dropped, rows->missing[worst], rows->columns[worst] + 1,
                 rows->name[worst]);
    return 0;
}

int rows_find(struct rows *rows, const struct rows_request *request)
{
    struct table_error error;
    struct table_options options = request->table;
    *rows = (struct rows){.path = request->path, .hash = 0xcbf29ce484222325u};
    options.keep = request->by && !request->weight ? TABLE_KEEP_NOTHING : TABLE_KEEP_LINES;
    if (!table_open(&rows->table, request->path, &options, &error)) {
        complain("%s", error.text);
        return 0;
    }
    if (strcmp(rows->path, "-") == 0)
        rows->path = "standard input";
    if (rows_find_columns(rows, request))
        return 1;
    rows_close(rows);
    return 0;
}

int rows_open(struct rows *rows, const struct rows_request *request)
{
    if (!rows_find(rows, request))
        return 0;
    if (go_over(rows, request) && (rows->used > 0 || complain_of_none(rows)))
        return 1;
    rows_close(rows);
    return 0;
}

void rows_close(struct rows *rows)
{
    for (size_t i = 0; rows->name && i < rows->width; i++)
        free(rows->name[i]);
    if (rows->file)
        fclose(rows->file);
    table_close(rows->table);
    free(rows->name);
    free(rows->columns);
    free(rows->keys);
    free(rows->missing);
    free(rows->low);
    free(rows->high);
    free(rows->sum);
    free(rows->values);
    free(rows->block);
    *rows = (struct rows){0};
}

void rows_forget(struct rows *rows)
{
    free(rows->values);
    rows->values = NULL;
}

/* ---- Passes ------------------------------------------------------------------------------- */

int rows_seek(struct rows *rows, size_t row)
{
    const off_t at = (off_t)(row * rows->width * sizeof(double));
    if (rows->file && (rows->next != row || row == 0) && fseeko(rows->file, at, SEEK_SET) != 0)
        return spill_fail(rows);
    rows->next = row;
    return 1;
}

int rows_read(struct rows *rows, size_t count, double *out)
{
    const size_t bytes = rows->width * sizeof *out;
    if (rows->file && fread(out, bytes, count, rows->file) != count)
        return spill_fail(rows);
    if (!rows->file)
        memcpy(out, rows->values + rows->next * rows->width, count * bytes);
    rows->next += count;
    return 1;
}
