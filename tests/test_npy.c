/* SPDX-License-Identifier: MIT */
/* Arrays of every type, order and version; every fault and its line; arrays read in place. */
#include "support.h"
#include "tables.h"

#include "npy_header.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FILE_BYTES = 4096 };

struct file {
    char bytes[FILE_BYTES];
    size_t size;
};

/* A file of this version with this dictionary, and data behind it. */
static struct file npy_of(int version, const char *dictionary, const void *data, size_t size)
{
    struct file file = {.size = version == 1 ? 10 : 12};
    size_t length = strlen(dictionary);
    memcpy(file.bytes, "\x93NUMPY", 6);
    file.bytes[6] = (char)version;
    file.bytes[8] = (char)length;
    file.bytes[9] = (char)(length >> 8);
    memcpy(file.bytes + file.size, dictionary, length);
    file.size += length;
    if (size > 0)
        memcpy(file.bytes + file.size, data, size);
    file.size += size;
    return file;
}

static void swap_elements(char *data, size_t element, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t a = i * element, b = a + element - 1; a < b; a++, b--) {
            char byte = data[a];
            data[a] = data[b];
            data[b] = byte;
        }
}

/* Six elements of each type, as bytes of this machine, and what they are as f64. */
static const struct type_case {
    const char *type;
    size_t size;
    union {
        float f4[6];
        double f8[6];
        int8_t i1[6];
        int16_t i2[6];
        int32_t i4[6];
        int64_t i8[6];
        uint8_t u1[6];
        uint16_t u2[6];
        uint32_t u4[6];
        uint64_t u8[6];
    } data;
    double values[6];
} types[] = {
    {"f4",
     4,
     {.f4 = {1.5f, -2, 0.1f, -0.0f, INFINITY, 1e-45f}},
     {1.5, -2, (double)0.1f, -0.0, (double)INFINITY, 0x1p-149}},
    {"f8", 8, {.f8 = {1.5, -2, 0.1, -0.0, 1e300, 5e-324}}, {1.5, -2, 0.1, -0.0, 1e300, 5e-324}},
    {"i1", 1, {.i1 = {0, 1, -1, 127, -128, 5}}, {0, 1, -1, 127, -128, 5}},
    {"i2", 2, {.i2 = {0, 1, -1, 32767, -32768, 258}}, {0, 1, -1, 32767, -32768, 258}},
    {"i4",
     4,
     {.i4 = {0, 1, -1, INT32_MAX, INT32_MIN, 66051}},
     {0, 1, -1, 2147483647., -2147483648., 66051}},
    {"i8",
     8,
     {.i8 = {0, 1, -1, INT64_MAX, INT64_MIN, 9007199254740993}},
     {0, 1, -1, 0x1p63, -0x1p63, 9007199254740992.}},
    {"u1", 1, {.u1 = {0, 1, 2, 127, 128, 255}}, {0, 1, 2, 127, 128, 255}},
    {"u2", 2, {.u2 = {0, 1, 2, 258, 32768, 65535}}, {0, 1, 2, 258, 32768, 65535}},
    {"u4", 4, {.u4 = {0, 1, 2, 66051, 0, UINT32_MAX}}, {0, 1, 2, 66051, 0, 4294967295.}},
    {"u8", 8, {.u8 = {0, 1, 2, 66051, 1, UINT64_MAX}}, {0, 1, 2, 66051, 1, 0x1p64}},
    {"b1", 1, {.u1 = {0, 1, 2, 255, 0, 128}}, {0, 1, 1, 1, 0, 1}},
};

static int own_order_is_little(void)
{
    const uint16_t one = 1;
    char byte;
    memcpy(&byte, &one, 1);
    return byte;
}

/* Both byte orders, C and Fortran order, versions 1 to 3, one dimension and two. */
START_TEST(types_are_read)
{
    const struct type_case *c = &types[_i];
    for (int variant = 0; variant < 24; variant++) {
        int big = variant & 1, fortran = variant >> 1 & 1, flat = variant >> 2 & 1;
        size_t rows = flat ? 6 : 2, columns = flat ? 1 : 3, first = 0;
        char dictionary[200], data[sizeof c->data];
        memcpy(data, &c->data, sizeof data);
        if (big == own_order_is_little())
            swap_elements(data, c->size, 6);
        snprintf(dictionary, sizeof dictionary,
                 "{'descr': '%c%s', 'fortran_order': %s, 'shape': (%s), }   \n", big ? '>' : '<',
                 c->type, fortran ? "True" : "False", flat ? "6," : "2, 3");
        struct file file = npy_of(1 + variant / 8, dictionary, data, 6 * c->size);
        struct whole_table whole;
        read_bytes(&whole, file.bytes, file.size, NULL);
        ck_assert_str_eq(whole.error, "");
        ck_assert_uint_eq(whole.rows, rows);
        ck_assert_uint_eq(whole.columns, columns);
        ck_assert_str_eq(whole.names, flat ? "x1" : "x1|x2|x3");
        for (size_t i = 0; i < 6; i++) {
            size_t at = fortran && !flat ? i % 3 * 2 + i / 3 : i;
            ck_assert(same_bits(LF_F64, 1, whole.values + i, c->values + at, &first));
        }
        whole_free(&whole);
    }
}
END_TEST

