/* SPDX-License-Identifier: MIT */
/* Random graphs of operations with shared nodes: values and gradients against forward
 * differentiation in long double (dual.h), in f64 and f32. */
#include "dual.h"
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NODES = 26, LEAVES = 4, MOST_SIDE = 6, MOST_CELLS = MOST_SIDE * MOST_SIDE };

/* Emulated, long double takes its time. */
#ifdef __aarch64__
enum { GRAPHS = 200, EACH = 10 };
#else
enum { GRAPHS = 10000, EACH = 100 };
#endif

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

static const char *const code_names[CODES] = {
    "add",   "sub",      "mul",        "matmul", "linear", "scale",  "negate", "square",
    "power", "activate", "polynomial", "sum",    "mean",   "detach", "loss",   "linear_loss"};

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
};

struct graph {
    struct node node[MOST_NODES];
    size_t count;
    float start[LEAVES][MOST_CELLS];
};

static struct dual cell[MOST_NODES][MOST_CELLS];

/* ---- The oracle ---------------------------------------------------------------------------- */

static const struct dual *at(const struct graph *g, size_t node, size_t r, size_t c)
{
    const struct node *n = &g->node[node];
    return &cell[node][(n->rows == 1 ? 0 : r) * n->cols + (n->cols == 1 ? 0 : c)];
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
                t = dual_constant(t.value);
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
        return dual_constant(a.value); /* DETACH */
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
            } else if (n->code == LOSS)
                *y = whole_loss(g, n, n->target, &margin);
            else if (n->code == LINEAR_LOSS)
                *y = whole_loss(g, n, n->target, &margin);
            else
                *y = elementwise(g, n, r, c, &margin);
            if (!(fabsl(y->value) < 50))
                return 0;
        }
    return margin;
}

/* All nodes, along the direction of element `along` of leaf `leaf`. */
static void compute_all(const struct graph *g, size_t leaf, size_t along)
{
    for (size_t i = 0; i < g->count; i++)
        if (g->node[i].is_leaf)
            for (size_t k = 0; k < g->node[i].rows * g->node[i].cols; k++)
                cell[i][k] = dual_variable((long double)g->start[i][k], i == leaf && k == along);
        else
            compute(g, i);
}

/* ---- Random graphs ------------------------------------------------------------------------- */

static size_t pick(struct test_rng *rng, size_t n)
{
    return (size_t)test_below(rng, n);
}

/* Leaves: an input, the weight and bias of a layer, a parameter. */
static void plant(struct graph *g, struct test_rng *rng, size_t side)
{
    const size_t rows = 1 + pick(rng, side), in = 1 + pick(rng, side), out = 1 + pick(rng, side);
    const size_t sizes[LEAVES][2] = {{rows, in}, {out, in}, {1, out}, {rows, out}};
    g->count = LEAVES;
    for (size_t i = 0; i < LEAVES; i++) {
        g->node[i] = (struct node){.is_leaf = 1, .rows = sizes[i][0], .cols = sizes[i][1]};
        for (size_t k = 0; k < MOST_CELLS; k++)
            g->start[i][k] = (float)test_uniform(rng, -2, 2);
    }
    compute_all(g, LEAVES, 0);
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

/* Adds an operation of this kind on nodes at random, if it fits and is smooth there. */
static int grow(struct graph *g, struct test_rng *rng, enum code code)
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
    g->node[g->count] = n;
    if (!set_shape(g, &g->node[g->count]) || compute(g, g->count) < 0.05L)
        return 0;
    g->count++;
    return 1;
}

/* A scalar at the end. */
static void close_graph(struct graph *g, struct test_rng *rng)
{
    const struct node *last = &g->node[g->count - 1];
    struct node n = {.code = pick(rng, 2) ? SUM : MEAN, .a = g->count - 1, .rows = 1, .cols = 1};
    if (last->rows * last->cols > 1) {
        g->node[g->count] = n;
        compute(g, g->count++);
    }
}

/* ---- The same on a tape -------------------------------------------------------------------- */

struct built {
    struct lf_model *model;
    struct lf_tape *tape;
    struct lf_layer layer;
    struct lf_parameter extra;
    struct lf_tensor *tensor[MOST_NODES];
    double cells64[LEAVES][MOST_CELLS];
};

