/* SPDX-License-Identifier: MIT */
/* Memory that ends while statistics are made, fed, merged or solved: a status, nothing leaks, and
 * nothing has changed. */
#include "failing.inl.h"

#include <string.h>

enum { ROWS = 40 };

static double x[2 * ROWS], y[ROWS];

static int expect(lf_status status, lf_status also)
{
    EXPECT(status == LF_OK || status == LF_NO_MEMORY || status == also);
    return status == LF_OK;
}

/* The solution, where there is memory for it; it has the given number of rows. */
static int solve(const struct lf_statistics *s, size_t used, double b[3])
{
    struct lf_lsq_result r = {.coefficients = b, .rows_used = 99};
    const int whole = expect(lf_statistics_solve(s, 0, &r), LF_OK);
    EXPECT(r.rows_used == (whole ? used : 99));
    EXPECT(!whole || used < 3 || r.status == LF_FIT_OK);
    return whole;
}

/* One step of the scenario; what failed is done again and goes well. */
static int add(struct lf_statistics *s, uint64_t block, size_t first, size_t rows)
{
    const struct lf_data data = lf_data_f64(rows, 2, x + 2 * first, 1, y + first);
    const int whole = expect(lf_statistics_add(s, block, &data), LF_OK);
    if (!whole && !failing_on)
        EXPECT(lf_statistics_add(s, block, &data) == LF_OK);
    return whole;
}

static int accumulate(void)
{
    static const double origin[3] = {1, 2, 3};
    struct lf_statistics *a = NULL, *b = NULL;
    double before[3] = {0}, after[3] = {0};
    for (size_t r = 0; r < ROWS; r++) {
        x[2 * r] = (double)(r % 7);
        x[2 * r + 1] = (double)(r % 5);
        y[r] = (double)(r % 11);
    }
    int whole = expect(lf_statistics_create(&a, 2, NULL, origin), LF_OK);
    EXPECT(whole == (a != NULL));
    whole = whole && expect(lf_statistics_create(&b, 2, NULL, origin), LF_OK);
    EXPECT(!a || whole == (b != NULL));
    if (b) {
        whole = add(a, 5, 0, 10);
        whole = add(a, 77, 10, 10) && whole;
        whole = add(b, 900, 20, 20) && whole;
        if (whole) {
            whole = solve(a, 20, before);
            const int merged = expect(lf_statistics_merge(a, b), LF_OK);
            const int solved = solve(a, merged ? 40 : 20, after);
            EXPECT(merged || !solved || !whole || memcmp(before, after, sizeof after) == 0);
            whole = whole && merged && solved;
        }
    }
    lf_statistics_destroy(a);
    lf_statistics_destroy(b);
    return whole;
}

START_TEST(every_allocation_fails)
{
    fail_every_allocation(accumulate);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("memory_statistics");
    TCase *tests = tcase_create("memory_statistics");
    tcase_add_test(tests, every_allocation_fails);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
