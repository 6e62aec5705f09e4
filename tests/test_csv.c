/* SPDX-License-Identifier: MIT */
/* Tables of text: every dialect and its values, every fault and its line. Each is read in chunks of
 * many sizes. */
#include "support.h"
#include "tables.h"

#include <math.h>
#include <string.h>

#define MISSING ((double)NAN)

/* What a text is read as. `values` has rows x columns. */
static const struct text_case {
    const char *text, *names;
    char delimiter;
    size_t rows, columns;
    double values[8];
    struct table_options options;
} texts[] = {
    {"a,b\n1,2\n3,4\n", "a|b", ',', 2, 2, {1, 2, 3, 4}, {0}},
    {"1,2\n3,4", "x1|x2", ',', 2, 2, {1, 2, 3, 4}, {0}},
    {"1,2\n3,4", "1|2", ',', 1, 2, {3, 4}, {.header = TABLE_HEADER}},
    {"NA,2\n3,4", "x1|x2", ',', 2, 2, {MISSING, 2, 3, 4}, {0}},
    {"a,2\n3,4", "x1|x2", ',', 0, 2, {0}, {.header = TABLE_NO_HEADER}}, /* and an error */
    {"a\n", "a", ',', 0, 1, {0}, {0}},
    {"a", "a", ',', 0, 1, {0}, {0}},
    {"7", "x1", ',', 1, 1, {7}, {0}},
    /* Delimiters. */
    {"1;2\n3;4\n", "x1|x2", ';', 2, 2, {1, 2, 3, 4}, {0}},
    {"1\t2\n3\t4\n", "x1|x2", '\t', 2, 2, {1, 2, 3, 4}, {0}},
    {"1|2\n3|4\n", "x1|x2", '|', 2, 2, {1, 2, 3, 4}, {0}},
    {"1 2\n3 4\n", "x1|x2", ' ', 2, 2, {1, 2, 3, 4}, {0}},
    {"  a  b \n 1 \t 2\t\n3 4 \n\t5 6", "a|b", ' ', 3, 2, {1, 2, 3, 4, 5, 6}, {0}},
    {" #1 2\n3 4\n", "#1|2", ' ', 1, 2, {3, 4}, {0}}, /* no comment */
    {"body mass\n1\n2\n3\n", "body mass", ',', 3, 1, {1, 2, 3}, {0}},
    {"1, 2\n3, 4\n", "x1|x2", ',', 2, 2, {1, 2, 3, 4}, {0}},
    {"1:2\n3:4\n", "x1|x2", ':', 2, 2, {1, 2, 3, 4}, {.delimiter = ':'}},
    {"\"a;1\",b\n1,2\n", "a;1|b", ',', 1, 2, {1, 2}, {0}},
    {"time,y;z\n1,2\n", "time|y;z", ',', 1, 2, {1, 2}, {0}},
    /* Ends of lines, blank lines, comments, byte order mark. */
    {"1,2\r\n3,4\r\n", "x1|x2", ',', 2, 2, {1, 2, 3, 4}, {0}},
    {"1,2\r3,4\r", "x1|x2", ',', 2, 2, {1, 2, 3, 4}, {0}},
    {"1,2\r\n3,4\r", "x1|x2", ',', 2, 2, {1, 2, 3, 4}, {0}},
    {"\n1,2\n\n \t \r\n3,4\n\n", "x1|x2", ',', 2, 2, {1, 2, 3, 4}, {0}},
    {"# a, b, c\n1,2\n#3,4\n5,6\n#", "x1|x2", ',', 2, 2, {1, 2, 5, 6}, {0}},
    {"% a\n1,2\n%", "x1|x2", ',', 1, 2, {1, 2}, {.comment = '%'}},
    {"#a,b\n1,2\n", "#a|b", ',', 1, 2, {1, 2}, {.comment = (char)TABLE_NO_COMMENTS}},
    {"1,2\n#N/A,4\n#N/As\n#N/", "x1|x2", ',', 2, 2, {1, 2, MISSING, 4}, {0}},
    {"\xef\xbb\xbf"
     "a,b\n1,2\n",
     "a|b",
     ',',
     1,
     2,
     {1, 2},
     {0}},
    {"\xef\xbb\xbf"
     "1,2\n",
     "x1|x2",
     ',',
     1,
     2,
     {1, 2},
     {0}},
    /* Quotes. */
    {"\"a\",\"b \"\"c\"\"\"\n\"1\", \"2\" \n", "a|b \"c\"", ',', 1, 2, {1, 2}, {0}},
    {"\"a\nb\",c\n1,2\n", "a\nb|c", ',', 1, 2, {1, 2}, {0}},
    {"5\" pipe,c\n1,2\n", "5\" pipe|c", ',', 1, 2, {1, 2}, {0}},
    {"\"1\" \"2\"\n3 4\n", "x1|x2", ' ', 2, 2, {1, 2, 3, 4}, {0}},
    {"a,b\n\"\",\" NA \"\n\" 3 \",4\n", "a|b", ',', 2, 2, {MISSING, MISSING, 3, 4}, {0}},
    {"a\n\"\"\n1\n", "a", ',', 2, 1, {MISSING, 1}, {0}},
    /* Names. */
    {"a,,\"\",2\n1,2,3,4\n", "a|x2|x3|2", ',', 1, 4, {1, 2, 3, 4}, {0}},
    {" a , b\t\n1,2\n", "a|b", ',', 1, 2, {1, 2}, {0}},
    /* Missing values. */
    {"NA,na,N/A,n/a,#N/A,NaN,nan,NAN\n",
     "x1|x2|x3|x4|x5|x6|x7|x8",
     ',',
     1,
     8,
     {MISSING, MISSING, MISSING, MISSING, MISSING, MISSING, MISSING, MISSING},
     {0}},
    {"null,NULL,None,-,?,.,, \n",
     "x1|x2|x3|x4|x5|x6|x7|x8",
     ',',
     1,
     8,
     {MISSING, MISSING, MISSING, MISSING, MISSING, MISSING, MISSING, MISSING},
     {0}},
    {"1,,\n,,3\n", "x1|x2|x3", ',', 2, 3, {1, MISSING, MISSING, MISSING, MISSING, 3}, {0}},
    /* Numbers. */
    {"+1,-2,.5,5.,1e3,-1.5E-1,+.5e+1,-0\n",
     "x1|x2|x3|x4|x5|x6|x7|x8",
     ',',
     1,
     8,
     {1, -2, .5, 5, 1000, -.15, 5, -0.0},
     {0}},
    {"inf,-INF,+Infinity,1e999,-1e999,1e-999,-1e-999,00012\n",
     "x1|x2|x3|x4|x5|x6|x7|x8",
     ',',
     1,
     8,
     {(double)INFINITY, -(double)INFINITY, (double)INFINITY, (double)INFINITY, -(double)INFINITY, 0,
      -0.0, 12},
     {0}},
};

