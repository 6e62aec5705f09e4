/* SPDX-License-Identifier: MIT */
/* What tape.c and the operations share. */
#ifndef LANEFIT_SRC_AUTOGRAD_TAPE_H
#define LANEFIT_SRC_AUTOGRAD_TAPE_H

#include "arena.h"
#include "model.h"

struct lf_tape {
    struct lf_model *model;
    struct lf_arena arena;
    struct lf_tensor *last; /* the record, newest first */
    void *parameter_grad;   /* of the backward pass that is running: as long as the model's */
    lf_status status;
    char message[160];
};

/* An operation for one type. forward fills tensor->value from the inputs; backward adds to the
 * gradient of each input that requires one, and to tape->parameter_grad. LF_OK or LF_NO_MEMORY. */
struct lf_op {
    const char *name;
    lf_status (*forward)(struct lf_tape *tape, struct lf_tensor *tensor);
    lf_status (*backward)(struct lf_tape *tape, struct lf_tensor *tensor);
};

struct lf_tensor {
    const struct lf_op *op; /* NULL for a constant */
    struct lf_tape *tape;
    struct lf_tensor *previous; /* on the record */
    size_t rows, cols;
    void *value;
    void *grad; /* NULL until a gradient arrives */
    struct lf_tensor *input[2];
    struct lf_layer layer; /* of lf_linear */
    int requires_grad;
};

/* Elements of the tape's type, each -0.0: an empty sum. NULL when memory is out. */
void *lf_tape_empty_sums(struct lf_tape *tape, size_t n);

/* A gradient for the input to add to: its own, made on first use. NULL when memory is out. */
void *lf_tensor_grad(struct lf_tensor *tensor);

/* A new tensor at the end of the record with room for its elements; NULL, with the error on the
 * tape, when memory is out. op is NULL for a constant, whose value the caller sets. */
struct lf_tensor *lf_tape_record(struct lf_tape *tape, const struct lf_op *op, size_t rows,
                                 size_t cols);

/* Runs the forward of a recorded tensor and returns it; NULL with the error on the tape. */
struct lf_tensor *lf_tape_compute(struct lf_tape *tape, struct lf_tensor *tensor);

/* Whether the operation may go on: the tape has no error yet and both operands are of this tape.
 * b may be NULL for an operation of one operand. Sets the error otherwise. */
int lf_tape_accepts(struct lf_tape *tape, const char *name, const struct lf_tensor *a,
                    const struct lf_tensor *b, int operands);

/* Keeps the first error: status, and the line "name: text". */
void lf_tape_fail(struct lf_tape *tape, lf_status status, const char *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
