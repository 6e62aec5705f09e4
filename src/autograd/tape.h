/* SPDX-License-Identifier: MIT */
/* What the tape and the operations share. An operation stands in one file: its shape rule, then
 * its forward and backward, which are compiled once per type (each_type.h). */
#ifndef LANEFIT_SRC_AUTOGRAD_TAPE_H
#define LANEFIT_SRC_AUTOGRAD_TAPE_H

#include "arena.h"
#include "model.h"

/* Indexed by the type. forward computes tensor->value from the inputs; backward adds to the
 * gradients of those inputs that require one. Both return 0 when memory is out, else 1. */
struct lf_op {
    const char *name;
    int (*forward[2])(struct lf_tensor *tensor);
    int (*backward[2])(struct lf_tensor *tensor);
};

#define LF_OP(name, function)                                                                      \
    {                                                                                              \
        name, {function##_forward_f32, function##_forward_f64},                                    \
        {                                                                                          \
            function##_backward_f32, function##_backward_f64                                       \
        }                                                                                          \
    }

struct lf_tape {
    struct lf_model *model;
    struct lf_arena tensors; /* apart from their values: an old handle still points to a tensor */
    struct lf_arena data;
    struct lf_tensor *last; /* the record, newest first */
    size_t generation;      /* resets so far */
    size_t version;         /* of the model's parameters when they were first used, if they were */
    int uses_parameters;
    int grad_enabled;
    double mean_of;       /* rows, or their weight, that a mean loss divides by; 0: its own */
    int passes;           /* backward passes since the reset */
    void *parameter_grad; /* of the pass that is running: as long as the model's */
    lf_status status;
    char message[192];
};

enum { LF_MOST_INPUTS = 3 };

/* Where a linear layer's parameters start in the flat vectors. */
struct lf_place {
    size_t weight, bias; /* SIZE_MAX: no bias */
};

/* What a loss keeps. */
struct lf_reduced {
    union {
        struct lf_loss_f32 f32;
        struct lf_loss_f64 f64;
    } loss;                /* for a gradient of 1 */
    double divisor;        /* of the sum: 1, the number of elements, or their weight */
    struct lf_place layer; /* of lf_linear_loss, and its */
    void *sums;            /* weight gradient, bias gradient, sum */
};

enum { LF_SMALL_BYTES = 64 };

struct lf_tensor {
    const struct lf_op *op; /* NULL for an input */
    struct lf_tape *tape;
    struct lf_tensor *previous; /* on the record */
    size_t generation;          /* of the tape when it was recorded */
    size_t rows, cols;
    size_t row_stride, col_stride;
    void *value;
    void *grad; /* NULL until a gradient arrives */
    void *held; /* the gradient from earlier passes, while one is running */
    struct lf_tensor *input[LF_MOST_INPUTS];
    int requires_grad;
    union { /* what the operation keeps */
        double factor;
        size_t offset; /* of a parameter */
        struct lf_place layer;
        struct lf_reduced reduced;
    };
    /* Room for a value and a gradient that need no more. */
    _Alignas(64) unsigned char small_value[LF_SMALL_BYTES], small_grad[LF_SMALL_BYTES];
};

/* A parameter as an operand. */
extern const struct lf_op lf_parameter_op;

/* Keeps the first error: status, and the line "name: text". */
void lf_tape_fail(struct lf_tape *tape, lf_status status, const char *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The error that the parameters have moved. */
void lf_tape_refuse_stale(struct lf_tape *tape, const char *name);

/* Says why an operation on a and b may not go on. */
void lf_tape_refuse(const char *name, const struct lf_tensor *a, const struct lf_tensor *b);

/* Whether the parameters have moved since the tape first used them. */
static inline int lf_tape_is_stale(const struct lf_tape *tape)
{
    return tape->uses_parameters && tape->version != tape->model->version;
}

/* The tape of an operation on a and b (the same twice where there is but one) that may go on: it
 * has no error yet, both are on its record, and its parameters are where they were. Else NULL, with
 * the error on the tape. */
static inline struct lf_tape *lf_tape_of(const char *name, const struct lf_tensor *a,
                                         const struct lf_tensor *b)
{
    if (a && b && a->tape == b->tape && a->generation == a->tape->generation &&
        b->generation == a->tape->generation && !lf_tape_is_stale(a->tape))
        return a->tape->status == LF_OK ? a->tape : NULL;
    lf_tape_refuse(name, a, b);
    return NULL;
}

/* Whether the tape may use the model's parameters: they have not moved since it first did. */
static inline int lf_tape_uses_parameters(struct lf_tape *tape, const char *name)
{
    if (!tape->uses_parameters) {
        tape->uses_parameters = 1;
        tape->version = tape->model->version;
    }
    if (!lf_tape_is_stale(tape))
        return 1;
    lf_tape_refuse_stale(tape, name);
    return 0;
}

/* n elements of the tape's type, until the reset. NULL when memory is out. */
static inline void *lf_tape_alloc(struct lf_tape *tape, size_t n)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, lf_dtype_size(tape->model->dtype), &bytes))
        return NULL;
    return lf_arena_alloc(&tape->data, bytes);
}

