/* SPDX-License-Identifier: MIT */
/* What the parts of the command share. Only this folder prints. */
#ifndef LANEFIT_SRC_CLI_CLI_H
#define LANEFIT_SRC_CLI_CLI_H

#include <lanefit/lanefit.h>

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum exit_code { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* The subcommands: argv[0] is the subcommand's own name. They return an exit code. */
int reproduce_main(int argc, char **argv);
int compare_main(int argc, char **argv);
int info_main(int argc, char **argv);
int fit_main(int argc, char **argv);
int predict_main(int argc, char **argv);
int show_main(int argc, char **argv);

/* Prints "lanefit: ..." and an end of line on stderr. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whether a table can run here; complains otherwise. */
int cpu_is_usable(void);

/* ---- options.c --------------------------------------------------------------------------- */

/* A long option, and what it takes; NULL: nothing. */
struct option_rule {
    const char *name, *takes;
};

enum { MOST_OPTIONS = 40 };

/* Reads `--name value` of the rules, "-h" as the last of them, and words. text[i] becomes the value
 * of option i, "" where it takes none, and stays NULL where it is not given; take_word(context,
 * word) says whether a word is welcome. Complains and returns 0 when something is not as it should
 * be. */
int read_options(int argc, char **argv, const struct option_rule *rules, int count,
                 const char **text, int (*take_word)(void *context, const char *word),
                 void *context);

/* Complains that text is not what the option takes, and returns 0. */
int bad_value(const struct option_rule *rule, const char *text);

/* One of two words, the first where text is NULL: *choice = 0 or 1. Complains and returns 0. */
int read_choice(const struct option_rule *rule, const char *text, const char *first,
                const char *second, int *choice);

/* The table that the value of the option names; NULL is the best. Returns an exit code. */
int choose_table(const struct option_rule *rule, const char *name,
                 const struct lf_kernels **kernels);

/* Whether the name of a file has this ending. */
int ends_with(const char *text, const char *end);

/* ---- arguments.c ------------------------------------------------------------------------- */

/* Each returns whether the whole text is such a number. */
int parse_size(const char *text, size_t *value);                      /* 1 to SIZE_MAX / 2 */
int parse_seed(const char *text, uint64_t *seed);                     /* -2^63 to 2^64 - 1 */
int parse_real(const char *text, enum lf_dtype dtype, double *value); /* finite in the type */

/* "A:B", both included, A not above B: the first seed and how many follow. */
int parse_seeds(const char *text, uint64_t *first, uint64_t *count);

/* ---- output.c ---------------------------------------------------------------------------- */

/* A file that appears under its name only when it is complete. */
struct output {
    FILE *file;
    const char *path; /* as the user wrote it */
    char *final_path; /* what the temporary file is renamed to; NULL: written in place */
    char *temporary;
};

/* Opens; "-" is stdout. Complains and returns 0 when it can't. */
int output_open(struct output *output, const char *path);
/* Closes and puts the file in its place; complains and returns 0 when something went wrong, with
 * no file left. */
int output_commit(struct output *output);
/* Closes and leaves no file; harmless on an all-zero output. */
void output_discard(struct output *output);

/* Whether a file could be put in place of the path, which is left as it is; complains if not. */
int can_replace(const char *path);

/* Whether what is written there leaves the input alone; complains if not. NULL is nowhere. */
int spares_input(const char *path, const char *input);

/* Flushes stdout; complains and returns 0 when something written to it got lost. */
int flush_stdout(void);

/* ---- progress.c -------------------------------------------------------------------------- */

/* A line on stderr that is rewritten a few times a second, on a terminal only. */
struct progress {
    const char *what, *unit;
    double total, start, shown; /* a total of 0 is not known */
    int on;
    char note[64]; /* "loss 0.12, ", or nothing */
};

void progress_begin(struct progress *progress, const char *what, const char *unit, double total,
                    int quiet);
void progress_update(struct progress *progress, double done);
int progress_is_due(const struct progress *progress); /* whether an update would show */
void progress_end(struct progress *progress);
void progress_hide(void); /* takes the line away, where there is one, until the next update */

/* Whether there is somebody to comment to: stderr is a terminal, and not told to be quiet. */
int speaks(int quiet);

/* Seconds of a clock that does not jump. */
double seconds(void);

/* ---- reproduce.c, roots.c, roots_plot.c -------------------------------------------------- */

/* What the options of `reproduce` say. */
struct settings {
    struct lf_line_options line;
    size_t iterations;
    const char *trace, *plot; /* NULL: none */
    uint64_t first_seed, seed_count;
    int quiet;
};

/* Steps from which on the time of one is worth telling. */
enum { LONG_RUN = 1000 };

/* The runs over all seeds, side by side; returns an exit code. */
int roots_run(const struct settings *settings, int heading);

/* The two lines that give the true line when applied twice: w^2 = true_weight and
 * b (w + 1) = true_bias, the one with w >= 0 first. None for a negative true weight; one where they
 * coincide, or where the second has no bias. */
struct roots {
    int count;
    double weight[2], bias[2];
};

/* Where a run stands at its end: within 0.01 of a root in weight and bias, or under way on one side
 * of w = -1, where the bias has no effect (b (w + 1) = 0) and the valleys of the loss part. */
enum fate { AT_NEAR, AT_FAR, RIGHT_OF_GAP, LEFT_OF_GAP, DIVERGED, FATES };
enum fate fate_of(const struct roots *roots, const struct lf_line_fate *run);

/* Draws the picture that settings->plot asks for. */
void roots_plot(FILE *file, const struct settings *settings, const struct roots *roots,
                const struct lf_line_fate *runs, const size_t count[FATES]);

#endif
