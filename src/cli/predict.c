/* SPDX-License-Identifier: MIT */
/* `lanefit predict`: what a model file answers to a table, row by row. */
#include "../data/npy_header.h"
#include "../data/writer.h"
#include "columns.h"
#include "network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: lanefit predict MODEL FILE [OPTIONS]\n"
    "\n"
    "Predicts the targets of a model for every row of a table: CSV or .npy, gzip too,\n"
    "\"-\" for standard input. A row that lacks a feature gets an empty field (NaN in\n"
    ".npy). Logistic regression predicts probabilities, Poisson's rates.\n"
    "\n"
    "The model's features are found by their names; in a file without names that has\n"
    "as many columns as the model has features, by their order.\n"
    "\n"
    "  --output FILE   where to write: .npy by its name, else CSV (standard output)\n"
    "  --append        copy the rows too, with the predictions as last columns\n"
    "  --delimiter CHAR, --header yes|no  of the table (found)\n"
    "  --isa NAME      a table of 'lanefit info', or auto: the best here (auto)\n"
    "  --quiet         no progress\n"
    "\n"
    "Example: lanefit predict post.model data/post.csv --append --output out.csv\n";

enum option { OUTPUT, APPEND, DELIMITER, HEADER, ISA, QUIET, HELP, OPTIONS };

static const struct option_rule rules[OPTIONS] = {
    [OUTPUT] = {"output", "the name of a file"},
    [APPEND] = {"append", NULL},
    [DELIMITER] = {"delimiter", "one character, or tab"},
    [HEADER] = {"header", "yes or no"},
    [ISA] = {"isa", "the name of a table ('lanefit info' lists them) or auto"},
    [QUIET] = {"quiet", NULL},
    [HELP] = {"help", NULL},
};

enum { BLOCK = 4096 };

struct prediction {
    const char *model_path, *path;
    struct description description;
    struct network network;
    struct table *table;
    struct output output;
    int append, is_npy, quiet;
    char delimiter;
    uint64_t written;
    /* A block: */
    double *features, *basis;
    void *x;
};

static int take_word(void *context, const char *word)
{
    struct prediction *p = context;
    if (p->model_path && p->path) {
        complain("predict takes a model and a file: '%s' is one too many", word);
        return 0;
    }
    *(p->model_path ? &p->path : &p->model_path) = word;
    return 1;
}

/* ---- Output ------------------------------------------------------------------------------- */

/* "y_predicted" */
static void write_name(struct prediction *p, const char *target)
{
    const size_t size = strlen(target) + sizeof "_predicted";
    char *name = malloc(size);
    if (!name) {
        fputs("predicted", p->output.file);
        return;
    }
    snprintf(name, size, "%s_predicted", target);
    write_field(p->output.file, name, size - 1, p->delimiter);
    free(name);
}

static void write_head(struct prediction *p)
{
    FILE *file = p->output.file;
    if (p->is_npy) {
        char head[NPY_HEADER_BYTES] = {0}; /* when the rows are counted */
        fwrite(head, 1, sizeof head, file);
        return;
    }
    size_t length;
    const char *header = table_header(p->table, &length);
    if (p->append && !header)
        return; /* rows without names stay so */
    if (p->append) {
        fwrite(header, 1, length, file);
        putc(p->delimiter, file);
    }
    for (size_t i = 0; i < p->description.targets; i++) {
        if (i > 0)
            putc(p->delimiter, file);
        write_name(p, p->description.target[i]);
    }
    putc('\n', file);
}

static void write_value(struct prediction *p, double value)
{
    const float narrow = (float)value;
    const int is_f32 = p->description.dtype == LF_F32;
    if (p->is_npy)
        fwrite(is_f32 ? (const void *)&narrow : (const void *)&value,
               is_f32 ? sizeof narrow : sizeof value, 1, p->output.file);
    else if (!isnan(value))
        write_number(p->output.file, p->description.dtype,
                     is_f32 ? (const void *)&narrow : (const void *)&value);
}

/* Row i of the block: what the modules gave for it, or nothing where a feature is missing. */
static void write_row(struct prediction *p, size_t i, const void *answers, int is_missing)
{
    const struct description *d = &p->description;
    size_t length;
    const char *record = p->append ? table_record(p->table, i, &length) : NULL;
    if (record) {
        fwrite(record, 1, length, p->output.file);
        putc(p->delimiter, p->output.file);
    }
    for (size_t k = 0; k < d->targets; k++) {
        const size_t at = i * d->targets + k;
        if (k > 0 && !p->is_npy)
            putc(p->delimiter, p->output.file);
        write_value(p, is_missing ? NAN
                                  : description_response(d, k,
                                                         d->dtype == LF_F32
                                                             ? (double)((const float *)answers)[at]
                                                             : ((const double *)answers)[at]));
    }
    if (!p->is_npy)
        putc('\n', p->output.file);
}

/* ---- Rows --------------------------------------------------------------------------------- */

static int is_missing(const struct prediction *p, size_t row)
{
    for (size_t i = 0; i < p->description.features; i++)
        if (isnan(p->features[row * p->description.features + i]))
            return 1;
    return 0;
}