/* The error that there is no memory for a result. */
void lf_tape_no_memory(struct lf_tape *tape, const char *name, size_t rows, size_t cols);

/* A new tensor at the end of the record, without a value. */
static inline struct lf_tensor *lf_tape_append(struct lf_tape *tape, const struct lf_op *op,
                                               size_t rows, size_t cols)
{
    struct lf_tensor *tensor = lf_arena_alloc(&tape->tensors, sizeof *tensor);
    if (!tensor)
        return NULL;
    /* Field by field: a literal is cleared as a whole first, which takes longer than the rest. */
    tensor->op = op;
    tensor->tape = tape;
    tensor->previous = tape->last;
    tensor->generation = tape->generation;
    tensor->rows = rows;
    tensor->cols = cols;
    tensor->row_stride = cols;
    tensor->col_stride = 1;
    tensor->grad = tensor->held = NULL;
    tensor->input[0] = tensor->input[1] = tensor->input[2] = NULL;
    tensor->requires_grad = 0;
    tape->last = tensor;
    return tensor;
}

/* A new tensor at the end of the record with room for its elements, which requires a gradient if
 * an operand does and the tape records; b may be NULL. NULL, with the error on the tape, when
 * memory is out. */
static inline struct lf_tensor *lf_tape_record(struct lf_tape *tape, const struct lf_op *op,
                                               size_t rows, size_t cols, struct lf_tensor *a,
                                               struct lf_tensor *b)
{
    size_t elements;
    struct lf_tensor *tensor = lf_tape_append(tape, op, rows, cols);
    if (__builtin_mul_overflow(rows, cols, &elements) || !tensor) {
        lf_tape_no_memory(tape, op->name, rows, cols);
        return NULL;
    }
    tensor->value = tensor->small_value;
    if (elements > LF_SMALL_BYTES / lf_dtype_size(tape->model->dtype) &&
        !(tensor->value = lf_tape_alloc(tape, elements))) {
        lf_tape_no_memory(tape, op->name, rows, cols);
        return NULL;
    }
    tensor->input[0] = a;
    tensor->input[1] = b;
    tensor->requires_grad = tape->grad_enabled && (a->requires_grad || (b && b->requires_grad));
    return tensor;
}

/* Runs the forward of a recorded tensor and returns it; NULL with the error on the tape. */
struct lf_tensor *lf_tape_compute(struct lf_tensor *tensor);

/* lf_tensor_make_dense where there is something to do. */
int lf_tensor_copy_view(struct lf_tensor *tensor);

/* Makes the elements of a view lie row by row. 0, with the error on the tape, when memory is out.
 */
static inline int lf_tensor_make_dense(struct lf_tensor *tensor)
{
    const int dense = tensor->row_stride == tensor->cols && tensor->col_stride == 1;
    return dense || lf_tensor_copy_view(tensor);
}

/* A gradient for an operation to add to: that of the input or parameter, made on first use as empty
 * sums, which are -0.0. NULL when memory is out. */
void *lf_tensor_make_grad(struct lf_tensor *tensor);

static inline void *lf_tensor_open_grad(struct lf_tensor *tensor)
{
    return tensor->grad ? tensor->grad : lf_tensor_make_grad(tensor);
}

#endif
