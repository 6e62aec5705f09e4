/* SPDX-License-Identifier: MIT */
#include "cases.h"

#include <stdio.h>

/* The first `quick` of a list stand for it. */
struct list {
    const struct lf_shape *shapes;
    size_t quick, count;
};

#define LIST(shapes, quick)                                                                        \
    (struct list)                                                                                  \
    {                                                                                              \
        shapes, quick, sizeof(shapes) / sizeof *(shapes)                                           \
    }

static const struct lf_shape matrix[] = {
    {.rows = 1000, .in = 1, .out = 1},
    {.rows = 1000, .in = 8, .out = 1},
    {.rows = 1000, .in = 8, .out = 1, .column_major = 1},
    {.rows = 64, .in = 4, .out = 4},
    {.rows = 32, .in = 32, .out = 32},
    {.rows = 1, .in = 1, .out = 1},
    {.rows = 32, .in = 1, .out = 1},
    {.rows = 1000, .in = 2, .out = 1},
    {.rows = 1000, .in = 3, .out = 1},
    {.rows = 1000, .in = 4, .out = 1},
    {.rows = 1000, .in = 13, .out = 1},
    {.rows = 1000, .in = 16, .out = 1},
    {.rows = 1000, .in = 4, .out = 1, .column_major = 1},
    {.rows = 1000, .in = 16, .out = 1, .column_major = 1},
    {.rows = 4096, .in = 8, .out = 1},
    {.rows = 1000, .in = 30, .out = 1},
    {.rows = 1000, .in = 64, .out = 1},
    {.rows = 64, .in = 16, .out = 16},
    {.rows = 256, .in = 13, .out = 7},
    {.rows = 1, .in = 64, .out = 64},
    {.rows = 128, .in = 64, .out = 64},
    {.rows = 1000, .in = 2, .out = 3},
};

static const struct lf_shape columns[] = {
    {.rows = 1000, .in = 4, .out = 1},
    {.rows = 1000, .in = 16, .out = 1, .column_major = 1},
    {.rows = 1000, .in = 1, .out = 1},
    {.rows = 1000, .in = 16, .out = 1},
    {.rows = 1000, .in = 4, .out = 1, .column_major = 1},
};

static const struct lf_shape outputs[] = {
    {.rows = 1000, .out = 1},
    {.rows = 64, .out = 16},
    {.rows = 1, .out = 1},
    {.rows = 1000, .out = 1, .row_weights = 1},
};

static const struct lf_shape few_inputs[] = {
    {.rows = 5000, .in = 1},
    {.rows = 500, .in = 2},
    {.rows = 500, .in = 8},
};

static const struct lf_shape blocks[] = {{.rows = 1000}, {.rows = 1}, {.rows = 4096}};

static const struct lf_shape vectors[] = {{.rows = 1000}, {.rows = 2}, {.rows = 100000}};

size_t lf_case_shapes(const struct lf_case *c, int quick, struct lf_shape shapes[LF_MOST_SHAPES])
{
    struct list list = LIST(blocks, 1);
    if (c->uses & LF_HAS_IN && c->uses & LF_HAS_OUT)
        list = LIST(matrix, 5);
    else if (c->uses & LF_HAS_IN)
        list = LIST(columns, 2);
    else if (c->uses & LF_HAS_OUT)
        list = LIST(outputs, 2);
    else if (c->uses & LF_FEW_IN)
        list = LIST(few_inputs, 1);
    else if (c->uses & LF_ANY_ROWS)
        list = LIST(vectors, 1);
    size_t count = 0;
    for (size_t i = 0; i < (quick ? list.quick : list.count); i++) {
        struct lf_shape shape = lf_case_shape(c, &list.shapes[i]);
        int known = shape.column_major != list.shapes[i].column_major;
        for (size_t j = 0; j < count; j++)
            known |= shapes[j].rows == shape.rows && shapes[j].in == shape.in &&
                     shapes[j].out == shape.out && shapes[j].row_weights == shape.row_weights &&
                     shapes[j].column_major == shape.column_major;
        if (!known)
            shapes[count++] = shape;
    }
    return count;
}

void lf_shape_name(const struct lf_case *c, const struct lf_shape *s, size_t size, char *name)
{
    char in[24] = "", out[24] = "";
    if (c->uses & (LF_HAS_IN | LF_FEW_IN))
        snprintf(in, sizeof in, "x%zu", s->in);
    if (c->uses & LF_HAS_OUT)
        snprintf(out, sizeof out, "->%zu", s->out);
    snprintf(name, size, "%zu%s%s%s%s", s->rows, in, out, s->column_major ? ":columns" : "",
             s->row_weights ? ":weights" : "");
}
