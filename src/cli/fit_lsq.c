/* SPDX-License-Identifier: MIT */
/* `lanefit fit --solver lsq`: least squares in closed form. */
#include "lsq.h"
#include "regression.h"

#include <stdlib.h>
#include <string.h>

/* ---- Rows --------------------------------------------------------------------------------- */

int lsq_open(struct lsq_source *s, struct rows *rows, int quiet)
{
    *s = (struct lsq_source){
        .rows = rows, .row = malloc(rows->width * sizeof *s->row), .quiet = quiet};
    if (!s->row)
        complain("%s: out of memory", rows->path);
    return s->row != NULL;
}

void lsq_close(struct lsq_source *s)
{
    progress_end(&s->progress);
    free(s->row);
}

int lsq_seek(struct lsq_source *s, size_t row)
{
    snprintf(s->title, sizeof s->title, "least squares, pass %u", ++s->pass);
    progress_begin(&s->progress, s->title, "rows", (double)s->rows->used, s->quiet);
    s->failed |= !rows_seek(s->rows, row);
    return !s->failed;
}

int lsq_read(struct lsq_source *s)
{
    enum { SHOWN = 4096 };
    s->failed |= !rows_read(s->rows, 1, s->row);
    if (s->rows->next % SHOWN == 0)
        progress_update(&s->progress, (double)s->rows->next);
    return !s->failed;
}

int lsq_is_done(const struct lsq_source *s, lf_status status)
{
    if (status != LF_OK && !s->failed)
        complain("%s: %s", s->rows->path, lf_status_string(status));
    return status == LF_OK;
}

static int seek_row(void *context, size_t row)
{
    return lsq_seek(context, row);
}

/* The features and the weight, and the target. */
static int read_rows(void *context, size_t count, void *x, void *y)
{
    struct lsq_source *s = context;
    const struct rows *rows = s->rows;
    double *to_x = x, *to_y = y;
    for (size_t r = 0; r < count; r++) {
        if (!lsq_read(s))
            return 0;
        memcpy(to_x, s->row, rows->features * sizeof *to_x);
        to_x += rows->features;
        if (rows->has_weight)
            *to_x++ = s->row[rows->width - 1];
        *to_y++ = s->row[rows->features + s->target];
    }
    return 1;
}

static int solve(struct lsq_source *source, struct regression *regression)
{
    const struct rows *rows = source->rows;
    const struct lf_stream stream = {seek_row, read_rows, source};
    const struct lf_data data =
        lf_data_stream(LF_F64, rows->used, rows->features + (rows->has_weight ? 1 : 0), 1, &stream);
    source->target = regression->target;
    const lf_status status = lf_lsq_fit(&data, &regression->options, &regression->result);
    regression->result.rows_dropped = (size_t)rows->dropped;
    return lsq_is_done(source, status);
}

/* ---- What can't be determined ------------------------------------------------------------- */

/* "a, b and 3 more", of the columns that can't be determined. */
static const char *undetermined(const struct regression *r, char out[512])
{
    enum { MOST_NAMES = 8 };
    char name[PRINTABLE_CHARS], *to = out;
    size_t count = 0;
    *out = '\0';
    for (size_t j = 0; j < r->params; j++) {
        if (!r->result.undetermined[j] || ++count > MOST_NAMES)
            continue;
        const char *text = regression_name(r, j);
        to += sprintf(to, "%s%s", count > 1 ? ", " : "", table_printable(name, text, strlen(text)));
    }
    if (count > MOST_NAMES)
        sprintf(to, " and %zu more", count - MOST_NAMES);
    return out;
}

static void complain_of(const struct fit *fit, const struct regression *r)
{
    const char *path = fit->rows.path, *target = fit->description.target[r->target];
    const int is_polynomial = r->options.degree > 0;
    char names[512], name[PRINTABLE_CHARS];
    switch (r->result.status) {
    case LF_FIT_OK:
        return;
    case LF_FIT_TOO_FEW_ROWS:
        complain("%s: too few rows: %zu for %zu coefficients: take more rows, or %s", path,
                 r->result.rows_used, r->params,
                 is_polynomial ? "a lower --degree" : "fewer columns with --features");
        return;
    case LF_FIT_CONSTANT_COLUMN:
        complain("%s: %s can't be determined: a column has one value in all rows: leave it out "
                 "with --features",
                 path, undetermined(r, names));
        return;
    case LF_FIT_RANK_DEFICIENT:
        complain("%s: %s can't be determined: %s", path, undetermined(r, names),
                 is_polynomial ? "the feature has too few different values, or too close ones: "
                                 "take a lower --degree"
                               : "the columns before determine these: leave them out with "
                                 "--features, or add a --ridge");
        return;
    case LF_FIT_NON_FINITE:
        complain("%s: the coefficients of %s are too large for a double: use other units", path,
                 table_printable(name, target, strlen(target)));
        return;
    }
}

