/* SPDX-License-Identifier: MIT */
#include "shim.h"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <iostream>

struct bench_state {
    benchmark::State &state;
};

static benchmark::internal::Benchmark *add(const char *name, bench_function *function,
                                           const void *argument)
{
    return benchmark::RegisterBenchmark(name, [=](benchmark::State &state) {
        bench_state wrapped = {state};
        function(&wrapped, argument);
    });
}

void bench_register(const char *name, bench_function *function, const void *argument)
{
    add(name, function, argument);
}

void bench_register_manual(const char *name, bench_function *function, const void *argument)
{
    add(name, function, argument)->UseManualTime();
}

int bench_keep_running(struct bench_state *state, size_t batch)
{
    return state->state.KeepRunningBatch(static_cast<benchmark::IterationCount>(batch));
}

void bench_set_time(struct bench_state *state, double seconds)
{
    state->state.SetIterationTime(seconds);
}

void bench_counter(struct bench_state *state, const char *name, double value)
{
    state->state.counters[name] = value;
}

void bench_rate(struct bench_state *state, const char *name, double per_iteration)
{
    state->state.counters[name] =
        benchmark::Counter(per_iteration, benchmark::Counter::kIsIterationInvariantRate);
}

void bench_label(struct bench_state *state, const char *text)
{
    state->state.SetLabel(text);
}

void bench_fail(struct bench_state *state, const char *message)
{
    state->state.SkipWithError(message);
}

int bench_run(int argc, char **argv)
{
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return 2;
    std::size_t matching = benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    if (matching == 0)
        return 1; // it has said so
    std::cout.flush();
    if (!std::cout || std::fflush(stdout) != 0) {
        std::fputs("lanefit-bench: can't write to standard output\n", stderr);
        return 1;
    }
    return 0;
}
