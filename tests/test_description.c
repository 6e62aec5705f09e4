/* SPDX-License-Identifier: MIT */
/* What a model file says of its model: read as it was written, refused where it can't be; and
 * coefficients that give the predictions of the scaled model. */
#include "../src/cli/description.h"
#include "../src/cli/training.h"

#include "bits.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char sound[] =
    "{\"dtype\":\"f64\",\"loss\":\"huber\",\"delta\":1.5,\"features\":[\"a\",\"b, \\\"c\\\"\"],"
    "\"mean\":[1,2e300],\"scale\":[0.1,5e-324],\"hidden\":[3,4],\"activation\":\"gelu\","
    "\"targets\":[\"y\"],\"target_mean\":[-3],\"target_scale\":0.3}";

static const char polynomial[] =
    "{\"dtype\":\"f32\",\"loss\":\"mse\",\"features\":[\"x\"],\"degree\":2,\"range\":[-1,3],"
    "\"mean\":[0,0],\"scale\":[1,1],\"hidden\":[],\"targets\":[\"y\",\"z\"],"
    "\"target_mean\":[0,0],\"target_scale\":1}";

/* The text of what was read from a text; NULL: it was refused. */
static char *again(const char *text)
{
    struct description d;
    cJSON *in = cJSON_Parse(text), *out = cJSON_CreateObject();
    ck_assert_ptr_nonnull(in);
    char *written = NULL;
    if (description_from_json(&d, in)) {
        ck_assert(description_to_json(&d, out));
        written = cJSON_PrintUnformatted(out);
        description_free(&d);
    }
    cJSON_Delete(in);
    cJSON_Delete(out);
    return written;
}

