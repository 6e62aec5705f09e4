/* SPDX-License-Identifier: MIT */
#include "fit.h"

#include "../data/numbers.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *grouped(uint64_t number, char out[32])
{
    char digits[24];
    const int length = snprintf(digits, sizeof digits, "%" PRIu64, number);
    char *to = out;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return out;
}

int exact_numbers(cJSON *object)
{
    int done = 1;
    cJSON *item;
    cJSON_ArrayForEach(item, object)
    {
        done &= exact_numbers(item);
    }
    if (!cJSON_IsNumber(object))
        return done;
    char text[32];
    snprintf(text, sizeof text, "%.17g", object->valuedouble);
    object->valuestring = cJSON_malloc(strlen(text) + 1);
    if (!object->valuestring)
        return 0;
    memcpy(object->valuestring, text, strlen(text) + 1);
    object->type = cJSON_Raw;
    return done;
}

int print_json(cJSON *object)
{
    char *text = object ? cJSON_Print(object) : NULL;
    if (text)
        puts(text);
    else
        complain("out of memory");
    cJSON_free(text);
    cJSON_Delete(object);
    return text != NULL;
}

/* ---- Coefficients ------------------------------------------------------------------------- */

/* The coefficients of a target, to be freed; NULL after complaining. */
static double *coefficients_of(const struct network *n, size_t target)
{
    double *values = calloc(description_coefficients(n->description) + 1, sizeof *values);
    if (values)
        description_unscale(n->description, network_layer(n), target, values);
    else
        complain("out of memory");
    return values;
}

static int width_of_names(const struct description *d)
{
    size_t width = 0;
    for (size_t j = 0; j < description_coefficients(d); j++) {
        const size_t length = strlen(description_coefficient_name(d, j));
        width = length > width ? length : width;
    }
    return width < 40 ? (int)width : 40;
}

void print_name(const char *name, int width)
{
    char text[PRINTABLE_CHARS];
    printf("  %-*s", width, table_printable(text, name, strlen(name)));
}

void report_coefficients(const struct network *n)
{
    const struct description *d = n->description;
    const int width = width_of_names(d), digits = d->dtype == LF_F32 ? 6 : 10;
    for (size_t i = 0; i < d->targets; i++) {
        double *values = coefficients_of(n, i);
        if (!values)
            return;
        char text[PRINTABLE_CHARS];
        printf("%s%s%s\n",
               d->loss == LF_BCE_WITH_LOGITS_LOSS ? "logit of "
               : d->loss == LF_POISSON_NLL_LOSS   ? "logarithm of "
                                                  : "",
               table_printable(text, d->target[i], strlen(d->target[i])), " =");
        for (size_t j = 0; j < description_coefficients(d); j++) {
            print_name(description_coefficient_name(d, j), width);
            printf("  %*.*g\n", digits + 7, digits, values[j]);
        }
        free(values);
    }
}

static int add_coefficients(const struct network *n, size_t target, cJSON *object)
{
    const struct description *d = n->description;
    double *values = coefficients_of(n, target);
    cJSON *array = values ? cJSON_AddArrayToObject(object, "coefficients") : NULL;
    int added = array != NULL;
    for (size_t j = 0; added && j < description_coefficients(d); j++) {
        cJSON *item = cJSON_CreateObject();
        added = cJSON_AddItemToArray(array, item) &&
                cJSON_AddStringToObject(item, "name", description_coefficient_name(d, j)) &&
                cJSON_AddNumberToObject(item, "value", values[j]);
    }
    free(values);
    return added;
}

int add_number(cJSON *object, const char *key, double value)
{
    return isfinite(value) ? cJSON_AddNumberToObject(object, key, value) != NULL
                           : cJSON_AddNullToObject(object, key) != NULL;
}

/* What is told of one target. */
static int add_target(const struct network *n, const double *r2, size_t i, cJSON *object)
{
    return (description_coefficients(n->description) == 0 || add_coefficients(n, i, object)) &&
           (!r2 || add_number(object, "r_squared", r2[i]));
}