static int predict_block(struct prediction *p, size_t rows)
{
    const struct description *d = &p->description;
    const size_t size = d->dtype == LF_F32 ? sizeof(float) : sizeof(double);
    description_basis(d, rows, p->features, d->features, p->basis);
    for (size_t r = 0; r < rows; r++)
        description_scale(d, p->basis + r * d->in, (char *)p->x + r * d->in * size);
    const void *answers = network_run(&p->network, rows, p->x);
    if (!answers) {
        complain("%s: out of memory", p->path);
        return 0;
    }
    for (size_t r = 0; r < rows; r++)
        write_row(p, r, answers, is_missing(p, r));
    p->written += rows;
    return !ferror(p->output.file) || output_commit(&p->output);
}

static int predict_rows(struct prediction *p)
{
    struct table_error error;
    struct progress progress;
    size_t got;
    write_head(p);
    progress_begin(&progress, p->path, "rows", 0, p->quiet);
    int done = 1;
    do {
        if (!table_read(p->table, BLOCK, p->features, &got, &error)) {
            progress_end(&progress);
            complain("%s", error.text);
            return 0;
        }
        if (got > 0)
            done = predict_block(p, got);
        progress_update(&progress, (double)p->written);
    } while (done && got > 0);
    progress_end(&progress);
    return done;
}

static int finish(struct prediction *p)
{
    if (p->is_npy) {
        char head[NPY_HEADER_BYTES];
        npy_header_write(head, p->description.dtype, (size_t)p->written, p->description.targets);
        rewind(p->output.file);
        fwrite(head, 1, sizeof head, p->output.file);
    }
    return output_commit(&p->output);
}

/* ---- The command -------------------------------------------------------------------------- */

static int open_table(struct prediction *p, struct table_options *options)
{
    struct table_error error;
    const struct description *d = &p->description;
    options->keep = p->append ? TABLE_KEEP_RECORDS : TABLE_KEEP_NOTHING;
    if (!table_open(&p->table, p->path, options, &error)) {
        complain("%s", error.text);
        return 0;
    }
    p->delimiter = table_delimiter(p->table) ? table_delimiter(p->table) : ',';
    if (p->append && table_delimiter(p->table) == 0) {
        complain("%s: --append copies lines of text, and this is an .npy file", p->path);
        return 0;
    }
    size_t *columns = malloc(d->features * sizeof *columns);
    p->features = malloc(BLOCK * d->features * sizeof *p->features);
    p->basis = malloc(BLOCK * d->in * sizeof *p->basis);
    p->x = malloc(BLOCK * d->in * sizeof(double));
    int opened = columns && p->features && p->basis && p->x;
    if (!opened)
        complain("%s: out of memory", p->path);
    opened = opened && columns_named(p->table, d->feature, d->features, columns);
    if (opened && !table_choose(p->table, d->features, columns, LF_F64, &error)) {
        complain("%s", error.text);
        opened = 0;
    }
    free(columns);
    return opened;
}

static int predict(struct prediction *p, const char *output, struct table_options *options,
                   const struct lf_kernels *kernels)
{
    p->is_npy = output && ends_with(output, ".npy");
    if (p->is_npy && p->append) {
        complain("--append writes text: --output can't be an .npy file then");
        return EXIT_USAGE;
    }
    int done = spares_input(output, p->path) && spares_input(output, p->model_path) &&
               network_load(&p->network, &p->description, p->model_path, kernels, NULL) &&
               open_table(p, options) && output_open(&p->output, output ? output : "-");
    done = done && predict_rows(p) && finish(p);
    output_discard(&p->output);
    table_close(p->table);
    network_close(&p->network);
    description_free(&p->description);
    free(p->features);
    free(p->basis);
    free(p->x);
    return done ? EXIT_DONE : EXIT_FAILED;
}

int predict_main(int argc, char **argv)
{
    const char *text[OPTIONS] = {0};
    struct prediction p = {.path = NULL};
    struct table_options options = {.chunk = 0};
    const struct lf_kernels *kernels;
    if (!read_options(argc, argv, rules, OPTIONS, text, take_word, &p))
        return EXIT_USAGE;
    if (text[HELP]) {
        fputs(help, stdout);
        return flush_stdout() ? EXIT_DONE : EXIT_FAILED;
    }
    if (!p.path) {
        complain("name a model and a file: lanefit predict MODEL FILE; see 'lanefit predict "
                 "--help'");
        return EXIT_USAGE;
    }
    if (!read_table_options(&rules[DELIMITER], text[DELIMITER], &rules[HEADER], text[HEADER],
                            &options))
        return EXIT_USAGE;
    p.append = text[APPEND] != NULL;
    p.quiet = text[QUIET] != NULL;
    const char *isa = text[ISA] && strcmp(text[ISA], "auto") == 0 ? NULL : text[ISA];
    const int code = choose_table(&rules[ISA], isa, &kernels);
    return code == EXIT_DONE ? predict(&p, text[OUTPUT], &options, kernels) : code;
}
