/* SPDX-License-Identifier: MIT */
/* The training of a fit: callbacks, checkpoints, interrupts, and what is left at the end. */
#include "fit.h"
#include "history.h"
#include "loss_plot.h"

#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>

struct run {
    struct fit *fit;
    struct lf_trainer *trainer;
    struct history history;
    struct output csv, plot;
    struct progress progress;
    uint64_t first_step; /* of this run: others before it were resumed */
    int failed;          /* a message is out already */
};

/* ---- Interrupts --------------------------------------------------------------------------- */

static volatile sig_atomic_t interrupted;

static const int watched[] = {SIGINT, SIGTERM, SIGHUP};
enum { WATCHED = sizeof watched / sizeof watched[0] };
static struct sigaction before[WATCHED];

static void unwatch(void)
{
    for (int i = 0; i < WATCHED; i++)
        sigaction(watched[i], &before[i], NULL);
}

/* The first signal ends the run after its step, the second the process. */
static void interrupt(int signal_number)
{
    if (interrupted) {
        unwatch();
        raise(signal_number);
    }
    interrupted = 1;
}

static void watch(void)
{
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    interrupted = 0;
    for (int i = 0; i < WATCHED; i++) {
        sigaction(watched[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN)
            sigaction(watched[i], &action, NULL);
    }
}

/* ---- Files -------------------------------------------------------------------------------- */

static int save(struct run *run)
{
    cJSON *training = cJSON_CreateObject();
    if (!training_to_json(&run->fit->training, training)) {
        cJSON_Delete(training);
        training = NULL;
    }
    return save_model(run->fit, run->trainer, "training", training);
}

/* Opens what will be written at the end, so that a name that can't be is known at the start. */
static int open_files(struct run *run)
{
    const struct fit_settings *s = run->fit->settings;
    if (s->save && !can_save(s->save))
        return 0;
    if ((s->history && !output_open(&run->csv, s->history)) ||
        (s->plot && !output_open(&run->plot, s->plot)))
        return 0;
    if (run->csv.file)
        history_write_head(run->csv.file, run->history.has_validation);
    return 1;
}

/* Puts a file that was opened in its place. */
static int commit(struct output *output)
{
    const int done = !output->file || output_commit(output);
    *output = (struct output){.file = NULL};
    return done;
}

/* The history, the picture and the model of a run that has ended or was stopped. */
static int write_files(struct run *run)
{
    const struct fit *fit = run->fit;
    char title[512];
    const int saved = !fit->settings->save || save(run);
    if (run->plot.file) {
        snprintf(title, sizeof title, "%.200s: %.200s", fit->rows.path, fit->description.target[0]);
        loss_plot(run->plot.file, &run->history, title, loss_names[fit->description.loss]);
    }
    return commit(&run->plot) & commit(&run->csv) & saved;
}

/* ---- Callbacks ---------------------------------------------------------------------------- */

static double in_units(const struct run *run, double loss)
{
    return description_loss(&run->fit->description, loss);
}

static void show(struct run *run, const struct lf_train_progress *p)
{
    if (!progress_is_due(&run->progress))
        return;
    snprintf(run->progress.note, sizeof run->progress.note, "loss %.4g, rate %.3g, ",
             in_units(run, isnan(p->epoch_loss) ? p->loss : p->epoch_loss), p->lr);
    progress_update(&run->progress, (double)(p->step - run->first_step));
}

static int after_step(void *context, const struct lf_train_progress *p)
{
    struct run *run = context;
    const uint64_t every = run->fit->settings->checkpoint_every;
    if (p->step % 16 == 0)
        show(run, p);
    if (every > 0 && p->step % every == 0 && !save(run)) {
        run->failed = 1;
        return 0;
    }
    return !interrupted;
}

static int after_epoch(void *context, const struct lf_train_progress *p)
{
    struct run *run = context;
    const struct loss_point point = {.epoch = p->epoch,
                                     .step = p->step,
                                     .lr = p->lr,
                                     .loss = in_units(run, p->epoch_loss),
                                     .validation_loss = in_units(run, p->validation_loss)};
    show(run, p);
    if (run->csv.file)
        history_write_point(run->csv.file, &point, run->history.has_validation);
    if (!history_add(&run->history, &point)) {
        complain("out of memory for the history");
        run->failed = 1;
    }
    return !run->failed && !interrupted;
}

/* ---- The run ------------------------------------------------------------------------------ */

/* Starts Poisson regression at the logarithm of the mean rate: from 0 the first steps towards large
 * counts could be too large. */
static void start_at_mean(struct fit *fit)
{
    const struct lf_parameter *bias = &network_layer(&fit->network)->bias;
    for (size_t i = 0; i < fit->description.targets; i++) {
        double start = fit->rows.sum[fit->rows.features + i] / (double)fit->rows.used;
        if (!(start > 0))
            continue;
        lf_kernels_best()->f64.activation(LF_LOG, 1, &start, &start);
        if (fit->description.dtype == LF_F32)
            ((float *)lf_parameter_value(bias))[i] = (float)start;
        else
            ((double *)lf_parameter_value(bias))[i] = start;
    }
}

/* Whether a run that is resumed has an end ahead. */
static int can_go_on(const struct fit *fit, const struct lf_train_progress *p)
{
    const struct training *t = &fit->training;
    if ((t->epochs == 0 || p->epoch < t->epochs) && (t->steps == 0 || p->step < t->steps))
        return 1;
    complain("the run in '%s' is complete, at %" PRIu64 " epochs and %" PRIu64
             " steps: give it more --epochs or --steps",
             fit->settings->resume, p->epoch, p->step);
    return 0;
}

static int open_trainer(struct run *run)
{
    struct fit *fit = run->fit;
    char message[LF_CHECKPOINT_MESSAGE];
    struct lf_rng rng;
    lf_rng_seed(&rng, fit->training.seed);
    struct lf_train_options options =
        training_options(&fit->training, fit->prepared.train.rows, fit->description.loss,
                         description_scaled_delta(&fit->description));
    options.threads = fit->settings->threads;
    options.after_epoch = after_epoch;
    /* Steps on single rows take nanoseconds: they are left alone. */
    if (fit->training.batch != 1 || fit->settings->checkpoint_every > 0)
        options.after_step = after_step;
    options.context = run;
    if (!fit->checkpoint) {
        lf_model_init(fit->network.model, &rng);
        if (fit->description.loss == LF_POISSON_NLL_LOSS)
            start_at_mean(fit);
    }
    lf_status status = lf_trainer_create(&run->trainer, fit->network.model, fit->network.count,
                                         fit->network.modules, &options, &rng);
    if (status != LF_OK) {
        complain("these options do not go together, or are out of range for %s: %s",
                 fit->description.dtype == LF_F32 ? "f32" : "f64", lf_status_string(status));
        return 0;
    }
    if (fit->checkpoint &&
        lf_checkpoint_load(fit->checkpoint, fit->network.model, run->trainer, message) != LF_OK) {
        complain("'%s': %s", fit->settings->resume, message);
        return 0;
    }
    const struct lf_train_progress progress = lf_trainer_progress(run->trainer);
    return can_go_on(fit, &progress);
}

/* Trains until the run ends. Returns an exit code: EXIT_FAILED after complaining. */
static int train(struct run *run)
{
    struct fit *fit = run->fit;
    struct fit_result *result = &fit->result;
    const struct lf_data *validation =
        fit->prepared.validation.rows > 0 ? &fit->prepared.validation : NULL;
    const double start = seconds();
    const uint64_t steps = training_steps(&fit->training, fit->prepared.train.rows);
    run->first_step = lf_trainer_progress(run->trainer).step;
    progress_begin(&run->progress, "fit", "steps", (double)(steps - run->first_step),
                   fit->settings->quiet);
    watch();
    const lf_status status =
        lf_trainer_run(run->trainer, &fit->prepared.train, validation, &result->end);
    unwatch();
    progress_end(&run->progress);
    result->seconds = seconds() - start;
    result->progress = lf_trainer_progress(run->trainer);
    if (status == LF_DIVERGED)
        complain("the run diverged in %s; the best parameters before are kept%s%s: try a smaller "
                 "--lr than %g",
                 lf_trainer_message(run->trainer), fit->settings->save ? " in " : "",
                 fit->settings->save ? fit->settings->save : "", fit->training.lr);
    else if (status != LF_OK && status != LF_IO)
        complain("%s", lf_trainer_message(run->trainer));
    return status == LF_OK && !run->failed ? EXIT_DONE : EXIT_FAILED;
}

/* What an interrupted run leaves, in a line. */
static void tell_of_interrupt(const struct run *run)
{
    const uint64_t step = run->fit->result.progress.step;
    const char *file = run->fit->settings->save;
    if (file)
        complain("interrupted after step %" PRIu64 ": go on with --resume %s", step, file);
    else
        complain("interrupted after step %" PRIu64 ": nothing is kept; --save MODEL would keep it",
                 step);
}

/* ---- The end ------------------------------------------------------------------------------ */

static int evaluate(struct run *run)
{
    struct fit *fit = run->fit;
    struct fit_result *result = &fit->result;
    const struct lf_data *held = &fit->prepared.validation;
    lf_status status = lf_trainer_loss(run->trainer, &fit->prepared.train, &result->loss);
    result->validation_loss = NAN;
    if (status == LF_OK && held->rows > 0)
        status = lf_trainer_loss(run->trainer, held, &result->validation_loss);
    if (status != LF_OK && status != LF_IO)
        complain("%s", lf_trainer_message(run->trainer));
    result->loss = in_units(run, result->loss);
    result->validation_loss = in_units(run, result->validation_loss);
    return status == LF_OK && r_squared(fit);
}

int fit_train(struct fit *fit)
{
    struct run run = {.fit = fit};
    int code = EXIT_FAILED;
    run.history.has_validation = fit->prepared.validation.rows > 0;
    if (open_trainer(&run) && open_files(&run)) {
        code = train(&run);
        if (!write_files(&run))
            code = EXIT_FAILED;
        else if (code == EXIT_DONE && fit->result.end == LF_END_CALLBACK)
            tell_of_interrupt(&run);
        if (fit->result.end == LF_END_CALLBACK || (code == EXIT_DONE && !evaluate(&run)))
            code = EXIT_FAILED;
    }
    output_discard(&run.csv);
    output_discard(&run.plot);
    history_free(&run.history);
    lf_trainer_destroy(run.trainer);
    return code;
}
