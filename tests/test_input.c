/* SPDX-License-Identifier: MIT */
/* Where tables come from: paths, pipes, packed files, what can't be read; and what is too large. */
#include "support.h"
#include "tables.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

START_TEST(pipes_are_read)
{
    const char *text = "a,b\n1,2\n3,4\n";
    struct table_options options = {.again = _i};
    struct whole_table whole;
    pipe_of(text, strlen(text), 1);
    read_whole(&whole, "-", &options);
    ck_assert_str_eq(whole.error, "");
    ck_assert_uint_eq(whole.rows, 2);
    ck_assert_double_eq(whole.values[3], 4);
    whole_free(&whole);
}
END_TEST

START_TEST(pipes_are_read_again)
{
    struct table *table;
    struct table_error error;
    const size_t column = 0;
    double x;
    size_t got;
    pipe_of("7\n", 2, 1);
    ck_assert(table_open(&table, "-", &(struct table_options){.again = 1}, &error));
    ck_assert(table_choose(table, 1, &column, LF_F64, &error));
    for (int pass = 0; pass < 2; pass++) {
        ck_assert(table_read(table, 1, &x, &got, &error) && got == 1 && x == 7);
        ck_assert(table_rewind(table, &error));
    }
    table_close(table);
    pipe_of("7\n", 2, 1);
    ck_assert(table_open(&table, "-", NULL, &error));
    ck_assert(!table_rewind(table, &error));
    ck_assert_str_eq(error.text, "standard input: can't be read a second time");
    table_close(table);
}
END_TEST

/* gzip and .npy, by a path and through a pipe, again and once. */
START_TEST(packed_files_are_read)
{
    static const struct {
        const char *name, *names;
        double last;
    } files[] = {
        {"plain.csv.gz", "a|b", 4}, {"packed.npy.gz", "x1|x2", 0x1p64}, {"f8.npy", "x1|x2|x3", 5}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        for (int way = 0; way < 4; way++) {
            char path[4096], bytes[4096];
            struct table_options options = {.again = way & 1};
            struct whole_table whole;
            snprintf(path, sizeof path, "tables/%s", files[i].name);
            FILE *file = open_data(path);
            size_t size = fread(bytes, 1, sizeof bytes, file);
            fclose(file);
            snprintf(path, sizeof path, "%s/tables/%s", TEST_DATA, files[i].name);
            if (way & 2)
                pipe_of(bytes, size, 1);
            read_whole(&whole, way & 2 ? "-" : path, &options);
            ck_assert_str_eq(whole.error, "");
            ck_assert_str_eq(whole.names, files[i].names);
            ck_assert_double_eq(whole.values[whole.rows * whole.columns - 1], files[i].last);
            whole_free(&whole);
        }
}
END_TEST

/* Packed bytes that are all read long before what is in them. */
START_TEST(packed_bytes_unpack_to_many_more)
{
    enum { ROWS = 1 << 20 };
    char path[] = "/tmp/lanefit-test-XXXXXX";
    gzFile file = gzdopen(mkstemp(path), "w");
    struct table *table;
    struct table_error error;
    const size_t column = 0;
    static double x[ROWS];
    size_t got;
    for (int i = 0; i < ROWS; i++)
        gzwrite(file, "7\n", 2);
    ck_assert_int_eq(gzclose(file), Z_OK);
    ck_assert(table_open(&table, path, NULL, &error));
    ck_assert(table_choose(table, 1, &column, LF_F64, &error));
    ck_assert_msg(table_read(table, ROWS, x, &got, &error), "%s", error.text);
    ck_assert_uint_eq(got, ROWS);
    ck_assert(table_read(table, ROWS, x, &got, &error));
    ck_assert_uint_eq(got, 0);
    table_close(table);
    unlink(path);
}
END_TEST

/* A standard input that stands in the middle of a file starts there. */
START_TEST(standard_input_starts_where_it_stands)
{
    FILE *file = tmpfile();
    struct table *table;
    struct table_error error;
    const size_t column = 0;
    double x;
    size_t got;
    fputs("1\n2\n3\n", file);
    fflush(file);
    ck_assert_int_eq(dup2(fileno(file), STDIN_FILENO), STDIN_FILENO);
    lseek(STDIN_FILENO, 2, SEEK_SET);
    ck_assert(table_open(&table, "-", &(struct table_options){.again = 1}, &error));
    ck_assert(table_choose(table, 1, &column, LF_F64, &error));
    for (int pass = 0; pass < 2; pass++) {
        ck_assert(table_read(table, 1, &x, &got, &error) && got == 1 && x == 2);
        ck_assert(table_rewind(table, &error));
    }
    table_close(table);
    fclose(file);
}
END_TEST

START_TEST(files_that_cannot_be_read)
{
    struct whole_table whole;
    struct table_options again = {.again = 1};
    read_whole(&whole, "/nowhere/table.csv", NULL);
    ck_assert_str_eq(whole.error, ": can't read: No such file or directory");
    read_whole(&whole, "/", NULL);
    ck_assert_str_eq(whole.error, ": can't read: Is a directory");
    setenv("TMPDIR", "/nowhere", 1);
    pipe_of("1\n", 2, 1);
    read_whole(&whole, "-", &again);
    ck_assert_str_eq(whole.error,
                     ": can't keep a copy in /nowhere: No such file or directory; TMPDIR "
                     "names another folder");
    unsetenv("TMPDIR");
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){1000, 1000});
    pipe_of("1\n", 2, 10000);
    read_whole(&whole, "-", &again);
    ck_assert_str_eq(whole.error,
                     ": can't keep a copy in /tmp: File too large; TMPDIR names another folder");
    close(STDIN_FILENO);
    read_whole(&whole, "-", NULL);
    ck_assert_str_eq(whole.error, ": can't read: Bad file descriptor");
}
END_TEST

