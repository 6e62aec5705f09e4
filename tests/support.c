/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SKIPPED = 77 };

const struct lf_kernels *tested;
uint64_t test_seed = 20240601;

const struct lf_kernels *scalar_table(void)
{
    return lf_kernels_find("scalar");
}

int run_suite(Suite *suite, int argc, char **argv)
{
    static const struct option options[] = {
        {"isa", required_argument, NULL, 'i'}, {"seed", required_argument, NULL, 's'}, {0}};
    tested = lf_kernels_best();
    for (int found; (found = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (found == 'i')
            tested = lf_kernels_find(optarg);
        else if (found == 's')
            test_seed = strtoull(optarg, NULL, 10);
        else
            return 2;
    }
    SRunner *runner = srunner_create(suite);
    if (!tested) {
        puts("skipped: this machine can't run the table");
        srunner_free(runner);
        return SKIPPED;
    }
    printf("table %s, replay with --isa %s --seed %llu\n", tested->name, tested->name,
           (unsigned long long)test_seed);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}

struct test_rng test_rng(uint64_t stream)
{
    return (struct test_rng){test_seed * 0x9e3779b97f4a7c15u + stream};
}

size_t element_size(enum lf_dtype dtype)
{
    return dtype == LF_F32 ? sizeof(float) : sizeof(double);
}

const char *dtype_name(enum lf_dtype dtype)
{
    return dtype == LF_F32 ? "f32" : "f64";
}

/* Test buffers may lie at any byte, so elements are copied out. */
double element(enum lf_dtype dtype, const void *values, size_t i)
{
    if (dtype == LF_F32) {
        float x;
        memcpy(&x, (const char *)values + i * sizeof x, sizeof x);
        return x;
    }
    double x;
    memcpy(&x, (const char *)values + i * sizeof x, sizeof x);
    return x;
}

int same_bits(enum lf_dtype dtype, size_t n, const void *a, const void *b, size_t *first)
{
    size_t size = element_size(dtype);
    for (size_t i = 0; i < n; i++) {
        const char *p = (const char *)a + i * size, *q = (const char *)b + i * size;
        if (memcmp(p, q, size) == 0 || (isnan(element(dtype, a, i)) && isnan(element(dtype, b, i))))
            continue;
        *first = i;
        return 0;
    }
    return 1;
}

FILE *open_data(const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", TEST_DATA, name);
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s is missing", path);
    return file;
}
