/* SPDX-License-Identifier: MIT */
/* The face of the readers: paths and pipes, columns, blocks, several passes, what is kept of rows,
 * limits; and the corpus of the fuzzer. */
#include "support.h"
#include "fuzz_table.h"
#include "tables.h"

#include "writer.h"

#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

static struct table *open_text(const char *text, const struct table_options *options)
{
    static char path[PATH_CHARS]; /* it has to outlive the table */
    struct table *table;
    struct table_error error;
    file_of(text, strlen(text), path);
    ck_assert_msg(table_open(&table, path, options, &error), "%s", error.text);
    return table;
}

START_TEST(columns_by_name_and_number)
{
    struct table *table = open_text("b,x,2,x,\n1,2,3,4,5\n", NULL);
    struct table_error error;
    size_t column;
    ck_assert(table_find(table, "b", &column, &error) && column == 0);
    ck_assert(table_find(table, "1", &column, &error) && column == 0);
    ck_assert(table_find(table, "2", &column, &error) && column == 2); /* a name before a number */
    ck_assert(table_find(table, "x5", &column, &error) && column == 4);
    ck_assert(table_find(table, "005", &column, &error) && column == 4);
    static const struct {
        const char *name, *error;
    } faults[] = {
        {"x", "columns 2 and 4 are both called 'x': give the number"},
        {"6", "there is no column '6': the 5 are b, x, 2, x, x5"},
        {"0", "there is no column '0': the 5 are b, x, 2, x, x5"},
        {"", "there is no column '': the 5 are b, x, 2, x, x5"},
        {"-1", "there is no column '-1': the 5 are b, x, 2, x, x5"},
        {"1 ", "there is no column '1 ': the 5 are b, x, 2, x, x5"},
        {"18446744073709551617",
         "there is no column '18446744073709551617': the 5 are b, x, 2, x, x5"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        ck_assert(!table_find(table, faults[i].name, &column, &error));
        ck_assert_str_eq(strchr(error.text, ' ') + 1, faults[i].error);
    }
    column = 5;
    ck_assert(!table_choose(table, 1, &column, LF_F64, &error));
    ck_assert_str_eq(strchr(error.text, ' ') + 1, "there is no column 6: there are 5");
    table_close(table);
}
END_TEST

/* Any order, twice the same, with text beside them; f32 rounded from the digits. */
START_TEST(chosen_columns_alone_are_numbers)
{
    struct table *table =
        open_text("a,b,c,d\n1,x,\"3\",4\n5,\"y\n\",7,1.00000017881393432617187499\n", NULL);
    struct table_error error;
    const size_t columns[] = {3, 0, 3, 2};
    float rows[2][4];
    size_t got;
    ck_assert(table_choose(table, 4, columns, LF_F32, &error));
    ck_assert_msg(table_read(table, 10, rows, &got, &error), "%s", error.text);
    ck_assert_uint_eq(got, 2);
    const float low = 1.00000011920928955078125f; /* by way of f64 it would be the next one */
    const float expected[2][4] = {{4, 1, 4, 3}, {low, 5, low, 7}};
    ck_assert_mem_eq(rows, expected, sizeof rows);
    ck_assert(table_read(table, 10, rows, &got, &error));
    ck_assert_uint_eq(got, 0);
    table_close(table);
}
END_TEST

START_TEST(blocks_and_passes)
{
    struct table_options options = {.again = 1, .keep = TABLE_KEEP_RECORDS};
    struct table *table = open_text("a ; b\r\n1; 2 \r\n# no\r\n\"3\r\n\";4\r\n\r\n5;6", &options);
    struct table_error error;
    const size_t column = 1;
    double x[2];
    size_t got, length;
    ck_assert_str_eq(table_header(table, &length), "a ; b");
    ck_assert_uint_eq(length, 5);
    ck_assert_int_eq(table_delimiter(table), ';');
    ck_assert(table_choose(table, 1, &column, LF_F64, &error));
    for (int pass = 0; pass < 3; pass++) {
        ck_assert(table_read(table, 2, x, &got, &error));
        ck_assert(got == 2 && x[0] == 2 && x[1] == 4);
        ck_assert_uint_eq(table_row_at(table, 0), 2);
        ck_assert_uint_eq(table_row_at(table, 1), 4);
        ck_assert_str_eq(table_record(table, 0, &length), "1; 2 ");
        ck_assert_uint_eq(length, 5);
        ck_assert_str_eq(table_record(table, 1, &length), "\"3\r\n\";4");
        ck_assert_uint_eq(length, 7);
        if (pass == 1) /* in the middle */
            ck_assert(table_rewind(table, &error));
        if (pass == 1)
            continue;
        ck_assert(table_read(table, 2, x, &got, &error));
        ck_assert(got == 1 && x[0] == 6);
        ck_assert_uint_eq(table_row_at(table, 0), 7);
        ck_assert_str_eq(table_record(table, 0, &length), "5;6");
        ck_assert(table_read(table, 2, x, &got, &error) && got == 0);
        ck_assert(table_rewind(table, &error));
    }
    table_close(table);
}
END_TEST

/* The rows in front of a fault are there. */
START_TEST(rows_before_a_fault)
{
    struct table *table =
        open_text("1\n2\nx\n", &(struct table_options){.header = TABLE_NO_HEADER});
    struct table_error error;
    const size_t column = 0;
    double x[5] = {0};
    size_t got;
    ck_assert(table_choose(table, 1, &column, LF_F64, &error));
    ck_assert(!table_read(table, 5, x, &got, &error));
    ck_assert(got == 2 && x[0] == 1 && x[1] == 2);
    table_close(table);
}
END_TEST

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

/* A line of 1 GiB, bare and in a quote that is never closed: stopped at the limit, in a memory of a
 * few times that. */
START_TEST(endless_lines_are_stopped)
{
    static char text[TEXT_BYTES];
    struct whole_table whole;
    memset(text, '7', sizeof text);
    text[0] = text[TEXT_BYTES - 1] = _i ? '"' : '7'; /* doubled where texts meet */
    pipe_of(text, TEXT_BYTES, 1 << 14);
    long before = most_memory();
    read_whole(&whole, "-", NULL);
    ck_assert_str_eq(whole.error, ", line 1: a record of more than 64 MiB: is a quote left open?");
#ifdef __SANITIZE_ADDRESS__ /* which keeps for a while what is freed */
    const long most = 384 << 10;
#else
    const long most = 256 << 10;
#endif
    ck_assert_int_lt(most_memory() - before, most);
}
END_TEST

/* Half a GiB of rows in less than 64 MiB; what stands in front counts, so it is measured beside. */
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

START_TEST(fields_that_are_written_are_read)
{
    static const char *const names[] = {"#1",    "a,b",        "say \"x\"", "plain", " blank",
                                        "tab\t", "two\nlines", "5\" pipe",  ""};
    enum { NAMES = sizeof names / sizeof names[0] };
    static const char delimiters[] = ",;\t| ";
    const double value = 0.1;
    for (size_t d = 0; d < sizeof delimiters - 1; d++) {
        FILE *file = tmpfile();
        char text[1000], path[PATH_CHARS], spare[TABLE_NAME_CHARS];
        for (size_t i = 0; i < NAMES; i++) {
            write_field(file, names[i], strlen(names[i]), delimiters[d]);
            putc(i + 1 < NAMES ? delimiters[d] : '\n', file);
        }
        for (size_t i = 0; i < NAMES; i++) {
            write_number(file, LF_F64, &value);
            putc(i + 1 < NAMES ? delimiters[d] : '\n', file);
        }
        rewind(file);
        size_t size = fread(text, 1, sizeof text, file);
        file_of(text, size, path);
        struct table *table;
        struct table_error error;
        struct table_options options = {.delimiter = delimiters[d]};
        ck_assert_msg(table_open(&table, path, &options, &error), "%s", error.text);
        ck_assert_uint_eq(table_columns(table), NAMES);
        for (size_t i = 0; i < NAMES; i++)
            ck_assert_str_eq(table_name(table, i, spare), names[i][0] ? names[i] : "x9");
        table_close(table);
        fclose(file);
    }
}
END_TEST

START_TEST(the_corpus_of_the_fuzzer)
{
    char path[4096];
    int files = 0;
    DIR *folder = opendir(TEST_DATA "/tables");
    ck_assert_ptr_nonnull(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] == '.')
            continue;
        uint8_t bytes[1 << 16];
        snprintf(path, sizeof path, "tables/%s", entry->d_name);
        FILE *file = open_data(path);
        size_t size = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        LLVMFuzzerTestOneInput(bytes, size);
        files++;
    }
    closedir(folder);
    ck_assert_int_gt(files, 20);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("table");
    TCase *tests = tcase_create("table");
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, columns_by_name_and_number);
    tcase_add_test(tests, chosen_columns_alone_are_numbers);
    tcase_add_test(tests, blocks_and_passes);
    tcase_add_test(tests, rows_before_a_fault);
    tcase_add_loop_test(tests, pipes_are_read, 0, 2);
    tcase_add_test(tests, pipes_are_read_again);
    tcase_add_test(tests, packed_files_are_read);
    tcase_add_test(tests, packed_bytes_unpack_to_many_more);
    tcase_add_test(tests, standard_input_starts_where_it_stands);
    tcase_add_test(tests, files_that_cannot_be_read);
    tcase_add_loop_test(tests, endless_lines_are_stopped, 0, 2);
    tcase_add_test(tests, rows_stream);
    tcase_add_test(tests, too_many_columns);
    tcase_add_test(tests, fields_that_are_written_are_read);
    tcase_add_test(tests, the_corpus_of_the_fuzzer);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