/* An integer as f32 is rounded once: by way of f64 this one would go down. */
START_TEST(integers_are_rounded_once)
{
    const int64_t value = ((int64_t)1 << 60) + ((int64_t)1 << 36) + 1;
    struct file file =
        npy_of(1, "{'descr': '=i8', 'fortran_order': False, 'shape': (1,)}", &value, sizeof value);
    char path[PATH_CHARS];
    struct table *table;
    struct table_error error;
    size_t column = 0, got;
    float x;
    file_of(file.bytes, file.size, path);
    ck_assert(table_open(&table, path, NULL, &error));
    ck_assert(table_choose(table, 1, &column, LF_F32, &error));
    ck_assert(table_read(table, 1, &x, &got, &error));
    ck_assert_uint_eq(got, 1);
    ck_assert(x == 0x1.000002p60f);
    table_close(table);
}
END_TEST

/* Integers to the last digit, floats in the fewest. */
START_TEST(elements_are_texts)
{
    static const int64_t whole[] = {INT64_MIN, INT64_MAX - 1, 100000};
    static const uint64_t counts[] = {UINT64_MAX, 7, 0};
    static const uint8_t small[] = {255, 0, 1};
    static const float floats[] = {0.1f, -2.0f, 1e30f};
    static const struct {
        const char *type;
        const void *data;
        size_t size;
        const char *text[3];
    } arrays[] = {
        {"i8", whole, 8, {"-9223372036854775808", "9223372036854775806", "100000"}},
        {"u8", counts, 8, {"18446744073709551615", "7", "0"}},
        {"u1", small, 1, {"255", "0", "1"}},
        {"b1", small, 1, {"1", "0", "1"}},
        {"f4", floats, 4, {"0.1", "-2", "1e+30"}},
    };
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        for (int swapped = 0; swapped < 2; swapped++) {
            char dictionary[128], data[24], path[PATH_CHARS];
            memcpy(data, arrays[i].data, 3 * arrays[i].size);
            if (swapped)
                swap_elements(data, arrays[i].size, 3);
            snprintf(dictionary, sizeof dictionary,
                     "{'descr': '%c%s', 'fortran_order': False, 'shape': (3,)}",
                     swapped == own_order_is_little() ? '>' : '<', arrays[i].type);
            const struct file file = npy_of(1, dictionary, data, 3 * arrays[i].size);
            file_of(file.bytes, file.size, path);
            struct table *table;
            struct table_error error;
            const size_t column = 0;
            double values[4];
            size_t got;
            ck_assert_msg(table_open(&table, path, NULL, &error), "%s", error.text);
            ck_assert(table_keep_texts(table, 1, &column, &error));
            ck_assert(table_choose(table, 1, &column, LF_F64, &error));
            ck_assert(table_read(table, 4, values, &got, &error) && got == 3);
            const size_t *start;
            const char *texts = table_texts(table, &start);
            for (size_t r = 0; r < 3; r++) {
                ck_assert_str_eq(texts + start[r], arrays[i].text[r]);
                ck_assert_uint_eq(start[r + 1] - start[r], strlen(arrays[i].text[r]) + 1);
            }
            table_close(table);
        }
}
END_TEST

START_TEST(blocks_tell_their_rows)
{
    const double values[] = {7, 8, 9};
    struct file file =
        npy_of(1, "{'descr': '=f8', 'fortran_order': False, 'shape': (3,)}", values, sizeof values);
    char path[PATH_CHARS];
    struct table *table;
    struct table_error error;
    const size_t column = 0;
    size_t got, length;
    double x[2];
    file_of(file.bytes, file.size, path);
    ck_assert(table_open(&table, path, NULL, &error));
    ck_assert(table_choose(table, 1, &column, LF_F64, &error));
    ck_assert(table_read(table, 2, x, &got, &error) && got == 2 && x[1] == 8);
    ck_assert(table_row_at(table, 0) == 1 && table_row_at(table, 1) == 2);
    ck_assert(table_read(table, 2, x, &got, &error) && got == 1 && x[0] == 9);
    ck_assert_uint_eq(table_row_at(table, 0), 3);
    ck_assert_ptr_null(table_record(table, 0, &length));
    ck_assert_ptr_null(table_header(table, &length));
    ck_assert_int_eq(table_delimiter(table), 0);
    table_close(table);
}
END_TEST

