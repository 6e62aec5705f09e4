/* SPDX-License-Identifier: MIT */
/* The face of the readers: columns, blocks, several passes, what is kept of rows; fields that are
 * written; and the corpus of the fuzzer. */
#include "support.h"
#include "fuzz_table.h"
#include "tables.h"

#include "writer.h"

#include <dirent.h>
#include <string.h>

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

/* Texts of the next row with '|' behind each. */
static const char *next_texts(struct table *table, double *values)
{
    static char out[256];
    struct table_error error;
    size_t got;
    ck_assert_msg(table_read(table, 1, values, &got, &error), "%s", error.text);
    if (got == 0)
        return NULL;
    const size_t *start;
    const char *texts = table_texts(table, &start);
    const size_t length = start[1];
    ck_assert_uint_lt(length, sizeof out);
    for (size_t i = 0; i < length; i++)
        out[i] = texts[i] ? texts[i] : '|';
    out[length] = '\0';
    return out;
}

/* In the order asked for, in chunks of any size, beside numbers, and a column as both. */
START_TEST(texts_of_columns)
{
    const size_t named[] = {3, 0}, chosen[] = {3, 1};
    for (size_t chunk = 0; chunk < 12; chunk++) {
        const struct table_options options = {.chunk = chunk};
        struct table *table =
            open_text("a,b,c,d\n x y ,1,z,4\n\"q\"\",\nr\",2,,\"05\"\n,3,w,-\n", &options);
        struct table_error error;
        double v[2];
        ck_assert(table_choose(table, 2, chosen, LF_F64, &error));
        ck_assert(table_keep_texts(table, 2, named, &error));
        ck_assert_str_eq(next_texts(table, v), "4|x y|");
        ck_assert(v[0] == 4 && v[1] == 1);
        ck_assert_str_eq(next_texts(table, v), "05|q\",\nr|");
        ck_assert(v[0] == 5 && v[1] == 2);
        ck_assert_str_eq(next_texts(table, v), "-||");
        ck_assert(v[0] != v[0] && v[1] == 3);
        ck_assert(next_texts(table, v) == NULL);
        table_close(table);
    }
}
END_TEST

/* One after the other in a block. */
START_TEST(texts_of_a_block)
{
    struct table *table = open_text("n,t\n1,a\n2,bb\n3,\n", NULL);
    const size_t named = 1, chosen = 0;
    struct table_error error;
    double v[8];
    size_t got;
    ck_assert(table_choose(table, 1, &chosen, LF_F64, &error));
    ck_assert(table_keep_texts(table, 1, &named, &error));
    ck_assert(table_read(table, 8, v, &got, &error) && got == 3);
    const size_t *start;
    const char *texts = table_texts(table, &start);
    ck_assert(start[0] == 0 && start[1] == 2 && start[2] == 5 && start[3] == 6);
    ck_assert(memcmp(texts, "a\0bb\0", 6) == 0);
    table_close(table);
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
    tcase_add_test(tests, fields_that_are_written_are_read);
    tcase_add_test(tests, texts_of_columns);
    tcase_add_test(tests, texts_of_a_block);
    tcase_add_test(tests, the_corpus_of_the_fuzzer);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