int report_coefficients_json(const struct network *n, const double *r2, cJSON *object)
{
    const struct description *d = n->description;
    if (d->targets == 1)
        return cJSON_AddStringToObject(object, "target", d->target[0]) &&
               add_target(n, r2, 0, object);
    cJSON *array = cJSON_AddArrayToObject(object, "targets");
    for (size_t i = 0; array && i < d->targets; i++) {
        cJSON *item = cJSON_CreateObject();
        if (!cJSON_AddItemToArray(array, item) ||
            !cJSON_AddStringToObject(item, "name", d->target[i]) || !add_target(n, r2, i, item))
            return 0;
    }
    return array != NULL;
}

/* ---- Fits --------------------------------------------------------------------------------- */

static const char *const end_names[] = {"limit", "converged", "early", "interrupted"};

static int report_json(const struct fit *fit)
{
    const struct fit_result *r = &fit->result;
    const double held = (double)fit->prepared.validation.rows;
    cJSON *o = cJSON_CreateObject();
    if (o && cJSON_AddStringToObject(o, "status", "ok") &&
        cJSON_AddNumberToObject(o, "rows_used", (double)fit->rows.used) &&
        cJSON_AddNumberToObject(o, "rows_dropped", (double)fit->rows.dropped) &&
        cJSON_AddNumberToObject(o, "rows_validation", held) &&
        report_coefficients_json(&fit->network, r->r_squared, o) &&
        cJSON_AddStringToObject(o, "loss_name", loss_names[fit->description.loss]) &&
        add_number(o, "loss", r->loss) && add_number(o, "validation_loss", r->validation_loss) &&
        cJSON_AddStringToObject(o, "end", end_names[r->end]) &&
        cJSON_AddNumberToObject(o, "epochs", (double)r->progress.epoch) &&
        cJSON_AddNumberToObject(o, "steps", (double)r->progress.step) &&
        add_number(o, "lr", fit->training.lr) && add_number(o, "seconds", r->seconds))
        return print_json(o);
    cJSON_Delete(o);
    return print_json(NULL);
}

void report_rows(const struct fit *fit)
{
    const struct rows *rows = &fit->rows;
    char number[32], name[PRINTABLE_CHARS];
    printf("%s rows used", grouped(rows->used, number));
    if (fit->prepared.validation.rows > 0)
        printf(" (the last %s to validate with)", grouped(fit->prepared.validation.rows, number));
    printf(", %s dropped", grouped(rows->dropped, number));
    const char *before = ": ";
    for (size_t i = 0; i < rows->width; i++) {
        if (rows->missing[i] == 0)
            continue;
        printf("%s%s without %s", before, grouped(rows->missing[i], number),
               table_printable(name, rows->name[i], strlen(rows->name[i])));
        before = ", ";
    }
    if (rows->unweighted > 0)
        printf(", %s of weight 0", grouped(rows->unweighted, number));
    putchar('\n');
}

static void print_r_squared(const struct fit *fit)
{
    const struct description *d = &fit->description;
    char name[PRINTABLE_CHARS];
    for (size_t i = 0; i < d->targets; i++) {
        if (isnan(fit->result.r_squared[i]))
            continue;
        printf("R2");
        if (d->targets > 1)
            printf(" of %s", table_printable(name, d->target[i], strlen(d->target[i])));
        printf("  %.6g\n", fit->result.r_squared[i]);
    }
}

int report_fit(const struct fit *fit)
{
    const struct fit_result *r = &fit->result;
    char epochs[32], steps[32];
    if (fit->settings->json)
        return report_json(fit);
    report_rows(fit);
    if (fit->rows.file)
        puts("more rows than memory: kept in a temporary file, and taken in order");
    if (description_coefficients(&fit->description) > 0)
        report_coefficients(&fit->network);
    printf("loss (%s)  %.6g", loss_names[fit->description.loss], r->loss);
    if (!isnan(r->validation_loss))
        printf(", validation %.6g", r->validation_loss);
    putchar('\n');
    print_r_squared(fit);
    printf("%s epochs, %s steps%s\n", grouped(r->progress.epoch, epochs),
           grouped(r->progress.step, steps),
           r->end == LF_END_EARLY       ? ": the validation loss got no better"
           : r->end == LF_END_CONVERGED ? ": converged"
                                        : "");
    return 1;
}
