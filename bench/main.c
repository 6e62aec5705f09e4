/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <stdio.h>
#include <string.h>

/* --isa NAME leaves the benchmarks of that table; all other arguments are Google Benchmark's. */
static const char usage[] =
    "Usage: lanefit-bench [--isa NAME] [Google Benchmark's options]\n"
    "\n"
    "  --isa NAME               only the table NAME: scalar, avx2, avx512 or neon\n"
    "  --benchmark_filter=RE    only benchmarks whose name matches\n"
    "  --benchmark_list_tests   their names; bench/README.md explains them\n"
    "  --benchmark_format=json  for programs\n"
    "  --help                   this\n"
    "\n"
    "Example: lanefit-bench --isa avx2 --benchmark_filter=^run\n"
    "Further options: github.com/google/benchmark, docs/user_guide.md\n";

/* Takes --isa NAME, or --isa=NAME, out of the arguments. NULL where it is not there. */
static const char *take_isa(int *argc, char **argv)
{
    const char *isa = NULL;
    int kept = 0;
    for (int i = 0; i < *argc; i++)
        if (strncmp(argv[i], "--isa=", 6) == 0)
            isa = argv[i] + 6;
        else if (strcmp(argv[i], "--isa") == 0)
            isa = i + 1 < *argc ? argv[++i] : "";
        else
            argv[kept++] = argv[i];
    *argc = kept;
    argv[kept] = NULL;
    return isa;
}

static void register_table(const struct lf_kernels *kernels)
{
    register_limits(kernels);
    register_runs(kernels);
    register_train(kernels);
    register_autograd(kernels);
    register_passes(kernels);
    register_peers(kernels);
    register_workloads(kernels);
    register_kernels(kernels);
}

int main(int argc, char **argv)
{
    const struct lf_kernels *tables[LF_TABLES];
    const size_t count = lf_kernels_usable(tables);
    const char *isa = take_isa(&argc, argv);
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(usage, stdout);
        return 0;
    }
    if (count == 0) {
        fputs("lanefit-bench: this CPU has no fused multiply-add, which lanefit needs\n", stderr);
        return 1;
    }
    if (isa && !lf_kernels_find(isa)) {
        fprintf(stderr,
                "lanefit-bench: --isa takes a table that runs here, not '%s'; the fastest "
                "is %s\n",
                isa, tables[0]->name);
        return 2;
    }
    register_chains();
    for (size_t i = 0; i < count; i++)
        if (!isa || strcmp(tables[i]->name, isa) == 0)
            register_table(tables[i]);
    return bench_run(argc, argv);
}
