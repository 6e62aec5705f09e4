/* SPDX-License-Identifier: MIT */
/* The history of a run, and its picture: well-formed whatever the numbers and names are. */
#include "failing.inl.h"

#include "history.h"
#include "loss_plot.h"
#include "svg.h"

#include <ctype.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum { TEXT_CHARS = 1 << 20 };

/* What a function wrote. */
static char text[TEXT_CHARS];

static void read_back(FILE *file)
{
    rewind(file);
    size_t size = fread(text, 1, sizeof text - 1, file);
    ck_assert_uint_lt(size, sizeof text - 1);
    ck_assert_int_eq(fclose(file), 0);
    text[size] = 0;
}

static const char *plot(const struct history *history, const char *title, const char *name)
{
    FILE *file = tmpfile();
    loss_plot(file, history, title, name);
    read_back(file);
    return text;
}

static const char *escaped(const char *raw, size_t most)
{
    FILE *file = tmpfile();
    svg_text(file, raw, most);
    read_back(file);
    return text;
}

/* ---- XML, as much of it as pictures use -------------------------------------------------- */

static const char *after_entity(const char *p)
{
    static const char *const entities[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&#39;"};
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++)
        if (strncmp(p, entities[i], strlen(entities[i])) == 0)
            return p + strlen(entities[i]);
    ck_abort_msg("not an entity: %.20s", p);
    return p;
}

/* A value in single quotes: no markup, and no number that is none. */
static const char *after_value(const char *p)
{
    ck_assert_int_eq(*p, '\'');
    const char *start = ++p;
    while (*p != '\'') {
        ck_assert_msg(*p && *p != '<' && *p != '"', "in an attribute: %.20s", p);
        p = *p == '&' ? after_entity(p) : p + 1;
    }
    for (const char *q = start; q + 3 <= p; q++)
        ck_assert_msg(strncmp(q, "nan", 3) != 0 && strncmp(q, "inf", 3) != 0, "%.*s",
                      (int)(p - start), start);
    return p + 1;
}

static const char *after_name(const char *p)
{
    ck_assert(isalpha((unsigned char)*p));
    while (isalnum((unsigned char)*p) || *p == '-')
        p++;
    return p;
}

/* From behind '<' to behind '>'; an element that opens is put on the stack of open ones. */
static const char *after_tag(const char *p, char open[][16], int *depth)
{
    int closes = *p == '/';
    const char *name = p += closes;
    p = after_name(p);
    size_t length = (size_t)(p - name);
    ck_assert_uint_lt(length, 16);
    if (closes) {
        ck_assert_int_gt(*depth, 0);
        (*depth)--;
        ck_assert(strncmp(open[*depth], name, length) == 0 && open[*depth][length] == 0);
        ck_assert_int_eq(*p, '>');
        return p + 1;
    }
    while (*p == ' ') {
        p = after_name(p + 1);
        ck_assert_int_eq(*p, '=');
        p = after_value(p + 1);
    }
    if (*p == '/') {
        p++;
    } else {
        ck_assert_int_lt(*depth, 8);
        sprintf(open[(*depth)++], "%.*s", (int)length, name);
    }
    ck_assert_int_eq(*p, '>');
    return p + 1;
}

static void check_xml(const char *p)
{
    char open[8][16];
    int depth = 0;
    ck_assert(strncmp(p, "<svg ", 5) == 0);
    while (*p) {
        if (*p == '<') {
            p = after_tag(p + 1, open, &depth);
            ck_assert(depth > 0 || strcmp(p, "\n") == 0); /* one root */
        } else if (*p == '&') {
            p = after_entity(p);
        } else {
            ck_assert(*p == '\n' || (unsigned char)*p >= 0x20);
            p++;
        }
    }
    ck_assert_int_eq(depth, 0);
}

/* The path of this colour and width: how many points it has, and the highest and lowest on the
 * screen. */
