/* SPDX-License-Identifier: MIT */
#include "columns.h"

#include <stdlib.h>
#include <string.h>

int read_table_options(const struct option_rule *delimiter_rule, const char *delimiter,
                       const struct option_rule *header_rule, const char *header,
                       struct table_options *options)
{
    int no_header;
    const char *one = delimiter && strcmp(delimiter, "tab") == 0 ? "\t" : delimiter;
    if (one && (strlen(one) != 1 || strchr("\"\n\r", *one)))
        return bad_value(delimiter_rule, delimiter);
    if (!read_choice(header_rule, header, "yes", "no", &no_header))
        return 0;
    options->delimiter = one ? *one : '\0';
    options->header = !header ? TABLE_HEADER_FOUND : no_header ? TABLE_NO_HEADER : TABLE_HEADER;
    return 1;
}

size_t *columns_listed(struct table *table, const char *list, size_t *count)
{
    struct table_error error;
    char *names = strdup(list);
    size_t *columns = malloc((strlen(list) + 1) * sizeof *columns);
    int found = names && columns;
    if (!found)
        complain("out of memory for the columns");
    *count = 0;
    for (char *name = names; name && found;) {
        char *comma = strchr(name, ',');
        if (comma)
            *comma = '\0';
        found = table_find(table, name, &columns[*count], &error);
        if (!found)
            complain("%s", error.text);
        for (size_t i = 0; found && i < *count; i++)
            if (columns[i] == columns[*count]) {
                complain("column '%s' stands twice in '%s'", name, list);
                found = 0;
            }
        ++*count;
        name = comma ? comma + 1 : NULL;
    }
    free(names);
    if (found)
        return columns;
    free(columns);
    return NULL;
}

/* Whether the file names its columns. */
static int has_names(const struct table *table)
{
    size_t length;
    return table_header(table, &length) != NULL;
}

int columns_named(struct table *table, char *const *names, size_t count, size_t *columns)
{
    struct table_error error;
    const int in_order = !has_names(table) && table_columns(table) == count;
    for (size_t i = 0; i < count; i++) {
        columns[i] = i;
        if (in_order || table_find(table, names[i], &columns[i], &error))
            continue;
        complain("%s", error.text);
        return 0;
    }
    return 1;
}
