/* SPDX-License-Identifier: MIT */
/* Is a gradient right? The checker compares it with difference quotients and names the worst
 * element. Here a loss written by hand forgets that a factor depends on the parameters too. */
#include <lanefit/lanefit.h>

#include <stdio.h>

struct data {
    struct lf_layer layer;
    const double *x, *y;
    int forgets;
};

/* The mean of (f - y)^2 sigmoid(f), f = x W^T + b. */
static struct lf_tensor *loss(struct lf_tape *tape, void *context)
{
    const struct data *d = context;
    struct lf_tensor *f = lf_linear(lf_input(tape, 3, 2, d->x), &d->layer);
    struct lf_tensor *square = lf_square(lf_sub(f, lf_input(tape, 3, 1, d->y)));
    return lf_mean(lf_mul(square, lf_sigmoid(d->forgets ? lf_detach(f) : f)));
}

int main(void)
{
    const double x[3][2] = {{0.5, 1}, {-1, 0.25}, {2, -0.5}}, y[3] = {1, -1, 0.5};
    struct data data = {.x = x[0], .y = y};
    struct lf_model *model;
    struct lf_rng rng;
    if (lf_model_create(&model, NULL, LF_F64) ||
        lf_model_add_linear(model, "linear", 2, 1, &data.layer))
        return 1;
    lf_rng_seed(&rng, 1);
    lf_model_init(model, &rng);
    for (data.forgets = 0; data.forgets < 2; data.forgets++) {
        struct lf_gradcheck found;
        if (lf_gradcheck(model, loss, &data, 1e-8, &found))
            return 1;
        if (found.passed)
            printf("the gradient is right\n");
        else
            printf("wrong at %s[%zu]: the gradient is %.4f, the difference quotient %.4f\n",
                   found.parameter.name, found.element, found.gradient, found.quotient);
    }
    lf_model_destroy(model);
    return 0;
}
