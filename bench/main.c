/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    if (!lf_kernels_best()) {
        fputs("lanefit-bench: this CPU has no fused multiply-add, which lanefit needs\n", stderr);
        return 1;
    }
    register_runs();
    register_train();
    register_autograd();
    register_limits();
    register_kernels();
    return bench_run(argc, argv);
}
