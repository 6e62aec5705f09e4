/* SPDX-License-Identifier: MIT */
/* `lanefit show`: what a model file holds. */
#include "fit.h"
#include "regression.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: lanefit show MODEL [OPTIONS]\n"
    "\n"
    "Prints what a model file holds: what it predicts from what, how it was trained\n"
    "or fitted, and the coefficients of a linear model, in the units of the data.\n"
    "\n"
    "  --json      everything, as JSON\n"
    "\n"
    "Example: lanefit show post.model\n";

enum option { JSON, HELP, OPTIONS };

static const struct option_rule rules[OPTIONS] = {[JSON] = {"json", NULL}, [HELP] = {"help", NULL}};

static int take_word(void *context, const char *word)
{
    const char **path = context;
    if (*path) {
        complain("show takes one model: '%s' is a second one", word);
        return 0;
    }
    *path = word;
    return 1;
}

static void print_names(const char *what, char *const *names, size_t count)
{
    char text[PRINTABLE_CHARS];
    printf("%s  ", what);
    for (size_t i = 0; i < count; i++)
        printf("%s%s", i > 0 ? ", " : "", table_printable(text, names[i], strlen(names[i])));
    putchar('\n');
}

static void print_model(const struct description *d)
{
    print_names("predicts", d->target, d->targets);
    print_names("from    ", d->feature, d->features);
    printf("model     ");
    if (d->degree > 0)
        printf("polynomial of degree %zu", d->degree);
    else if (d->hidden_count == 0)
        printf("linear");
    else {
        printf("network %zu", d->in);
        for (size_t i = 0; i < d->hidden_count; i++)
            printf("-%zu", d->hidden[i]);
        printf("-%zu, %s", d->targets, activation_names[d->activation]);
    }
    printf(", %s, loss %s", d->dtype == LF_F32 ? "f32" : "f64", loss_names[d->loss]);
    if (d->loss == LF_HUBER_LOSS)
        printf(" with delta %g", d->delta);
    putchar('\n');
}

static void print_training(const struct training *t)
{
    char rows[32];
    printf("trained   on %s rows by %s, rate %.4g, ", grouped(t->rows, rows),
           solver_names[t->solver], t->lr);
    if (t->batch > 0)
        printf("batches of %zu, ", t->batch);
    else
        printf("all rows at once, ");
    if (t->epochs > 0)
        printf("up to %" PRIu64 " epochs, ", t->epochs);
    if (t->steps > 0)
        printf("up to %" PRIu64 " steps, ", t->steps);
    printf("seed %" PRIu64 "\n", t->seed);
}

/* ---- Least squares ------------------------------------------------------------------------ */

/* What the note says under "lsq". */
struct origin {
    size_t count;
    struct regression *regressions; /* [count] */
    const char *weights;            /* NULL: none */
};

static int read_origin(struct origin *origin, const struct description *d, const cJSON *lsq)
{
    const cJSON *fits = cJSON_GetObjectItemCaseSensitive(lsq, "fits");
    const cJSON *ridge = cJSON_GetObjectItemCaseSensitive(lsq, "ridge");
    const struct lf_lsq_options options = {
        .no_intercept = !cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(lsq, "intercept")),
        .ridge = cJSON_IsNumber(ridge) ? ridge->valuedouble : 0,
        .degree = d->degree};
    origin->weights = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(lsq, "weights"));
    if (d->hidden_count > 0 || cJSON_GetArraySize(fits) != (int)d->targets ||
        !(origin->regressions = calloc(d->targets, sizeof *origin->regressions)))
        return 0;
    for (size_t i = 0; i < d->targets; i++, origin->count++)
        if (!regression_create(&origin->regressions[i], d, &options, i) ||
            !regression_from_json(&origin->regressions[i], cJSON_GetArrayItem(fits, (int)i)))
            return 0;
    return 1;
}

static void print_origin(const struct origin *origin)
{
    const struct regression *first = origin->regressions;
    char rows[32], name[PRINTABLE_CHARS];
    printf("fitted    to %s rows by least squares", grouped(first->result.rows_used, rows));
    if (origin->weights)
        printf(", weights %s", table_printable(name, origin->weights, strlen(origin->weights)));
    if (first->options.ridge > 0)
        printf(", ridge %g", first->options.ridge);
    puts(first->options.no_intercept ? ", no intercept" : "");
    for (size_t i = 0; i < origin->count; i++)
        regression_print(&origin->regressions[i]);
}

/* Prints where the model comes from, with its coefficients; 0 where that is no least squares. */
static int print_lsq(const struct description *d, const cJSON *lsq)
{
    struct origin origin = {.regressions = NULL};
    const int is_read = read_origin(&origin, d, lsq);
    if (is_read)
        print_origin(&origin);
    for (size_t i = 0; origin.regressions && i < d->targets; i++)
        regression_free(&origin.regressions[i]);
    free(origin.regressions);
    return is_read;
}

/* ---- The command -------------------------------------------------------------------------- */

/* Adds the coefficients: those that least squares has found, or as they follow from the parameters.
 */
static int add_coefficients(const struct network *n, cJSON *note)
{
    const cJSON *lsq = cJSON_GetObjectItemCaseSensitive(note, "lsq");
    const cJSON *fits = cJSON_GetObjectItemCaseSensitive(lsq, "fits");
    const cJSON *found =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(fits, 0), "coefficients");
    if (!found)
        return report_coefficients_json(n, NULL, note);
    return n->description->targets > 1 ||
           (cJSON_AddStringToObject(note, "target", n->description->target[0]) &&
            cJSON_AddItemToObject(note, "coefficients", cJSON_Duplicate(found, 1)));
}

static int print_all(const struct network *n, cJSON *note, int json)
{
    struct training training;
    if (json) {
        if (add_coefficients(n, note) && exact_numbers(note))
            return print_json(note);
        cJSON_Delete(note);
        return print_json(NULL);
    }
    print_model(n->description);
    if (training_from_json(&training, cJSON_GetObjectItemCaseSensitive(note, "training")))
        print_training(&training);
    const int is_lsq = print_lsq(n->description, cJSON_GetObjectItemCaseSensitive(note, "lsq"));
    cJSON_Delete(note);
    if (!is_lsq && description_coefficients(n->description) > 0)
        report_coefficients(n);
    return 1;
}

int show_main(int argc, char **argv)
{
    const char *text[OPTIONS] = {0}, *path = NULL;
    if (!read_options(argc, argv, rules, OPTIONS, text, take_word, &path))
        return EXIT_USAGE;
    if (text[HELP]) {
        fputs(help, stdout);
        return flush_stdout() ? EXIT_DONE : EXIT_FAILED;
    }
    if (!path) {
        complain("name a model: lanefit show MODEL; see 'lanefit show --help'");
        return EXIT_USAGE;
    }
    if (!cpu_is_usable())
        return EXIT_FAILED;
    struct description description;
    struct network network;
    struct lf_checkpoint *checkpoint;
    if (!network_load(&network, &description, path, NULL, &checkpoint))
        return EXIT_FAILED;
    const int shown =
        print_all(&network, note_of(checkpoint), text[JSON] != NULL) && flush_stdout();
    lf_checkpoint_free(checkpoint);
    network_close(&network);
    description_free(&description);
    return shown ? EXIT_DONE : EXIT_FAILED;
}
