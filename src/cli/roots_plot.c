/* SPDX-License-Identifier: MIT */
/* The picture of `reproduce roots`: where the runs started, and where they are. */
#include "cli.h"
#include "svg.h"

#include <math.h>

enum { WIDTH = 960, HEIGHT = 560, SIDE = 380, TOP = 70, MOST_POINTS = 20000 };

/* The ranges of weight and bias that a square part of the picture shows. */
struct panel {
    struct svg_panel frame; /* weight across, bias up */
    int at_end;             /* shows where the runs ended, not where they started */
};

static const struct style {
    const char *colour, *label;
} styles[FATES] = {
    [AT_NEAR] = {SVG_BLUE, "at the near root"},
    [AT_FAR] = {SVG_RED, "at the far root"},
    [RIGHT_OF_GAP] = {SVG_SKY, "under way, weight &#8805; &#8722;1"},
    [LEFT_OF_GAP] = {SVG_ORANGE, "under way, weight &lt; &#8722;1"},
    [DIVERGED] = {SVG_BLACK, "diverged"},
};

static double x_of(const struct panel *panel, double weight)
{
    return svg_place(&panel->frame.x, weight);
}

static double y_of(const struct panel *panel, double bias)
{
    return svg_place(&panel->frame.y, bias);
}

static int inside(const struct panel *panel, double weight, double bias)
{
    return svg_shows(&panel->frame.x, weight) && svg_shows(&panel->frame.y, bias);
}

static struct panel panel_of(double left, int at_end, const double weight[2], const double bias[2])
{
    return (struct panel){
        .frame = {.x = {.first = weight[0], .last = weight[1], .start = left, .length = SIDE},
                  .y = {.first = bias[1], .last = bias[0], .start = TOP, .length = SIDE},
                  .title = at_end ? "Where they are now" : "Where the runs started, by their fate",
                  .x_name = "weight",
                  .y_name = "bias",
                  .y_name_gap = 38},
        .at_end = at_end};
}

/* All runs of one fate: dots are lines of no length with round ends, far shorter than circles. */
static void draw_runs(FILE *file, const struct panel *panel, const struct settings *s,
                      const struct roots *roots, const struct lf_line_fate *runs, size_t stride,
                      enum fate fate)
{
    fprintf(file, "<path fill='none' stroke='%s' stroke-width='3.4' stroke-linecap='round' d='",
            styles[fate].colour);
    for (size_t i = 0; i < s->seed_count; i += stride) {
        double weight = panel->at_end ? runs[i].weight : runs[i].start_weight;
        double bias = panel->at_end ? runs[i].bias : runs[i].start_bias;
        if (fate_of(roots, &runs[i]) == fate && inside(panel, weight, bias))
            fprintf(file, "M%.1f %.1fh0", x_of(panel, weight), y_of(panel, bias));
    }
    fputs("'/>\n", file);
}

/* For each weight the bias with the least expected loss: the floor of the two valleys. With
 * p = w^2 - W and q = b (w + 1) - B the loss is E (p x + q)^2, least at q = -p / 2. */
static void draw_valleys(FILE *file, const struct panel *panel, const struct settings *s)
{
    const struct svg_axis *weight = &panel->frame.x;
    int drawing = 0;
    fputs("<path fill='none' stroke='#999' stroke-dasharray='4 3' d='", file);
    for (int i = 0; i <= 2 * SIDE; i++) {
        double w = weight->first + i * (weight->last - weight->first) / (2 * SIDE);
        double p = w * w - s->line.true_weight;
        double b = (s->line.true_bias - p / 2) / (w + 1);
        int visible = inside(panel, w, b);
        if (visible)
            fprintf(file, "%c%.2f %.2f", drawing ? 'L' : 'M', x_of(panel, w), y_of(panel, b));
        drawing = visible;
    }
    fputs("'/>\n", file);
}

static void draw_roots(FILE *file, const struct panel *panel, const struct roots *roots)
{
    for (int i = 0; i < roots->count; i++)
        if (inside(panel, roots->weight[i], roots->bias[i]))
            fprintf(file,
                    "<circle cx='%.2f' cy='%.2f' r='7' fill='none' stroke='#000'/>"
                    "<text x='%.2f' y='%.2f' text-anchor='%s'>%s root</text>\n",
                    x_of(panel, roots->weight[i]), y_of(panel, roots->bias[i]),
                    x_of(panel, roots->weight[i]) + (i == 0 ? -11 : 11),
                    y_of(panel, roots->bias[i]) + (i == 0 ? 12 : 4), i == 0 ? "end" : "start",
                    i == 0 ? "near" : "far");
}

static void draw_legend(FILE *file, const struct settings *s, const size_t count[FATES],
                        size_t stride)
{
    double x = 70;
    for (int i = 0; i < FATES; i++) {
        if (count[i] == 0)
            continue;
        fprintf(file,
                "<circle cx='%g' cy='%d' r='5' fill='%s'/><text x='%g' y='%d' font-size='11'>%s: "
                "%zu</text>\n",
                x, HEIGHT - 48, styles[i].colour, x + 10, HEIGHT - 44, styles[i].label, count[i]);
        x += 178;
    }
    fprintf(file,
            "<text x='65' y='%d' fill='#555'>Dashed: the bias of least loss for each weight. "
            "Its valleys part at weight &#8722;1.",
            HEIGHT - 18);
    if (stride > 1)
        fprintf(file, " One run in %zu is drawn.", stride);
    fprintf(file,
            "</text>\n<text x='65' y='30' font-size='17'>y = %g x + %g from a layer applied twice: "
            "%zu seeds, %zu steps, rate %g</text>\n",
            s->line.true_weight, s->line.true_bias, (size_t)s->seed_count, s->iterations,
            s->line.lr);
}

/* Widens a range so that it holds x, with a margin, unless x is far out. */
static void include(double range[2], double x)
{
    if (!(fabs(x) < 20))
        return;
    if (x - 0.3 < range[0])
        range[0] = x - 0.3;
    if (x + 0.3 > range[1])
        range[1] = x + 0.3;
}

void roots_plot(FILE *file, const struct settings *s, const struct roots *roots,
                const struct lf_line_fate *runs, const size_t count[FATES])
{
    size_t stride = (size_t)s->seed_count / MOST_POINTS + 1;
    double weight[2] = {-1.5, 1.5}, bias[2] = {-1, 1}; /* at the end */
    for (int i = 0; i < roots->count; i++) {
        include(weight, roots->weight[i]);
        include(bias, roots->bias[i]);
    }
    for (size_t i = 0; i < s->seed_count; i += stride) {
        include(weight, runs[i].weight);
        include(bias, runs[i].bias);
    }
    const double unit[2] = {-1, 1};
    struct panel start = panel_of(70, 0, unit, unit), end = panel_of(540, 1, weight, bias);
    svg_begin(file, WIDTH, HEIGHT);
    svg_draw_panel(file, &start.frame);
    svg_draw_panel(file, &end.frame);
    draw_valleys(file, &end, s);
    for (int fate = 0; fate < FATES; fate++) {
        draw_runs(file, &start, s, roots, runs, stride, (enum fate)fate);
        draw_runs(file, &end, s, roots, runs, stride, (enum fate)fate);
    }
    draw_roots(file, &end, roots);
    draw_legend(file, s, count, stride);
    svg_end(file);
}