#define TYPES                                                                                      \
    "': lanefit reads f4, f8, i1 to i8, u1 to u8 and b1; astype('f8') in NumPy makes them so"
#define HEADER ": its header is not one that NumPy writes"

static const struct {
    const char *dictionary;
    size_t size; /* of the data */
    const char *error;
} faults[] = {
    {"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", 8, ": elements of type '|O" TYPES},
    {"{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", 8,
     ": elements of type '<c8" TYPES},
    {"{'descr': '<f2', 'fortran_order': False, 'shape': (1,), }", 2,
     ": elements of type '<f2" TYPES},
    {"{'descr': '<U5', 'fortran_order': False, 'shape': (1,), }", 20,
     ": elements of type '<U5" TYPES},
    {"{'descr': '|f8', 'fortran_order': False, 'shape': (1,), }", 8,
     ": elements of type '|f8" TYPES},
    {"{'descr': '', 'fortran_order': False, 'shape': (1,), }", 8, ": elements of type '" TYPES},
    {"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }", 8,
     ": a structured array: lanefit reads plain ones"},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (), }", 8,
     ": an array of 0 dimensions: lanefit reads 1 and 2"},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1, 1), }", 8,
     ": an array of 3 dimensions: lanefit reads 1 and 2"},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 0), }", 0,
     ": an array without columns"},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (0, 1048577), }", 0,
     ": more than 1048576 columns"},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }", 31,
     ": it ends before its 2 x 2 elements do: was it copied whole?"},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }", 33,
     ": 1 bytes stand behind the array: one array a file, please"},
    /* 2^61 x 8 bytes and 2^63 x 2 elements come to 0 where they wrap. */
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693952,), }", 0,
     ": it ends before its 2305843009213693952 x 1 elements do: was it copied whole?"},
    {"{'descr': '<u1', 'fortran_order': False, 'shape': (9223372036854775808, 2), }", 0,
     ": it ends before its 9223372036854775808 x 2 elements do: was it copied whole?"},
    {"{'descr': '<u1', 'fortran_order': False, 'shape': (18446744073709551615, 1), }", 0,
     ": it ends before its 18446744073709551615 x 1 elements do: was it copied whole?"},
    {"{'descr': '<u1', 'fortran_order': False, 'shape': (18446744073709551617, 1), }", 1,
     ": it ends before its 1844674407370955161 x 1 elements do: was it copied whole?"},
    {"  ", 0, HEADER},
    {"{ ", 0, HEADER},
    {"{}", 0, HEADER},
    {"{'descr'", 0, HEADER},
    {"{'descr': '<f8", 0, HEADER},
    {"{'descr': '<f8', 'fortran_order': False}", 0, HEADER},
    {"{'descr': '<f8', 'fortran_order': 0, 'shape': (1,)}", 8, HEADER},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (1", 8, HEADER},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}", 8, HEADER},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (1 1)}", 8, HEADER},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'more': 1}", 8, HEADER},
};

START_TEST(faults_are_told)
{
    static const char zeros[64];
    struct file file = npy_of(1, faults[_i].dictionary, zeros, faults[_i].size);
    ck_assert_str_eq(error_of(file.bytes, file.size, NULL), faults[_i].error);
}
END_TEST

/* Every length below the whole one, and a version that is not known. */
START_TEST(cut_files_are_told)
{
    const double values[] = {1, 2};
    struct file file =
        npy_of(2, "{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}", values, sizeof values);
    for (size_t size = 7; size < file.size; size++) {
        const char *error = error_of(file.bytes, size, NULL);
        ck_assert_str_eq(error,
                         size < file.size - sizeof values
                             ? ": it ends inside its header: was it copied whole?"
                             : ": it ends before its 2 x 1 elements do: was it copied whole?");
    }
    file.bytes[6] = 4;
    ck_assert_str_eq(error_of(file.bytes, file.size, NULL),
                     ": version 4 of .npy: lanefit reads 1, 2 and 3");
}
END_TEST