static size_t path_points(const char *colour, const char *width, double *top, double *bottom)
{
    char start[128];
    sprintf(start, "<path fill='none' stroke='%s' stroke-width='%s'", colour, width);
    const char *p = strstr(text, start);
    size_t count = 0;
    if (!p)
        return 0;
    p = strstr(p, " d='") + 4;
    for (double x, y; *p != '\''; count++) {
        int read = 0;
        ck_assert_msg(sscanf(p, "%*1[ML]%lf %lf%n", &x, &y, &read) == 2, "%.20s", p);
        ck_assert(x >= 0 && x <= 960 && y >= 0 && y <= 700);
        *top = count == 0 ? y : fmin(*top, y);
        *bottom = count == 0 ? y : fmax(*bottom, y);
        p += read;
        if (strncmp(p, "h0", 2) == 0)
            p += 2;
    }
    return count;
}

/* ---- histories --------------------------------------------------------------------------- */

static void add(struct history *history, uint64_t epoch, double loss, double validation, double lr)
{
    const struct loss_point point = {epoch, 10 * epoch, lr, loss, validation};
    ck_assert(history_add(history, &point));
}

static struct history history_of(const double *losses, size_t n)
{
    struct history history = {0};
    for (size_t i = 0; i < n; i++)
        add(&history, i + 1, losses[i], NAN, 0.01);
    return history;
}

START_TEST(a_history_is_bounded)
{
    struct history history = {0};
    uint64_t epochs = 10 * (uint64_t)HISTORY_MOST + 7;
    for (uint64_t epoch = 1; epoch <= epochs; epoch++) {
        add(&history, epoch, (double)epoch, NAN, 0);
        if (history.count == 0 || history.count > HISTORY_MOST + 1 ||
            history.points[history.count - 1].epoch != epoch)
            ck_abort_msg("%zu points after epoch %d", history.count, (int)epoch);
        if (epoch == HISTORY_MOST)
            ck_assert(history.count == HISTORY_MOST && history.stride == 1);
        if (epoch == HISTORY_MOST + 1)
            ck_assert(history.count == HISTORY_MOST / 2 + 1 && history.stride == 2);
    }
    ck_assert_uint_eq(history.stride, 16);
    for (size_t i = 0; i + 1 < history.count; i++)
        if (history.points[i].epoch != 1 + 16 * i ||
            history.points[i].loss != 1.0 + 16.0 * (double)i)
            ck_abort_msg("point %zu is epoch %d", i, (int)history.points[i].epoch);
    ck_assert(!history.has_validation);
    check_xml(plot(&history, "long", "MSE"));
    ck_assert_ptr_nonnull(strstr(text, "One epoch in 16 is drawn."));
    history_free(&history);
    ck_assert(history.count == 0 && history.points == NULL && history.stride == 0);
    history_free(&history);
}
END_TEST

/* Where there is no room for a point the history is as it was, and takes it once there is. */
static int add_many(void)
{
    struct history history = {0};
    int whole = 1;
    for (size_t i = 0; i < 1000; i++) {
        const struct loss_point point = {i, i, 0.1, 2, 3};
        int added = history_add(&history, &point);
        whole &= added;
        EXPECT(history.count == i + (size_t)added);
        if (!added && !failing_on)
            EXPECT(history_add(&history, &point));
        if (!added && failing_on)
            break;
    }
    for (size_t i = 0; i < history.count; i++)
        EXPECT(history.points[i].epoch == i);
    history_free(&history);
    return whole;
}

START_TEST(a_history_without_memory)
{
    fail_every_allocation(add_many);
}
END_TEST

START_TEST(lines_of_csv)
{
    static const struct loss_point points[] = {
        {1, 32, 0.01, 0.1 + 0.2, 1e-300},
        {UINT64_MAX, UINT64_MAX, 1, NAN, NAN},
        {3, 96, 1e-5, INFINITY, -0.0},
    };
    for (int validation = 0; validation < 2; validation++) {
        FILE *file = tmpfile();
        history_write_head(file, validation);
        for (size_t i = 0; i < 3; i++)
            history_write_point(file, &points[i], validation);
        read_back(file);
        ck_assert_str_eq(text, validation ? "epoch,step,lr,loss,validation_loss\n"
                                            "1,32,0.01,0.30000000000000004,1e-300\n"
                                            "18446744073709551615,18446744073709551615,1,nan,nan\n"
                                            "3,96,1e-05,inf,-0\n"
                                          : "epoch,step,lr,loss\n1,32,0.01,0.30000000000000004\n"
                                            "18446744073709551615,18446744073709551615,1,nan\n"
                                            "3,96,1e-05,inf\n");
    }
}
END_TEST

