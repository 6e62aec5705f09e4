/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Digits only, at least one, at most UINT64_MAX. *end is set behind the last digit. */
static int parse_digits(const char *text, const char **end, uint64_t *value)
{
    if (!isdigit((unsigned char)*text))
        return 0;
    char *stop;
    errno = 0;
    unsigned long long parsed = strtoull(text, &stop, 10);
    *end = stop;
    *value = parsed;
    return errno == 0;
}

int parse_size(const char *text, size_t *value)
{
    const char *end;
    uint64_t parsed;
    if (!parse_digits(text, &end, &parsed) || *end != '\0' || parsed == 0 || parsed > SIZE_MAX / 2)
        return 0;
    *value = (size_t)parsed;
    return 1;
}

/* A seed up to `end`, and whether it has a minus sign. */
static int parse_signed(const char *text, const char **end, uint64_t *seed, int *negative)
{
    *negative = *text == '-';
    if (!parse_digits(text + *negative, end, seed) ||
        (*negative && *seed > (uint64_t)INT64_MAX + 1))
        return 0;
    if (*negative)
        *seed = 0 - *seed;
    return 1;
}

int parse_seed(const char *text, uint64_t *seed)
{
    const char *end;
    int negative;
    return parse_signed(text, &end, seed, &negative) && *end == '\0';
}

int parse_seeds(const char *text, uint64_t *first, uint64_t *count)
{
    const char *end;
    uint64_t last;
    int first_negative, last_negative;
    if (!parse_signed(text, &end, first, &first_negative) || *end != ':' ||
        !parse_signed(end + 1, &end, &last, &last_negative) || *end != '\0')
        return 0;
    if (*first == 0)
        first_negative = 0;
    if (last == 0)
        last_negative = 0;
    if (first_negative == last_negative ? *first > last : last_negative)
        return 0;
    if (first_negative && !last_negative && last >= *first)
        return 0; /* more than 2^64 of them */
    *count = last - *first + 1;
    return *count != 0;
}

int parse_real(const char *text, enum lf_dtype dtype, double *value)
{
    char *end;
    if (*text == '\0' || isspace((unsigned char)*text))
        return 0;
    *value = strtod(text, &end);
    return *end == '\0' && isfinite(*value) && (dtype == LF_F64 || isfinite((float)*value));
}
