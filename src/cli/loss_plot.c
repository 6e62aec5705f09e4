/* SPDX-License-Identifier: MIT */
/* The picture of a training run. */
#include "loss_plot.h"

#include "svg.h"

#include <inttypes.h>
#include <math.h>

enum {
    WIDTH = 960,
    LEFT = 96,
    ACROSS = 814,
    TOP = 92,
    LOSS_HEIGHT = 380,
    GAP = 36, /* between the panels */
    RATE_HEIGHT = 96,
    BELOW = 54,  /* for the name of the axis */
    REMARK = 24, /* and for a remark, where there is one */
    NAME_GAP = 80,
    MOST_CHARS = 80, /* of the title */
    STRETCHES = 499, /* two points of each are drawn, and both ends of the curve: 1000 */
    FEW = 40         /* points that get dots, to be told apart */
};

/* Where axes end: what lies beyond is drawn at the edge. Differences and products stay finite. */
#define LARGEST 1e300
#define SMALLEST 1e-300

struct curve {
    const char *label, *colour;
    size_t offset; /* of the number in a point */
    size_t count;  /* of finite numbers, which alone are drawn */
    double low, high, last;
    uint64_t last_epoch;
};

static double value_of(const struct curve *curve, const struct loss_point *point)
{
    return *(const double *)(const void *)((const char *)point + curve->offset);
}

static struct curve curve_of(const struct history *history, const char *label, const char *colour,
                             size_t offset)
{
    struct curve curve = {.label = label, .colour = colour, .offset = offset};
    for (size_t i = 0; i < history->count; i++) {
        double value = value_of(&curve, &history->points[i]);
        if (!isfinite(value))
            continue;
        curve.low = curve.count == 0 ? value : fmin(curve.low, value);
        curve.high = curve.count == 0 ? value : fmax(curve.high, value);
        curve.last = value;
        curve.last_epoch = history->points[i].epoch;
        curve.count++;
    }
    return curve;
}

/* ---- axes -------------------------------------------------------------------------------- */

static double within(double value, double low, double high)
{
    return fmax(low, fmin(value, high));
}

/* Upwards, with some air above and below. Logarithmic on request, and if that is of use. */
static struct svg_axis value_axis(double low, double high, double top, double height,
                                  enum svg_scale scale)
{
    if (scale == SVG_LOGARITHMIC && low > 0 && low < high / 20) {
        low = fmax(low, SMALLEST);
        high = within(high, low * 20, LARGEST);
        double air = pow(high, 0.04) / pow(low, 0.04);
        return (struct svg_axis){fmin(high * air, LARGEST), fmax(low / air, SMALLEST), top, height,
                                 SVG_LOGARITHMIC};
    }
    int from_zero = low >= 0 && low <= high / 3;
    low = within(low, -LARGEST, LARGEST);
    high = within(high, -LARGEST, LARGEST);
    /* Wide enough for labels of a few digits to differ. */
    double size = fmax(fabs(low), fabs(high)), least = fmax(size * 2e-5, SMALLEST);
    double air = high == low ? (size > 0 ? size / 10 : 0.5) : (high - low) / 20;
    air = fmax(air, least / 2);
    return (struct svg_axis){fmin(high + air, LARGEST), from_zero ? 0 : fmax(low - air, -LARGEST),
                             top, height, SVG_LINEAR};
}

static struct svg_axis epoch_axis(const struct history *history)
{
    double first = 0, last = 1;
    if (history->count > 0) {
        first = (double)history->points[0].epoch;
        last = (double)history->points[history->count - 1].epoch;
        /* A round start where it costs no room; and counts beyond 2^53 are no longer exact. */
        if (first <= last / 20)
            first = 0;
        double least = fmax(1, last * 1e-9);
        if (last - first < least) {
            first = fmax(0, first - least);
            last += least;
        }
    }
    return (struct svg_axis){first, last, LEFT, ACROSS, SVG_WHOLE};
}

/* ---- curves ------------------------------------------------------------------------------ */

/* Points that lie too close to be told apart: the least and the greatest stand for all. */
struct stretch {
    const struct loss_point *low, *high; /* NULL: it is empty */
};

struct pen {
    FILE *file;
    const struct svg_panel *panel;
    const struct curve *curve;
    int dots;
    char command;
};

static void draw_point(struct pen *pen, const struct loss_point *point)
{
    const struct svg_axis *y = &pen->panel->y;
    double value = within(value_of(pen->curve, point), y->last, y->first);
    fprintf(pen->file, "%c%.2f %.2f%s", pen->command,
            svg_place(&pen->panel->x, (double)point->epoch), svg_place(y, value),
            pen->dots ? "h0" : "");
    pen->command = pen->dots ? 'M' : 'L';
}

static void draw_stretch(struct pen *pen, struct stretch *stretch)
{
    const struct loss_point *a = stretch->low, *b = stretch->high;
    if (a)
        draw_point(pen, a < b ? a : b);
    if (a != b)
        draw_point(pen, a < b ? b : a);
    *stretch = (struct stretch){NULL, NULL};
}