static struct lf_tensor *input_of(struct built *b, size_t rows, size_t cols, const double *x64,
                                  const float *x32)
{
    return x64 ? lf_input(b->tape, rows, cols, x64) : lf_input(b->tape, rows, cols, x32);
}

static struct lf_tensor *weights_of(struct built *b, size_t rows, enum lf_dtype dtype)
{
    static double w64[MOST_SIDE];
    static float w32[MOST_SIDE];
    for (size_t r = 0; r < MOST_SIDE; r++)
        w64[r] = w32[r] = (float)(r + 1) / 4;
    return input_of(b, rows, 1, dtype == LF_F64 ? w64 : NULL, w32);
}

static struct lf_tensor *operation(struct built *b, const struct graph *g, const struct node *n,
                                   enum lf_dtype dtype)
{
    struct lf_tensor *x = b->tensor[n->a], *y = b->tensor[n->b], *t = b->tensor[n->target];
    struct lf_criterion criterion = {(enum lf_loss_kind)n->kind, n->reduction, n->constant, NULL};
    if ((n->code == LOSS || n->code == LINEAR_LOSS) && n->weighted)
        criterion.row_weight = weights_of(b, g->node[n->target].rows, dtype);
    switch (n->code) {
    case ADD:
        return lf_add(x, y);
    case SUB:
        return lf_sub(x, y);
    case MUL:
        return lf_mul(x, y);
    case MATMUL:
        return lf_matmul(x, y);
    case LINEAR:
        return lf_linear(x, &b->layer);
    case SCALE:
        return lf_scale(x, n->constant);
    case NEGATE:
        return lf_negate(x);
    case SQUARE:
        return lf_square(x);
    case POWER:
        return lf_power(x, n->constant);
    case ACTIVATE:
        return lf_activate(x, (enum lf_activation)n->kind);
    case POLYNOMIAL:
        return lf_polynomial(x, n->cols);
    case SUM:
        return lf_sum(x);
    case MEAN:
        return lf_mean(x);
    case DETACH:
        return lf_detach(x);
    case LOSS:
        return lf_loss(x, t, &criterion);
    default:
        return lf_linear_loss(x, &b->layer, lf_detach(t), &criterion);
    }
}

static void set_parameter(const struct lf_parameter *parameter, enum lf_dtype dtype,
                          const float *from)
{
    for (size_t k = 0; k < parameter->rows * parameter->cols; k++)
        if (dtype == LF_F32)
            ((float *)lf_parameter_value(parameter))[k] = from[k];
        else
            ((double *)lf_parameter_value(parameter))[k] = (double)from[k];
}

static void build(struct built *b, const struct graph *g, enum lf_dtype dtype)
{
    const struct node *n = g->node;
    ck_assert_int_eq(lf_model_create(&b->model, tested, dtype), LF_OK);
    ck_assert_int_eq(lf_model_add_linear(b->model, "layer", n[1].cols, n[1].rows, &b->layer),
                     LF_OK);
    ck_assert_int_eq(lf_model_add_parameter(b->model, "extra", n[3].rows, n[3].cols, &b->extra),
                     LF_OK);
    set_parameter(&b->layer.weight, dtype, g->start[1]);
    set_parameter(&b->layer.bias, dtype, g->start[2]);
    set_parameter(&b->extra, dtype, g->start[3]);
    ck_assert_int_eq(lf_tape_create(&b->tape, b->model), LF_OK);
    for (size_t k = 0; k < MOST_CELLS; k++)
        b->cells64[0][k] = (double)g->start[0][k];
    b->tensor[0] = lf_require_grad(
        input_of(b, n[0].rows, n[0].cols, dtype == LF_F64 ? b->cells64[0] : NULL, g->start[0]));
    b->tensor[1] = lf_parameter_tensor(b->tape, &b->layer.weight);
    b->tensor[2] = lf_parameter_tensor(b->tape, &b->layer.bias);
    b->tensor[3] = lf_parameter_tensor(b->tape, &b->extra);
    for (size_t i = LEAVES; i < g->count; i++)
        b->tensor[i] = operation(b, g, &n[i], dtype);
}

