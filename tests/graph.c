/* SPDX-License-Identifier: MIT */
#include "graph.h"

#include <math.h>

const char *const code_names[CODES] = {
    "add",   "sub",      "mul",        "matmul", "linear", "scale",  "negate", "square",
    "power", "activate", "polynomial", "sum",    "mean",   "detach", "loss",   "linear_loss"};

struct dual cell[MOST_NODES][MOST_CELLS];

/* ---- The oracle ---------------------------------------------------------------------------- */

static const struct dual *at(const struct graph *g, size_t node, size_t r, size_t c)
{
    const struct node *n = &g->node[node];
    return &cell[node][(n->rows == 1 ? 0 : r) * n->cols + (n->cols == 1 ? 0 : c)];
}

/* The value and its error as a constant. */
static struct dual detached(struct dual x)
{
    return (struct dual){.value = x.value, .value_error = x.value_error};
}

/* Element (r,c) of x W^T + b. */
static struct dual affine_cell(const struct graph *g, const struct node *n, size_t r, size_t c)
{
    struct dual sum = dual_constant(0);
    for (size_t k = 0; k < g->node[n->a].cols; k++)
        sum = dual_add(sum, dual_mul(*at(g, n->a, r, k), *at(g, n->b, c, k)));
    return dual_add(sum, *at(g, n->c, 0, c));
}

/* The loss of a prediction and the target; row r weighs (r + 1) / 4 where rows are weighted. */
static struct dual whole_loss(const struct graph *g, const struct node *n, size_t target,
                              long double *margin)
{
    struct dual sum = dual_constant(0);
    long double weights = 0;
    const size_t rows = g->node[target].rows, cols = g->node[target].cols;
    for (size_t r = 0; r < rows; r++) {
        long double w = n->weighted ? (long double)(r + 1) / 4 : 1;
        weights += w;
        for (size_t c = 0; c < cols; c++) {
            struct dual p = n->code == LOSS ? *at(g, n->a, r, c) : affine_cell(g, n, r, c);
            struct dual t = *at(g, target, r, c);
            if (n->code == LINEAR_LOSS)
                t = detached(t);
            long double m = dual_loss_margin((enum lf_loss_kind)n->kind, n->constant, p, t);
            *margin = m < *margin ? m : *margin;
            struct dual term = dual_loss((enum lf_loss_kind)n->kind, n->constant, p, t);
            sum = dual_add(sum, dual_mul(dual_constant(w), term));
        }
    }
    if (n->reduction == LF_SUM)
        return sum;
    return dual_mul(dual_constant(1 / (weights * (long double)cols)), sum);
}

/* An operation whose elements do not depend on each other. */
static struct dual elementwise(const struct graph *g, const struct node *n, size_t r, size_t c,
                               long double *margin)
{
    struct dual a = *at(g, n->a, r, c), b = *at(g, n->b, r, c);
    long double m = INFINITY;
    switch (n->code) {
    case ADD:
        return dual_add(a, b);
    case SUB:
        return dual_sub(a, b);
    case MUL:
        return dual_mul(a, b);
    case SCALE:
        return dual_mul(dual_constant(n->constant), a);
    case NEGATE:
        return dual_mul(dual_constant(-1), a);
    case SQUARE:
        return dual_mul(a, a);
    case POWER:
        *margin = a.value < *margin ? a.value : *margin;
        return dual_power(a, n->constant);
    case ACTIVATE:
        m = dual_margin((enum lf_activation)n->kind, a);
        *margin = m < *margin ? m : *margin;
        return dual_activation((enum lf_activation)n->kind, a);
    default:
        return detached(a); /* DETACH */
    }
}

/* Computes node i from those before it. Returns how far it is from a place where its derivative
 * jumps; 0 where a value is too large to go on with. */
static long double compute(const struct graph *g, size_t i)
{
    const struct node *n = &g->node[i];
    long double margin = INFINITY;
    for (size_t r = 0; r < n->rows; r++)
        for (size_t c = 0; c < n->cols; c++) {
            struct dual *y = &cell[i][r * n->cols + c];
            *y = dual_constant(0);
            const struct node *a = &g->node[n->a];
            if (n->code == MATMUL)
                for (size_t k = 0; k < a->cols; k++)
                    *y = dual_add(*y, dual_mul(*at(g, n->a, r, k), *at(g, n->b, k, c)));
            else if (n->code == LINEAR)
                *y = affine_cell(g, n, r, c);
            else if (n->code == POLYNOMIAL) {
                *y = *at(g, n->a, r, 0);
                for (size_t k = 0; k < c; k++)
                    *y = dual_mul(*y, *at(g, n->a, r, 0));
            } else if (n->code == SUM || n->code == MEAN) {
                for (size_t k = 0; k < a->rows * a->cols; k++)
                    *y = dual_add(*y, cell[n->a][k]);
                if (n->code == MEAN)
                    *y = dual_mul(dual_constant(1 / (long double)(a->rows * a->cols)), *y);
            } else if (n->code == LOSS || n->code == LINEAR_LOSS)
                *y = whole_loss(g, n, n->target, &margin);
            else
                *y = elementwise(g, n, r, c, &margin);
            if (!(fabsl(y->value) < 50))
                return 0;
        }
    return margin;
}