/* All but the first and the last point are shared out among the stretches. */
static void draw_points(struct pen *pen, const struct history *history)
{
    const struct curve *curve = pen->curve;
    struct stretch stretch = {NULL, NULL};
    size_t drawn = 0, at = 0, inner = curve->count > 2 ? curve->count - 2 : 1;
    size_t stretches = inner <= STRETCHES * 2 ? inner : STRETCHES;
    for (size_t i = 0; i < history->count; i++) {
        const struct loss_point *point = &history->points[i];
        double value = value_of(curve, point);
        if (!isfinite(value))
            continue;
        size_t k = drawn++;
        if (k == 0 || k == curve->count - 1) {
            draw_stretch(pen, &stretch);
            draw_point(pen, point);
            continue;
        }
        if ((k - 1) * stretches / inner != at) {
            draw_stretch(pen, &stretch);
            at = (k - 1) * stretches / inner;
        }
        if (!stretch.low || value < value_of(curve, stretch.low))
            stretch.low = point;
        if (!stretch.high || value > value_of(curve, stretch.high))
            stretch.high = point;
    }
}

static void draw_curve(FILE *file, const struct svg_panel *panel, const struct history *history,
                       const struct curve *curve)
{
    for (int dots = 0; dots <= (curve->count <= FEW); dots++) {
        if (curve->count == 0)
            break;
        struct pen pen = {file, panel, curve, dots, 'M'};
        fprintf(file,
                "<path fill='none' stroke='%s' stroke-width='%s' stroke-linejoin='round' "
                "stroke-linecap='round' d='",
                curve->colour, dots ? "5" : "1.6");
        draw_points(&pen, history);
        fputs("'/>\n", file);
    }
}

/* ---- what is written --------------------------------------------------------------------- */

static void draw_legend(FILE *file, const struct curve *curves, int count)
{
    for (int i = 0; i < count; i++) {
        double x = LEFT + 420.0 * i, y = TOP - 18;
        fprintf(file,
                "<path d='M%g %gh22' stroke='%s' stroke-width='3' stroke-linecap='round'/>"
                "<text x='%g' y='%g'>%s",
                x, y - 4, curves[i].colour, x + 30, y, curves[i].label);
        if (curves[i].count > 0)
            fprintf(file, ": %.4g at epoch %" PRIu64 "</text>\n", curves[i].last,
                    curves[i].last_epoch);
        else
            fputs(": none is finite</text>\n", file);
    }
}

static void draw_remark(FILE *file, const struct history *history, size_t left_out, int y)
{
    fprintf(file, "<text x='%d' y='%d' fill='#555'>", LEFT, y);
    if (history->stride > 1)
        fprintf(file, "One epoch in %" PRIu64 " is drawn. ", history->stride);
    if (left_out > 0)
        fprintf(file, "Left out: %zu of %zu points, whose training loss is not finite.", left_out,
                history->count);
    fputs("</text>\n", file);
}

static struct svg_panel loss_panel(const struct history *history, const struct curve *curves,
                                   int count, const char *loss_name)
{
    const struct curve *a = &curves[0], *b = &curves[count - 1];
    a = a->count > 0 ? a : b;
    b = b->count > 0 ? b : a;
    return (struct svg_panel){.x = epoch_axis(history),
                              .y = value_axis(fmin(a->low, b->low), fmax(a->high, b->high), TOP,
                                              LOSS_HEIGHT, SVG_LOGARITHMIC),
                              .y_name = loss_name,
                              .y_name_gap = NAME_GAP,
                              .grid = 1};
}

void loss_plot(FILE *file, const struct history *history, const char *title, const char *loss_name)
{
    const struct curve curves[] = {
        curve_of(history, "training loss, mean of each epoch", SVG_BLUE,
                 offsetof(struct loss_point, loss)),
        curve_of(history, "validation loss", SVG_RED, offsetof(struct loss_point, validation_loss)),
    };
    const struct curve rate =
        curve_of(history, "learning rate", SVG_ORANGE, offsetof(struct loss_point, lr));
    int count = history->has_validation ? 2 : 1, has_rate = rate.low < rate.high;
    int bottom = TOP + LOSS_HEIGHT + (has_rate ? GAP + RATE_HEIGHT : 0);
    struct svg_panel panel = loss_panel(history, curves, count, loss_name);
    size_t left_out = history->count - curves[0].count;
    int has_remark = history->stride > 1 || left_out > 0;
    panel.x_name = has_rate ? NULL : "epoch";

    svg_begin(file, WIDTH, bottom + BELOW + (has_remark ? REMARK : 0));
    fprintf(file, "<text x='%d' y='36' font-size='17'>", LEFT);
    svg_text(file, title, MOST_CHARS);
    fputs("</text>\n", file);
    draw_legend(file, curves, count);
    svg_draw_panel(file, &panel);
    /* The training loss on top: the validation loss often moves less. */
    for (int i = count - 1; i >= 0; i--)
        draw_curve(file, &panel, history, &curves[i]);
    if (has_rate) {
        panel.y = value_axis(rate.low, rate.high, bottom - RATE_HEIGHT, RATE_HEIGHT, SVG_LINEAR);
        panel.x_name = "epoch";
        panel.y_name = rate.label;
        svg_draw_panel(file, &panel);
        draw_curve(file, &panel, history, &rate);
    }
    if (has_remark)
        draw_remark(file, history, left_out, bottom + BELOW + REMARK / 2);
    svg_end(file);
}
