/* SPDX-License-Identifier: MIT */
/* Google Benchmark for C: register, iterate, count, label. */
#ifndef LANEFIT_BENCH_SHIM_H
#define LANEFIT_BENCH_SHIM_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bench_state;

/* A benchmark's body; argument is what it was registered with. */
typedef void bench_function(struct bench_state *state, const void *argument);

/* Registers a body under a name. The body iterates while bench_keep_running says so and is timed as
 * a whole; a manual one tells the time of each iteration itself, by bench_set_time. argument must
 * live as long as the program. */
void bench_register(const char *name, bench_function *function, const void *argument);
void bench_register_manual(const char *name, bench_function *function, const void *argument);

/* Whether to do `batch` more iterations: `while (bench_keep_running(state, 64)) for (64 times)`. */
int bench_keep_running(struct bench_state *state, size_t batch);

/* The time that the iteration just done took. */
void bench_set_time(struct bench_state *state, double seconds);

/* A column of its own: a number as it is; or a number an iteration, shown per second. */
void bench_counter(struct bench_state *state, const char *name, double value);
void bench_rate(struct bench_state *state, const char *name, double per_iteration);

/* A remark at the end of the row. */
void bench_label(struct bench_state *state, const char *text);

/* Ends the benchmark with a message instead of a result. */
void bench_fail(struct bench_state *state, const char *message);

/* Parses Google Benchmark's flags and runs what is registered; returns the exit code. */
int bench_run(int argc, char **argv);

/* Keeps the compiler from dropping what is written to memory. */
static inline void bench_keep(const void *memory)
{
    __asm__ volatile("" : : "r"(memory) : "memory");
}

#ifdef __cplusplus
}
#endif

#endif