void graph_compute(const struct graph *g, size_t node, size_t along)
{
    for (size_t i = 0; i < g->count; i++) {
        const size_t cells = g->node[i].rows * g->node[i].cols;
        if (!g->node[i].is_leaf)
            compute(g, i);
        for (size_t k = 0; k < cells && g->node[i].is_leaf; k++)
            cell[i][k] = dual_constant((long double)g->start[i][k]);
        for (size_t k = 0; k < cells && i == node; k++)
            cell[i][k].slope = cell[i][k].slope_size = k == along;
    }
}

/* ---- Random graphs ------------------------------------------------------------------------- */

static size_t pick(struct test_rng *rng, size_t n)
{
    return (size_t)test_below(rng, n);
}

void graph_plant(struct graph *g, struct test_rng *rng, size_t side)
{
    const size_t rows = 1 + pick(rng, side), in = 1 + pick(rng, side), out = 1 + pick(rng, side);
    const size_t sizes[LEAVES][2] = {{rows, in}, {out, in}, {1, out}, {rows, out}};
    g->count = LEAVES;
    for (size_t i = 0; i < LEAVES; i++) {
        g->node[i] = (struct node){
            .is_leaf = 1, .takes_gradient = 1, .rows = sizes[i][0], .cols = sizes[i][1]};
        for (size_t k = 0; k < MOST_CELLS; k++)
            g->start[i][k] = (float)test_uniform(rng, -2, 2);
    }
    graph_compute(g, MOST_NODES, 0);
}

/* Whether the result depends on a leaf by more than its value. */
static int takes_gradient(const struct graph *g, const struct node *n)
{
    const int two = n->code == ADD || n->code == SUB || n->code == MUL || n->code == MATMUL;
    if (n->code == LINEAR || n->code == LINEAR_LOSS)
        return 1; /* on the layer */
    if (n->code == DETACH)
        return 0;
    return g->node[n->a].takes_gradient || (two && g->node[n->b].takes_gradient) ||
           (n->code == LOSS && g->node[n->target].takes_gradient);
}

/* The shape of what the operation gives; 0 where its operands do not fit. */
static int set_shape(const struct graph *g, struct node *n)
{
    const struct node *a = &g->node[n->a], *b = &g->node[n->b], *t = &g->node[n->target];
    n->rows = a->rows;
    n->cols = a->cols;
    switch (n->code) {
    case ADD:
    case SUB:
    case MUL:
        n->rows = a->rows > b->rows ? a->rows : b->rows;
        n->cols = a->cols > b->cols ? a->cols : b->cols;
        return (a->rows == b->rows || a->rows == 1 || b->rows == 1) &&
               (a->cols == b->cols || a->cols == 1 || b->cols == 1);
    case MATMUL:
        n->cols = b->cols;
        return a->cols == b->rows;
    case LINEAR:
        n->cols = b->rows;
        return a->cols == b->cols;
    case POLYNOMIAL:
        n->cols = (size_t)n->kind + 1;
        return a->cols == 1 && n->cols <= MOST_SIDE;
    case SUM:
    case MEAN:
        n->rows = n->cols = 1;
        return 1;
    case LOSS:
        n->rows = n->cols = 1;
        return a->rows == t->rows && a->cols == t->cols;
    case LINEAR_LOSS:
        n->rows = n->cols = 1;
        return a->cols == b->cols && t->rows == a->rows && t->cols == b->rows;
    default:
        return 1;
    }
}

int graph_grow(struct graph *g, struct test_rng *rng, enum code code)
{
    static const double exponents[] = {-2, -1, -0.5, 0, 0.5, 1, 2, 3, 1.5, 2.7};
    struct node n = {.code = code,
                     .a = pick(rng, g->count),
                     .b = pick(rng, g->count),
                     .target = pick(rng, g->count)};
    if (pick(rng, 2))
        n.a = g->count - 1;
    n.reduction = pick(rng, 2) ? LF_MEAN : LF_SUM;
    n.weighted = (int)pick(rng, 2);
    n.constant = code == POWER ? exponents[pick(rng, 10)] : test_uniform(rng, 0.25, 2);
    n.constant = (float)n.constant;
    n.kind = (int)pick(rng, code == ACTIVATE ? 7 : code == POLYNOMIAL ? 4 : 5);
    if (code == LINEAR || code == LINEAR_LOSS) {
        n.b = 1;
        n.c = 2;
    }
    n.takes_gradient = takes_gradient(g, &n);
    g->node[g->count] = n;
    if (!set_shape(g, &g->node[g->count]) || compute(g, g->count) < 0.05L)
        return 0;
    g->count++;
    return 1;
}

void graph_close(struct graph *g, struct test_rng *rng)
{
    const struct node *last = &g->node[g->count - 1];
    struct node n = {.code = pick(rng, 2) ? SUM : MEAN, .a = g->count - 1, .rows = 1, .cols = 1};
    if (last->rows * last->cols > 1) {
        n.takes_gradient = last->takes_gradient;
        g->node[g->count] = n;
        compute(g, g->count++);
    }
}

void graph_multiply_by_leaf(struct graph *g)
{
    const struct node sum = {.code = SUM, .a = 3, .rows = 1, .cols = 1, .takes_gradient = 1};
    struct node product = sum;
    product.code = MUL;
    product.a = g->count - 1;
    product.b = g->count;
    g->node[g->count] = sum;
    compute(g, g->count++);
    g->node[g->count] = product;
    compute(g, g->count++);
}