/* ---- pictures ---------------------------------------------------------------------------- */

START_TEST(text_of_strangers)
{
    static const struct {
        const char *raw, *written;
    } cases[] = {
        {"", ""},
        {"a<b>&'\"c", "a&lt;b&gt;&amp;&#39;&quot;c"},
        {"a\tb\r\nc", "a b  c"},
        {"\x01\x1b\x7f", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\xe4x", "\xef\xbf\xbdx"},                               /* Latin 1 */
        {"\xc0\xbc", "\xef\xbf\xbd\xef\xbf\xbd"},                 /* '<' written too long */
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* a surrogate */
        {"\xef\xbf\xbf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* U+FFFF */
        {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"}, /* cut short */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_str_eq(escaped(cases[i].raw, 20), cases[i].written);
    ck_assert_str_eq(escaped("&&&", 3), "&amp;&amp;&amp;");
    ck_assert_str_eq(escaped("&&&&", 3), "&amp;&amp;&amp;\xe2\x80\xa6");
    ck_assert_str_eq(escaped("\xc3\xa4\xc3\xa4", 1), "\xc3\xa4\xe2\x80\xa6");

    struct history history = history_of((double[]){3, 2}, 2);
    check_xml(plot(&history, "</text><script>'&\x02", "]]>\xff<b onload='x'>"));
    ck_assert_ptr_nonnull(strstr(text, "&lt;/text&gt;&lt;script&gt;&#39;&amp;\xef\xbf\xbd<"));
    ck_assert_ptr_null(strstr(text, "<script"));
    ck_assert_ptr_null(strstr(text, "<b "));
    history_free(&history);
}
END_TEST

/* How many are drawn, and whether the axis is logarithmic: a tick at 0.01 and none at 0.02. */
START_TEST(any_losses)
{
    static const struct {
        double loss[6];
        size_t count, drawn;
    } cases[] = {
        {{0}, 0, 0},
        {{0.5}, 1, 1},
        {{0}, 1, 1},
        {{2, 2, 2}, 3, 3},
        {{0, 0}, 2, 2},
        {{-1, -1}, 2, 2},
        {{0, 5, 1e9}, 3, 3},
        {{NAN, INFINITY, -INFINITY}, 3, 0},
        {{1, NAN, 2, INFINITY, 3, NAN}, 6, 3},
        {{1e308, 1.7e308, DBL_MAX}, 3, 3},
        {{DBL_MAX, 5e-324}, 2, 2},
        {{DBL_MAX, 0, -DBL_MAX}, 3, 3},
        {{DBL_MAX, 9e299}, 2, 2},
        {{5e-324, 1e-310}, 2, 2},
        {{5e-324, 0}, 2, 2},
        {{5e-324, 5e-324}, 2, 2},
        {{1e-10, 1e10, 1, 3}, 4, 4},
        {{1, 1 + DBL_EPSILON}, 2, 2},
        {{-1e-12, 1e12}, 2, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct history history = history_of(cases[i].loss, cases[i].count);
        double top, bottom;
        check_xml(plot(&history, "any", "MSE"));
        ck_assert_msg(path_points(SVG_BLUE, "1.6", &top, &bottom) == cases[i].drawn, "%zu", i);
        ck_assert_msg(path_points(SVG_BLUE, "5", &top, &bottom) == cases[i].drawn, "%zu", i);
        if (cases[i].drawn > 0)
            ck_assert_msg(top >= 92 && bottom <= 472, "%zu: %g %g", i, top, bottom);
        ck_assert_ptr_null(strstr(text, "learning rate"));
        ck_assert_ptr_null(strstr(text, "validation"));
        history_free(&history);
    }
}
END_TEST

START_TEST(a_wide_range_is_logarithmic)
{
    struct history wide = history_of((double[]){1, 0.1, 0.01}, 3);
    double top, bottom;
    plot(&wide, "wide", "MSE");
    ck_assert_ptr_nonnull(strstr(text, ">0.01</text>"));
    ck_assert_ptr_null(strstr(text, ">0.4</text>"));
    ck_assert_uint_eq(path_points(SVG_BLUE, "1.6", &top, &bottom), 3);
    history_free(&wide);

    /* Not beyond a factor of 20, and not with a 0. */
    static const double narrow[] = {20, 1}, zero[] = {1000, 1, 0};
    wide = history_of(narrow, 2);
    plot(&wide, "narrow", "MSE");
    ck_assert_ptr_nonnull(strstr(text, ">15</text>"));
    history_free(&wide);
    wide = history_of(zero, 3);
    plot(&wide, "zero", "MSE");
    ck_assert_ptr_nonnull(strstr(text, ">800</text>"));
    history_free(&wide);
}
END_TEST

/* Whatever the length, no more than 1000 points, with the spikes among them. */
START_TEST(spikes_stay_visible)
{
    for (size_t n = 990; n < 60000; n += n < 1010 ? 1 : 9973) {
        struct history history = {0};
        double top, bottom;
        for (size_t i = 0; i < n; i++)
            add(&history, i, i == n / 3 ? 9 : i == n / 2 ? 1 : 5, NAN, 0.1);
        check_xml(plot(&history, "spikes", "MSE"));
        size_t points = path_points(SVG_BLUE, "1.6", &top, &bottom);
        ck_assert_msg(points <= 1000 && (points == n || (n > 1000 && points > 499)),
                      "%zu of %zu points", points, n);
        /* 0 to 9.4 on the 380 pixels from 92 on */
        ck_assert_msg(fabs(top - (92 + 380 * 0.4 / 9.4)) < 0.02, "%g", top);
        ck_assert_msg(fabs(bottom - (92 + 380 * 8.4 / 9.4)) < 0.02, "%g", bottom);
        ck_assert_uint_eq(path_points(SVG_BLUE, "5", &top, &bottom), 0);
        history_free(&history);
    }
}
END_TEST

START_TEST(validation_and_rate)
{
    struct history history = {0};
    double top, bottom;
    for (uint64_t i = 0; i < 90; i++)
        add(&history, i + 1, i == 4 ? INFINITY : 5, i % 3 ? NAN : 1, 0.1 / (double)(i + 1));
    check_xml(plot(&history, "both", "MSE"));
    ck_assert_uint_eq(path_points(SVG_BLUE, "1.6", &top, &bottom), 89);
    ck_assert_uint_eq(path_points(SVG_RED, "1.6", &top, &bottom), 30);
    ck_assert_uint_eq(path_points(SVG_ORANGE, "1.6", &top, &bottom), 90);
    ck_assert(top > 472 && bottom < 604);
    ck_assert_ptr_nonnull(strstr(text, "validation loss: 1 at epoch 88"));
    ck_assert_ptr_nonnull(strstr(text, "Left out: 1 of 90 points"));
    history_free(&history);

    add(&history, UINT64_MAX - 1, 1, INFINITY, 1);
    add(&history, UINT64_MAX, 2, INFINITY, INFINITY);
    check_xml(plot(&history, "late", "MSE"));
    ck_assert_ptr_nonnull(strstr(text, "validation loss: none is finite"));
    ck_assert_ptr_null(strstr(text, "learning rate"));
    history_free(&history);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("loss_plot");
    TCase *tests = tcase_create("loss_plot");
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, a_history_is_bounded);
    tcase_add_test(tests, a_history_without_memory);
    tcase_add_test(tests, lines_of_csv);
    tcase_add_test(tests, text_of_strangers);
    tcase_add_test(tests, any_losses);
    tcase_add_test(tests, a_wide_range_is_logarithmic);
    tcase_add_test(tests, spikes_stay_visible);
    tcase_add_test(tests, validation_and_rate);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
