/* SPDX-License-Identifier: MIT */
#include "svg.h"

#include <math.h>
#include <stdint.h>

enum { MOST_TICKS = 16, LABEL_CHARS = 32, MOST_NAME = 60, MOST_TITLE = 90 };

void svg_begin(FILE *file, int width, int height)
{
    fprintf(file,
            "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' viewBox='0 0 %d %d' "
            "font-family='sans-serif' font-size='12'>\n<rect width='100%%' height='100%%' "
            "fill='#fff'/>\n",
            width, height, width, height);
}

void svg_end(FILE *file)
{
    fputs("</svg>\n", file);
}

double svg_place(const struct svg_axis *axis, double value)
{
    double first = axis->first, last = axis->last;
    if (axis->scale == SVG_LOGARITHMIC) {
        value = log10(value);
        first = log10(first);
        last = log10(last);
    }
    return axis->start + axis->length * (value - first) / (last - first);
}

int svg_shows(const struct svg_axis *axis, double value)
{
    return value >= fmin(axis->first, axis->last) && value <= fmax(axis->first, axis->last);
}

/* ---- ticks ------------------------------------------------------------------------------- */

struct ticks {
    size_t count;
    int whole, digits; /* how they are written */
    double value[MOST_TICKS];
};

static void add_tick(struct ticks *ticks, double value)
{
    if (ticks->count < MOST_TICKS)
        ticks->value[ticks->count++] = value;
}

/* A step of 1, 2 or 5 times a power of ten, about five to the range. */
static double tick_step(double range)
{
    double rough = range / 5;
    double power = pow(10, floor(log10(rough)));
    double digit = rough / power;
    return power * (digit < 1.5 ? 1 : digit < 3.5 ? 2 : digit < 7.5 ? 5 : 10);
}

static void find_linear(struct ticks *ticks, double low, double high)
{
    double step = tick_step(high - low);
    if (ticks->whole && step < 1)
        step = 1;
    for (double t = ceil(low / step); t * step <= high && ticks->count < MOST_TICKS; t++)
        add_tick(ticks, t * step + 0.0);
    /* Neighbours have to differ in what is written of them. */
    double digits = floor(log10(fmax(fabs(low), fabs(high)))) - floor(log10(step)) + 1;
    ticks->digits = digits > 6 ? (int)digits : 6;
}

/* Powers of ten, or some of them where there are many, or 2 and 5 times those too where there are
 * few. */
static void find_logarithmic(struct ticks *ticks, double low, double high)
{
    static const double digits[] = {1, 2, 5};
    double from = log10(low), to = log10(high);
    double step = to - from <= 7 ? 1 : ceil((to - from) / 6);
    int each = to - from < 3 ? 3 : 1;
    for (double t = floor(from / step); t * step <= to; t++)
        for (int i = 0; i < each; i++) {
            double value = digits[i] * pow(10, t * step);
            if (value >= low && value <= high)
                add_tick(ticks, value);
        }
    ticks->digits = 6;
}

static struct ticks find_ticks(const struct svg_axis *axis)
{
    struct ticks ticks = {.whole = axis->scale == SVG_WHOLE};
    (axis->scale == SVG_LOGARITHMIC ? find_logarithmic : find_linear)(
        &ticks, fmin(axis->first, axis->last), fmax(axis->first, axis->last));
    return ticks;
}

static void label(char text[LABEL_CHARS], const struct ticks *ticks, size_t i)
{
    if (ticks->whole)
        snprintf(text, LABEL_CHARS, "%.0f", ticks->value[i]);
    else
        snprintf(text, LABEL_CHARS, "%.*g", ticks->digits, ticks->value[i]);
}

/* ---- panels ------------------------------------------------------------------------------ */

static void draw_ticks(FILE *file, const struct svg_panel *panel, const struct ticks *x,
                       const struct ticks *y)
{
    char text[LABEL_CHARS];
    double left = panel->x.start, bottom = panel->y.start + panel->y.length;
    for (size_t i = 0; i < x->count; i++) {
        double at = svg_place(&panel->x, x->value[i]);
        label(text, x, i);
        fprintf(file,
                "<path d='M%.2f %g v5' stroke='#888'/>"
                "<text x='%.2f' y='%g' text-anchor='middle'>%s</text>\n",
                at, bottom, at, bottom + 19, text);
    }
    for (size_t i = 0; i < y->count; i++) {
        double at = svg_place(&panel->y, y->value[i]);
        label(text, y, i);
        fprintf(file,
                "<path d='M%g %.2f h-5' stroke='#888'/>"
                "<text x='%g' y='%.2f' text-anchor='end'>%s</text>\n",
                left, at, left - 8, at + 4, text);
    }
}

