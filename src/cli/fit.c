/* SPDX-License-Identifier: MIT */
/* `lanefit fit`: a table, a model, and what comes before it is trained. */
#include "fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- A new run ---------------------------------------------------------------------------- */

static int name_all(char **to, char *const *from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(to[i] = strdup(from[i]))) {
            complain("out of memory");
            return 0;
        }
    return 1;
}

int fit_describe(struct fit *fit)
{
    const struct fit_settings *s = fit->settings;
    struct description *d = &fit->description;
    if (s->degree > 0 && fit->rows.features != 1) {
        complain("--degree takes one feature, and there are %zu: name it with --features",
                 fit->rows.features);
        return 0;
    }
    *d = (struct description){.dtype = s->dtype,
                              .loss = s->rows.loss,
                              .delta = s->delta,
                              .features = fit->rows.features,
                              .targets = fit->rows.targets,
                              .degree = s->degree,
                              .in = s->degree > 0 ? s->degree : fit->rows.features,
                              .hidden_count = s->hidden_count,
                              .activation = s->activation};
    memcpy(d->hidden, s->hidden, sizeof d->hidden);
    if (!description_allocate(d)) {
        complain("out of memory");
        return 0;
    }
    return name_all(d->feature, fit->rows.name, d->features) &&
           name_all(d->target, fit->rows.name + d->features, d->targets);
}

/* A linear model has to be determined by the rows; for a network there is no such number. */
static int are_enough(const struct fit *fit)
{
    const size_t rows = prepare_train_rows(fit->rows.used, fit->training.validation);
    const size_t needed = description_coefficients(&fit->description);
    if (rows < needed) {
        complain("%s: too few rows: %zu for %zu parameters", fit->rows.path, rows, needed);
        return 0;
    }
    if (fit->training.validation > 0 && rows == fit->rows.used) {
        complain("--validation %g of %zu rows is none", fit->training.validation, fit->rows.used);
        return 0;
    }
    return 1;
}

/* An epoch of about a thousand steps, and batches of 32 to 4,096 rows. */
static size_t good_batch(size_t rows)
{
    size_t batch = 32;
    while (batch < 4096 && batch * 2 <= rows / 1000)
        batch *= 2;
    return batch;
}

static void find_training(struct fit *fit)
{
    const struct fit_settings *s = fit->settings;
    struct training *t = &fit->training;
    *t = s->training;
    if (s->finds_solver && s->hidden_count > 0 && t->momentum == 0)
        t->solver = LF_ADAM;
    if (s->finds_decay && t->solver == LF_ADAMW)
        t->weight_decay = 0.01;
    if (t->epochs == 0 && t->steps == 0)
        t->epochs = 100;
    if (s->finds_batch)
        t->batch = good_batch(prepare_train_rows(fit->rows.used, t->validation));
    t->rows = fit->rows.used;
    t->hash = fit->rows.hash;
    t->shuffle = t->shuffle && !fit->rows.file && fit->rows.used <= UINT32_MAX;
}

/* Adam moves by about its rate, whatever the gradient. */
static int find_rate(struct fit *fit)
{
    struct training *t = &fit->training;
    if (t->lr > 0)
        return 1;
    t->lr = 0.01;
    if (t->solver != LF_SGD)
        return 1;
    lf_status status = lf_auto_lr(fit->settings->kernels, &fit->prepared.train,
                                  fit->description.loss, t->batch, &t->lr);
    if (status != LF_OK && status != LF_IO)
        complain("out of memory for the learning rate");
    /* A velocity adds up 1 / (1 - momentum) gradients; the curvature of Poisson's loss is the rate.
     */
    t->lr *= 1 - t->momentum;
    for (size_t i = fit->rows.features; i < fit->rows.width; i++) {
        const double mean = fit->rows.sum[i] / (double)fit->rows.used;
        if (fit->description.loss == LF_POISSON_NLL_LOSS && mean > 1)
            t->lr /= mean;
    }
    return status == LF_OK;
}

static int begin(struct fit *fit)
{
    const struct fit_settings *s = fit->settings;
    if (!rows_open(&fit->rows, &s->rows))
        return 0;
    find_training(fit);
    return fit_describe(fit) && are_enough(fit) &&
           prepare_scaling(&fit->description, &fit->rows, s->kernels, fit->training.validation) &&
           prepare_open(&fit->prepared, &fit->rows, &fit->description, fit->training.validation) &&
           find_rate(fit) && network_open(&fit->network, &fit->description, s->kernels);
}

/* ---- A run that goes on ------------------------------------------------------------------- */

static int read_note(struct fit *fit)
{
    cJSON *note = note_of(fit->checkpoint);
    const int is_run =
        lf_checkpoint_has_run(fit->checkpoint) &&
        training_from_json(&fit->training, cJSON_GetObjectItemCaseSensitive(note, "training"));
    cJSON_Delete(note);
    if (!is_run)
        complain("'%s' holds no run to go on with", fit->settings->resume);
    return is_run;
}

static int go_on(struct fit *fit)
{
    const struct fit_settings *s = fit->settings;
    struct description *d = &fit->description;
    if (!network_load(&fit->network, d, s->resume, s->kernels, &fit->checkpoint) || !read_note(fit))
        return 0;
    struct rows_request request = s->rows;
    request.like = d;
    request.loss = d->loss;
    if (!rows_open(&fit->rows, &request))
        return 0;
    if (fit->rows.used != fit->training.rows || fit->rows.hash != fit->training.hash) {
        complain("%s: these are not the rows that the run in '%s' began with", fit->rows.path,
                 s->resume);
        return 0;
    }
    if (s->limits_epochs || s->limits_steps) {
        fit->training.epochs = s->training.epochs;
        fit->training.steps = s->training.steps;
    }
    if (fit->training.shuffle && fit->rows.file) {
        complain("%s: the rows do not fit into the memory that the run began with: see --memory",
                 fit->rows.path);
        return 0;
    }
    return prepare_open(&fit->prepared, &fit->rows, d, fit->training.validation);
}

/* ---- Both --------------------------------------------------------------------------------- */

static void close_fit(struct fit *fit)
{
    lf_checkpoint_free(fit->checkpoint);
    network_close(&fit->network);
    prepare_close(&fit->prepared);
    rows_close(&fit->rows);
    description_free(&fit->description);
    free(fit->result.r_squared);
}

int fit_main(int argc, char **argv)
{
    struct fit_settings settings;
    int help;
    int code = fit_read_options(argc, argv, &settings, &help);
    if (code != EXIT_DONE)
        return code;
    if (help) {
        fputs(fit_help, stdout);
        return flush_stdout() ? EXIT_DONE : EXIT_FAILED;
    }
    struct fit fit = {.settings = &settings};
    code = EXIT_FAILED;
    if (!spares_input(settings.save, settings.rows.path) ||
        !spares_input(settings.history, settings.rows.path) ||
        !spares_input(settings.plot, settings.rows.path) ||
        !spares_input(settings.output, settings.rows.path))
        return code;
    if (settings.rows.by)
        code = fit_by(&fit);
    else if (settings.is_lsq)
        code = fit_lsq(&fit);
    else if (settings.resume ? go_on(&fit) : begin(&fit))
        code = fit_train(&fit);
    if (code == EXIT_DONE && ((!settings.is_lsq && !report_fit(&fit)) || !flush_stdout()))
        code = EXIT_FAILED;
    close_fit(&fit);
    return code;
}
