/* SPDX-License-Identifier: MIT */
/* Random graphs of operations with shared nodes, and their values and derivatives by forward
 * differentiation (dual.h). */
#ifndef LANEFIT_TESTS_GRAPH_H
#define LANEFIT_TESTS_GRAPH_H

#include "bits.h"
#include "dual.h"

#include <lanefit/lanefit.h>

enum { MOST_NODES = 28, LEAVES = 4, MOST_SIDE = 6, MOST_CELLS = MOST_SIDE * MOST_SIDE };

enum code {
    ADD,
    SUB,
    MUL,
    MATMUL,
    LINEAR,
    SCALE,
    NEGATE,
    SQUARE,
    POWER,
    ACTIVATE,
    POLYNOMIAL,
    SUM,
    MEAN,
    DETACH,
    LOSS,
    LINEAR_LOSS,
    CODES
};

extern const char *const code_names[CODES];

/* A leaf, or an operation on nodes before it. */
struct node {
    int is_leaf;
    enum code code;
    size_t a, b, c, target; /* operands; of a layer b is the weight, c the bias */
    double constant;
    int kind;
    enum lf_reduction reduction;
    int weighted;
    size_t rows, cols;
    int takes_gradient; /* it depends on a leaf by more than its value */
};

struct graph {
    struct node node[MOST_NODES];
    size_t count;
    float start[LEAVES][MOST_CELLS];
};

/* The numbers of the graph that was computed last. */
extern struct dual cell[MOST_NODES][MOST_CELLS];

/* Computes all nodes, along the direction of element `along` of a node, leaf or not; along none
 * where there is no such node. */
void graph_compute(const struct graph *g, size_t node, size_t along);

/* Begins a graph with its leaves, of at most `side` rows and columns: an input, the weight and bias
 * of a layer, a parameter. */
void graph_plant(struct graph *g, struct test_rng *rng, size_t side);

/* Adds an operation of this kind on nodes at random, if it fits and is smooth there. Returns
 * whether it did. */
int graph_grow(struct graph *g, struct test_rng *rng, enum code code);

/* Adds a sum or mean unless the last node is one number. */
void graph_close(struct graph *g, struct test_rng *rng);

/* Multiplies the last node, one number, by the sum of a leaf: so it is no constant. */
void graph_multiply_by_leaf(struct graph *g);

#endif
