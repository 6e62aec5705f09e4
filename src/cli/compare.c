/* SPDX-License-Identifier: MIT */
/* `lanefit compare`: every kernel on every table held against scalar, the oracle and the compiler.
 */
#include "cli.h"

#include "compare.h"

#include <string.h>

static const char help[] =
    "Usage: lanefit compare [OPTIONS]\n"
    "\n"
    "Holds the kernels that compute with floats against scalar (plain C with FMA):\n"
    "a line for each kernel, type, table and shape. All take about a minute.\n"
    "\n"
    "  --kernel NAME     one kernel, affine, or one variant of it, activation/tanh\n"
    "  --isa NAME        a table that 'lanefit info' lists, or all (all)\n"
    "  --dtype f32|f64   one type\n"
    "  --quick           few shapes and cases: a second or two\n"
    "  --json            an array of objects with the fields named below\n"
    "\n"
    "shape    1000x8->1:columns: 1000 rows, 8 inputs, 1 output, X column by column;\n"
    "         :weights is a weight a row; a kernel without inputs has no x8\n"
    "bits     that differ from scalar in all cases: mismatched_bits, none should\n"
    "error    the largest as a fraction of its bound: max_error_over_bound\n"
    "scalar, autovec, this   ns a call of scalar, the same C as the compiler\n"
    "         vectorizes it, this table: ns_scalar, ns_autovec, ns_simd\n"
    "GF/s, GB/s   GFLOP/s and GB/s of this, each operand counted once; '-': none\n"
    "x-sc, x-auto   times over this's: speedup_scalar, speedup_autovec\n"
    "JSON also has kernel, dtype, isa, shape, cases. The status is 1 where a bit\n"
    "differs or an error is beyond its bound.\n"
    "\n"
    "Example: lanefit compare --kernel affine --isa avx2\n";

enum option_id { KERNEL, ISA, DTYPE, QUICK, JSON, HELP, OPTIONS };

static const struct option_rule rules[OPTIONS] = {
    [KERNEL] = {"kernel", "the name of a kernel, such as affine or activation/tanh"},
    [ISA] = {"isa", "the name of a table ('lanefit info' lists them) or all"},
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

/* Whether the case is the kernel whose name has that length, or a variant of it. */
static int is_of_kernel(const struct lf_case *c, const char *name, size_t length)
{
    return length > 0 && strncmp(c->name, name, length) == 0 &&
           (c->name[length] == '\0' || c->name[length] == '/');
}

/* "affine_loss_part" is every variant of it, "affine_loss_part/mse_loss" one. */
static int is_named(const struct lf_case *c, const char *name)
{
    return !name || is_of_kernel(c, name, strlen(name));
}

/* Appends to a list in lines of at most 79 columns. */
static void add_to_list(char *list, size_t size, const char *item, size_t item_length)
{
    size_t length = strlen(list);
    const char *line = strrchr(list, '\n');
    int fits = line && (size_t)(list + length - line) + item_length + 2 < 79;
    snprintf(list + length, size - length, "%s%s%.*s", length > 0 ? "," : "", fits ? " " : "\n  ",
             (int)item_length, item);
}

/* Lists the variants of the kernel, or the kernels where there is no such one. */
static void complain_of_kernel(const char *name)
{
    char known[2048] = "";
    size_t length = strcspn(name, "/");
    const struct lf_case *last = NULL;
    for (size_t i = 0; i < lf_case_count; i++)
        if (lf_cases[i].dtype == LF_F32 && is_of_kernel(&lf_cases[i], name, length))
            add_to_list(known, sizeof known, lf_cases[i].name, strlen(lf_cases[i].name));
    for (size_t i = 0; i < lf_case_count && (last || known[0] == '\0'); i++) {
        size_t n = strcspn(lf_cases[i].name, "/");
        if (!last || !is_of_kernel(last, lf_cases[i].name, n))
            add_to_list(known, sizeof known, lf_cases[i].name, n);
        last = &lf_cases[i];
    }
    complain("there is no kernel '%s'; there are%s", name, known);
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

/* The table that --isa names; NULL and "all" are all. Returns an exit code. */
static int select_tables(const char *name, struct selection *s)
{
    if (name && strcmp(name, "all") != 0) {
        s->table_count = 1;
        return choose_table(&rules[ISA], name, &s->tables[0]);
    }
    if (!cpu_is_usable())
        return EXIT_FAILED;
    s->table_count = lf_kernels_usable(s->tables);
    return EXIT_DONE;
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
    return select_tables(text[ISA], s);
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
    progress_begin(&progress, "compare", "lines", (double)total, 0);
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
                if (!flush_stdout()) /* nobody reads on */
                    return EXIT_FAILED;
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