START_TEST(texts_are_read)
{
    const struct text_case *c = &texts[_i];
    struct whole_table whole;
    size_t first = 0;
    read_bytes(&whole, c->text, strlen(c->text), &c->options);
    ck_assert_msg(c->rows == 0 || !whole.error[0], "%s", whole.error);
    ck_assert_str_eq(whole.names, c->names);
    ck_assert_int_eq(whole.delimiter, c->delimiter);
    ck_assert_uint_eq(whole.columns, c->columns);
    ck_assert_uint_eq(whole.rows, c->rows);
    ck_assert_msg(same_bits(LF_F64, c->rows * c->columns, whole.values, c->values, &first),
                  "value %zu of '%s'", first, c->text);
    whole_free(&whole);
}
END_TEST

/* A text with a NUL in it has a length of its own; 0: strlen's. */
static const struct fault_case {
    const char *text, *error;
    size_t size;
    struct table_options options;
} faults[] = {
    {"", ": there is no data in it", 0, {0}},
    {"\n# nothing\n\n", ": there is no data in it", 0, {0}},
    {"\xef\xbb\xbf", ": there is no data in it", 0, {0}},
    {"1,2\n3\n", ", line 2: 1 field, where line 1 has 2", 0, {0}},
    {"1,2\r\n3,4\r\n\r\n5\r\n", ", line 4: 1 field, where line 1 has 2", 0, {0}},
    {"1,2\r3,4\r\r5\r", ", line 4: 1 field, where line 1 has 2", 0, {0}},
    {"\"a\rb\r\n\",c\n1\n", ", line 4: 1 field, where line 1 has 2", 0, {0}},
    {"#\na,b\n\n1,2\n3,4,5\n", ", line 5: 3 fields, where line 2 has 2", 0, {0}},
    {"a,b\n\"1\n\",2\n3\n", ", line 2, column 1 (a): '1?' is not a number", 0, {0}},
    {"a,b\n\"\n\",2\n3\n", ", line 2, column 1 (a): '?' is not a number", 0, {0}},
    {"a,b,c\n1,\"2\",\"\r\n\r\n\n\"\n",
     ", line 2, column 3 (c): '\?\?\?\?\?' is not a number",
     0,
     {0}},
    {"a,b\n1,2\n3,x\n", ", line 3, column 2 (b): 'x' is not a number", 0, {0}},
    {"1,2\n3,x\n", ", line 2, column 2: 'x' is not a number", 0, {0}},
    {"1,2\n3,0x10\n", ", line 2, column 2: '0x10' is not a number", 0, {0}},
    {"1,2\n3,1.5e\n", ", line 2, column 2: '1.5e' is not a number", 0, {0}},
    {"1,2\n3,+-1\n", ", line 2, column 2: '+-1' is not a number", 0, {0}},
    {"1,2\n3,1 2\n", ", line 2, column 2: '1 2' is not a number", 0, {0}},
    {"1,2\n3,\x1b[2J\xc2\x9b\xff\xc3\xa9\n",
     ", line 2, column 2: '?[2J\?\?\?\xc3\xa9' is not a number",
     0,
     {0}},
    {"1,2\n3,123456789 123456789 123456789 123456789 123456789\n",
     ", line 2, column 2: '123456789 123456789 123456789 123456789 1234...' is not a number",
     0,
     {0}},
    {"1,2\n3,\"4\n5,6\n", ", line 2: the quote that opens here is never closed", 0, {0}},
    {"a,b\n1,\"2\"3\n",
     ", line 2, column 2: text behind a closing quote; a quote inside quotes is "
     "written twice",
     0,
     {0}},
    {"\"a\"b,c\n1,2\n",
     ", line 1, column 1: text behind a closing quote; a quote inside quotes is "
     "written twice",
     0,
     {0}},
    {"\"a,b\n1,2\n", ", line 1: the quote that opens here is never closed", 0, {0}},
    {"1,2\n3,\0\n",
     ", line 2: a NUL byte, which no text has: text in UTF-16 has to be saved as "
     "UTF-8",
     8,
     {0}},
    {"1,2\n#\n#\0\n",
     ", line 3: a NUL byte, which no text has: text in UTF-16 has to be saved as "
     "UTF-8",
     9,
     {0}},
    {"1,2\n\"\n\0\",3\n",
     ", line 3: a NUL byte, which no text has: text in UTF-16 has to be saved "
     "as UTF-8",
     11,
     {0}},
    {"\xff\xfe"
     "1\0,\0002\0\n\0",
     ", line 1: a NUL byte, which no text has: text in UTF-16 has to be "
     "saved as UTF-8",
     10,
     {0}},
    {"1\0",
     ", line 1: a NUL byte, which no text has: text in UTF-16 has to be saved as UTF-8",
     2,
     {0}},
    {"1,5;2,5\n3;4\n",
     ", line 1: numbers with a decimal comma, it seems: lanefit reads decimal "
     "points",
     0,
     {0}},
    {"a;b\n1,5;2,5\n",
     ", line 2, column 1 (a): '1,5' is not a number: a decimal comma? lanefit "
     "reads decimal points",
     0,
     {0}},
    {"a;b\n1;-1.234,5\n",
     ", line 2, column 2 (b): '-1.234,5' is not a number: a decimal comma? "
     "lanefit reads decimal points",
     0,
     {0}},
    {"\x1f\x8b garbage", ": the gzip data is damaged; 'gzip -t' tells more", 0, {0}},
    {"\x1f\x8b\x08", ": the gzip data ends too early: was it copied whole?", 0, {0}},
};