/* The text with the first `from` replaced. */
static char *changed(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    ck_assert_msg(at != NULL, "no %s", from);
    char *out = malloc(strlen(text) + strlen(to) + 1);
    sprintf(out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return out;
}

START_TEST(descriptions_are_read_as_written)
{
    const char *texts[] = {sound, polynomial};
    for (size_t i = 0; i < 2; i++) {
        char *one = again(texts[i]);
        ck_assert_ptr_nonnull(one);
        char *two = again(one);
        ck_assert_str_eq(one, two);
        ck_assert_ptr_nonnull(strstr(one, i ? "\"range\":[-1,3]" : "2e+300"));
        free(one);
        free(two);
    }
}
END_TEST

START_TEST(what_can_not_be_is_refused)
{
    static const char *const changes[][2] = {
        {"\"dtype\":\"f64\"", "\"dtype\":\"f16\""},
        {"\"dtype\":\"f64\"", "\"dtype\":64"},
        {"\"loss\":\"huber\"", "\"loss\":\"hinge\""},
        {"\"delta\":1.5", "\"delta\":0"},
        {"\"delta\":1.5", "\"delta\":null"},
        {"\"features\":[", "\"features\":[1,"},
        {"[\"a\",\"b, \\\"c\\\"\"]", "[]"},
        {"[\"a\",\"b, \\\"c\\\"\"]", "{\"a\":1}"},
        {"\"mean\":[1,", "\"mean\":["},
        {"\"mean\":[1,", "\"mean\":[1,1,"},
        {"\"mean\":[1,", "\"mean\":[1e999,"},
        {"\"scale\":[0.1,", "\"scale\":[0,"},
        {"\"scale\":[0.1,", "\"scale\":[-1,"},
        {"\"scale\":[0.1,", "\"scale\":[\"1\","},
        {"\"hidden\":[3,4]", "\"hidden\":[3,0]"},
        {"\"hidden\":[3,4]", "\"hidden\":[3,-4]"},
        {"\"hidden\":[3,4]", "\"hidden\":[3,1e18]"},
        {"\"hidden\":[3,4]", "\"hidden\":[1,1,1,1,1,1,1,1,1]"},
        {"\"hidden\":[3,4]", "\"hidden\":7"},
        {"\"activation\":\"gelu\"", "\"activation\":\"exp\""},
        {"\"activation\":\"gelu\",", ""},
        {"\"targets\":[\"y\"]", "\"targets\":[]"},
        {"\"target_mean\":[-3]", "\"target_mean\":[]"},
        {"\"target_scale\":0.3", "\"target_scale\":0"},
        {"\"target_scale\":0.3", "\"other\":0"},
        {"\"hidden\"", "\"degree\":2,\"range\":[0,1],\"hidden\""},
    };
    static const char *const of_polynomial[][2] = {{"\"degree\":2", "\"degree\":0"},
                                                   {"\"degree\":2", "\"degree\":25"},
                                                   {"\"degree\":2", "\"degree\":\"2\""},
                                                   {"[-1,3]", "[3,-1]"},
                                                   {"[-1,3]", "[3,3]"},
                                                   {"[-1,3]", "[-1]"},
                                                   {"\"mean\":[0,0]", "\"mean\":[0,0,0]"}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char *text = changed(sound, changes[i][0], changes[i][1]);
        ck_assert_msg(!again(text), "%s", text);
        free(text);
    }
    for (size_t i = 0; i < sizeof of_polynomial / sizeof of_polynomial[0]; i++) {
        char *text = changed(polynomial, of_polynomial[i][0], of_polynomial[i][1]);
        ck_assert_msg(!again(text), "%s", text);
        free(text);
    }
}
END_TEST

START_TEST(trainings_are_read_as_written)
{
    const struct training training = {.solver = LF_ADAMW,
                                      .lr = 0.1,
                                      .weight_decay = 1e-300,
                                      .schedule = LF_STEP,
                                      .gamma = 0.7,
                                      .period = 3,
                                      .batch = 17,
                                      .epochs = UINT64_MAX,
                                      .validation = 0.25,
                                      .patience = 4,
                                      .seed = 0xfedcba9876543210u,
                                      .shuffle = 1,
                                      .rows = 1000,
                                      .hash = 0x123456789abcdefu};
    struct training read = {.steps = 99};
    cJSON *object = cJSON_CreateObject();
    ck_assert(training_to_json(&training, object));
    ck_assert(training_from_json(&read, object));
    ck_assert_uint_eq(read.seed, training.seed);
    ck_assert_uint_eq(read.hash, training.hash);
    ck_assert_uint_eq(read.epochs, training.epochs);
    ck_assert_uint_eq(read.steps, 0);
    ck_assert(read.lr == training.lr && read.weight_decay == training.weight_decay);
    for (int i = 0; i < 16; i++) {
        cJSON *kept = cJSON_DetachItemFromArray(object, 0);
        ck_assert_msg(!training_from_json(&read, object), "without %s", kept->string);
        cJSON_AddItemToObject(object, kept->string, kept);
    }
    ck_assert(training_from_json(&read, object));
    cJSON_Delete(object);
}
END_TEST

/* The sum of coefficients times powers, or times features, is what the scaled layer gives. */
START_TEST(coefficients_are_the_model)
{
    const size_t degree = (size_t)_i, features = degree > 0 ? 1 : 3;
    struct test_rng rng = {7};
    struct description d = {.dtype = LF_F64,
                            .features = features,
                            .targets = 2,
                            .degree = degree,
                            .low = -2,
                            .high = 3,
                            .in = degree > 0 ? degree : features,
                            .target_scale = 10};
    struct lf_module modules[MOST_MODULES];
    struct lf_model *model;
    ck_assert(description_allocate(&d));
    for (size_t i = 0; i < d.in; i++) {
        d.mean[i] = test_uniform(&rng, -1, 1);
        d.scale[i] = test_uniform(&rng, 0.5, 2);
    }
    d.target_mean[0] = 5;
    d.target_mean[1] = -6;
    ck_assert_uint_eq(description_modules(&d, modules), 1);
    ck_assert_int_eq(lf_model_create(&model, NULL, LF_F64), LF_OK);
    ck_assert_int_eq(lf_model_add_sequential(model, "", 1, modules), LF_OK);
    double *weight = lf_parameter_value(&modules[0].layer.weight);
    double *bias = lf_parameter_value(&modules[0].layer.bias);
    for (size_t i = 0; i < 2 * d.in; i++)
        weight[i] = test_uniform(&rng, -1, 1);
    bias[0] = 0.25;
    bias[1] = -0.5;
    for (int trial = 0; trial < 40; trial++) {
        double x[3], basis[MOST_DEGREE], z[MOST_DEGREE], c[MOST_DEGREE + 1];
        for (size_t i = 0; i < features; i++)
            x[i] = test_uniform(&rng, d.low, d.high);
        description_basis(&d, 1, x, features, basis);
        description_scale(&d, basis, z);
        for (size_t k = 0; k < d.targets; k++) {
            double expected = bias[k], found, power = 1, size;
            for (size_t i = 0; i < d.in; i++)
                expected += weight[k * d.in + i] * z[i];
            description_unscale(&d, &modules[0].layer, k, c);
            found = c[0];
            size = fabs(found);
            for (size_t i = 1; i <= d.in; i++) {
                power = degree > 0 ? power * x[0] : x[i - 1];
                found += c[i] * power;
                size += fabs(c[i] * power);
            }
            /* Each term is off by some roundings per degree of sums as large as they are. */
            ck_assert_double_eq_tol(found, description_response(&d, k, expected),
                                    (size + 100) * 0x1p-53 * 64 * (double)(degree + 1));
        }
    }
    lf_model_destroy(model);
    description_free(&d);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("description");
    TCase *tests = tcase_create("description");
    tcase_add_test(tests, descriptions_are_read_as_written);
    tcase_add_test(tests, what_can_not_be_is_refused);
    tcase_add_test(tests, trainings_are_read_as_written);
    tcase_add_loop_test(tests, coefficients_are_the_model, 0, 9);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
