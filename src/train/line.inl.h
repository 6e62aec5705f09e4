/* SPDX-License-Identifier: MIT */
/* line.c, per type. */

static void TYPED(parameters)(const struct lf_line *line, double *weight, double *bias)
{
    *weight = *(const REAL *)lf_parameter_value(&line->layer.weight);
    *bias = *(const REAL *)lf_parameter_value(&line->layer.bias);
}

/* The kernel's rows come in the run's type, the caller's are doubles: a few at a time. */
static size_t TYPED(run_traced)(struct lf_line *line, struct TYPED(lf_online) * run, size_t steps,
                                struct lf_line_step *trace)
{
    enum { ROWS = 64 };
    const struct TYPED(lf_kernels) *k = KERNELS(line->options.kernels);
    struct TYPED(lf_online_step) row[ROWS];
    size_t done = 0, taken = 1;
    for (; done < steps && taken > 0; done += taken) {
        size_t wanted = steps - done < ROWS ? steps - done : ROWS;
        taken = (line->options.model == LF_LINE_SHARED ? k->online_shared : k->online_linear)(
            run, &line->rng, wanted, row);
        for (size_t i = 0; i < taken; i++)
            trace[done + i] = (struct lf_line_step){row[i].x,    row[i].y,      row[i].prediction,
                                                    row[i].loss, row[i].weight, row[i].bias};
    }
    return done;
}

static lf_status TYPED(run_fused)(struct lf_line *line, size_t steps, struct lf_line_step *trace)
{
    const struct TYPED(lf_kernels) *k = KERNELS(line->options.kernels);
    REAL *weight = lf_parameter_value(&line->layer.weight);
    REAL *bias = lf_parameter_value(&line->layer.bias);
    struct TYPED(lf_online) run = {.weight = *weight,
                                   .bias = *bias,
                                   .true_weight = (REAL)line->options.true_weight,
                                   .true_bias = (REAL)line->options.true_bias,
                                   .lr = (REAL)line->options.lr};
    if (trace)
        line->steps += TYPED(run_traced)(line, &run, steps, trace);
    else if (line->options.model == LF_LINE_SHARED)
        line->steps += k->online_shared(&run, &line->rng, steps, NULL);
    else
        line->steps += k->online_linear(&run, &line->rng, steps, NULL);
    *weight = run.weight;
    *bias = run.bias;
    return isfinite(run.weight) && isfinite(run.bias) ? LF_OK : LF_DIVERGED;
}

static lf_status TYPED(run_autograd)(struct lf_line *line, size_t steps, struct lf_line_step *trace)
{
    const struct TYPED(lf_kernels) *k = KERNELS(line->options.kernels);
    const REAL true_weight = (REAL)line->options.true_weight;
    const REAL true_bias = (REAL)line->options.true_bias;
    struct lf_tape *tape = line->tape;
    double weight, bias;
    TYPED(parameters)(line, &weight, &bias);
    for (size_t i = 0; i < steps && isfinite(weight) && isfinite(bias); i++) {
        REAL x = (REAL)line->x, y;
        if (!line->drawn)
            k->uniform(&line->rng, 1, &x);
        k->affine(1, 1, 1, &x, 1, 1, &true_weight, &true_bias, &y);

        lf_tape_reset(tape);
        struct lf_tensor *prediction = lf_linear(lf_input(tape, 1, 1, &x), &line->layer);
        if (line->options.model == LF_LINE_SHARED)
            prediction = lf_linear(prediction, &line->layer);
        struct lf_tensor *loss = lf_mse_loss(prediction, lf_input(tape, 1, 1, &y));
        lf_model_zero_grad(line->model);
        lf_status status = lf_backward(tape, loss);
        line->drawn = status != LF_OK;
        line->x = x;
        if (status != LF_OK)
            return status;
        lf_optimizer_step(line->sgd);

        line->steps++;
        TYPED(parameters)(line, &weight, &bias);
        if (trace)
            trace[i] =
                (struct lf_line_step){x, y, lf_item(prediction), lf_item(loss), weight, bias};
    }
    return isfinite(weight) && isfinite(bias) ? LF_OK : LF_DIVERGED;
}

/* The runs of `count` lanes, from generators that stand at their seeds. */
static void TYPED(fates)(const struct lf_line_options *options, struct lf_rng_lanes *rng,
                         size_t steps, size_t count, struct lf_line_fate *fates)
{
    const struct TYPED(lf_kernels) *k = KERNELS(options->kernels);
    struct TYPED(lf_online_lanes) run = {.true_weight = {(REAL)options->true_weight},
                                         .true_bias = (REAL)options->true_bias,
                                         .lr = (REAL)options->lr};
    k->uniform_lanes(rng, run.weight[0]);
    k->uniform_lanes(rng, run.bias);
    for (size_t j = 0; j < LF_LANES; j++) {
        run.weight[0][j] = TYPED(lf_stretch)(run.weight[0][j], lf_linear_weight_bound(1));
        run.bias[j] = TYPED(lf_stretch)(run.bias[j], lf_linear_bias_bound(1));
    }
    for (size_t j = 0; j < count; j++) {
        fates[j].start_weight = run.weight[0][j];
        fates[j].start_bias = run.bias[j];
    }
    if (options->model == LF_LINE_SHARED)
        k->online_shared_lanes(&run, rng, steps);
    else
        k->online_linear_lanes(1, &run, rng, steps);
    for (size_t j = 0; j < count; j++) {
        fates[j].weight = run.weight[0][j];
        fates[j].bias = run.bias[j];
    }
}
