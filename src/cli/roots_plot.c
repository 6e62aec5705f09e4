/* SPDX-License-Identifier: MIT */
/* The picture of `reproduce roots`: where the runs started, and where they are. */
#include "cli.h"

#include <math.h>

enum { WIDTH = 960, HEIGHT = 560, SIDE = 380, TOP = 70, MOST_POINTS = 20000 };

/* A square part of the picture, and the ranges of weight and bias that it shows. */
struct panel {
    double left;
    int at_end; /* shows where the runs ended, not where they started */
    double weight[2], bias[2];
};

/* Colours that most colour-blind readers can tell apart (Okabe and Ito, 2008). */
static const struct style {
    const char *colour, *label;
} styles[FATES] = {
    [AT_NEAR] = {"#0072b2", "at the near root"},
    [AT_FAR] = {"#cc3311", "at the far root"},
    [RIGHT_OF_GAP] = {"#56b4e9", "under way, weight &#8805; &#8722;1"},
    [LEFT_OF_GAP] = {"#e69f00", "under way, weight &lt; &#8722;1"},
    [DIVERGED] = {"#000000", "diverged"},
};

static double x_of(const struct panel *panel, double weight)
{
    return panel->left + SIDE * (weight - panel->weight[0]) / (panel->weight[1] - panel->weight[0]);
}

static double y_of(const struct panel *panel, double bias)
{
    return TOP + SIDE * (panel->bias[1] - bias) / (panel->bias[1] - panel->bias[0]);
}

static int inside(const struct panel *panel, double weight, double bias)
{
    return weight >= panel->weight[0] && weight <= panel->weight[1] && bias >= panel->bias[0] &&
           bias <= panel->bias[1];
}

/* A step of 1, 2 or 5 times a power of ten, about five to the range. */
static double tick_step(const double range[2])
{
    double rough = (range[1] - range[0]) / 5;
    double power = pow(10, floor(log10(rough)));
    double digit = rough / power;
    return power * (digit < 1.5 ? 1 : digit < 3.5 ? 2 : digit < 7.5 ? 5 : 10);
}

static void draw_axes(FILE *file, const struct panel *panel, const char *title)
{
    fprintf(file,
            "<rect x='%g' y='%d' width='%d' height='%d' fill='none' stroke='#888'/>\n"
            "<text x='%g' y='%d' font-size='15'>%s</text>\n"
            "<text x='%g' y='%d' text-anchor='middle'>weight</text>\n"
            "<text x='%g' y='%d' text-anchor='middle' transform='rotate(-90 %g %d)'>bias</text>\n",
            panel->left, TOP, SIDE, SIDE, panel->left, TOP - 12, title, panel->left + SIDE / 2,
            TOP + SIDE + 36, panel->left - 38, TOP + SIDE / 2, panel->left - 38, TOP + SIDE / 2);
    double step = tick_step(panel->weight);
    for (double t = ceil(panel->weight[0] / step); t * step <= panel->weight[1]; t++)
        fprintf(file,
                "<path d='M%.2f %d v5' stroke='#888'/>"
                "<text x='%.2f' y='%d' text-anchor='middle'>%g</text>\n",
                x_of(panel, t * step), TOP + SIDE, x_of(panel, t * step), TOP + SIDE + 19,
                t * step + 0.0);
    step = tick_step(panel->bias);
    for (double t = ceil(panel->bias[0] / step); t * step <= panel->bias[1]; t++)
        fprintf(file,
                "<path d='M%g %.2f h-5' stroke='#888'/>"
                "<text x='%g' y='%.2f' text-anchor='end'>%g</text>\n",
                panel->left, y_of(panel, t * step), panel->left - 8, y_of(panel, t * step) + 4,
                t * step + 0.0);
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
    int drawing = 0;
    fputs("<path fill='none' stroke='#999' stroke-dasharray='4 3' d='", file);
    for (int i = 0; i <= 2 * SIDE; i++) {
        double w = panel->weight[0] + i * (panel->weight[1] - panel->weight[0]) / (2 * SIDE);
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
    struct panel start = {70, 0, {-1, 1}, {-1, 1}}, end = {540, 1, {-1.5, 1.5}, {-1, 1}};
    for (int i = 0; i < roots->count; i++) {
        include(end.weight, roots->weight[i]);
        include(end.bias, roots->bias[i]);
    }
    for (size_t i = 0; i < s->seed_count; i += stride) {
        include(end.weight, runs[i].weight);
        include(end.bias, runs[i].bias);
    }
    fprintf(file,
            "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' viewBox='0 0 %d %d' "
            "font-family='sans-serif' font-size='12'>\n<rect width='100%%' height='100%%' "
            "fill='#fff'/>\n",
            WIDTH, HEIGHT, WIDTH, HEIGHT);
    draw_axes(file, &start, "Where the runs started, by their fate");
    draw_axes(file, &end, "Where they are now");
    draw_valleys(file, &end, s);
    for (int fate = 0; fate < FATES; fate++) {
        draw_runs(file, &start, s, roots, runs, stride, (enum fate)fate);
        draw_runs(file, &end, s, roots, runs, stride, (enum fate)fate);
    }
    draw_roots(file, &end, roots);
    draw_legend(file, s, count, stride);
    fputs("</svg>\n", file);
}
