/* SPDX-License-Identifier: MIT */
/* Allocations that fail one after the other. The linker sends those of the libraries under test
 * here
 * (--wrap); a program includes this once. Threads may allocate side by side. */
#include "support.h"

#include <stdlib.h>

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__real_aligned_alloc(size_t alignment, size_t bytes);
void __real_free(void *memory);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes);
void __wrap_free(void *memory);

static _Atomic long allocations; /* asked for so far */
static long failing;             /* which one fails, counted from 1; 0: none */
static int failing_on;           /* and those after it? */
static _Atomic long live;        /* not yet freed */

static int fails(void)
{
    const long number = ++allocations;
    return failing > 0 && (failing_on ? number >= failing : number == failing);
}

static void *counted(void *memory)
{
    live += memory != NULL;
    return memory;
}

void *__wrap_malloc(size_t bytes)
{
    return fails() ? NULL : counted(__real_malloc(bytes));
}

void *__wrap_calloc(size_t n, size_t bytes)
{
    return fails() ? NULL : counted(__real_calloc(n, bytes));
}

void *__wrap_realloc(void *old, size_t bytes)
{
    if (fails())
        return NULL;
    void *memory = __real_realloc(old, bytes);
    live += memory && !old;
    return memory;
}

void *__wrap_aligned_alloc(size_t alignment, size_t bytes)
{
    return fails() ? NULL : counted(__real_aligned_alloc(alignment, bytes));
}

void __wrap_free(void *memory)
{
    live -= memory != NULL;
    __real_free(memory);
}

/* Check allocates for every assertion, so scenarios note the first thing that is wrong instead. */
static const char *wrong;

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition) && !wrong)                                                                \
            wrong = #condition;                                                                    \
    } while (0)

/* Runs a scenario with allocation n failing, and those after it if `on`. Returns whether it had
 * fewer allocations than n; *leaked is the number of blocks it left behind. */
static int run_failing(int (*scenario)(void), long n, int on, long *leaked)
{
    long before = live;
    wrong = NULL;
    allocations = 0;
    failing = n;
    failing_on = on;
    int whole = scenario();
    EXPECT(whole == (allocations < n)); /* a failure must not pass for success */
    failing = 0;
    *leaked = live - before;
    return allocations < n;
}

/* Runs a scenario with every allocation failing in turn, then with none. A scenario returns whether
 * it was whole, and what it uses has to be freed by its end. */
static void fail_every_allocation(int (*scenario)(void))
{
    for (int on = 0; on < 2; on++) {
        int through = 0;
        for (long n = 1; !through; n++) {
            long leaked;
            through = run_failing(scenario, n, on, &leaked);
            ck_assert_msg(!wrong, "allocation %ld fails: not %s", n, wrong);
            ck_assert_msg(leaked == 0, "allocation %ld fails: %ld blocks leak", n, leaked);
            ck_assert_int_lt(n, 100);
            ck_assert(!through || n > 1);
        }
    }
    int whole = scenario();
    ck_assert(whole);
}