/* Most memory this process had so far, in KiB. */
static long most_memory(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

enum { TEXT_BYTES = 1 << 16 };

/* A line of 1 GiB, bare and in a quote that is never closed, and one of 70 MiB: stopped at the
 * limit, in a memory of a few times that. */
START_TEST(endless_lines_are_stopped)
{
    static char text[TEXT_BYTES];
    struct whole_table whole;
    memset(text, '7', sizeof text);
    text[0] = text[TEXT_BYTES - 1] = _i == 1 ? '"' : '7'; /* doubled where texts meet */
    pipe_of(text, TEXT_BYTES, _i == 2 ? 70 << 4 : 1 << 14);
    long before = most_memory();
    read_whole(&whole, "-", NULL);
    ck_assert_str_eq(whole.error, ", line 1: a record of more than 64 MiB: is a quote left open?");
#ifdef __SANITIZE_ADDRESS__ /* which keeps for a while what is freed */
    const long most = 384 << 10;
#else
    const long most = 256 << 10;
#endif
    ck_assert_int_lt(most_memory() - before, most);
    whole_free(&whole);
}
END_TEST

/* 64 MiB of rows in less than 16: what the process had before is not counted. */
START_TEST(rows_stream)
{
    enum { BLOCK_ROWS = 1024, TIMES = 1 << 10 };
    static char text[TEXT_BYTES + 1];
    static double values[BLOCK_ROWS];
    struct table *table;
    struct table_error error;
    const size_t column = 1;
    size_t rows = 0, got = 1;
    for (size_t i = 0; i < TEXT_BYTES; i += 8)
        memcpy(text + i, "1.5,2.5\n", 8);
    pipe_of(text, TEXT_BYTES, TIMES);
    long before = most_memory();
    ck_assert(table_open(&table, "-", NULL, &error));
    ck_assert(table_choose(table, 1, &column, LF_F64, &error));
    for (; got > 0; rows += got)
        ck_assert(table_read(table, BLOCK_ROWS, values, &got, &error));
    ck_assert_uint_eq(rows, (size_t)TIMES * TEXT_BYTES / 8);
    ck_assert_int_lt(most_memory() - before, 16 << 10);
    table_close(table);
}
END_TEST

START_TEST(too_many_columns)
{
    size_t size = TABLE_MOST_COLUMNS;
    char *text = malloc(size), path[PATH_CHARS];
    struct table *table;
    struct table_error error;
    memset(text, ',', size);
    text[size - 1] = '\n'; /* as many columns as there may be */
    file_of(text, size, path);
    ck_assert(table_open(&table, path, NULL, &error));
    ck_assert_uint_eq(table_columns(table), TABLE_MOST_COLUMNS);
    table_close(table);
    text[size - 1] = ',';
    file_of(text, size, path);
    ck_assert(!table_open(&table, path, NULL, &error));
    ck_assert_str_eq(strchr(error.text, ','), ", line 1: more than 1048576 columns");
    free(text);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("input");
    TCase *tests = tcase_create("input");
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, pipes_are_read, 0, 2);
    tcase_add_test(tests, pipes_are_read_again);
    tcase_add_test(tests, packed_files_are_read);
    tcase_add_test(tests, packed_bytes_unpack_to_many_more);
    tcase_add_test(tests, standard_input_starts_where_it_stands);
    tcase_add_test(tests, files_that_cannot_be_read);
    tcase_add_loop_test(tests, endless_lines_are_stopped, 0, 3);
    tcase_add_test(tests, rows_stream);
    tcase_add_test(tests, too_many_columns);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
