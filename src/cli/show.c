/* SPDX-License-Identifier: MIT */
/* `lanefit show`: what a model file holds. */
#include "fit.h"

#include <inttypes.h>
#include <string.h>

static const char help[] =
    "Usage: lanefit show MODEL [OPTIONS]\n"
    "\n"
    "Prints what a model file holds: what it predicts from what, how it was trained,\n"
    "and the coefficients of a linear model, in the units of the data.\n"
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

static int print_all(const struct network *n, cJSON *note, int json)
{
    struct training training;
    if (json) {
        if (report_coefficients_json(n, NULL, note))
            return print_json(note);
        cJSON_Delete(note);
        return print_json(NULL);
    }
    print_model(n->description);
    if (training_from_json(&training, cJSON_GetObjectItemCaseSensitive(note, "training")))
        print_training(&training);
    cJSON_Delete(note);
    if (description_coefficients(n->description) > 0)
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