static void fail_graph(const struct graph *g, enum lf_dtype dtype, const char *what)
{
    char text[1024] = "";
    for (size_t i = LEAVES; i < g->count; i++) {
        const struct node *n = &g->node[i];
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "\n  %zu = %s(%zu %zu %zu %zu; %g, %d) %zu x %zu",
                 i, code_names[n->code], n->a, n->b, n->c, n->target, n->constant, n->kind, n->rows,
                 n->cols);
    }
    ck_abort_msg("%s: %s%s", dtype_name(dtype), what, text);
}

/* Compares values and gradients; `allowed` is the error per unit of scale. */
static void check_graph(const struct graph *g, enum lf_dtype dtype)
{
    struct built b;
    char what[200];
    const long double u = dtype == LF_F32 ? 0x1p-24L : 0x1p-53L;
    const long double allowed = dtype == LF_F32 ? 2e-6L : 1e-12L;
    const size_t last = g->count - 1;
    build(&b, g, dtype);
    lf_status status = b.tensor[last] && lf_tensor_rows(b.tensor[last]) == 1
                           ? lf_backward(b.tape, b.tensor[last])
                           : lf_tape_status(b.tape);
    const int constant = status == LF_INVALID && strstr(lf_tape_message(b.tape), "depends on");
    if (status != LF_OK && !constant)
        fail_graph(g, dtype, lf_tape_message(b.tape));
    const struct lf_parameter *parameter[LEAVES] = {NULL, &b.layer.weight, &b.layer.bias, &b.extra};
    for (size_t leaf = 0; leaf < LEAVES && !constant; leaf++)
        for (size_t k = 0; k < g->node[leaf].rows * g->node[leaf].cols; k++) {
            compute_all(g, leaf, k);
            const struct dual *y = &cell[last][0];
            const void *grad =
                parameter[leaf] ? lf_parameter_grad(parameter[leaf]) : lf_tensor_grad(b.tensor[0]);
            long double found = grad ? (long double)element(dtype, grad, k) : 0;
            long double value = (long double)lf_item(b.tensor[last]);
            snprintf(what, sizeof what, "leaf %zu, element %zu: gradient %.17Lg, not %.17Lg", leaf,
                     k, found, y->slope);
            /* An error that is small beside the scale: that of 1 u is the scale itself. */
            if (!(fabsl(found - y->slope) <= allowed * (y->slope_size + y->slope_error)))
                fail_graph(g, dtype, what);
            snprintf(what, sizeof what, "value %.17Lg, not %.17Lg", value, y->value);
            if (!(fabsl(value - y->value) <= 64 * u * (fabsl(y->value) + y->value_error)))
                fail_graph(g, dtype, what);
        }
    lf_tape_destroy(b.tape);
    lf_model_destroy(b.model);
}

START_TEST(each_operation)
{
    struct test_rng rng = test_rng(100 + (uint64_t)_i);
    for (int found = 0; found < EACH;) {
        struct graph g;
        plant(&g, &rng, MOST_SIDE);
        int grown = 0;
        for (int attempt = 0; attempt < 10 && !grown; attempt++)
            grown = grow(&g, &rng, (enum code)_i);
        if (!grown)
            continue;
        found++;
        close_graph(&g, &rng);
        check_graph(&g, LF_F64);
        check_graph(&g, LF_F32);
    }
}
END_TEST

START_TEST(random_graphs)
{
    struct test_rng rng = test_rng(99);
    for (int k = 0; k < GRAPHS; k++) {
        struct graph g;
        plant(&g, &rng, 3);
        const size_t wanted = LEAVES + 2 + pick(&rng, 19);
        for (int attempt = 0; attempt < 400 && g.count < wanted; attempt++)
            grow(&g, &rng, (enum code)pick(&rng, CODES));
        close_graph(&g, &rng);
        check_graph(&g, LF_F64);
        check_graph(&g, LF_F32);
    }
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("graphs");
    TCase *tests = tcase_create("graphs");
    tcase_set_timeout(tests, 600);
    tcase_add_loop_test(tests, each_operation, 0, CODES);
    tcase_add_test(tests, random_graphs);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
