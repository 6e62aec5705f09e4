/* SPDX-License-Identifier: MIT */
/* NIST's reference sets; a program includes this once. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void read_set(const char *set, size_t *rows, size_t *in, double *x, double *y)
{
    char path[64], line[512];
    snprintf(path, sizeof path, "nist/%s.csv", set);
    FILE *file = open_data(path);
    ck_assert(fgets(line, sizeof line, file) != NULL);
    *in = *rows = 0;
    for (const char *c = line; *c; c++)
        *in += *c == ',';
    for (; fgets(line, sizeof line, file); ++*rows) {
        char *at = line;
        for (size_t i = 0; i <= *in; i++, at++) {
            double *to = i < *in ? &x[*rows * *in + i] : &y[*rows];
            *to = strtod(at, &at);
        }
    }
    fclose(file);
}

/* The fewest correct digits of the values that the set calls so. */
static double fewest_digits(const char *set, const char *quantity, const double *values)
{
    char line[256], prefix[64];
    FILE *file = open_data("nist/exact.csv");
    double fewest = 99;
    snprintf(prefix, sizeof prefix, "%s,%s,", set, quantity);
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, prefix, strlen(prefix)) != 0)
            continue;
        const long double exact = strtold(line + strlen(prefix), NULL);
        const long double error = fabsl(*values++ - exact) / (exact == 0 ? 1 : fabsl(exact));
        fewest = fmin(fewest, error == 0 ? 99 : (double)-log10l(error));
    }
    fclose(file);
    ck_assert(fewest < 1e9);
    return fewest;
}