/* What is written is read; in place where it is aligned. */
START_TEST(written_headers_are_read)
{
    for (int f64 = 0; f64 < 2; f64++) {
        struct file file = {.size = NPY_HEADER_BYTES};
        enum lf_dtype dtype = f64 ? LF_F64 : LF_F32;
        const float narrow[] = {1, 2, 3, 4, 5, 6};
        const double wide[] = {1, 2, 3, 4, 5, 6};
        npy_header_write(file.bytes, dtype, 3, 2);
        memcpy(file.bytes + file.size, f64 ? (const void *)wide : narrow, 6 * element_size(dtype));
        file.size += 6 * element_size(dtype);
        char path[PATH_CHARS];
        struct table *table;
        struct table_error error;
        struct table_array array;
        file_of(file.bytes, file.size, path);
        ck_assert_msg(table_open(&table, path, NULL, &error), "%s", error.text);
        ck_assert(table_array(table, &array));
        ck_assert_int_eq(array.dtype, dtype);
        ck_assert_uint_eq(array.rows, 3);
        ck_assert_uint_eq(array.columns, 2);
        for (size_t i = 0; i < 6; i++) {
            ptrdiff_t at =
                (ptrdiff_t)(i / 2) * array.row_step + (ptrdiff_t)(i % 2) * array.column_step;
            ck_assert_double_eq(element(dtype, array.data, (size_t)at), wide[i]);
        }
        table_close(table);
    }
    char header[NPY_HEADER_BYTES + 1] = "";
    npy_header_write(header, LF_F64, SIZE_MAX, SIZE_MAX);
    ck_assert_ptr_nonnull(strstr(header + 10, "(18446744073709551615, 18446744073709551615), }"));
    ck_assert_int_eq(header[NPY_HEADER_BYTES - 1], '\n');
}
END_TEST

START_TEST(only_whole_floats_are_read_in_place)
{
    static const struct {
        const char *type;
        int width; /* of the dictionary: 70 aligns what is behind it */
        int in_place;
    } cases[] = {{"=f8", 70, 1}, {"swapped", 70, 0}, {"=i8", 70, 0}, {"=f8", 71, 0}};
    const double value = 1;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char dictionary[100], path[PATH_CHARS];
        const char *type = cases[i].type;
        type = type[0] == 's' ? own_order_is_little() ? ">f8" : "<f8" : type;
        int used = snprintf(dictionary, sizeof dictionary,
                            "{'descr': '%s', 'fortran_order': False, 'shape': (1L, 1L)}", type);
        memset(dictionary + used, ' ', sizeof dictionary - (size_t)used);
        dictionary[cases[i].width] = '\0';
        struct file file = npy_of(1, dictionary, &value, sizeof value);
        struct table *table;
        struct table_error error;
        struct table_array array;
        file_of(file.bytes, file.size, path);
        ck_assert_msg(table_open(&table, path, NULL, &error), "%s", error.text);
        ck_assert_int_eq(table_array(table, &array), cases[i].in_place);
        table_close(table);
    }
}
END_TEST

/* 2^31 + 3 rows of f4, in a file that has holes for nearly all of them. */
START_TEST(more_rows_than_an_int_counts)
{
    const size_t rows = ((size_t)1 << 31) + 3;
    char header[NPY_HEADER_BYTES], path[PATH_CHARS];
    const float last = 42;
    int fd = memfd_create("large", 0);
    npy_header_write(header, LF_F32, rows, 1);
    off_t end = NPY_HEADER_BYTES + (off_t)(rows * sizeof last);
    ck_assert(pwrite(fd, header, sizeof header, 0) == sizeof header);
    ck_assert(pwrite(fd, &last, sizeof last, end - (off_t)sizeof last) == sizeof last);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct table *table;
    struct table_error error;
    struct table_array array;
    ck_assert_msg(table_open(&table, path, NULL, &error), "%s", error.text);
    ck_assert(table_array(table, &array));
    ck_assert_uint_eq(array.rows, rows);
    ck_assert_double_eq(element(LF_F32, array.data, rows - 1), 42);
    table_close(table);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("npy");
    TCase *tests = tcase_create("npy");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, types_are_read, 0, sizeof types / sizeof types[0]);
    tcase_add_test(tests, integers_are_rounded_once);
    tcase_add_test(tests, elements_are_texts);
    tcase_add_test(tests, blocks_tell_their_rows);
    tcase_add_loop_test(tests, faults_are_told, 0, sizeof faults / sizeof faults[0]);
    tcase_add_test(tests, cut_files_are_told);
    tcase_add_test(tests, written_headers_are_read);
    tcase_add_test(tests, only_whole_floats_are_read_in_place);
    tcase_add_test(tests, more_rows_than_an_int_counts);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
