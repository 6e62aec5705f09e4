/* SPDX-License-Identifier: MIT */
#include "state.h"

#include <stdlib.h>
#include <string.h>

static const char magic[] = "\x89lanefit";
enum { MAGIC_BYTES = 8, VERSION = 1, HEAD_BYTES = 24, END_BYTES = 8 };

/* A parameter as the file has it; the name lies in the file. */
struct saved_parameter {
    uint64_t rows, cols, name_bytes;
    const char *name;
};

struct lf_checkpoint {
    unsigned char *file;
    size_t bytes;
    enum lf_dtype dtype;
    char *note;
    size_t note_bytes;
    size_t count; /* of parameters */
    struct saved_parameter *parameters;
    size_t size; /* elements of them all */
    const void *values;
    int has_run;
    struct lf_state state;
    int out_of_memory;
};

/* ---- Writing ------------------------------------------------------------------------------ */

static void put_model(struct lf_bytes *b, const struct lf_model *model)
{
    lf_put_u64(b, model->entry_count);
    for (size_t i = 0; i < model->entry_count; i++) {
        const struct lf_entry *entry = &model->entries[i];
        const size_t length = strlen(entry->name);
        lf_put_u64(b, entry->rows);
        lf_put_u64(b, entry->cols);
        lf_put_u64(b, length);
        lf_put_bytes(b, entry->name, length);
    }
    lf_put_bytes(b, model->value, model->size * lf_dtype_size(model->dtype));
}

static void put_all(struct lf_bytes *b, const struct lf_model *model,
                    const struct lf_trainer *trainer, const void *note, size_t note_bytes)
{
    lf_put_bytes(b, magic, MAGIC_BYTES);
    lf_put_u32(b, VERSION);
    lf_put_u32(b, model->dtype);
    lf_put_u64(b, 0); /* the size, when it is known */
    lf_put_u64(b, note_bytes);
    lf_put_bytes(b, note, note_bytes);
    put_model(b, model);
    lf_put_u64(b, trainer != NULL);
    if (trainer)
        lf_state_put(b, trainer);
    if (b->failed)
        return;
    const uint64_t bytes = b->size + END_BYTES;
    memcpy(b->data + HEAD_BYTES - sizeof bytes, &bytes, sizeof bytes);
    lf_put_u32(b, lf_crc32(b->data, b->size));
    lf_put_u32(b, 0);
}

lf_status lf_checkpoint_write(const char *path, const struct lf_model *model,
                              const struct lf_trainer *trainer, const void *note, size_t note_bytes,
                              char message[LF_CHECKPOINT_MESSAGE])
{
    if (message)
        message[0] = '\0';
    if (!path || !model || (trainer && trainer->model != model) || (note_bytes > 0 && !note))
        return lf_file_fail(message, LF_INVALID,
                            "no path, no model, no note or a trainer of another model");
    struct lf_bytes bytes = {0};
    put_all(&bytes, model, trainer, note, note_bytes);
    const lf_status status =
        bytes.failed ? lf_file_fail(message, LF_NO_MEMORY, "can't write '%s': out of memory", path)
                     : lf_file_replace(path, bytes.data, bytes.size, message);
    free(bytes.data);
    return status;
}

/* ---- Reading ------------------------------------------------------------------------------ */

/* What is wrong with the file as a whole; NULL: nothing. */
static const char *fault_of_file(const unsigned char *file, size_t bytes)
{
    struct lf_cursor c = {file, bytes, 0};
    const void *start = lf_take_bytes(&c, MAGIC_BYTES);
    if (!start || memcmp(start, magic, MAGIC_BYTES) != 0)
        return "is not a model of lanefit";
    const uint32_t version = lf_take_u32(&c);
    if (!c.failed && version != VERSION)
        return version > VERSION ? "was written by a newer lanefit" : "has no known version";
    lf_take_u32(&c);
    const uint64_t told = lf_take_u64(&c);
    if (c.failed || bytes < HEAD_BYTES + END_BYTES || told > bytes)
        return "is damaged: it has been cut short";
    if (told < bytes)
        return "is damaged: something follows its end";
    struct lf_cursor end = {file + bytes - END_BYTES, END_BYTES, 0};
    if (lf_take_u32(&end) != lf_crc32(file, bytes - END_BYTES) || lf_take_u32(&end) != 0)
        return "is damaged: its checksum is wrong";
    return NULL;
}

static int take_note(struct lf_checkpoint *p, struct lf_cursor *c)
{
    const uint64_t bytes = lf_take_u64(c);
    const void *note = lf_take_bytes(c, bytes);
    p->note = note ? malloc((size_t)bytes + 1) : NULL;
    p->out_of_memory = note && !p->note;
    if (!p->note)
        return 0;
    memcpy(p->note, note, (size_t)bytes);
    p->note[bytes] = '\0';
    p->note_bytes = (size_t)bytes;
    return 1;
}

static int take_parameter(struct saved_parameter *parameter, struct lf_cursor *c, size_t *size)
{
    size_t elements;
    parameter->rows = lf_take_u64(c);
    parameter->cols = lf_take_u64(c);
    parameter->name_bytes = lf_take_u64(c);
    parameter->name = lf_take_bytes(c, parameter->name_bytes);
    return parameter->name && parameter->rows > 0 && parameter->cols > 0 &&
           !__builtin_mul_overflow(parameter->rows, parameter->cols, &elements) &&
           !__builtin_add_overflow(*size, elements, size);
}

