/* SPDX-License-Identifier: MIT */
/* Models, and reverse-mode differentiation through a tape.
 *
 * A model owns its parameters in two flat, 64-byte-aligned vectors, values and gradients, so that
 * an optimizer step (optim.h) is one kernel call. A tape records what is computed on it: an
 * operation computes its value at once, and lf_backward walks the record in reverse. Between steps
 * the tape is reset, not freed: a loop allocates nothing once it has taken its largest step.
 *
 * All tensors of a tape have its model's type. They are 2-D, row-major, of at least one row and one
 * column, and live until the tape is reset or destroyed. An operation takes its tape from its
 * operands and returns a new tensor, NULL on an error. The first error stays on the tape
 * (lf_tape_status) with the name of the operation and the shapes it got; on a tape with an error,
 * and on NULL, operations return NULL. So a step is written like the mathematics and checked once,
 * by what lf_backward returns. Errors of operations are LF_INVALID, LF_SHAPE and LF_NO_MEMORY.
 *
 * Every value and gradient has the same bits on every table. Sums follow the contract of kernels.h;
 * what else is rounded, and in which order, is said with each operation. u is as there. */
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

/* A parameter: its place in the vectors of its model. Plain data, good for as long as the model;
 * the name is the model's. */
struct lf_parameter {
    struct lf_model *model; /* NULL: no parameter */
    const char *name;       /* as PyTorch names it: "linear.weight" */
    size_t rows, cols;
    size_t offset; /* of its first element in the flat vectors */
};

/* A linear layer y = x W^T + b. Plain data; may be used any number of times in a step, and two
 * layers share a parameter where both name it. */
struct lf_layer {
    struct lf_parameter weight; /* W[out,in] */
    struct lf_parameter bias;   /* b[1,out]; bias.model = NULL: none */
};

/* One stage of a sequence: a linear layer, or an activation. */
enum lf_module_kind { LF_MODULE_LINEAR, LF_MODULE_ACTIVATION };

struct lf_module {
    enum lf_module_kind kind;
    size_t in, out; /* of a linear layer */
    enum lf_activation activation;
    struct lf_layer layer; /* filled by lf_model_add_sequential */
};

/* Creates a model without parameters that runs on the given table (NULL: the best one).
 * LF_INVALID, LF_NO_MEMORY, LF_UNSUPPORTED where no table can run; *model is then NULL. */
LF_API lf_status lf_model_create(struct lf_model **model, const struct lf_kernels *kernels,
                                 enum lf_dtype dtype);
LF_API void lf_model_destroy(struct lf_model *model);

/* Adds a parameter of rows x cols elements, all 0, and fills *parameter. Names need not differ.
 * LF_INVALID where one of the sizes is 0, LF_NO_MEMORY: the model is unchanged. Moves the flat
 * vectors: a tape that has used a parameter must be reset before it goes on. */
LF_API lf_status lf_model_add_parameter(struct lf_model *model, const char *name, size_t rows,
                                        size_t cols, struct lf_parameter *parameter);

/* Adds name.weight and name.bias of a linear layer as torch.nn.Linear(in, out) has them, all 0, and
 * fills *layer. Errors as those of lf_model_add_parameter. */
LF_API lf_status lf_model_add_linear(struct lf_model *model, const char *name, size_t in,
                                     size_t out, struct lf_layer *layer);

/* Adds the linear layers of torch.nn.Sequential: module i has the parameters i.weight and i.bias,
 * with "name." before them unless name is "". LF_SHAPE where a layer does not take what the one
 * before it gives. On an error the model and the modules are unchanged. */
LF_API lf_status lf_model_add_sequential(struct lf_model *model, const char *name, size_t count,
                                         struct lf_module modules[]);

/* Draws the weight and the bias of every linear layer, in the order in which they were added,
 * uniformly within their bounds (random.h): fma(u, 2 bound, -bound). These are the values that
 * PyTorch's layers have when they are made in this order. Other parameters stay. */
LF_API void lf_model_init(struct lf_model *model, struct lf_rng *rng);

/* How many parameters there are, and the i-th in the order in which they were added. LF_INVALID:
 * there is none. */
LF_API size_t lf_model_parameters(const struct lf_model *model);
LF_API lf_status lf_model_parameter(struct lf_model *model, size_t i,
                                    struct lf_parameter *parameter);

/* The elements of a parameter and their gradients, float or double, row-major; they stay where they
 * are until a parameter is added, and may be written through, between a reset of the tape and the
 * next. NULL for no parameter. */
LF_API void *lf_parameter_value(const struct lf_parameter *parameter);
LF_API void *lf_parameter_grad(const struct lf_parameter *parameter);

