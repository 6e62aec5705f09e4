/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <getopt.h>
#include <string.h>

/* What getopt_long returns: WORD for an argument that is no option, FIRST + i for option i. */
enum { WORD = 1, FIRST = 256 };

/* What getopt_long could not make sense of: found is ':' or '?', optopt the option if it is known.
 */
static void complain_of_option(const char *command, const struct option_rule *rules, int found,
                               const char *text)
{
    if (found == ':')
        complain("%s needs a value: %s", text, rules[optopt - FIRST].takes);
    else if (optopt >= FIRST)
        complain("--%s takes no value", rules[optopt - FIRST].name);
    else if (optopt > 0)
        complain("unknown option '-%c'; see 'lanefit %s --help'", optopt, command);
    else
        complain("unknown option '%s'; see 'lanefit %s --help'", text, command);
}

int read_options(int argc, char **argv, const struct option_rule *rules, int count,
                 const char **text, int (*take_word)(void *context, const char *word),
                 void *context)
{
    struct option options[MOST_OPTIONS + 1] = {{0}};
    for (int i = 0; i < count; i++)
        options[i] = (struct option){
            rules[i].name, rules[i].takes ? required_argument : no_argument, NULL, FIRST + i};
    opterr = 0;
    int found;
    while ((found = getopt_long(argc, argv, "-:h", options, NULL)) != -1) {
        if (found == WORD) {
            if (!take_word(context, optarg))
                return 0;
        } else if (found == 'h') {
            text[count - 1] = "";
        } else if (found >= FIRST) {
            text[found - FIRST] = optarg ? optarg : "";
        } else {
            complain_of_option(argv[0], rules, found, argv[optind - 1]);
            return 0;
        }
    }
    for (; optind < argc; optind++)
        if (!take_word(context, argv[optind]))
            return 0;
    return 1;
}

int ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

int bad_value(const struct option_rule *rule, const char *text)
{
    complain("--%s takes %s, not '%s'", rule->name, rule->takes, text);
    return 0;
}

int read_choice(const struct option_rule *rule, const char *text, const char *first,
                const char *second, int *choice)
{
    *choice = text && strcmp(text, second) == 0;
    return !text || *choice || strcmp(text, first) == 0 || bad_value(rule, text);
}

int choose_table(const struct option_rule *rule, const char *name,
                 const struct lf_kernels **kernels)
{
    int known = 0;
    for (size_t i = 0; name && !known && lf_kernels_name(i); i++)
        known = strcmp(name, lf_kernels_name(i)) == 0;
    if (name && !known) {
        bad_value(rule, name);
        return EXIT_USAGE;
    }
    if (!cpu_is_usable())
        return EXIT_FAILED;
    *kernels = name ? lf_kernels_find(name) : lf_kernels_best();
    if (*kernels)
        return EXIT_DONE;
    complain("--isa %s: this machine can't run it; 'lanefit info' lists what it can", name);
    return EXIT_FAILED;
}
