/* SPDX-License-Identifier: MIT */
/* What the parts of `lanefit fit` share. */
#ifndef LANEFIT_SRC_CLI_FIT_H
#define LANEFIT_SRC_CLI_FIT_H

#include "cli.h"
#include "network.h"
#include "prepare.h"
#include "training.h"

enum group_format { GROUPS_CSV, GROUPS_JSON, GROUPS_NPY };

/* What the options say. */
struct fit_settings {
    struct rows_request rows;
    enum lf_dtype dtype;
    const struct lf_kernels *kernels;
    double delta; /* of the huber loss */
    size_t degree, hidden_count, hidden[MOST_HIDDEN];
    enum lf_activation activation;
    struct training training;
    int is_lsq; /* least squares instead of training, with these options: */
    struct lf_lsq_options lsq;
    enum group_format format;                   /* of the regressions of rows.by, */
    const char *output;                         /* to be written there; NULL: standard output */
    int finds_batch, finds_solver, finds_decay; /* not given */
    int limits_epochs, limits_steps;            /* given, also where a run is resumed */
    size_t threads;
    const char *save, *resume, *history, *plot; /* NULL: none */
    uint64_t checkpoint_every;                  /* steps; 0: only at the end */
    int json, quiet;
};

/* Reads the options; returns an exit code, *help where that was asked for. */
int fit_read_options(int argc, char **argv, struct fit_settings *settings, int *help);
extern const char fit_help[];

/* What a fit has come to. */
struct fit_result {
    enum lf_train_end end;
    struct lf_train_progress progress;
    double seconds;
    double loss, validation_loss; /* in the units of the targets; NaN: none */
    double *r_squared;            /* [targets]: of the rows trained on; NaN: none */
};

struct fit {
    const struct fit_settings *settings;
    struct training training; /* with what was found */
    struct rows rows;
    struct description description;
    struct prepared prepared;
    struct network network;
    struct lf_checkpoint *checkpoint; /* to go on from; NULL: none */
    struct fit_result result;
};

/* Fills result.r_squared: 1 - the sum of squared errors over that of the targets around their mean;
 * NaN for targets that do not vary, and for logistic and Poisson regression. Complains and returns
 * 0. */
int r_squared(struct fit *fit);

/* Describes the model, but for the scaling, by the settings and the columns of the rows. Complains
 * and returns 0. */
int fit_describe(struct fit *fit);

/* Trains, and writes what is asked for. Returns an exit code. */
int fit_train(struct fit *fit);

/* The fit by least squares, from the rows to the report. Returns an exit code. */
int fit_lsq(struct fit *fit);

/* A fit by least squares for each group of rows. Returns an exit code. */
int fit_by(struct fit *fit);

/* ---- save.c ------------------------------------------------------------------------------- */

/* Whether a model can be written there: a file that is none is not overwritten by one. Complains if
 * not. */
int can_save(const char *path);

/* Writes the model, the state of its run unless the trainer is NULL, and what `key` of the note
 * says of how it came about, which is deleted; NULL is memory that is out. Complains and returns 0.
 */
int save_model(const struct fit *fit, const struct lf_trainer *trainer, const char *key,
               cJSON *origin);

/* ---- report.c ----------------------------------------------------------------------------- */

/* The coefficients of a linear model as a table. */
void report_coefficients(const struct network *network);

/* The same as JSON, in the object: for one target "coefficients", for several in "targets" each
 * with its name; R2 beside them unless it is NULL. 0 when memory is out. */
int report_coefficients_json(const struct network *network, const double *r_squared, cJSON *object);

/* Prints a fit for people, or as JSON. 0 after complaining. */
int report_fit(const struct fit *fit);

/* "1,000 rows used, 3 dropped: 2 without x, 1 without y" */
void report_rows(const struct fit *fit);

/* "  x         ", as wide as that and two blanks. */
void print_name(const char *name, int width);

/* Adds a number, or null where it is none; 0 when memory is out. */
int add_number(cJSON *object, const char *key, double value);

/* Makes every number in the object text of 17 digits, which read as the same number; as it is,
 * cJSON writes 15 of most. 0 when memory is out. */
int exact_numbers(cJSON *object);

/* Prints the object and deletes it; NULL is memory that is out. 0 after complaining. */
int print_json(cJSON *object);

/* "12,345" */
const char *grouped(uint64_t number, char out[32]);

#endif