/* Sets all gradients to 0. */
LF_API void lf_model_zero_grad(struct lf_model *model);

/* ---- Tapes ------------------------------------------------------------------------------- */

/* Creates a tape for a model, which must outlive it. LF_INVALID, LF_NO_MEMORY: *tape is NULL. */
LF_API lf_status lf_tape_create(struct lf_tape **tape, struct lf_model *model);
LF_API void lf_tape_destroy(struct lf_tape *tape);

/* Forgets all tensors and the error, keeps the memory; gradients are recorded again. A tensor from
 * before the reset is refused while no new one has taken its place. */
LF_API void lf_tape_reset(struct lf_tape *tape);

/* The first error since the reset, and one line that names the operation and the shapes it got
 * ("" while there is none). */
LF_API lf_status lf_tape_status(const struct lf_tape *tape);
LF_API const char *lf_tape_message(const struct lf_tape *tape);

/* Whether results of operations are recorded for lf_backward (1, as after a reset) or are constants
 * (0, torch.no_grad). Returns what was set before. */
LF_API int lf_tape_set_grad(struct lf_tape *tape, int enabled);

/* ---- Tensors ----------------------------------------------------------------------------- */

/* A constant: data[rows,cols] is borrowed, and read, until the tape is reset. LF_INVALID where the
 * tape's model has the other type, LF_SHAPE for an empty one. */
LF_API struct lf_tensor *lf_input_f32(struct lf_tape *tape, size_t rows, size_t cols,
                                      const float *data);
LF_API struct lf_tensor *lf_input_f64(struct lf_tape *tape, size_t rows, size_t cols,
                                      const double *data);

/* The same of elements that lie apart: (r,c) is data[r row_stride + c col_stride]. Operations other
 * than lf_linear and lf_linear_loss copy it on first use; they too where no stride is 1. */
LF_API struct lf_tensor *lf_view_f32(struct lf_tape *tape, size_t rows, size_t cols,
                                     const float *data, size_t row_stride, size_t col_stride);
LF_API struct lf_tensor *lf_view_f64(struct lf_tape *tape, size_t rows, size_t cols,
                                     const double *data, size_t row_stride, size_t col_stride);

/* A parameter of the tape's model as an operand; lf_backward sends its gradient to the model, also
 * where the parameter was named while nothing was recorded. */
LF_API struct lf_tensor *lf_parameter_tensor(struct lf_tape *tape,
                                             const struct lf_parameter *parameter);

/* Makes lf_backward compute the gradient of an input too. LF_INVALID for the result of an
 * operation, which has it anyway, and once an operation has used x. Returns x. */
LF_API struct lf_tensor *lf_require_grad(struct lf_tensor *x);

/* The value of x as a constant. */
LF_API struct lf_tensor *lf_detach(struct lf_tensor *x);

LF_API size_t lf_tensor_rows(const struct lf_tensor *tensor);
LF_API size_t lf_tensor_cols(const struct lf_tensor *tensor);

/* The elements, float or double, row-major: those of a view as they lie, until an operation copies
 * them. NULL for NULL and for a tensor from before the reset, which has no rows and columns either.
 */
LF_API const void *lf_tensor_value(const struct lf_tensor *tensor);

/* The gradient of a tensor other than a parameter, row-major: summed over the backward passes since
 * the reset. NULL where none has arrived. */
LF_API const void *lf_tensor_grad(const struct lf_tensor *tensor);

/* The value of a tensor[1,1]; NaN for any other, for NULL, and for one from before the reset. */
LF_API double lf_item(const struct lf_tensor *tensor);

/* ---- Layers ------------------------------------------------------------------------------ */

/* x W^T + b    x[rows,in] -> [rows,out] */
LF_API struct lf_tensor *lf_linear(struct lf_tensor *x, const struct lf_layer *layer);

/* The modules one after the other. */
LF_API struct lf_tensor *lf_sequential(struct lf_tensor *x, size_t count,
                                       const struct lf_module modules[]);

/* ---- Operations -------------------------------------------------------------------------- */

/* a + b, a - b, a b, element by element; an operand with one row, or one column, or both, is
 * repeated to the other's. Its gradient is the sum over its uses: over rows as a bias gradient is,
 * over columns as `affine` with weights of 1, over all as lf_sum. */
LF_API struct lf_tensor *lf_add(struct lf_tensor *a, struct lf_tensor *b);
LF_API struct lf_tensor *lf_sub(struct lf_tensor *a, struct lf_tensor *b);
LF_API struct lf_tensor *lf_mul(struct lf_tensor *a, struct lf_tensor *b);

