/* SPDX-License-Identifier: MIT */
#include "regression.h"

#include "../data/error.h"
#include "fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int regression_create(struct regression *r, const struct description *d,
                      const struct lf_lsq_options *options, size_t target)
{
    const size_t params = d->in + (options->no_intercept ? 0 : 1);
    *r = (struct regression){
        .description = d, .options = *options, .target = target, .params = params};
    r->result.coefficients = calloc(params, sizeof(double));
    r->result.standard_errors = calloc(params, sizeof(double));
    r->result.t = calloc(params, sizeof(double));
    r->result.p = calloc(params, sizeof(double));
    r->result.undetermined = calloc(params, 1);
    return r->result.coefficients && r->result.standard_errors && r->result.t && r->result.p &&
           r->result.undetermined;
}

void regression_free(struct regression *r)
{
    free(r->result.coefficients);
    free(r->result.standard_errors);
    free(r->result.t);
    free(r->result.p);
    free(r->result.undetermined);
    *r = (struct regression){0};
}

const char *regression_name(const struct regression *r, size_t j)
{
    return description_coefficient_name(r->description, j + (r->options.no_intercept ? 1 : 0));
}

/* ---- The table ---------------------------------------------------------------------------- */

static int width_of_names(const struct regression *r, const char *head)
{
    size_t width = strlen(head) > 2 ? strlen(head) - 2 : 0;
    for (size_t j = 0; j < r->params; j++) {
        const size_t length = strlen(regression_name(r, j));
        width = length > width ? length : width;
    }
    return width < 40 ? (int)width : 40;
}

/* "0.00356", "<1e-16", "-" where it is none. */
static const char *text_of_p(double p, char out[16])
{
    if (isnan(p))
        return "-";
    if (p < 1e-16)
        return "<1e-16";
    snprintf(out, 16, "%.3g", p);
    return out;
}

static const char *text_of_t(double t, char out[16])
{
    if (isnan(t))
        return "-";
    snprintf(out, 16, fabs(t) < 1e5 ? "%.3f" : "%.4g", t);
    return out;
}

static void print_coefficients(const struct regression *r, int has_errors)
{
    const struct lf_lsq_result *result = &r->result;
    const char *target = r->description->target[r->target];
    char head[PRINTABLE_CHARS + 2], t[16], p[16];
    table_printable(head, target, strlen(target));
    strcat(head, " =");
    const int width = width_of_names(r, head);
    printf("%-*s  %13s", width + 2, head, "estimate");
    if (has_errors)
        printf("  %12s  %9s  %8s", "std. error", "t", "p");
    putchar('\n');
    for (size_t j = 0; j < r->params; j++) {
        print_name(regression_name(r, j), width);
        printf("  %13.7g", result->coefficients[j]);
        if (has_errors)
            printf("  %12.6g  %9s  %8s", result->standard_errors[j], text_of_t(result->t[j], t),
                   text_of_p(result->p[j], p));
        putchar('\n');
    }
}

/* Errors of the data may come out so many times as large: below this nobody cares. */
static const double large_condition = 1000;

void regression_print(const struct regression *r)
{
    const struct lf_lsq_result *result = &r->result;
    const int has_freedom = !isnan(result->residual_sd);
    print_coefficients(r, has_freedom && r->options.ridge == 0);
    if (!has_freedom)
        puts("no standard errors: there are as many coefficients as rows");
    else if (r->options.ridge > 0)
        puts("no standard errors: with a ridge the estimates are biased");
    if (!isnan(result->r_squared))
        printf("R2  %.7g", result->r_squared);
    if (!isnan(result->adjusted_r_squared))
        printf(", adjusted %.7g", result->adjusted_r_squared);
    if (!isnan(result->r_squared))
        putchar('\n');
    if (has_freedom)
        printf("residual standard deviation  %.7g on %zu degrees of freedom\n", result->residual_sd,
               result->rows_used - r->params);
    if (result->condition >= large_condition)
        printf("condition  %.2g: errors in the data may grow by so much in a coefficient\n",
               result->condition);
    printf("digits  %.0f of each coefficient are correct, for the rows as they are\n",
           result->digits);
}

/* ---- JSON --------------------------------------------------------------------------------- */

static int add_coefficients(const struct regression *r, cJSON *object)
{
    const struct lf_lsq_result *result = &r->result;
    cJSON *array = cJSON_AddArrayToObject(object, "coefficients");
    for (size_t j = 0; j < r->params; j++) {
        cJSON *item = cJSON_CreateObject();
        if (!cJSON_AddItemToArray(array, item) ||
            !cJSON_AddStringToObject(item, "name", regression_name(r, j)) ||
            !add_number(item, "value", result->coefficients[j]) ||
            !add_number(item, "se", result->standard_errors[j]) ||
            !add_number(item, "t", result->t[j]) || !add_number(item, "p", result->p[j]))
            return 0;
    }
    return array != NULL;
}

static int add_undetermined(const struct regression *r, cJSON *object)
{
    cJSON *array = cJSON_AddArrayToObject(object, "undetermined");
    for (size_t j = 0; array && j < r->params; j++)
        if (r->result.undetermined[j] &&
            !cJSON_AddItemToArray(array, cJSON_CreateString(regression_name(r, j))))
            return 0;
    return array != NULL;
}

cJSON *regression_to_json(const struct regression *r)
{
    const struct lf_lsq_result *result = &r->result;
    cJSON *o = cJSON_CreateObject();
    if (cJSON_AddStringToObject(o, "status", lf_fit_status_string(result->status)) &&
        cJSON_AddNumberToObject(o, "rows_used", (double)result->rows_used) &&
        cJSON_AddNumberToObject(o, "rows_dropped", (double)result->rows_dropped) &&
        add_coefficients(r, o) && add_number(o, "r_squared", result->r_squared) &&
        add_number(o, "residual_sd", result->residual_sd) &&
        cJSON_AddNumberToObject(o, "digits", result->digits) &&
        (result->status == LF_FIT_OK || add_undetermined(r, o)) &&
        add_number(o, "adjusted_r_squared", result->adjusted_r_squared) &&
        add_number(o, "condition", result->condition) &&
        cJSON_AddNumberToObject(o, "rank", (double)result->rank) &&
        cJSON_AddStringToObject(o, "target", r->description->target[r->target]))
        return o;
    cJSON_Delete(o);
    return NULL;
}

/* A number, NaN where there is null. */
static int take_number(const cJSON *object, const char *key, double *value)
{
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(object, key);
    *value = cJSON_IsNumber(number) ? number->valuedouble : (double)NAN;
    return cJSON_IsNumber(number) || cJSON_IsNull(number);
}

int regression_from_json(struct regression *r, const cJSON *object)
{
    struct lf_lsq_result *result = &r->result;
    const cJSON *item;
    size_t j = 0;
    double rows;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(object, "coefficients"))
    {
        if (j >= r->params || !take_number(item, "value", &result->coefficients[j]) ||
            !take_number(item, "se", &result->standard_errors[j]) ||
            !take_number(item, "t", &result->t[j]) || !take_number(item, "p", &result->p[j]))
            return 0;
        j++;
    }
    if (j != r->params || !take_number(object, "rows_used", &rows) ||
        !(rows >= 1 && rows <= 0x1p53) || !take_number(object, "r_squared", &result->r_squared) ||
        !take_number(object, "residual_sd", &result->residual_sd) ||
        !take_number(object, "digits", &result->digits) ||
        !take_number(object, "adjusted_r_squared", &result->adjusted_r_squared) ||
        !take_number(object, "condition", &result->condition))
        return 0;
    result->rows_used = (size_t)rows;
    return 1;
}
