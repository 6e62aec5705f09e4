/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <sleef.h>
#include <string.h>

int info_main(int argc, char **argv)
{
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        puts("Usage: lanefit info\n"
             "\n"
             "Prints the version, the kernel tables that this machine can run, best first,\n"
             "the one that is chosen, and the version of SLEEF.\n"
             "\n"
             "Example: lanefit info");
        return flush_stdout() ? EXIT_DONE : EXIT_FAILED;
    }
    if (argc > 1) {
        complain("info takes no '%s'; see 'lanefit info --help'", argv[1]);
        return EXIT_USAGE;
    }
    if (!cpu_is_usable())
        return EXIT_FAILED;
    const struct lf_kernels *tables[LF_TABLES];
    size_t n = lf_kernels_usable(tables);
    printf("lanefit  %s\ntables  ", lf_version());
    for (size_t i = 0; i < n; i++)
        printf(" %s", tables[i]->name);
    printf("\nchosen   %s\nSLEEF    %d.%d.%d\n", tables[0]->name, SLEEF_VERSION_MAJOR,
           SLEEF_VERSION_MINOR, SLEEF_VERSION_PATCHLEVEL);
    return flush_stdout() ? EXIT_DONE : EXIT_FAILED;
}
