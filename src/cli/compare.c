/* SPDX-License-Identifier: MIT */
/* `lanefit compare`: every kernel on every table held against scalar, the oracle and the compiler.
 */
#include "cli.h"

#include "compare.h"

#include <string.h>

static const char help[] =
    "Usage: lanefit compare [OPTIONS]\n"
    "\n"
    "Holds the kernels of every instruction set that runs here against the scalar ones: bits that\n"
    "differ (none should), the largest error as a fraction of its bound, and the time of a call\n"
    "beside scalar (plain C with FMA) and autovec (the same C as the compiler vectorizes it).\n"
    "\n"
    "  --kernel NAME     one kernel, affine, or one variant of it, activation/tanh\n"
    "  --isa NAME        a table that 'lanefit info' lists, or auto (auto: all that run here)\n"
    "  --dtype f32|f64   one type\n"
    "  --quick           few shapes and cases\n"
    "  --json            an array of objects, for machines\n"
    "\n"
    "The status is 1 where a bit differs or an error is beyond its bound.\n"
    "\n"
    "Example: lanefit compare --kernel affine --isa avx2\n";

enum option_id { KERNEL, ISA, DTYPE, QUICK, JSON, HELP, OPTIONS };

static const struct option_rule rules[OPTIONS] = {
    [KERNEL] = {"kernel", "the name of a kernel, such as affine or activation/tanh"},
    [ISA] = {"isa", ISA_TAKES},
    [DTYPE] = {"dtype", "f32 or f64"},
    [QUICK] = {"quick", NULL},
    [JSON] = {"json", NULL},
    [HELP] = {"help", NULL},
};

static int no_word(void *context, const char *word)
{
    (void)context;
    complain("compare takes options alone, not '%s'; see 'lanefit compare --help'", word);
    return 0;
}

/* "affine_loss_part" is every variant of it, "affine_loss_part/mse_loss" one. */
static int is_named(const struct lf_case *c, const char *name)
{
    size_t length = name ? strlen(name) : 0;
    return !name || (length > 0 && strncmp(c->name, name, length) == 0 &&
                     (c->name[length] == '\0' || c->name[length] == '/'));
}

/* Lists what there is, without the variants. */
static void complain_of_kernel(const char *name)
{
    char known[1024] = "";
    size_t length = 0, before = 0;
    for (size_t i = 0; i < lf_case_count; i++) {
        const char *here = lf_cases[i].name, *last = lf_cases[before].name;
        size_t n = strcspn(here, "/");
        if (i > 0 && n == strcspn(last, "/") && strncmp(here, last, n) == 0)
            continue;
        before = i;
        length += (size_t)snprintf(known + length, sizeof known - length, "%s%.*s",
                                   i > 0 ? ", " : "", (int)n, here);
    }
    complain("there is no kernel '%s'; there are %s", name, known);
}

struct selection {
    const char *kernel;
    const struct lf_kernels *tables[LF_TABLES];
    size_t table_count;
    int one_dtype, quick, json;
    enum lf_dtype dtype;
};

static int is_selected(const struct selection *s, const struct lf_case *c)
{
    return is_named(c, s->kernel) && (!s->one_dtype || c->dtype == s->dtype);
}

/* Understands the options. Returns an exit code. */
static int read_selection(const char *const *text, struct selection *s)
{
    int dtype, known = 0;
    *s = (struct selection){.kernel = text[KERNEL],
                            .one_dtype = text[DTYPE] != NULL,
                            .quick = text[QUICK] != NULL,
                            .json = text[JSON] != NULL};
    if (!read_choice(&rules[DTYPE], text[DTYPE], "f32", "f64", &dtype))
        return EXIT_USAGE;
    s->dtype = (enum lf_dtype)dtype;
    for (size_t i = 0; i < lf_case_count; i++)
        known |= is_named(&lf_cases[i], s->kernel);
    if (!known) {
        complain_of_kernel(s->kernel);
        return EXIT_USAGE;
    }
    int code = choose_table(text[ISA], &s->tables[0]);
    s->table_count = 1;
    if (code == EXIT_DONE && (!text[ISA] || strcmp(text[ISA], "auto") == 0))
        s->table_count = lf_kernels_usable(s->tables);
    return code;
}

/* All comparisons, in the order of the registry. Returns an exit code. */
static int compare_all(const struct selection *s)
{
    struct lf_shape shapes[LF_MOST_SHAPES];
    struct comparison_sum sum = {0};
    struct progress progress;
    size_t total = 0, done = 0;
    for (size_t i = 0; i < lf_case_count; i++)
        if (is_selected(s, &lf_cases[i]))
            total += s->table_count * lf_case_shapes(&lf_cases[i], s->quick, shapes);
    progress_begin(&progress, "compare", (double)total, 0);
    comparison_head(s->json);
    for (size_t i = 0; i < lf_case_count; i++) {
        size_t n =
            is_selected(s, &lf_cases[i]) ? lf_case_shapes(&lf_cases[i], s->quick, shapes) : 0;
        for (size_t t = 0; t < s->table_count; t++)
            for (size_t k = 0; k < n; k++) {
                struct comparison c = {
                    .c = &lf_cases[i], .kernels = s->tables[t], .shape = shapes[k]};
                int ran = comparison_run(&c, s->quick);
                progress_end(&progress);
                if (!ran || !comparison_print(&c, s->json, &sum)) {
                    complain("out of memory");
                    return EXIT_FAILED;
                }
                progress_update(&progress, (double)++done);
            }
    }
    progress_end(&progress);
    comparison_foot(s->json, &sum);
    if (!flush_stdout())
        return EXIT_FAILED;
    return sum.failed > 0 ? EXIT_FAILED : EXIT_DONE;
}

int compare_main(int argc, char **argv)
{
    const char *text[OPTIONS] = {NULL};
    struct selection selection;
    if (!read_options(argc, argv, rules, OPTIONS, text, no_word, NULL))
        return EXIT_USAGE;
    if (text[HELP]) {
        fputs(help, stdout);
        return flush_stdout() ? EXIT_DONE : EXIT_FAILED;
    }
    int code = read_selection(text, &selection);
    return code == EXIT_DONE ? compare_all(&selection) : code;
}