static int take_model(struct lf_checkpoint *p, struct lf_cursor *c)
{
    enum { LEAST_BYTES = 24 }; /* of a parameter */
    const uint64_t count = lf_take_u64(c);
    if (count > c->left / LEAST_BYTES)
        return 0;
    p->count = (size_t)count;
    p->parameters = calloc(p->count + 1, sizeof *p->parameters);
    p->out_of_memory = !p->parameters;
    if (!p->parameters)
        return 0;
    for (size_t i = 0; i < p->count; i++)
        if (!take_parameter(&p->parameters[i], c, &p->size))
            return 0;
    size_t bytes;
    if (__builtin_mul_overflow(p->size, lf_dtype_size(p->dtype), &bytes))
        return 0;
    p->values = lf_take_bytes(c, bytes);
    return p->values != NULL;
}

/* Everything between the head and the checksum. */
static int take_all(struct lf_checkpoint *p)
{
    struct lf_cursor head = {p->file + MAGIC_BYTES + 4, 4, 0};
    struct lf_cursor c = {p->file + HEAD_BYTES, p->bytes - HEAD_BYTES - END_BYTES, 0};
    const uint32_t dtype = lf_take_u32(&head);
    if (dtype > LF_F64)
        return 0;
    p->dtype = (enum lf_dtype)dtype;
    if (!take_note(p, &c) || !take_model(p, &c))
        return 0;
    const uint64_t has_run = lf_take_u64(&c);
    p->has_run = has_run == 1;
    if (has_run > 1 || (has_run && !lf_state_take(&c, p->dtype, p->size, &p->state)))
        return 0;
    return !c.failed && c.left == 0;
}

lf_status lf_checkpoint_read(struct lf_checkpoint **checkpoint, const char *path,
                             char message[LF_CHECKPOINT_MESSAGE])
{
    if (message)
        message[0] = '\0';
    if (!checkpoint)
        return lf_file_fail(message, LF_INVALID, "no checkpoint");
    *checkpoint = NULL;
    if (!path)
        return lf_file_fail(message, LF_INVALID, "no path");
    struct lf_checkpoint *p = calloc(1, sizeof *p);
    lf_status status = p ? lf_file_read(path, &p->file, &p->bytes, message)
                         : lf_file_fail(message, LF_NO_MEMORY, "'%s': out of memory", path);
    const char *fault = status == LF_OK ? fault_of_file(p->file, p->bytes) : NULL;
    if (fault)
        status = lf_file_fail(message, LF_FORMAT, "'%s' %s", path, fault);
    if (status == LF_OK && !take_all(p))
        status = p->out_of_memory ? lf_file_fail(message, LF_NO_MEMORY, "'%s': out of memory", path)
                                  : lf_file_fail(message, LF_FORMAT,
                                                 "'%s' is damaged: its parts do not fit", path);
    if (status != LF_OK) {
        lf_checkpoint_free(p);
        return status;
    }
    *checkpoint = p;
    return LF_OK;
}

void lf_checkpoint_free(struct lf_checkpoint *checkpoint)
{
    if (!checkpoint)
        return;
    free(checkpoint->file);
    free(checkpoint->note);
    free(checkpoint->parameters);
    free(checkpoint);
}

const void *lf_checkpoint_note(const struct lf_checkpoint *checkpoint, size_t *note_bytes)
{
    if (note_bytes)
        *note_bytes = checkpoint ? checkpoint->note_bytes : 0;
    return checkpoint ? checkpoint->note : NULL;
}

size_t lf_checkpoint_elements(const struct lf_checkpoint *checkpoint)
{
    return checkpoint ? checkpoint->size : 0;
}

int lf_checkpoint_has_run(const struct lf_checkpoint *checkpoint)
{
    return checkpoint && checkpoint->has_run;
}

/* ---- Loading ------------------------------------------------------------------------------ */

static int is_same(const struct saved_parameter *saved, const struct lf_entry *entry)
{
    return saved->rows == entry->rows && saved->cols == entry->cols &&
           saved->name_bytes == strlen(entry->name) &&
           memcmp(saved->name, entry->name, (size_t)saved->name_bytes) == 0;
}

lf_status lf_checkpoint_load(const struct lf_checkpoint *p, struct lf_model *model,
                             struct lf_trainer *trainer, char message[LF_CHECKPOINT_MESSAGE])
{
    if (message)
        message[0] = '\0';
    if (!p || !model || (trainer && trainer->model != model))
        return lf_file_fail(message, LF_INVALID,
                            "no checkpoint, no model or a trainer of another model");
    if (p->dtype != model->dtype || p->count != model->entry_count)
        return lf_file_fail(message, LF_SHAPE,
                            "the file has %zu parameters of %s, the model %zu of %s", p->count,
                            p->dtype == LF_F32 ? "f32" : "f64", model->entry_count,
                            model->dtype == LF_F32 ? "f32" : "f64");
    for (size_t i = 0; i < p->count; i++)
        if (!is_same(&p->parameters[i], &model->entries[i]))
            return lf_file_fail(message, LF_SHAPE,
                                "parameter %zu of the file is %zu x %zu, that of the model %zu x "
                                "%zu, or their names differ",
                                i, (size_t)p->parameters[i].rows, (size_t)p->parameters[i].cols,
                                model->entries[i].rows, model->entries[i].cols);
    if (trainer && !p->has_run)
        return lf_file_fail(message, LF_INVALID,
                            "the file holds a model, but no run to go on with");
    if (trainer && !lf_state_fits(&p->state, trainer))
        return lf_file_fail(message, LF_INVALID, "the run in the file has another optimizer");
    memcpy(model->value, p->values, p->size * lf_dtype_size(p->dtype));
    model->version++;
    if (trainer)
        lf_state_give(&p->state, trainer);
    return LF_OK;
}