/* ---- The fit ------------------------------------------------------------------------------ */

/* "fits" of several targets, with the first status that is not ok. */
static cJSON *all_to_json(const struct regression *regressions, size_t count)
{
    if (count == 1)
        return regression_to_json(regressions);
    enum lf_fit_status status = LF_FIT_OK;
    for (size_t i = 0; i < count && status == LF_FIT_OK; i++)
        status = regressions[i].result.status;
    cJSON *o = cJSON_CreateObject(), *fits = NULL;
    int done = cJSON_AddStringToObject(o, "status", lf_fit_status_string(status)) != NULL;
    if (done)
        fits = cJSON_AddArrayToObject(o, "fits");
    for (size_t i = 0; i < count && done; i++)
        done = cJSON_AddItemToArray(fits, regression_to_json(&regressions[i]));
    if (done)
        return o;
    cJSON_Delete(o);
    return NULL;
}

/* Returns an exit code. */
static int report(const struct fit *fit, const struct regression *regressions)
{
    const size_t count = fit->description.targets;
    int code = EXIT_DONE;
    for (size_t i = 0; i < count; i++) {
        const enum lf_fit_status status = regressions[i].result.status;
        if (status == LF_FIT_OK)
            continue;
        code = EXIT_FAILED;
        /* What is wrong with the features is so for all targets. */
        if (i == 0 || status == LF_FIT_NON_FINITE)
            complain_of(fit, &regressions[i]);
    }
    if (fit->settings->json) {
        cJSON *o = all_to_json(regressions, count);
        return o && exact_numbers(o) && print_json(o) ? code : EXIT_FAILED;
    }
    if (code == EXIT_DONE)
        report_rows(fit);
    for (size_t i = 0; i < count && code == EXIT_DONE; i++)
        regression_print(&regressions[i]);
    return code;
}

int lsq_are_few(const struct fit *fit)
{
    const size_t features = fit->rows.features;
    if (lf_lsq_params(features + (fit->rows.has_weight ? 1 : 0), &fit->settings->lsq) > 0)
        return 1;
    complain("%s: least squares takes up to %d coefficients: there are %zu features",
             fit->rows.path, LF_LSQ_MOST_PARAMS, features);
    return 0;
}

static int solve_all(const struct fit *fit, struct lsq_source *source,
                     struct regression *regressions)
{
    for (size_t i = 0; i < fit->description.targets; i++) {
        if (!regression_create(&regressions[i], &fit->description, &fit->settings->lsq, i)) {
            complain("%s: out of memory", fit->rows.path);
            return 0;
        }
        if (!solve(source, &regressions[i]))
            return 0;
    }
    return 1;
}

/* What the model file says of the fit; NULL when memory is out. */
static cJSON *origin_of(const struct fit *fit, const struct regression *regressions)
{
    const struct lf_lsq_options *options = &fit->settings->lsq;
    const char *weights = fit->rows.has_weight ? fit->rows.name[fit->rows.width - 1] : NULL;
    cJSON *o = cJSON_CreateObject(), *fits = NULL;
    int done = cJSON_AddBoolToObject(o, "intercept", !options->no_intercept) &&
               cJSON_AddNumberToObject(o, "ridge", options->ridge) &&
               (!weights || cJSON_AddStringToObject(o, "weights", weights)) &&
               (fits = cJSON_AddArrayToObject(o, "fits"));
    for (size_t i = 0; i < fit->description.targets && done; i++)
        done = cJSON_AddItemToArray(fits, regression_to_json(&regressions[i]));
    if (done)
        return o;
    cJSON_Delete(o);
    return NULL;
}

static int save(struct fit *fit, struct lsq_source *source, const struct regression *regressions)
{
    for (size_t i = 0; i < fit->description.targets; i++)
        if (regressions[i].result.status != LF_FIT_OK)
            return 1; /* there is nothing to save, as the report will say */
    return lsq_model(fit, source) && save_model(fit, NULL, "lsq", origin_of(fit, regressions));
}

int fit_lsq(struct fit *fit)
{
    const struct fit_settings *s = fit->settings;
    struct lsq_source source = {.row = NULL};
    int code = EXIT_FAILED;
    if (!rows_open(&fit->rows, &s->rows) || !fit_describe(fit) || !lsq_are_few(fit) ||
        (s->save && !can_save(s->save)))
        return code;
    const size_t targets = fit->description.targets;
    struct regression *regressions = calloc(targets, sizeof *regressions);
    if (!regressions)
        complain("%s: out of memory", fit->rows.path);
    const int done = regressions && lsq_open(&source, &fit->rows, s->quiet) &&
                     solve_all(fit, &source, regressions) &&
                     (!s->save || save(fit, &source, regressions));
    lsq_close(&source);
    if (done)
        code = report(fit, regressions);
    for (size_t i = 0; regressions && i < targets; i++)
        regression_free(&regressions[i]);
    free(regressions);
    return code;
}
