/* SPDX-License-Identifier: MIT */
/* Tables while memory runs out: the line that says so, no leak, and rows all the same once there is
 * some again. */
#include "failing.inl.h"

#include "tables.h"

#include <string.h>

enum { ROWS = 1000 };

static char csv_path[PATH_CHARS], npy_path[PATH_CHARS];

/* Rows of which one is long, so that every buffer grows. */
static void make_files(void)
{
    char *text = __real_malloc(1 << 20), *p = text;
    p += sprintf(p, "a,\"b\",c\n");
    for (int i = 0; i < ROWS; i++)
        p += sprintf(p, "%d,%s%0*d,3\n", i, i % 2 ? "" : "NA", i == 500 ? 200000 : 1, i % 2);
    file_of(text, (size_t)(p - text), csv_path);
    __real_free(text);
    const double value = 1;
    char bytes[200] = "\x93NUMPY\1";
    size_t size = 10 + (size_t)sprintf(bytes + 10, "{'descr': '=f8', 'fortran_order': False, "
                                                   "'shape': (1,)}");
    bytes[8] = (char)(size - 10);
    memcpy(bytes + size, &value, sizeof value);
    file_of(bytes, size + sizeof value, npy_path);
}

static int says_so(const struct table_error *error)
{
    const char *end = ": out of memory";
    size_t length = strlen(error->text);
    return failing > 0 && length > strlen(end) &&
           strcmp(error->text + length - strlen(end), end) == 0;
}

/* Reads the first and last column, in blocks; after a failure the rows go on. */
static int read_rows(struct table *table, size_t expected, struct table_error *error)
{
    double values[2 * 64];
    size_t got = 1, rows = 0;
    int whole = 1;
    while (got > 0 && whole) {
        whole = table_read(table, 64, values, &got, error);
        EXPECT(whole || says_so(error));
        rows += got;
    }
    while (!whole && !failing_on) {
        EXPECT(table_read(table, 64, values, &got, error));
        rows += got;
        if (got == 0)
            break;
    }
    if (whole || !failing_on)
        EXPECT(rows == expected);
    return whole;
}

static int read_path(const char *path, size_t expected)
{
    struct table_options options = {.keep = TABLE_KEEP_RECORDS, .again = 1};
    struct table *table;
    struct table_error error;
    int whole = table_open(&table, path, &options, &error);
    EXPECT((table != NULL) == whole && (whole || says_so(&error)));
    if (whole) {
        const size_t columns[] = {0, table_columns(table) - 1};
        whole = table_choose(table, 2, columns, LF_F64, &error) &&
                table_keep_texts(table, 1, &columns[1], &error);
        EXPECT(whole || says_so(&error));
    }
    whole = whole && read_rows(table, expected, &error);
    if (whole) {
        whole = table_rewind(table, &error);
        EXPECT(whole || says_so(&error));
    }
    table_close(table);
    return whole;
}

static int read_csv(void)
{
    return read_path(csv_path, ROWS);
}

static int read_npy(void)
{
    return read_path(npy_path, 1);
}

static int read_packed(void)
{
    return read_path(TEST_DATA "/tables/plain.csv.gz", 2);
}

static int read_packed_npy(void)
{
    return read_path(TEST_DATA "/tables/packed.npy.gz", 1);
}

static int (*const scenarios[])(void) = {read_csv, read_npy, read_packed, read_packed_npy};

START_TEST(every_allocation_fails)
{
    make_files();
    fail_every_allocation(scenarios[_i]);
}
END_TEST

/* Blocks of rows take no memory once the buffers are there. */
START_TEST(blocks_allocate_nothing)
{
    struct table_options options = {.chunk = 512};
    struct table *table;
    struct table_error error;
    const size_t column = 0;
    double values[10];
    size_t got = 1, rows = 0;
    make_files();
    ck_assert(table_open(&table, csv_path, &options, &error));
    ck_assert(table_choose(table, 1, &column, LF_F64, &error));
    for (; rows < 500; rows += got)
        ck_assert(table_read(table, 10, values, &got, &error));
    ck_assert(table_read(table, 10, values, &got, &error)); /* the long one */
    long before = allocations;
    while (table_read(table, 10, values, &got, &error) && got > 0)
        rows += got;
    long after = allocations;
    ck_assert_uint_eq(rows, ROWS - 10);
    ck_assert_int_eq(before, after);
    table_close(table);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("table_memory");
    TCase *tests = tcase_create("table_memory");
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, every_allocation_fails, 0, sizeof scenarios / sizeof scenarios[0]);
    tcase_add_test(tests, blocks_allocate_nothing);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