static void draw_grid(FILE *file, const struct svg_panel *panel, const struct ticks *x,
                      const struct ticks *y)
{
    fputs("<path fill='none' stroke='#e8e8e8' d='", file);
    for (size_t i = 0; i < x->count; i++)
        fprintf(file, "M%.2f %gv%g", svg_place(&panel->x, x->value[i]), panel->y.start,
                panel->y.length);
    for (size_t i = 0; i < y->count; i++)
        fprintf(file, "M%g %.2fh%g", panel->x.start, svg_place(&panel->y, y->value[i]),
                panel->x.length);
    fputs("'/>\n", file);
}

static void draw_names(FILE *file, const struct svg_panel *panel)
{
    double left = panel->x.start, top = panel->y.start;
    double middle = top + panel->y.length / 2, aside = left - panel->y_name_gap;
    if (panel->title) {
        fprintf(file, "<text x='%g' y='%g' font-size='15'>", left, top - 12);
        svg_text(file, panel->title, MOST_TITLE);
        fputs("</text>\n", file);
    }
    if (panel->x_name) {
        fprintf(file, "<text x='%g' y='%g' text-anchor='middle'>", left + panel->x.length / 2,
                top + panel->y.length + 36);
        svg_text(file, panel->x_name, MOST_NAME);
        fputs("</text>\n", file);
    }
    if (panel->y_name) {
        fprintf(file, "<text x='%g' y='%g' text-anchor='middle' transform='rotate(-90 %g %g)'>",
                aside, middle, aside, middle);
        svg_text(file, panel->y_name, MOST_NAME);
        fputs("</text>\n", file);
    }
}

void svg_draw_panel(FILE *file, const struct svg_panel *panel)
{
    struct ticks x = find_ticks(&panel->x), y = find_ticks(&panel->y);
    if (panel->grid)
        draw_grid(file, panel, &x, &y);
    fprintf(file, "<rect x='%g' y='%g' width='%g' height='%g' fill='none' stroke='#888'/>\n",
            panel->x.start, panel->y.start, panel->x.length, panel->y.length);
    draw_names(file, panel);
    draw_ticks(file, panel, &x, &y);
}

/* ---- text -------------------------------------------------------------------------------- */

/* How many bytes the character takes that text starts with; 0: that is none, or one that XML or a
 * line of text has no place for. */
static size_t character_bytes(const char *text)
{
    static const uint32_t least[] = {0x20, 0x80, 0x800, 0x10000}; /* else it is written too long */
    const unsigned char *byte = (const unsigned char *)text;
    size_t more = byte[0] < 0x80         ? 0
                  : byte[0] >> 5 == 0x06 ? 1
                  : byte[0] >> 4 == 0x0e ? 2
                  : byte[0] >> 3 == 0x1e ? 3
                                         : 4;
    if (more == 4)
        return 0;
    uint32_t code = more == 0 ? byte[0] : byte[0] & (0x3fu >> more);
    for (size_t i = 1; i <= more; i++) {
        if (byte[i] >> 6 != 2) /* a NUL too */
            return 0;
        code = code << 6 | (byte[i] & 0x3f);
    }
    int control = code >= 0x7f && code < 0xa0;
    int surrogate = code >= 0xd800 && code < 0xe000;
    int no_character = (code & 0xfffe) == 0xfffe || code > 0x10ffff;
    return code < least[more] || control || surrogate || no_character ? 0 : more + 1;
}

static const char *escape_of(char c)
{
    switch (c) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '\'':
        return "&#39;";
    case '"':
        return "&quot;";
    case '\t':
    case '\n':
    case '\r':
        return " ";
    default:
        return NULL;
    }
}

void svg_text(FILE *file, const char *text, size_t most)
{
    for (size_t shown = 0; *text; shown++) {
        if (shown == most) {
            fputs("\xe2\x80\xa6", file); /* an ellipsis */
            return;
        }
        const char *escape = escape_of(*text);
        size_t bytes = character_bytes(text);
        if (escape)
            fputs(escape, file);
        else if (bytes == 0)
            fputs("\xef\xbf\xbd", file); /* U+FFFD */
        else
            fwrite(text, 1, bytes, file);
        text += bytes ? bytes : 1;
    }
}