START_TEST(faults_are_told)
{
    const struct fault_case *c = &faults[_i];
    size_t size = c->size ? c->size : strlen(c->text);
    ck_assert_str_eq(error_of(c->text, size, &c->options), c->error);
}
END_TEST

/* A delimiter of 16 records that one of them breaks is found all the same. */
START_TEST(a_ragged_line_does_not_hide_the_delimiter)
{
    const char *text = "a,b\n1,2\n3,4\n5\n6,7\n";
    ck_assert_str_eq(error_of(text, strlen(text), NULL), ", line 4: 1 field, where line 1 has 2");
}
END_TEST

/* Records so long that the second is cut where the delimiter is looked for. */
START_TEST(wide_records_have_their_delimiter)
{
    enum { FIELDS = 20000 };
    static char text[4 * FIELDS];
    char path[PATH_CHARS];
    struct table *table;
    struct table_error error;
    for (size_t i = 0; i < 2 * FIELDS; i++) {
        text[2 * i] = '1';
        text[2 * i + 1] = (i + 1) % FIELDS ? ';' : '\n';
    }
    file_of(text, sizeof text, path);
    ck_assert_msg(table_open(&table, path, NULL, &error), "%s", error.text);
    ck_assert_uint_eq(table_columns(table), FIELDS);
    table_close(table);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("csv");
    TCase *tests = tcase_create("csv");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, texts_are_read, 0, sizeof texts / sizeof texts[0]);
    tcase_add_loop_test(tests, faults_are_told, 0, sizeof faults / sizeof faults[0]);
    tcase_add_test(tests, wide_records_have_their_delimiter);
    tcase_add_test(tests, a_ragged_line_does_not_hide_the_delimiter);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
