/* SPDX-License-Identifier: MIT */
/* The tables: complete, in order, found by name, and the same for every caller. */
#include "support.h"

#include <pthread.h>
#include <string.h>

START_TEST(tables_are_complete)
{
    const struct lf_kernels *tables[LF_TABLES];
    size_t n = lf_kernels_usable(tables);
    ck_assert_uint_ge(n, 1);
    ck_assert_ptr_eq(tables[0], lf_kernels_best());
    ck_assert_str_eq(tables[n - 1]->name, "scalar");
    for (size_t i = 0; i < n; i++) {
        ck_assert_ptr_eq(lf_kernels_find(tables[i]->name), tables[i]);
        ck_assert(tables[i]->words != NULL);
        /* Both halves of a table hold function pointers alone. */
        void (*entry)(void);
        const char *half[] = {(const char *)&tables[i]->f32, (const char *)&tables[i]->f64};
        for (int h = 0; h < 2; h++)
            for (size_t at = 0; at < sizeof tables[i]->f32; at += sizeof entry) {
                memcpy(&entry, half[h] + at, sizeof entry);
                ck_assert_msg(entry != NULL, "%s lacks a kernel", tables[i]->name);
            }
    }
}
END_TEST

START_TEST(names)
{
    for (size_t i = 0; i < LF_TABLES; i++)
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(lf_kernels_name(i), lf_kernels_name(j));
    ck_assert_str_eq(lf_kernels_name(LF_TABLES - 1), "scalar");
    ck_assert_ptr_null(lf_kernels_name(LF_TABLES));
    ck_assert_ptr_null(lf_kernels_find("sse2"));
    ck_assert_ptr_null(lf_kernels_find(""));
    ck_assert_ptr_null(lf_kernels_find(NULL));
}
END_TEST

START_TEST(versions)
{
    ck_assert_str_eq(lf_version(), LF_VERSION);
    ck_assert_str_eq(lf_version(), PROJECT_VERSION);
    for (int status = LF_OK; status <= LF_DIVERGED; status++)
        for (int other = LF_OK; other < status; other++)
            ck_assert_str_ne(lf_status_string((lf_status)status),
                             lf_status_string((lf_status)other));
    ck_assert_str_eq(lf_status_string((lf_status)99), "unknown status");
}
END_TEST

static void *first_call(void *result)
{
    *(const struct lf_kernels **)result = lf_kernels_best();
    return NULL;
}

START_TEST(first_call_from_many_threads)
{
    enum { THREADS = 64 };
    pthread_t thread[THREADS];
    const struct lf_kernels *best[THREADS];
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, first_call, &best[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        ck_assert_ptr_eq(best[i], lf_kernels_best());
    }
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("dispatch");
    TCase *tests = tcase_create("dispatch");
    tcase_add_test(tests, tables_are_complete);
    tcase_add_test(tests, names);
    tcase_add_test(tests, versions);
    tcase_add_test(tests, first_call_from_many_threads);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
