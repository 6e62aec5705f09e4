/* SPDX-License-Identifier: MIT */
/* A run that is stopped, written to a file, and goes on in another trainer, as if in another
 * process. Its rows come from a stream: here from a formula, elsewhere from a file larger than
 * memory. */
#include <lanefit/lanefit.h>

#include <stdio.h>

enum { ROWS = 100000, IN = 2 };

/* y = 3 x1 - 2 x2 + 1 */
struct rows {
    size_t next;
};

static int seek_row(void *context, size_t row)
{
    ((struct rows *)context)->next = row;
    return 1;
}

static int read_rows(void *context, size_t count, void *x, void *y)
{
    struct rows *rows = context;
    float *to_x = x, *to_y = y;
    for (size_t r = 0; r < count; r++, rows->next++, to_x += IN, to_y++) {
        to_x[0] = (float)(rows->next % 101) / 100;
        to_x[1] = (float)(rows->next % 37) / 36;
        *to_y = 3 * to_x[0] - 2 * to_x[1] + 1;
    }
    return 1;
}

static int stop_at_500(void *context, const struct lf_train_progress *progress)
{
    (void)context;
    return progress->step != 500;
}

int main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "line.model";
    struct rows rows = {0};
    const struct lf_stream stream = {seek_row, read_rows, &rows};
    const struct lf_data data = lf_data_stream(LF_F32, ROWS, IN, 1, &stream);
    const struct lf_train_options options = {.loss = LF_MSE_LOSS,
                                             .optimizer = lf_adam(0.01),
                                             .batch = 100,
                                             .epochs = 2,
                                             .after_step = stop_at_500};
    char message[LF_CHECKPOINT_MESSAGE] = "";
    for (int part = 1; part <= 2; part++) {
        struct lf_module layer = lf_module_linear(IN, 1);
        struct lf_model *model;
        struct lf_trainer *trainer;
        struct lf_checkpoint *checkpoint;
        enum lf_train_end end;
        if (lf_model_create(&model, NULL, LF_F32) ||
            lf_model_add_sequential(model, "", 1, &layer) ||
            lf_trainer_create(&trainer, model, 1, &layer, &options, NULL))
            return 1;
        if (part == 2) {
            if (lf_checkpoint_read(&checkpoint, path, message) ||
                lf_checkpoint_load(checkpoint, model, trainer, message)) {
                fprintf(stderr, "%s\n", message);
                return 1;
            }
            lf_checkpoint_free(checkpoint);
        }
        if (lf_trainer_run(trainer, &data, NULL, &end) ||
            lf_checkpoint_write(path, model, trainer, NULL, 0, message)) {
            fprintf(stderr, "%s%s\n", lf_trainer_message(trainer), message);
            return 1;
        }
        const float *w = lf_parameter_value(&layer.layer.weight);
        printf("%s after %d steps: y = %.3f x1 %+.3f x2 %+.3f\n",
               end == LF_END_CALLBACK ? "stopped" : "done", (int)lf_trainer_progress(trainer).step,
               (double)w[0], (double)w[1], (double)w[2]);
        lf_trainer_destroy(trainer);
        lf_model_destroy(model);
    }
    remove(path);
    return 0;
}
