/* SPDX-License-Identifier: MIT */
/* Keys: numbered in the order in which they come, any bytes, and where memory ends. */
#include "failing.inl.h"

#include "keys.h"

#include <string.h>

enum { KEYS = 30000, TEXT = 32 };

/* Key i; many begin alike, some are long, one is empty, and one holds NULs. */
static size_t key_of(size_t i, char *out)
{
    if (i == 7)
        return 0;
    if (i == 8 || i == 9) {
        memcpy(out, i == 8 ? "a\0b\0" : "a\0\0b", 4);
        return 4;
    }
    return (size_t)sprintf(out, i % 3 ? "%zu" : "a long beginning %zu", i);
}

/* Looks all up in blocks, in an order that depends on the stride. */
static int number_all(struct keys *keys, size_t count, size_t stride, uint32_t *number)
{
    enum { BLOCK = 1000 };
    static char text[BLOCK * TEXT];
    static size_t start[BLOCK + 1];
    for (size_t first = 0; first < count; first += BLOCK) {
        const size_t n = count - first < BLOCK ? count - first : BLOCK;
        for (size_t i = 0; i < n; i++)
            start[i + 1] = start[i] + key_of((first + i) * stride % count, text + start[i]);
        if (!keys_number(keys, n, text, start, number + first))
            return 0;
    }
    return 1;
}

START_TEST(numbers_in_order)
{
    static uint32_t number[KEYS];
    struct keys keys = {0};
    char text[TEXT];
    ck_assert(number_all(&keys, KEYS, 1, number));
    for (size_t i = 0; i < KEYS; i++)
        ck_assert_uint_eq(number[i], i);
    ck_assert_uint_eq(keys.count, KEYS);
    ck_assert(number_all(&keys, KEYS, 7, number));
    for (size_t i = 0; i < KEYS; i++)
        ck_assert_uint_eq(number[i], i * 7 % KEYS);
    ck_assert_uint_eq(keys.count, KEYS);
    for (size_t i = 0; i < KEYS; i++) {
        size_t length;
        const char *key = keys_at(&keys, i, &length);
        ck_assert_uint_eq(length, key_of(i, text));
        ck_assert(memcmp(key, text, length) == 0);
    }
    keys_free(&keys);
}
END_TEST

/* The state of the hash of a key of two words after the first (keys.c). */
static uint64_t state_of(uint64_t word)
{
    const uint64_t factor = 0x9e3779b97f4a7c15u, product = (16 * factor ^ word) * factor;
    return product ^ product >> 32;
}

START_TEST(equal_hashes_are_told_apart)
{
    const uint64_t words[4] = {1, 99, 2, 99 ^ state_of(1) ^ state_of(2)};
    const size_t start[] = {0, 16, 32};
    struct keys keys = {0};
    uint32_t number[2];
    uint64_t hash[2] = {0, 1};
    for (int again = 0; again < 2; again++) {
        ck_assert(keys_number(&keys, 2, (const char *)words, start, number));
        ck_assert(number[0] == 0 && number[1] == 1);
    }
    for (size_t i = 0; i < keys.slots; i++)
        if (keys.slot[i].number > 0)
            hash[keys.slot[i].number - 1] = keys.slot[i].hash;
    ck_assert_uint_eq(hash[0], hash[1]);
    keys_free(&keys);
}
END_TEST

static int number_some(void)
{
    static uint32_t number[KEYS];
    struct keys keys = {0};
    const int whole = number_all(&keys, 2000, 1, number);
    /* What there was memory for is there, and can be gone on with. */
    for (size_t i = 0; i < keys.count; i++) {
        char text[TEXT];
        size_t length;
        const char *key = keys_at(&keys, i, &length);
        EXPECT(length == key_of(i, text) && memcmp(key, text, length) == 0);
    }
    if (!whole && !failing_on)
        EXPECT(number_all(&keys, 2000, 1, number) && number[1999] == 1999);
    keys_free(&keys);
    return whole;
}

START_TEST(every_allocation_fails)
{
    fail_every_allocation(number_some);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("keys");
    TCase *tests = tcase_create("keys");
    tcase_add_test(tests, numbers_in_order);
    tcase_add_test(tests, equal_hashes_are_told_apart);
    tcase_add_test(tests, every_allocation_fails);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