/* a b    a[rows,inner] b[inner,cols] -> [rows,cols]; a chain over the inner index */
LF_API struct lf_tensor *lf_matmul(struct lf_tensor *a, struct lf_tensor *b);

/* factor x, the factor rounded to the type */
LF_API struct lf_tensor *lf_scale(struct lf_tensor *x, double factor);
LF_API struct lf_tensor *lf_negate(struct lf_tensor *x);
LF_API struct lf_tensor *lf_square(struct lf_tensor *x);

/* x^exponent for an exponent that is finite once rounded to the type, with the derivative
 * exponent x^(exponent - 1) and 0 for an exponent of 0. As in torch.pow the exponents -2, -1, -1/2,
 * 0, 1/2, 1, 2 and 3 are products, quotients and roots; the others are within 1 ulp. */
LF_API struct lf_tensor *lf_power(struct lf_tensor *x, double exponent);

/* f(x) of kernels.h: relu, tanh, sigmoid, softplus, gelu, exp, log. */
LF_API struct lf_tensor *lf_activate(struct lf_tensor *x, enum lf_activation kind);

/* x, x^2 .. x^degree    x[rows,1] -> [rows,degree]; each power is the one before times x */
LF_API struct lf_tensor *lf_polynomial(struct lf_tensor *x, size_t degree);

/* The sum of all elements, and that over their number    [rows,cols] -> [1,1] */
LF_API struct lf_tensor *lf_sum(struct lf_tensor *x);
LF_API struct lf_tensor *lf_mean(struct lf_tensor *x);

/* ---- Losses ------------------------------------------------------------------------------ */

enum lf_reduction { LF_MEAN, LF_SUM };

/* A loss of kernels.h over all elements: their sum, or their mean. row_weight[rows,1], NULL for 1,
 * multiplies the terms of a row, and a mean is then divided by cols times the sum of the weights,
 * which gives NaN where that is 0. The weights are constants. */
struct lf_criterion {
    enum lf_loss_kind kind;
    enum lf_reduction reduction;
    double delta; /* of huber_loss: finite, > 0 in the model's type */
    struct lf_tensor *row_weight;
};

/* [rows,cols], [rows,cols] -> [1,1]; gradients for the prediction, and for the target. */
LF_API struct lf_tensor *lf_loss(struct lf_tensor *prediction, struct lf_tensor *target,
                                 const struct lf_criterion *criterion);

/* lf_loss(lf_linear(x, layer), target, criterion) in one pass over x, with the bits of the two.
 * x[rows,in] target[rows,out] -> [1,1]. The target is a constant. The pass that computes the value
 * computes the layer's gradients too, for a gradient of 1 of the loss; lf_backward with another
 * runs it again. */
LF_API struct lf_tensor *lf_linear_loss(struct lf_tensor *x, const struct lf_layer *layer,
                                        struct lf_tensor *target,
                                        const struct lf_criterion *criterion);

/* ---- Gradients --------------------------------------------------------------------------- */

/* Adds d loss / d parameter to the gradients of the model, for loss[1,1] of this tape. What one
 * pass contributes to a parameter or tensor is summed first, then added to what is there. May be
 * called again before the reset, as with retain_graph=True in PyTorch. Returns the tape's status:
 * an earlier error, LF_INVALID, LF_SHAPE, LF_NO_MEMORY; all gradients are then unchanged.
 * LF_INVALID too where an optimizer or lf_model_init has changed the parameters since they were
 * used, or a new one has moved them; what you write through lf_parameter_value goes unnoticed. */
LF_API lf_status lf_backward(struct lf_tape *tape, struct lf_tensor *loss);

/* The same from any tensor of the tape, its gradient given by another one of its shape. */
LF_API lf_status lf_backward_from(struct lf_tape *tape, struct lf_tensor *tensor,
                                  struct lf_tensor *gradient);

/* A function of the model's parameters, computed on a tape that has just been reset. [1,1], the
 * same for the same parameters. */
typedef struct lf_tensor *(*lf_objective)(struct lf_tape *tape, void *context);

/* What lf_gradcheck found. An error is |gradient - quotient| beyond what rounding explains, over
 * the larger of the two: a wrong sign is 2. */
struct lf_gradcheck {
    int passed;                    /* all errors are at most the tolerance */
    struct lf_parameter parameter; /* the worst element: of which parameter, */
    size_t element;                /* which of its elements, */
    double gradient, quotient;     /* its gradient, its difference quotient */
    double error;                  /* and their error */
    double directional_error;      /* the error along one direction through all elements */
    double directional_gradient, directional_quotient;
};

