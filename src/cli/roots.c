/* SPDX-License-Identifier: MIT */
/* The question the post leaves open: would another seed give the root with negative weight? */
#include "cli.h"

#include <math.h>
#include <stdlib.h>

static struct roots find_roots(double true_weight, double true_bias)
{
    struct roots roots = {0};
    if (true_weight < 0)
        return roots;
    double weight = sqrt(true_weight);
    roots.weight[0] = weight;
    roots.bias[0] = true_bias / (weight + 1);
    roots.count = 1;
    if (weight > 0 && weight != 1) {
        roots.weight[1] = -weight;
        roots.bias[1] = true_bias / (1 - weight);
        roots.count = 2;
    }
    return roots;
}

enum fate fate_of(const struct roots *roots, const struct lf_line_fate *run)
{
    if (!isfinite(run->weight) || !isfinite(run->bias))
        return DIVERGED;
    for (int i = 0; i < roots->count; i++)
        if (fabs(run->weight - roots->weight[i]) < 0.01 && fabs(run->bias - roots->bias[i]) < 0.01)
            return i == 0 ? AT_NEAR : AT_FAR;
    return run->weight < -1 ? LEFT_OF_GAP : RIGHT_OF_GAP;
}

/* What the runs of one fate have in common. */
struct group {
    size_t runs;
    double weight[2], bias[2]; /* least and greatest */
};

static void add_to_group(struct group *group, const struct lf_line_fate *run)
{
    const double ends[2] = {run->weight, run->bias};
    double *ranges[2] = {group->weight, group->bias};
    for (int i = 0; i < 2; i++) {
        if (group->runs == 0 || ends[i] < ranges[i][0])
            ranges[i][0] = ends[i];
        if (group->runs == 0 || ends[i] > ranges[i][1])
            ranges[i][1] = ends[i];
    }
    group->runs++;
}

/* At most 80 columns. */
static void print_row(const char *label, const struct group *group, size_t total, int has_range)
{
    printf("%-32s %6zu %5.1f %%", label, group->runs, 100 * (double)group->runs / (double)total);
    if (group->runs > 0 && has_range)
        printf(" %7.3f..%6.3f %7.3f..%6.3f", group->weight[0], group->weight[1], group->bias[0],
               group->bias[1]);
    putchar('\n');
}

static void print_table(const struct settings *s, const struct roots *roots,
                        const struct group groups[FATES])
{
    char label[64];
    printf("y = %g x + %g from a layer applied twice, %s, lr %g, %zu steps\n", s->line.true_weight,
           s->line.true_bias, s->line.dtype == LF_F32 ? "f32" : "f64", s->line.lr, s->iterations);
    printf("%-32s %6s %7s %15s %15s\n", "where a run stands", "runs", "share", "weight", "bias");
    if (roots->count == 0)
        puts("no root: a squared weight is not negative");
    static const char *const names[] = {"near", "far"};
    for (int i = 0; i < roots->count; i++) {
        snprintf(label, sizeof label, "at the %s root (%.3f, %.3f)", names[i], roots->weight[i],
                 roots->bias[i]);
        print_row(label, &groups[AT_NEAR + i], s->seed_count, 1);
    }
    print_row("under way, weight >= -1", &groups[RIGHT_OF_GAP], s->seed_count, 1);
    print_row("under way, weight < -1", &groups[LEFT_OF_GAP], s->seed_count, 1);
    print_row("diverged", &groups[DIVERGED], s->seed_count, 0);
}

/* Fills runs[seed_count]. */
static lf_status run_all(const struct settings *s, struct lf_line_fate *runs)
{
    enum { PIECE = 8 * LF_LANES };
    struct progress progress;
    lf_status status = LF_OK;
    progress_begin(&progress, "roots", "steps", (double)s->seed_count * (double)s->iterations,
                   s->quiet);
    for (size_t done = 0; done < s->seed_count && status == LF_OK;) {
        uint64_t seeds[PIECE];
        size_t piece = s->seed_count - done < PIECE ? s->seed_count - done : PIECE;
        for (size_t i = 0; i < piece; i++)
            seeds[i] = s->first_seed + done + i;
        status = lf_line_fates(&s->line, s->iterations, piece, seeds, runs + done);
        done += piece;
        progress_update(&progress, (double)done * (double)s->iterations);
    }
    progress_end(&progress);
    return status;
}

/* Prints, and draws where there is a plot. Returns 0 when something written got lost. */
static int report(const struct settings *s, const struct lf_line_fate *runs, int heading,
                  struct output *plot)
{
    struct roots roots = find_roots(s->line.true_weight, s->line.true_bias);
    struct group groups[FATES] = {{0}};
    size_t count[FATES];
    for (size_t i = 0; i < s->seed_count; i++)
        add_to_group(&groups[fate_of(&roots, &runs[i])], &runs[i]);
    for (int i = 0; i < FATES; i++)
        count[i] = groups[i].runs;
    if (heading)
        puts("roots");
    print_table(s, &roots, groups);
    int done = flush_stdout();
    if (plot->file) {
        roots_plot(plot->file, s, &roots, runs, count);
        done &= output_commit(plot);
    }
    return done;
}

int roots_run(const struct settings *s, int heading)
{
    struct output plot = {0};
    if (s->plot && !output_open(&plot, s->plot))
        return EXIT_FAILED;
    struct lf_line_fate *runs = malloc(s->seed_count * sizeof *runs);
    double start = seconds();
    lf_status status = runs ? run_all(s, runs) : LF_NO_MEMORY;
    double elapsed = seconds() - start;
    int done = 0;
    if (status != LF_OK)
        complain("roots: %s", lf_status_string(status));
    else
        done = report(s, runs, heading, &plot);
    if (done && speaks(s->quiet)) {
        fprintf(stderr, "%zu runs side by side by %s", (size_t)s->seed_count,
                s->line.kernels->name);
        if (s->iterations >= LONG_RUN)
            fprintf(stderr, ", %.3g ns a step and run",
                    1e9 * elapsed / ((double)s->seed_count * (double)s->iterations));
        fputc('\n', stderr);
    }
    output_discard(&plot);
    free(runs);
    return done ? EXIT_DONE : EXIT_FAILED;
}
