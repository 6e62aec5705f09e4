/* SPDX-License-Identifier: MIT */
#include "csv_value.h"

#include "numbers.h"

#include <math.h>
#include <string.h>

static void trim(const char **first, const char **last)
{
    while (*first < *last && (**first == ' ' || **first == '\t'))
        ++*first;
    while (*first < *last && ((*last)[-1] == ' ' || (*last)[-1] == '\t'))
        --*last;
}

/* Whether the text is the word, written in small letters, in any case of its own. */
static int is_word(const char *text, size_t length, const char *word)
{
    size_t i = 0;
    for (; i < length && word[i]; i++)
        if (text[i] != word[i] && !(word[i] >= 'a' && word[i] <= 'z' && text[i] == word[i] - 32))
            return 0;
    return i == length && !word[i];
}

static int is_missing(const char *first, const char *last)
{
    static const char *const words[] = {"",     "na",   "n/a", "#n/a", "nan",
                                        "null", "none", "-",   "?",    "."};
    size_t length = (size_t)(last - first);
    if (length > strlen("#n/a"))
        return 0;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (is_word(first, length, words[i]))
            return 1;
    return 0;
}

int csv_value(const char *first, const char *last, enum lf_dtype dtype, void *value)
{
    trim(&first, &last);
    if (is_missing(first, last)) {
        if (dtype == LF_F32)
            *(float *)value = NAN;
        else
            *(double *)value = (double)NAN;
        return 1;
    }
    const char *end =
        dtype == LF_F32 ? number_read_f32(first, last, value) : number_read_f64(first, last, value);
    return end == last;
}

int csv_is_decimal_comma(const char *first, const char *last)
{
    int commas = 0, digits = 0;
    trim(&first, &last);
    for (const char *p = first; p < last; p++) {
        commas += *p == ',';
        digits += *p >= '0' && *p <= '9';
        if (!(*p >= '0' && *p <= '9') && *p != ',' && *p != '.' &&
            !((*p == '-' || *p == '+') && p == first))
            return 0;
    }
    return commas > 0 && digits > 0;
}
