/* SPDX-License-Identifier: MIT */
#include "network.h"
#include "cli.h"

int network_open(struct network *n, const struct description *d, const struct lf_kernels *kernels)
{
    *n = (struct network){.description = d};
    n->count = description_modules(d, n->modules);
    if (lf_model_create(&n->model, kernels, d->dtype) == LF_OK &&
        lf_model_add_sequential(n->model, "", n->count, n->modules) == LF_OK &&
        lf_tape_create(&n->tape, n->model) == LF_OK)
        return 1;
    complain("out of memory for the model");
    network_close(n);
    return 0;
}

void network_close(struct network *n)
{
    lf_tape_destroy(n->tape);
    lf_model_destroy(n->model);
    *n = (struct network){.model = NULL};
}

const void *network_run(struct network *n, size_t rows, const void *x)
{
    lf_tape_reset(n->tape);
    lf_tape_set_grad(n->tape, 0);
    const size_t in = n->description->in;
    struct lf_tensor *input = n->description->dtype == LF_F32 ? lf_input_f32(n->tape, rows, in, x)
                                                              : lf_input_f64(n->tape, rows, in, x);
    return lf_tensor_value(lf_sequential(input, n->count, n->modules));
}

const struct lf_layer *network_layer(const struct network *n)
{
    return &n->modules[n->count - 1].layer;
}

cJSON *note_of(const struct lf_checkpoint *checkpoint)
{
    size_t bytes;
    const char *note = lf_checkpoint_note(checkpoint, &bytes);
    return cJSON_ParseWithLength(note, bytes);
}

/* Elements of the parameters that are described, which are looked for before room is made: a file
 * may describe what it does not hold. */
static size_t elements_of(const struct description *d)
{
    struct lf_module modules[MOST_MODULES];
    const size_t count = description_modules(d, modules);
    size_t sum = 0, elements;
    for (size_t i = 0; i < count; i += 2)
        if (__builtin_add_overflow(modules[i].in, 1, &elements) ||
            __builtin_mul_overflow(elements, modules[i].out, &elements) ||
            __builtin_add_overflow(sum, elements, &sum))
            return 0;
    return sum;
}

int network_load(struct network *n, struct description *d, const char *path,
                 const struct lf_kernels *kernels, struct lf_checkpoint **checkpoint)
{
    char message[LF_CHECKPOINT_MESSAGE];
    struct lf_checkpoint *file;
    *d = (struct description){0};
    *n = (struct network){.model = NULL};
    if (lf_checkpoint_read(&file, path, message) != LF_OK) {
        complain("%s", message);
        return 0;
    }
    cJSON *note = note_of(file);
    int loaded =
        note && description_from_json(d, note) && elements_of(d) == lf_checkpoint_elements(file);
    if (!loaded)
        complain("'%s' does not say what its parameters mean: it was not written by 'lanefit fit'",
                 path);
    loaded = loaded && network_open(n, d, kernels);
    if (loaded && lf_checkpoint_load(file, n->model, NULL, message) != LF_OK) {
        complain("'%s': %s", path, message);
        loaded = 0;
    }
    cJSON_Delete(note);
    if (!loaded || !checkpoint)
        lf_checkpoint_free(file);
    if (!loaded) {
        network_close(n);
        description_free(d);
    } else if (checkpoint) {
        *checkpoint = file;
    }
    return loaded;
}
