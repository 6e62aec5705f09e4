/* SPDX-License-Identifier: MIT */
/* What pictures share: panels with their axes, text that comes from strangers, colours. */
#ifndef LANEFIT_SRC_CLI_SVG_H
#define LANEFIT_SRC_CLI_SVG_H

#include <stddef.h>
#include <stdio.h>

/* Colours that most colour-blind readers can tell apart (Okabe and Ito, 2008). */
#define SVG_BLUE "#0072b2"
#define SVG_RED "#cc3311"
#define SVG_SKY "#56b4e9"
#define SVG_ORANGE "#e69f00"
#define SVG_BLACK "#000000"

enum svg_scale {
    SVG_LINEAR,
    SVG_WHOLE, /* linear, for counts: ticks are whole numbers */
    SVG_LOGARITHMIC
};

/* The values `first` to `last` on `length` pixels from `start` on: the top of a vertical axis has
 * its highest value first. Finite and different, positive where logarithmic, and within 1e300. */
struct svg_axis {
    double first, last;
    double start, length;
    enum svg_scale scale;
};

/* A rectangle of the picture. Names are plain text; NULL: none. */
struct svg_panel {
    struct svg_axis x, y;
    const char *title, *x_name, *y_name;
    double y_name_gap; /* pixels between the left edge and the name of the y axis */
    int grid;          /* whether faint lines lead from the ticks through the panel */
};

void svg_begin(FILE *file, int width, int height);
void svg_end(FILE *file);

/* Where a value stands, in pixels. */
double svg_place(const struct svg_axis *axis, double value);

/* Whether an axis shows the value. */
int svg_shows(const struct svg_axis *axis, double value);

/* The frame, the ticks and the names. */
void svg_draw_panel(FILE *file, const struct svg_panel *panel);

/* Writes any bytes up to a NUL as text that is well-formed in content and attributes alike: markup
 * is escaped, white space is a blank, and what is not UTF-8 or no character of XML is U+FFFD. Of
 * more than `most` characters the first are written, and an ellipsis. */
void svg_text(FILE *file, const char *text, size_t most);

#endif
