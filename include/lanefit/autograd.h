/* SPDX-License-Identifier: MIT */
/* Models, and reverse-mode differentiation through a tape.
 *
 * A model owns its parameters in two flat, 64-byte-aligned vectors, values and gradients, so that
 * an optimizer step is one kernel call. A tape records what is computed on it: an operation
 * computes its value at once, and lf_backward walks the record in reverse. Between steps the tape
 * is reset, not freed: a loop allocates nothing once it has taken its largest step.
 *
 * All tensors of a tape have its model's type. They are 2-D, row-major and dense, and live until
 * the tape is reset or destroyed. Operations never fail loudly: the first error stays on the tape
 * (lf_tape_status), the operation returns NULL, and operations on NULL return NULL. */
#ifndef LANEFIT_AUTOGRAD_H
#define LANEFIT_AUTOGRAD_H

#include <lanefit/kernels.h>

#ifdef __cplusplus
extern "C" {
#endif

enum lf_dtype { LF_F32, LF_F64 };

struct lf_model;
struct lf_tape;
struct lf_tensor;

/* ---- Models ------------------------------------------------------------------------------ */

/* A linear layer y = x W^T + b: its place in the parameters of the model it was added to. Plain
 * data; may be used any number of times in a step. */
struct lf_layer {
    const struct lf_model *model;
    size_t in, out;
    size_t weight; /* element of the flat vectors where W[out,in] starts */
    size_t bias;   /* and b[out], right behind it */
};

/* What lf_model_parameter tells of one parameter. The pointers are into the model's vectors: they
 * hold until a layer is added or the model destroyed, and may be written through. */
struct lf_parameter {
    const char *name; /* "linear.weight" */
    size_t rows, cols;
    void *value, *grad; /* float or double, by the model's type */
};

/* Creates a model without layers that runs on the given table (NULL: the best one).
 * LF_INVALID, LF_NO_MEMORY, LF_UNSUPPORTED where no table can run; *model is then NULL. */
LF_API lf_status lf_model_create(struct lf_model **model, const struct lf_kernels *kernels,
                                 enum lf_dtype dtype);
LF_API void lf_model_destroy(struct lf_model *model);

/* Adds a linear layer with in >= 1 and out >= 1, its parameters named name.weight and name.bias,
 * all 0, and fills *layer. LF_INVALID, LF_NO_MEMORY: the model is unchanged. A tape that holds
 * uses of the model's layers must be reset first. */
LF_API lf_status lf_model_add_linear(struct lf_model *model, const char *name, size_t in,
                                     size_t out, struct lf_layer *layer);

/* Draws weight, then bias, uniformly within their bounds (random.h) and as torch.nn.Linear draws
 * them: fma(u, 2 bound, -bound). */
LF_API void lf_layer_init(struct lf_model *model, const struct lf_layer *layer, struct lf_rng *rng);

LF_API size_t lf_model_parameters(const struct lf_model *model);
LF_API lf_status lf_model_parameter(const struct lf_model *model, size_t i,
                                    struct lf_parameter *parameter);

/* Sets all gradients to 0. */
LF_API void lf_model_zero_grad(struct lf_model *model);

/* One step of torch.optim.SGD on all parameters: w = fma(-lr, gradient, w). */
LF_API void lf_sgd_step(struct lf_model *model, double lr);

/* ---- Tapes ------------------------------------------------------------------------------- */

/* Creates a tape for a model, which must outlive it. LF_INVALID, LF_NO_MEMORY: *tape is NULL. */
LF_API lf_status lf_tape_create(struct lf_tape **tape, struct lf_model *model);
LF_API void lf_tape_destroy(struct lf_tape *tape);

/* Forgets all tensors and the error, keeps the memory. */
LF_API void lf_tape_reset(struct lf_tape *tape);

/* The first error since the reset, and one line that names the operation and the shapes it got
 * ("" while there is none). */
LF_API lf_status lf_tape_status(const struct lf_tape *tape);
LF_API const char *lf_tape_message(const struct lf_tape *tape);

/* ---- Tensors and operations -------------------------------------------------------------- */

/* A constant: data[rows,cols] is borrowed, and read, until the tape is reset. */
LF_API struct lf_tensor *lf_input(struct lf_tape *tape, size_t rows, size_t cols, const void *data);

/* x W^T + b    x[rows,in] -> [rows,out] */
LF_API struct lf_tensor *lf_linear(struct lf_tape *tape, const struct lf_layer *layer,
                                   struct lf_tensor *x);

/* sum (prediction - target)^2 / elements    [rows,cols], [rows,cols] -> [1,1] */
LF_API struct lf_tensor *lf_mse_loss(struct lf_tape *tape, struct lf_tensor *prediction,
                                     struct lf_tensor *target);

/* Adds d loss / d parameter to the gradients of the model, for loss[1,1] of this tape. The
 * contributions of all uses of a parameter are summed first, then added. Returns the tape's status:
 * an earlier error, LF_INVALID, LF_SHAPE, LF_NO_MEMORY; the model's gradients are then unchanged.
 */
LF_API lf_status lf_backward(struct lf_tape *tape, struct lf_tensor *loss);

LF_API size_t lf_tensor_rows(const struct lf_tensor *tensor);
LF_API size_t lf_tensor_cols(const struct lf_tensor *tensor);

/* The elements, float or double, row-major; NULL for NULL. */
LF_API const void *lf_tensor_value(const struct lf_tensor *tensor);

/* The value of a tensor[1,1]; NaN for any other, and for NULL. */
LF_API double lf_item(const struct lf_tensor *tensor);

#ifdef __cplusplus
}
#endif

#endif
