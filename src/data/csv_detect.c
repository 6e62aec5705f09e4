/* SPDX-License-Identifier: MIT */
#include "csv_detect.h"

enum { MOST_RECORDS = 16 }; /* that are looked at */

/* Into how many fields the delimiter cuts each of the first records; returns how many those are. */
static int count_fields(const struct csv_dialect *dialect, const char *p, const char *end,
                        size_t count[MOST_RECORDS])
{
    uint64_t line = 1;
    int records = 0;
    while (records < MOST_RECORDS && csv_skip(dialect, &p, end, &line) == CSV_FIELD) {
        struct csv_field field;
        enum csv_step step;
        size_t fields = 0;
        p = csv_first_field(dialect, p);
        do {
            step = csv_field(dialect, p, end, &field);
            p = field.next;
            fields++;
        } while (step == CSV_FIELD);
        if (step != CSV_LAST_FIELD && records > 0)
            break;
        count[records++] = fields;
        if (step != CSV_LAST_FIELD)
            break;
    }
    return records;
}

char csv_find_delimiter(const char *text, const char *end, char comment)
{
    static const char candidates[] = {'\t', ';', '|', ',', ' '};
    char best = ',';
    int most = 0;
    for (size_t i = 0; i < sizeof candidates; i++) {
        struct csv_dialect dialect = csv_dialect(candidates[i], comment);
        size_t count[MOST_RECORDS];
        int records = count_fields(&dialect, text, end, count), alike = 0;
        for (int r = 0; r < records && count[0] > 1; r++)
            alike += count[r] == count[0];
        if (records > 1 && alike < 2)
            continue;
        if (alike > most) {
            most = alike;
            best = candidates[i];
        }
    }
    return best;
}
