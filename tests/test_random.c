/* SPDX-License-Identifier: MIT */
/* Words, draws and the start of layers, against the generator's definition and PyTorch. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

/* C++ prescribes the 10,000th word of mt19937 seeded with 5489 (ISO C++11, 26.5.5). */
START_TEST(word_ten_thousand)
{
    static uint32_t word[10000];
    struct lf_rng rng;
    lf_rng_seed(&rng, 5489);
    tested->words(&rng, 10000, word);
    ck_assert_uint_eq(word[0], 3499211612u);
    ck_assert_uint_eq(word[9999], 4123659995u);
}
END_TEST

/* However the draws are cut into calls, and whatever table made the last ones. */
START_TEST(pieces_of_a_stream)
{
    enum { WORDS = 4000 };
    uint32_t whole[WORDS], piece[WORDS];
    struct lf_rng rng;
    struct test_rng random = test_rng(1);
    lf_rng_seed(&rng, 77);
    scalar_table()->words(&rng, WORDS, whole);
    for (int round = 0; round < 50; round++) {
        lf_rng_seed(&rng, 77);
        for (size_t i = 0, n; i < WORDS; i += n) {
            n = test_below(&random, 50);
            n = n < WORDS - i ? n : WORDS - i;
            (test_below(&random, 4) ? tested : scalar_table())->words(&rng, n, piece + i);
        }
        ck_assert_mem_eq(whole, piece, sizeof whole);
    }
}
END_TEST

/* Seeds at which word 1 to 623 of the seeding carries into bit 30, which the fast seeding has to
 * notice, and many at which it does not. */
START_TEST(many_seeds)
{
    enum { WORDS = 640 };
    uint32_t expected[WORDS], got[WORDS];
    struct lf_rng rng;
    size_t carries = 0;
    for (uint64_t seed = 0; seed < 30000; seed++) {
        lf_rng_seed(&rng, seed);
        tested->words(&rng, WORDS, got);
        lf_rng_seed(&rng, seed);
        scalar_table()->words(&rng, WORDS, expected);
        ck_assert_msg(memcmp(expected, got, sizeof got) == 0, "seed %llu",
                      (unsigned long long)seed);
        uint32_t word = (uint32_t)seed, carry = 0;
        for (uint32_t i = 1; i < LF_RNG_WORDS; i++) {
            uint32_t product = 1812433253u * (word ^ word >> 30);
            word = product + i;
            carry |= (word ^ product) >> 30;
        }
        carries += carry != 0;
    }
    ck_assert_uint_gt(carries, 0);
}
END_TEST

START_TEST(lanes_draw_as_one)
{
    enum { DRAWS = 700 };
    static struct lf_rng_lanes lanes;
    uint64_t seeds[LF_LANES];
    static float single[LF_LANES][DRAWS];
    static double single64[LF_LANES][DRAWS];
    for (size_t j = 0; j < LF_LANES; j++) {
        struct lf_rng rng;
        seeds[j] = j * 1234567 + (j == 3 ? UINT64_MAX : 0);
        lf_rng_seed(&rng, seeds[j]);
        scalar_table()->f32.uniform(&rng, DRAWS, single[j]);
        lf_rng_seed(&rng, seeds[j]);
        scalar_table()->f64.uniform(&rng, DRAWS, single64[j]);
    }
    lf_rng_seed_lanes(&lanes, seeds);
    for (size_t i = 0; i < DRAWS; i++) {
        float draw[LF_LANES];
        tested->f32.uniform_lanes(&lanes, draw);
        for (size_t j = 0; j < LF_LANES; j++)
            ck_assert_mem_eq(&draw[j], &single[j][i], sizeof draw[j]);
    }
    lf_rng_seed_lanes(&lanes, seeds);
    for (size_t i = 0; i < DRAWS; i++) {
        double draw[LF_LANES];
        tested->f64.uniform_lanes(&lanes, draw);
        for (size_t j = 0; j < LF_LANES; j++)
            ck_assert_mem_eq(&draw[j], &single64[j][i], sizeof draw[j]);
    }
}
END_TEST

/* Doubles take two words each, so after one float they straddle the groups of 16 words. */
START_TEST(types_share_a_stream)
{
    enum { DRAWS = 700 };
    struct lf_rng rng, reference;
    float one;
    static double expected[DRAWS], got[DRAWS];
    lf_rng_seed(&rng, 9);
    lf_rng_seed(&reference, 9);
    tested->f32.uniform(&rng, 1, &one);
    tested->f64.uniform(&rng, DRAWS, got);
    scalar_table()->f32.uniform(&reference, 1, &one);
    scalar_table()->f64.uniform(&reference, DRAWS, expected);
    ck_assert_mem_eq(expected, got, sizeof got);
}
END_TEST

/* The values of one line of draws.csv, as doubles. */
static void draw_values(const char *kind, const char *dtype, uint64_t seed, size_t in, size_t out,
                        size_t n, double *values)
{
    enum lf_dtype type = strcmp(dtype, "f32") == 0 ? LF_F32 : LF_F64;
    struct lf_rng rng;
    lf_rng_seed(&rng, seed);
    if (strcmp(kind, "linear") == 0) {
        struct lf_model *model;
        struct lf_layer layer;
        ck_assert_int_eq(lf_model_create(&model, tested, type), LF_OK);
        ck_assert_int_eq(lf_model_add_linear(model, "linear", in, out, &layer), LF_OK);
        lf_model_init(model, &rng);
        for (size_t i = 0; i < n; i++)
            values[i] = element(type, lf_parameter_value(&layer.weight), i);
        lf_model_destroy(model);
    } else if (type == LF_F32) {
        float *draws = malloc(n * sizeof *draws);
        tested->f32.uniform(&rng, n, draws);
        for (size_t i = 0; i < n; i++)
            values[i] = draws[i];
        free(draws);
    } else {
        tested->f64.uniform(&rng, n, values);
    }
}

START_TEST(draws_of_pytorch)
{
    FILE *file = open_data("torch/draws.csv");
    char line[256], kind[16], dtype[8];
    unsigned long long seed, in, out, expected;
    int lines = 0;
    ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    for (; fgets(line, sizeof line, file); lines++) {
        ck_assert_int_eq(sscanf(line, "%15[^,],%7[^,],%llu,%llu,%llu,%llx", kind, dtype, &seed, &in,
                                &out, &expected),
                         6);
        size_t n = strcmp(kind, "linear") == 0 ? in * out + out : in;
        double *values = malloc(n * sizeof *values);
        draw_values(kind, dtype, seed, in, out, n, values);
        ck_assert_msg(fnv1a(FNV1A_START, values, n * sizeof *values) == expected, "%s", line);
        free(values);
    }
    ck_assert_int_eq(lines, 90);
    fclose(file);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("random");
    TCase *tests = tcase_create("random");
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, word_ten_thousand);
    tcase_add_test(tests, pieces_of_a_stream);
    tcase_add_test(tests, many_seeds);
    tcase_add_test(tests, lanes_draw_as_one);
    tcase_add_test(tests, types_share_a_stream);
    tcase_add_test(tests, draws_of_pytorch);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
