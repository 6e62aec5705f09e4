/* SPDX-License-Identifier: MIT */
/* Numbers as text: what is printed reads as the same bits; decimals of any length are rounded
 * right, against exact midpoints and against C's own reader. */
#include "support.h"

#include "numbers.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MANY = 1000000 };

static double f64_of(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static float f32_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void check_f64(const char *text, double expected)
{
    double x = 7;
    const char *end = text + strlen(text);
    ck_assert_msg(number_read_f64(text, end, &x) == end && memcmp(&x, &expected, sizeof x) == 0,
                  "%s: %a, not %a", text, x, expected);
}

static void check_f32(const char *text, float expected)
{
    float x = 7;
    const char *end = text + strlen(text);
    ck_assert_msg(number_read_f32(text, end, &x) == end && memcmp(&x, &expected, sizeof x) == 0,
                  "%s: %a, not %a", text, (double)x, (double)expected);
}

/* Check counts every assertion: those above are made only where something is wrong. */
static int differs_f64(const char *text, double expected)
{
    double x = 7;
    const char *end = text + strlen(text);
    return number_read_f64(text, end, &x) != end || memcmp(&x, &expected, sizeof x) != 0;
}

static int differs_f32(const char *text, float expected)
{
    float x = 7;
    const char *end = text + strlen(text);
    return number_read_f32(text, end, &x) != end || memcmp(&x, &expected, sizeof x) != 0;
}

START_TEST(bits_come_back)
{
    struct test_rng rng = test_rng(1);
    char text[NUMBER_CHARS];
    for (int i = 0; i < MANY; i++) {
        double x = f64_of(test_bits(&rng));
        float y = f32_of((uint32_t)test_bits(&rng));
        if (isnan(x) || isnan(y))
            continue;
        char *end = number_write_f64(text, x);
        if (*end != '\0' || end - text >= NUMBER_CHARS || differs_f64(text, x))
            check_f64(text, x);
        number_write_f32(text, y);
        if (differs_f32(text, y))
            check_f32(text, y);
    }
}
END_TEST

START_TEST(the_shortest_text_is_written)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0.1, "0.1"},
                 {1e22, "1e+22"},
                 {-0.0, "-0"},
                 {100, "100"},
                 {5e-324, "5e-324"},
                 {-2.2250738585072014e-308, "-2.2250738585072014e-308"},
                 {(double)INFINITY, "inf"},
                 {-(double)INFINITY, "-inf"},
                 {(double)NAN, "nan"},
                 {-(double)NAN, "nan"}};
    char text[NUMBER_CHARS];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        number_write_f64(text, cases[i].value);
        ck_assert_str_eq(text, cases[i].text);
    }
    number_write_f32(text, 0.1f);
    ck_assert_str_eq(text, "0.1");
    number_write_f32(text, -NAN);
    ck_assert_str_eq(text, "nan");
}
END_TEST

enum { EXACT_DIGITS = 800, EXACT_CHARS = 1200 };

/* The texts of a midpoint between two neighbours, exactly, and of what is next to it on both sides.
 * The low one of the neighbours has these bits. */
static void check_midpoint(enum lf_dtype dtype, uint64_t bits)
{
    char text[EXACT_CHARS];
    double low = dtype == LF_F32 ? (double)f32_of((uint32_t)bits) : f64_of(bits);
    double high = dtype == LF_F32 ? (double)f32_of((uint32_t)bits + 1) : f64_of(bits + 1);
    long double middle = ((long double)low + (long double)high) / 2;
    const long double sides[] = {nextafterl(middle, (long double)low), middle,
                                 nextafterl(middle, (long double)high)};
    const double expected[] = {low, bits % 2 ? high : low, high};
    for (int i = 0; i < 3; i++) {
        snprintf(text, sizeof text, "%.*Le", EXACT_DIGITS, sides[i]);
        if (dtype == LF_F32 ? differs_f32(text, (float)expected[i])
                            : differs_f64(text, expected[i]))
            check_f64(text, expected[i]);
    }
    /* The midpoint and a last digit far behind it. */
    snprintf(text, sizeof text, "%.*Le", EXACT_DIGITS, middle);
    char *exponent = strchr(text, 'e');
    memmove(exponent + 1, exponent, strlen(exponent) + 1);
    *exponent = '1';
    if (dtype == LF_F32 ? differs_f32(text, (float)high) : differs_f64(text, high))
        check_f64(text, high);
}

START_TEST(midpoints_are_rounded_to_even)
{
    struct test_rng rng = test_rng(2);
    for (int i = 0; i < MANY / 100; i++) {
        uint64_t bits = test_bits(&rng);
        /* A third of them subnormal. */
        uint64_t f64 = i % 3 ? bits >> 1 : bits >> 12, f32 = (i % 3 ? bits >> 33 : bits >> 41);
        if (f64 < 0x7fe0000000000000u)
            check_midpoint(LF_F64, f64);
        if (f32 < 0x7f000000u)
            check_midpoint(LF_F32, f32);
    }
    check_midpoint(LF_F64, 0); /* half of the least subnormal */
    check_midpoint(LF_F32, 0);
    check_midpoint(LF_F64, 0x000fffffffffffffu); /* around the least normal one */
    check_midpoint(LF_F32, 0x007fffffu);
}
END_TEST

