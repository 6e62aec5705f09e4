/* SPDX-License-Identifier: MIT */
/* Fleets of regressions that are made at random, read again by what fleet.h says of strides, and
 * what they give. Of the library this needs lf_lsq_fit alone. */
#ifndef LANEFIT_TESTS_FLEETS_H
#define LANEFIT_TESTS_FLEETS_H

#include "support.h"

#include <lanefit/fleet.h>

/* Which axes lie beside each other, the slowest first. */
enum fleet_layout {
    LAYOUT_ROWS,      /* row, column, problem: rows side by side */
    LAYOUT_PROBLEMS,  /* problem, row, column */
    LAYOUT_IMAGES,    /* row, column, height, width: cut out of larger images */
    LAYOUT_LINES,     /* height, row, column, width */
    LAYOUT_COLUMNS,   /* column, problem, row, with gaps */
    LAYOUT_BACKWARDS, /* row, problem, column, with gaps, rows and problems in reverse */
    LAYOUTS
};

enum fleet_sharing { FLEET_NONE, FLEET_OWN, FLEET_SHARED };
enum fleet_missing { MISSING_Y = 1, MISSING_X = 2, MISSING_WEIGHT = 4, MISSING_BITS = 8 };
enum fleet_ridge { RIDGE_NONE, RIDGE_FOR_ALL, RIDGE_EACH };

struct fleet_spec {
    enum lf_dtype dtype;
    size_t problems, rows, in, common_in; /* rows: at most, where it is ragged */
    enum fleet_layout layout;
    int shares_x, shares_y, ragged, no_intercept;
    enum fleet_sharing weights;
    unsigned missing; /* of enum fleet_missing, or */
    enum fleet_ridge ridge;
    int hard; /* columns far from zero, in any units, nearly collinear */
};

/* One array in memory of its own: `bytes` from the first of its elements to behind the last. */
struct fleet_operand {
    void *memory;
    char *begin;
    size_t bytes;
    ptrdiff_t origin; /* where data points to, in elements from begin */
};

struct test_fleet {
    struct lf_fleet fleet;
    struct fleet_operand x, common, y, weight, valid;
    size_t *offsets;
    double *ridges;
};

/* What fits a name of a form: 0 shared x, 1 own x, 2 one y against own columns, 3 own x with common
 * columns, 4 ragged. */
enum { FLEET_FORMS = 5 };
struct fleet_spec fleet_form(size_t form, enum lf_dtype dtype);
struct fleet_spec fleet_draw_spec(struct test_rng *rng);
struct test_fleet fleet_draw(const struct fleet_spec *spec, struct test_rng *rng);
void fleet_free(struct test_fleet *f);

/* ---- By the formulas of the header -------------------------------------------------------- */

/* Of problem q, row i of its own. Of `common` q does not matter. */
double fleet_get(const struct lf_fleet *f, const struct lf_fleet_array *a, size_t i, size_t j,
                 size_t q);
void fleet_put(const struct lf_fleet *f, const struct lf_fleet_array *a, size_t i, size_t j,
               size_t q, double value);
size_t fleet_rows(const struct lf_fleet *f, size_t q);
double fleet_weight(const struct lf_fleet *f, size_t i, size_t q); /* 1 where there are none */
double fleet_column(const struct lf_fleet *f, size_t i, size_t j, size_t q); /* common ones first */
int fleet_is_missing(const struct lf_fleet *f, size_t i, size_t q);
double fleet_ridge(const struct lf_fleet *f, size_t q);

/* Problem q alone, where it lies, and as a copy that is dense. */
struct lf_fleet fleet_in_place(const struct lf_fleet *f, size_t first, size_t problems);
struct test_fleet fleet_copy(const struct lf_fleet *f, size_t q);

/* ---- What comes out ----------------------------------------------------------------------- */

struct fleet_outputs {
    size_t problems, params;
    struct lf_fleet_result result;
    unsigned char *memory;
    size_t bytes;
};

enum { FLEET_UNTOUCHED = 0xa5 };

/* All outputs, filled with FLEET_UNTOUCHED; planar: parameter by parameter, with a gap. */
struct fleet_outputs fleet_outputs(size_t problems, size_t params, int planar);
void fleet_outputs_free(struct fleet_outputs *o);

/* Fits with `kernels` into new, dense outputs. */
struct fleet_outputs fleet_fit(const struct lf_fleet *f, const struct lf_kernels *kernels);

/* NULL, or the name of an output of problem p of a and q of b that is not the same bits. Outputs
 * that one of them lacks are passed over. */
const char *fleet_difference(const struct fleet_outputs *a, size_t p, const struct fleet_outputs *b,
                             size_t q);

/* The same by lf_lsq_fit, into problem 0 of outputs: the rows that are not missing, or, in_place,
 * all with a NaN for those that are. */
struct fleet_outputs fleet_single(const struct lf_fleet *f, size_t q, int in_place);

#endif