/* Compares the gradient of f with difference quotients, for each element of the model's parameters
 * and along one direction of random signs. A quotient takes four values of f at x +- h and x +- 2h,
 * h = 2^-10 max(1, |x|) for each element, so its error is h^4 f^(5) / 30 and f has to be smooth
 * that near x. Rounding is taken to move f by 16 u |f|: it explains a gradient below 3e-12 |f|,
 * whatever that is. The model must be f64 and have parameters. Its parameters and gradients are as
 * before on return. LF_INVALID, LF_NO_MEMORY, or the status of f's tape, its message lost; *result
 * is then all 0. */
LF_API lf_status lf_gradcheck(struct lf_model *model, lf_objective f, void *context,
                              double tolerance, struct lf_gradcheck *result);

/* ---- Short names ------------------------------------------------------------------------- */

static inline struct lf_module lf_module_linear(size_t in, size_t out)
{
    struct lf_parameter none = {NULL, NULL, 0, 0, 0};
    struct lf_module module = {LF_MODULE_LINEAR, in, out, LF_RELU, {none, none}};
    return module;
}

static inline struct lf_module lf_module_activation(enum lf_activation activation)
{
    struct lf_parameter none = {NULL, NULL, 0, 0, 0};
    struct lf_module module = {LF_MODULE_ACTIVATION, 0, 0, activation, {none, none}};
    return module;
}

static inline struct lf_tensor *lf_relu(struct lf_tensor *x)
{
    return lf_activate(x, LF_RELU);
}

static inline struct lf_tensor *lf_tanh(struct lf_tensor *x)
{
    return lf_activate(x, LF_TANH);
}

static inline struct lf_tensor *lf_sigmoid(struct lf_tensor *x)
{
    return lf_activate(x, LF_SIGMOID);
}

static inline struct lf_tensor *lf_softplus(struct lf_tensor *x)
{
    return lf_activate(x, LF_SOFTPLUS);
}

static inline struct lf_tensor *lf_gelu(struct lf_tensor *x)
{
    return lf_activate(x, LF_GELU);
}

static inline struct lf_tensor *lf_exp(struct lf_tensor *x)
{
    return lf_activate(x, LF_EXP);
}

static inline struct lf_tensor *lf_log(struct lf_tensor *x)
{
    return lf_activate(x, LF_LOG);
}

static inline struct lf_tensor *lf_mse_loss(struct lf_tensor *prediction, struct lf_tensor *target)
{
    struct lf_criterion criterion = {LF_MSE_LOSS, LF_MEAN, 0, NULL};
    return lf_loss(prediction, target, &criterion);
}

static inline struct lf_tensor *lf_l1_loss(struct lf_tensor *prediction, struct lf_tensor *target)
{
    struct lf_criterion criterion = {LF_L1_LOSS, LF_MEAN, 0, NULL};
    return lf_loss(prediction, target, &criterion);
}

static inline struct lf_tensor *lf_binary_cross_entropy_with_logits(struct lf_tensor *prediction,
                                                                    struct lf_tensor *target)
{
    struct lf_criterion criterion = {LF_BCE_WITH_LOGITS_LOSS, LF_MEAN, 0, NULL};
    return lf_loss(prediction, target, &criterion);
}

static inline struct lf_tensor *lf_poisson_nll_loss(struct lf_tensor *prediction,
                                                    struct lf_tensor *target)
{
    struct lf_criterion criterion = {LF_POISSON_NLL_LOSS, LF_MEAN, 0, NULL};
    return lf_loss(prediction, target, &criterion);
}

static inline struct lf_tensor *lf_huber_loss(struct lf_tensor *prediction,
                                              struct lf_tensor *target, double delta)
{
    struct lf_criterion criterion = {LF_HUBER_LOSS, LF_MEAN, delta, NULL};
    return lf_loss(prediction, target, &criterion);
}

#ifdef __cplusplus
}

static inline struct lf_tensor *lf_input(struct lf_tape *tape, size_t rows, size_t cols,
                                         const float *data)
{
    return lf_input_f32(tape, rows, cols, data);
}

static inline struct lf_tensor *lf_input(struct lf_tape *tape, size_t rows, size_t cols,
                                         const double *data)
{
    return lf_input_f64(tape, rows, cols, data);
}
#else
/* lf_input_f32 or lf_input_f64, whichever takes the pointer, which may be a compound literal. */
#define lf_input(tape, rows, cols, ...)                                                            \
    _Generic((__VA_ARGS__), const float *                                                          \
             : lf_input_f32, float *                                                               \
             : lf_input_f32, const double *                                                        \
             : lf_input_f64, double *                                                              \
             : lf_input_f64)(tape, rows, cols, __VA_ARGS__)
#endif

#endif
