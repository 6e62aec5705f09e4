/* SPDX-License-Identifier: MIT */
/* Random graphs of operations with shared nodes: values and gradients against forward
 * differentiation in long double (graph.h), in f64 and f32. */
#include "graph.h"
#include "support.h"

#include <math.h>
#include <string.h>

/* Emulated, long double takes its time. */
#ifdef __aarch64__
enum { GRAPHS = 200, EACH = 10 };
#else
enum { GRAPHS = 10000, EACH = 100 };
#endif

/* ---- The same on a tape -------------------------------------------------------------------- */

struct built {
    struct lf_model *model;
    struct lf_tape *tape;
    struct lf_layer layer;
    struct lf_parameter extra;
    struct lf_tensor *tensor[MOST_NODES];
    double cells64[MOST_CELLS];
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

/* Records the graph anew, with no gradients yet. */
static void record(struct built *b, const struct graph *g, enum lf_dtype dtype)
{
    const struct node *n = g->node;
    lf_tape_reset(b->tape);
    lf_model_zero_grad(b->model);
    b->tensor[0] = lf_require_grad(
        input_of(b, n[0].rows, n[0].cols, dtype == LF_F64 ? b->cells64 : NULL, g->start[0]));
    b->tensor[1] = lf_parameter_tensor(b->tape, &b->layer.weight);
    b->tensor[2] = lf_parameter_tensor(b->tape, &b->layer.bias);
    b->tensor[3] = lf_parameter_tensor(b->tape, &b->extra);
    for (size_t i = LEAVES; i < g->count; i++)
        b->tensor[i] = operation(b, g, &n[i], dtype);
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
        b->cells64[k] = (double)g->start[0][k];
    record(b, g, dtype);
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

/* ---- Comparisons --------------------------------------------------------------------------- */

/* Element k of the gradient of a node: 0 where none has arrived. */
static double gradient_at(const struct built *b, enum lf_dtype dtype, size_t node, size_t k)
{
    const struct lf_parameter *parameter[LEAVES] = {NULL, &b->layer.weight, &b->layer.bias,
                                                    &b->extra};
    const void *grad = node > 0 && node < LEAVES ? lf_parameter_grad(parameter[node])
                                                 : lf_tensor_grad(b->tensor[node]);
    return grad ? element(dtype, grad, k) : 0;
}

static void check_value(const struct built *b, const struct graph *g, enum lf_dtype dtype)
{
    char what[200];
    const long double u = dtype == LF_F32 ? 0x1p-24L : 0x1p-53L;
    const size_t last = g->count - 1;
    const struct dual *y = &cell[last][0];
    if (!b->tensor[last])
        fail_graph(g, dtype, lf_tape_message(b->tape));
    graph_compute(g, MOST_NODES, 0);
    long double value = (long double)lf_item(b->tensor[last]);
    snprintf(what, sizeof what, "value %.17Lg, not %.17Lg", value, y->value);
    if (!(fabsl(value - y->value) <= 64 * u * (fabsl(y->value) + y->value_error)))
        fail_graph(g, dtype, what);
}

/* Compares the gradient of a node after one pass from another with the given seed. An error is
 * small beside the scale: that of 1 u is the scale itself. */
static void check_gradient(const struct built *b, const struct graph *g, enum lf_dtype dtype,
                           size_t from, const double *seed, size_t node)
{
    char what[200];
    const long double allowed = dtype == LF_F32 ? 2e-6L : 1e-12L;
    for (size_t k = 0; k < g->node[node].rows * g->node[node].cols; k++) {
        struct dual y = dual_constant(0);
        graph_compute(g, node, k);
        for (size_t i = 0; i < g->node[from].rows * g->node[from].cols; i++)
            y = dual_add(y, dual_mul(dual_constant((long double)seed[i]), cell[from][i]));
        long double found = (long double)gradient_at(b, dtype, node, k);
        snprintf(what, sizeof what, "from %zu, node %zu, element %zu: gradient %.17Lg, not %.17Lg",
                 from, node, k, found, y.slope);
        if (!(fabsl(found - y.slope) <= allowed * (y.slope_size + y.slope_error)))
            fail_graph(g, dtype, what);
    }
}

/* The gradients of the leaves, and of one node at random among the operations: a constant has
 * none. */
static void check_gradients(const struct built *b, const struct graph *g, enum lf_dtype dtype,
                            size_t from, const double *seed, struct test_rng *rng)
{
    for (size_t leaf = 0; leaf < LEAVES; leaf++)
        check_gradient(b, g, dtype, from, seed, leaf);
    const size_t node = LEAVES + test_below(rng, g->count - LEAVES);
    if (g->node[node].takes_gradient)
        check_gradient(b, g, dtype, from, seed, node);
    else if (lf_tensor_grad(b->tensor[node]))
        fail_graph(g, dtype, "a constant has a gradient");
}

/* A second pass doubles every gradient, to the bit: g + g. */
static void check_second_pass(const struct built *b, const struct graph *g, enum lf_dtype dtype)
{
    static double once[MOST_NODES][MOST_CELLS];
    for (size_t i = 0; i < g->count; i++)
        for (size_t k = 0; k < g->node[i].rows * g->node[i].cols; k++)
            once[i][k] = gradient_at(b, dtype, i, k);
    if (lf_backward(b->tape, b->tensor[g->count - 1]) != LF_OK)
        fail_graph(g, dtype, lf_tape_message(b->tape));
    for (size_t i = 0; i < g->count; i++)
        for (size_t k = 0; k < g->node[i].rows * g->node[i].cols; k++)
            if (gradient_at(b, dtype, i, k) != 2 * once[i][k])
                fail_graph(g, dtype, "a second pass does not double the gradients");
}

/* A pass from a node at random with a gradient at random. */
static void check_seeded_pass(struct built *b, const struct graph *g, enum lf_dtype dtype,
                              struct test_rng *rng)
{
    double seed[MOST_CELLS];
    float narrow[MOST_CELLS];
    size_t from = LEAVES + test_below(rng, g->count - LEAVES);
    while (from > 0 && !g->node[from].takes_gradient)
        from--;
    if (from < LEAVES)
        return;
    for (size_t k = 0; k < MOST_CELLS; k++)
        seed[k] = narrow[k] = (float)test_uniform(rng, -1, 1);
    record(b, g, dtype);
    struct lf_tensor *gradient =
        input_of(b, g->node[from].rows, g->node[from].cols, dtype == LF_F64 ? seed : NULL, narrow);
    if (lf_backward_from(b->tape, b->tensor[from], gradient) != LF_OK)
        fail_graph(g, dtype, lf_tape_message(b->tape));
    check_gradients(b, g, dtype, from, seed, rng);
}

/* Compares values and gradients. Returns whether there are any: a pass from a constant must be
 * refused. */
static int check_graph(const struct graph *g, enum lf_dtype dtype, struct test_rng *rng)
{
    static const double one[1] = {1};
    struct built b;
    const size_t last = g->count - 1;
    const int takes = g->node[last].takes_gradient;
    build(&b, g, dtype);
    check_value(&b, g, dtype);
    const lf_status status = lf_backward(b.tape, b.tensor[last]);
    if (status != (takes ? LF_OK : LF_INVALID))
        fail_graph(g, dtype, takes ? lf_tape_message(b.tape) : "a pass from a constant");
    if (takes) {
        check_gradients(&b, g, dtype, last, one, rng);
        check_second_pass(&b, g, dtype);
    } else if (!strstr(lf_tape_message(b.tape), "depends on nothing that takes a gradient"))
        fail_graph(g, dtype, lf_tape_message(b.tape));
    check_seeded_pass(&b, g, dtype, rng);
    lf_tape_destroy(b.tape);
    lf_model_destroy(b.model);
    return takes;
}

/* Only what is detached has no gradient. */
START_TEST(each_operation)
{
    struct test_rng rng = test_rng(100 + (uint64_t)_i), passes = test_rng(200 + (uint64_t)_i);
    for (int found = 0; found < EACH;) {
        struct graph g;
        graph_plant(&g, &rng, MOST_SIDE);
        int grown = 0;
        for (int attempt = 0; attempt < 10 && !grown; attempt++)
            grown = graph_grow(&g, &rng, (enum code)_i);
        if (!grown)
            continue;
        found++;
        graph_close(&g, &rng);
        ck_assert_int_eq(check_graph(&g, LF_F64, &passes), _i != DETACH);
        ck_assert_int_eq(check_graph(&g, LF_F32, &passes), _i != DETACH);
    }
}
END_TEST

/* Nearly a fifth of the graphs end in a constant. Most of these go on to something that is none, so
 * that few have no gradient to compare: one in 25 and five at most. */
START_TEST(random_graphs)
{
    struct test_rng rng = test_rng(99), passes = test_rng(98);
    int constants = 0;
    for (int k = 0; k < GRAPHS; k++) {
        struct graph g;
        graph_plant(&g, &rng, 3);
        const size_t wanted = LEAVES + 2 + test_below(&rng, 19);
        for (int attempt = 0; attempt < 400 && g.count < wanted; attempt++)
            graph_grow(&g, &rng, (enum code)test_below(&rng, CODES));
        graph_close(&g, &rng);
        if (!g.node[g.count - 1].takes_gradient && test_below(&rng, 8) > 0)
            graph_multiply_by_leaf(&g);
        constants += !check_graph(&g, LF_F64, &passes);
        check_graph(&g, LF_F32, &passes);
    }
    ck_assert_int_le(constants, GRAPHS / 25 + 5);
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
