/* SPDX-License-Identifier: MIT */
#include "training.h"
#include "description.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const solver_names[] = {"sgd", "adam", "adamw", NULL};
const char *const schedule_names[] = {"constant", "step", "-", "cosine", NULL};

/* ---- JSON --------------------------------------------------------------------------------- */

/* A number of JSON is a double: what needs 64 bits is text. */
static int add_bits(cJSON *object, const char *key, uint64_t bits)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, bits);
    return cJSON_AddStringToObject(object, key, text) != NULL;
}

int training_to_json(const struct training *t, cJSON *object)
{
    return cJSON_AddStringToObject(object, "solver", solver_names[t->solver]) &&
           cJSON_AddNumberToObject(object, "lr", t->lr) &&
           cJSON_AddNumberToObject(object, "momentum", t->momentum) &&
           cJSON_AddNumberToObject(object, "weight_decay", t->weight_decay) &&
           cJSON_AddStringToObject(object, "schedule", schedule_names[t->schedule]) &&
           cJSON_AddNumberToObject(object, "gamma", t->gamma) &&
           add_bits(object, "period", t->period) && add_bits(object, "batch", t->batch) &&
           add_bits(object, "epochs", t->epochs) && add_bits(object, "steps", t->steps) &&
           cJSON_AddNumberToObject(object, "validation", t->validation) &&
           add_bits(object, "patience", t->patience) && add_bits(object, "seed", t->seed) &&
           cJSON_AddBoolToObject(object, "shuffle", t->shuffle) &&
           add_bits(object, "rows", t->rows) && add_bits(object, "hash", t->hash);
}

static int take_bits(const cJSON *object, const char *key, uint64_t *bits)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    char *end;
    if (!text || *text < '0' || *text > '9')
        return 0;
    *bits = strtoull(text, &end, 10);
    return *end == '\0';
}

static int take_real(const cJSON *object, const char *key, double *value)
{
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(object, key);
    *value = cJSON_IsNumber(number) ? number->valuedouble : NAN;
    return *value >= 0 && isfinite(*value);
}

static int take_name(const cJSON *object, const char *key, const char *const names[], int *index)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    *index = text ? name_index(names, text, strlen(text)) : -1;
    return *index >= 0;
}

int training_from_json(struct training *t, const cJSON *object)
{
    int solver, schedule;
    uint64_t batch;
    const cJSON *shuffle = cJSON_GetObjectItemCaseSensitive(object, "shuffle");
    if (!take_name(object, "solver", solver_names, &solver) ||
        !take_name(object, "schedule", schedule_names, &schedule) || schedule == LF_EXPONENTIAL ||
        !take_real(object, "lr", &t->lr) || !take_real(object, "momentum", &t->momentum) ||
        !take_real(object, "weight_decay", &t->weight_decay) ||
        !take_real(object, "gamma", &t->gamma) || !take_bits(object, "period", &t->period) ||
        !take_bits(object, "batch", &batch) || !take_bits(object, "epochs", &t->epochs) ||
        !take_bits(object, "steps", &t->steps) ||
        !take_real(object, "validation", &t->validation) ||
        !take_bits(object, "patience", &t->patience) || !take_bits(object, "seed", &t->seed) ||
        !cJSON_IsBool(shuffle) || !take_bits(object, "rows", &t->rows) ||
        !take_bits(object, "hash", &t->hash))
        return 0;
    t->solver = (enum lf_optimizer_kind)solver;
    t->schedule = (enum lf_schedule_kind)schedule;
    t->batch = (size_t)batch;
    t->shuffle = cJSON_IsTrue(shuffle);
    return t->validation < 1 && t->lr > 0;
}

/* ---- Options of the trainer --------------------------------------------------------------- */

uint64_t training_epoch_steps(const struct training *t, size_t rows)
{
    const size_t batch = t->batch > 0 && t->batch < rows ? t->batch : rows;
    return rows / batch + (rows % batch != 0);
}

uint64_t training_steps(const struct training *t, size_t rows)
{
    uint64_t steps;
    if (t->epochs == 0 || __builtin_mul_overflow(t->epochs, training_epoch_steps(t, rows), &steps))
        steps = UINT64_MAX;
    return t->steps > 0 && t->steps < steps ? t->steps : steps;
}

static struct lf_schedule schedule_of(const struct training *t, size_t rows)
{
    const uint64_t epoch = training_epoch_steps(t, rows);
    struct lf_schedule schedule = {.kind = t->schedule, .lr = t->lr, .gamma = t->gamma};
    if (t->schedule == LF_COSINE)
        schedule.period = training_steps(t, rows);
    else
        schedule.period = t->period * epoch;
    return schedule;
}

struct lf_train_options training_options(const struct training *t, size_t rows,
                                         enum lf_loss_kind loss, double delta)
{
    struct lf_optimizer_options optimizer = t->solver == LF_SGD ? lf_sgd(t->lr) : lf_adam(t->lr);
    optimizer.kind = t->solver;
    optimizer.weight_decay = t->weight_decay;
    optimizer.momentum = t->solver == LF_SGD ? t->momentum : 0;
    return (struct lf_train_options){.loss = loss,
                                     .delta = delta,
                                     .optimizer = optimizer,
                                     .schedule = t->schedule == LF_CONSTANT
                                                     ? (struct lf_schedule){.lr = 0}
                                                     : schedule_of(t, rows),
                                     .batch = t->batch,
                                     .shuffle = t->shuffle,
                                     .epochs = t->epochs,
                                     .steps = t->steps,
                                     .patience = t->patience};
}