/* Any decimals, of up to 820 digits, against strtod, which runs in the locale C here. */
START_TEST(decimals_as_c_reads_them)
{
    struct test_rng rng = test_rng(3);
    char text[EXACT_CHARS];
    for (int i = 0; i < MANY; i++) {
        size_t digits = 1 + test_below(&rng, i % 100 ? 22 : 820),
               point = test_below(&rng, digits + 1);
        char *p = text;
        if (test_below(&rng, 2))
            *p++ = '-';
        for (size_t d = 0; d < digits; d++) {
            if (d == point)
                *p++ = '.';
            *p++ = (char)('0' + (test_below(&rng, 4) ? test_below(&rng, 10) : 0));
        }
        sprintf(p, "e%d", (int)test_below(&rng, 700) - 370);
        if (differs_f64(text, strtod(text, NULL)))
            check_f64(text, strtod(text, NULL));
        if (differs_f32(text, strtof(text, NULL)))
            check_f32(text, strtof(text, NULL));
    }
}
END_TEST

START_TEST(edges_of_the_range)
{
    static const char *const texts[] = {"1.7976931348623157e308",
                                        "1.7976931348623159e308",
                                        "-1.8e308",
                                        "1e400",
                                        "1e-400",
                                        "-1e-400",
                                        "2.4703282292062327e-324",
                                        "2.4703282292062328e-324",
                                        "4.9e-324",
                                        "1e-310",
                                        "3.4028235e38",
                                        "3.4028236e38",
                                        "1e39",
                                        "-1e39",
                                        "1e-46",
                                        "7e-46",
                                        "7.1e-46",
                                        "1e-40",
                                        "0e99999",
                                        "-0.0e-99999",
                                        "1e99999999999999999999",
                                        "1e-99999999999999999999",
                                        "0.00000000000000000000000000000000000000000000000001e60",
                                        "100000000000000000000000000000000000000000000000000e-60",
                                        "0000000001e309"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        check_f64(texts[i], strtod(texts[i], NULL));
        check_f32(texts[i], strtof(texts[i], NULL));
    }
    check_f64("-nan", (double)NAN); /* one that has no sign */
    check_f32("-nan", NAN);
    char text[1000] = "0.";
    memset(text + 2, '0', 400);
    strcpy(text + 402, "1e401");
    check_f64(text, 1);
    strcpy(text + 402, "1e-401");
    check_f64(text, 0);
    memset(text, '9', 400);
    strcpy(text + 400, "e-1");
    check_f64(text, (double)INFINITY);
}
END_TEST

START_TEST(what_is_no_number)
{
    static const struct {
        const char *text;
        size_t taken;
    } cases[] = {{"", 0},     {"-", 0},   {"+", 0},    {".", 0},    {"e5", 0},
                 {"+-1", 0},  {"++1", 0}, {"--1", 0},  {" 1", 0},   {"x", 0},
                 {"in", 0},   {"1x", 1},  {"1.5.", 3}, {"1e", 1},   {"1e+", 1},
                 {"0x10", 1}, {"1,5", 1}, {"+1", 2},   {"+inf", 4}, {"1_000", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *text = cases[i].text, *end = text + strlen(text);
        double x;
        float y;
        ck_assert_int_eq(number_read_f64(text, end, &x) - text, (int)cases[i].taken);
        ck_assert_int_eq(number_read_f32(text, end, &y) - text, (int)cases[i].taken);
    }
    double x; /* nothing is read at the end */
    const char *text = "12345";
    ck_assert_ptr_eq(number_read_f64(text, text + 3, &x), text + 3);
    ck_assert_double_eq(x, 123);
}
END_TEST

/* Where localedef can make a locale with decimal commas, numbers stay as they are in it. */
START_TEST(no_locale_matters)
{
    char folder[] = "/tmp/lanefit-locale-XXXXXX", command[256], text[NUMBER_CHARS];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 >/dev/null 2>&1",
             folder);
    int made = system(command) == 0;
    setenv("LOCPATH", folder, 1);
    int set =
        setlocale(LC_ALL, "de_DE.UTF-8") != NULL && strcmp(localeconv()->decimal_point, ",") == 0;
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
    if (!made || !set)
        puts("no locale with decimal commas here: tested in C alone");
    check_f64("1234.5", 1234.5);
    check_f32("1234.5", 1234.5f);
    number_write_f64(text, 1234.5);
    ck_assert_str_eq(text, "1234.5");
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("numbers");
    TCase *tests = tcase_create("numbers");
    tcase_set_timeout(tests, 600);
    tcase_add_test(tests, bits_come_back);
    tcase_add_test(tests, the_shortest_text_is_written);
    tcase_add_test(tests, midpoints_are_rounded_to_even);
    tcase_add_test(tests, decimals_as_c_reads_them);
    tcase_add_test(tests, edges_of_the_range);
    tcase_add_test(tests, what_is_no_number);
    tcase_add_test(tests, no_locale_matters);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
