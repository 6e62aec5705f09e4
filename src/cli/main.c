/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <signal.h>
#include <stdarg.h>
#include <string.h>

static const char help[] =
    "Usage: lanefit COMMAND [OPTIONS]\n"
    "\n"
    "Small regressions, very fast, with the same bits everywhere.\n"
    "\n"
    "Commands:\n"
    "  fit          a model fitted to a table, CSV or .npy\n"
    "  predict      what a fitted model answers to a table\n"
    "  show         what a model file holds\n"
    "  reproduce    the experiments of the post on fitting a line, in PyTorch's bits\n"
    "  compare      the kernels beside plain C: the same bits, and how much faster\n"
    "  info         the version, and which kernels this machine can run\n"
    "  help         this text; 'lanefit COMMAND --help' tells a command's options\n"
    "\n"
    "  --version    the version\n"
    "\n"
    "Example: lanefit fit data/post.csv --target y\n";

static const struct command {
    const char *name;
    int (*main)(int argc, char **argv);
} commands[] = {
    {"fit", fit_main},         {"predict", predict_main},
    {"show", show_main},       {"reproduce", reproduce_main},
    {"compare", compare_main}, {"info", info_main},
};

void complain(const char *format, ...)
{
    va_list arguments;
    fflush(stdout);
    progress_hide();
    fputs("lanefit: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

int cpu_is_usable(void)
{
    if (lf_kernels_best())
        return 1;
    complain("this CPU has no fused multiply-add (FMA), which lanefit needs: x86-64 has it since "
             "2013, 64-bit Arm always");
    return 0;
}

int main(int argc, char **argv)
{
    /* A write that fails is noticed as such, and cleaned up after. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    if (argc < 2) {
        complain(
            "name a command: fit, predict, show, reproduce, compare or info; see 'lanefit --help'");
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
        strcmp(argv[1], "-h") == 0) {
        fputs(help, stdout);
        return flush_stdout() ? EXIT_DONE : EXIT_FAILED;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("lanefit %s\n", lf_version());
        return flush_stdout() ? EXIT_DONE : EXIT_FAILED;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].main(argc - 1, argv + 1);
    complain("unknown command '%s': there are fit, predict, show, reproduce, compare and info; see "
             "'lanefit --help'",
             argv[1]);
    return EXIT_USAGE;
}
