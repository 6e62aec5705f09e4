/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <math.h>
#include <string.h>

static const char help[] =
    "Usage: lanefit reproduce [linear|shared|roots|all] [OPTIONS]\n"
    "\n"
    "The experiments of a post on fitting a line with PyTorch, in PyTorch's floats.\n"
    "  linear    one Linear(1, 1) learns y = 1.233 x + 0.988, one sample a step\n"
    "  shared    the layer is applied twice, and learns a root of that line\n"
    "  roots     which of the two roots do runs from many seeds reach?\n"
    "  all       the three of them (default)\n"
    "\n"
    "  --iterations N     steps of a run (5000)\n"
    "  --lr F             learning rate (0.01)\n"
    "  --w F, --b F       the line to learn (1.233, 0.988)\n"
    "  --dtype f32|f64    type of all numbers (f32)\n"
    "  --isa NAME         a table of 'lanefit info', or auto: the best here (auto)\n"
    "  --quiet            results and errors only\n"
    "linear, shared:\n"
    "  --seed N           as torch.manual_seed takes it (1024)\n"
    "  --path fused|autograd   one kernel for all steps, or a tape a step (fused)\n"
    "  --trace FILE       steps as CSV in C's hex floats, which are exact; row 0 is\n"
    "                     the start; '-' is standard output; not with all\n"
    "roots:\n"
    "  --seeds A:B        the seeds, both included (0:3999)\n"
    "  --plot FILE.svg    a picture of start points and where they led\n"
    "\n"
    "Example: lanefit reproduce linear --seed 7 --trace steps.csv\n";

enum { LINEAR = 1, SHARED = 2, ROOTS = 4 };

enum option_id {
    ITERATIONS,
    LR,
    W,
    B,
    DTYPE,
    ISA,
    QUIET,
    SEED,
    PATH,
    TRACE,
    SEEDS,
    PLOT,
    HELP,
    OPTIONS
};

static const struct option_rule rules[OPTIONS] = {
    [ITERATIONS] = {"iterations", "a whole number from 1 to 2^63-1"},
    [LR] = {"lr", "a finite number from 0 up, in the range of the type"},
    [W] = {"w", "a finite number in the range of the type"},
    [B] = {"b", "a finite number in the range of the type"},
    [DTYPE] = {"dtype", "f32 or f64"},
    [ISA] = {"isa", "the name of a table ('lanefit info' lists them) or auto"},
    [QUIET] = {"quiet", NULL},
    [SEED] = {"seed", "a whole number from -2^63 to 2^64-1"},
    [PATH] = {"path", "fused or autograd"},
    [TRACE] = {"trace", "a file name, or - for standard output"},
    [SEEDS] = {"seeds", "A:B with seeds A <= B, at most 4194304 of them"},
    [PLOT] = {"plot", "a file name"},
    [HELP] = {"help", NULL},
};

/* The experiments where an option has a meaning. */
static int experiments_of(enum option_id option)
{
    if (option == SEED || option == PATH || option == TRACE)
        return LINEAR | SHARED;
    return option == SEEDS || option == PLOT ? ROOTS : LINEAR | SHARED | ROOTS;
}

/* What the command line says, before it is understood. */
struct command_line {
    int experiments;
    const char *text[OPTIONS]; /* NULL: not given */
};

static int read_experiment(void *context, const char *name)
{
    int *experiments = context;
    if (*experiments != 0) {
        complain("reproduce takes one experiment, and then '%s'", name);
        return 0;
    }
    static const struct {
        const char *name;
        int experiments;
    } known[] = {
        {"linear", LINEAR}, {"shared", SHARED}, {"roots", ROOTS}, {"all", LINEAR | SHARED | ROOTS}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(name, known[i].name) == 0) {
            *experiments = known[i].experiments;
            return 1;
        }
    complain("reproduce takes linear, shared, roots or all, not '%s'", name);
    return 0;
}

static int read_command_line(int argc, char **argv, struct command_line *line)
{
    line->experiments = 0;
    if (!read_options(argc, argv, rules, OPTIONS, line->text, read_experiment, &line->experiments))
        return 0;
    if (line->experiments == 0)
        line->experiments = LINEAR | SHARED | ROOTS;
    for (int i = 0; i < OPTIONS; i++)
        if (line->text[i] && !(experiments_of((enum option_id)i) & line->experiments)) {
            complain("--%s does not go with '%s'; see 'lanefit reproduce --help'", rules[i].name,
                     line->experiments == ROOTS ? "roots" : "linear' or 'shared");
            return 0;
        }
    if (line->text[TRACE] && line->experiments & ROOTS) {
        complain("--trace needs one experiment to follow: linear or shared");
        return 0;
    }
    return 1;
}

static int read_real(const struct command_line *line, enum option_id option, enum lf_dtype dtype,
                     double least, double *value)
{
    const char *text = line->text[option];
    if (!text || (parse_real(text, dtype, value) && *value >= least))
        return 1;
    return bad_value(&rules[option], text);
}

/* Understands the numbers and words; complains and returns 0 where one is wrong. */
static int read_settings(const struct command_line *line, struct settings *s)
{
    const char *const *text = line->text;
    int dtype, path; /* LF_F32 and LF_PATH_FUSED are 0 */
    *s = (struct settings){
        .line = {.seed = 1024, .lr = 0.01, .true_weight = 1.233, .true_bias = 0.988},
        .iterations = 5000,
        .seed_count = 4000,
        .trace = text[TRACE],
        .plot = text[PLOT],
        .quiet = text[QUIET] != NULL};
    if (!read_choice(&rules[DTYPE], text[DTYPE], "f32", "f64", &dtype) ||
        !read_choice(&rules[PATH], text[PATH], "fused", "autograd", &path))
        return 0;
    s->line.dtype = (enum lf_dtype)dtype;
    s->line.path = (enum lf_line_path)path;
    if (text[ITERATIONS] && !parse_size(text[ITERATIONS], &s->iterations))
        return bad_value(&rules[ITERATIONS], text[ITERATIONS]);
    if (!read_real(line, LR, s->line.dtype, 0, &s->line.lr) ||
        !read_real(line, W, s->line.dtype, -HUGE_VAL, &s->line.true_weight) ||
        !read_real(line, B, s->line.dtype, -HUGE_VAL, &s->line.true_bias))
        return 0;
    if (text[SEED] && !parse_seed(text[SEED], &s->line.seed))
        return bad_value(&rules[SEED], text[SEED]);
    if (text[SEEDS] && (!parse_seeds(text[SEEDS], &s->first_seed, &s->seed_count) ||
                        s->seed_count > (uint64_t)1 << 22))
        return bad_value(&rules[SEEDS], text[SEEDS]);
    if (text[TRACE] && text[TRACE][0] == '\0')
        return bad_value(&rules[TRACE], text[TRACE]);
    if (text[PLOT] && (text[PLOT][0] == '\0' || strcmp(text[PLOT], "-") == 0))
        return bad_value(&rules[PLOT], text[PLOT]);
    return 1;
}

/* NaN without its sign, which differs from CPU to CPU. */
static double unsigned_nan(double x)
{
    return isnan(x) ? fabs(x) : x;
}

static void write_step(FILE *file, size_t number, const struct lf_line_step *step)
{
    fprintf(file, "%zu,%a,%a,%a,%a,%a,%a\n", number, step->x, step->y,
            unsigned_nan(step->prediction), unsigned_nan(step->loss), unsigned_nan(step->weight),
            unsigned_nan(step->bias));
}

/* Takes all steps, in pieces, with the trace if one is wanted. */
static lf_status take_steps(struct lf_line *line, const struct settings *s, const char *name,
                            FILE *trace)
{
    enum { TRACED = 1024, UNTRACED = 1 << 22 };
    struct lf_line_step steps[TRACED];
    struct progress progress;
    lf_status status = LF_OK;
    progress_begin(&progress, name, "steps", (double)s->iterations, s->quiet);
    for (size_t done = 0; done < s->iterations && status == LF_OK;) {
        size_t piece = s->iterations - done, limit = trace ? TRACED : UNTRACED;
        piece = piece < limit ? piece : limit;
        status = lf_line_run(line, piece, trace ? steps : NULL);
        size_t taken = lf_line_steps(line) - done;
        for (size_t i = 0; trace && i < taken; i++)
            write_step(trace, done + i + 1, &steps[i]);
        done += taken;
        progress_update(&progress, (double)done);
        if (trace && ferror(trace))
            break;
    }
    progress_end(&progress);
    return status;
}

/* What is worth saying beside the result: on a terminal only. In a short run the start-up, some
 * microseconds, would be most of the time of a step. */
static void comment(const struct settings *s, const struct lf_line *line, double elapsed)
{
    double weight, bias;
    size_t steps = lf_line_steps(line);
    lf_line_parameters(line, &weight, &bias);
    fprintf(stderr, "%zu steps (%s, %s, %s path)", steps, s->line.dtype == LF_F32 ? "f32" : "f64",
            s->line.kernels->name, s->line.path == LF_PATH_FUSED ? "fused" : "autograd");
    if (steps >= LONG_RUN)
        fprintf(stderr, ", %.3g ns a step, start-up included", 1e9 * elapsed / (double)steps);
    fprintf(stderr, "\nto learn: y = %g x + %g", s->line.true_weight, s->line.true_bias);
    if (s->line.model == LF_LINE_SHARED)
        fprintf(stderr, "; the layer applied twice: y = %.3f x + %.3f", weight * weight,
                bias * (weight + 1));
    fputc('\n', stderr);
}

/* One run; what it prints goes to stdout, unless a trace goes there. Returns an exit code. */
static int run_line(const struct settings *s, const char *name, int heading)
{
    struct output trace = {0};
    struct lf_line *line = NULL;
    int code = EXIT_FAILED;
    if (s->trace && !output_open(&trace, s->trace))
        return EXIT_FAILED;
    double start = seconds();
    lf_status status = lf_line_create(&line, &s->line);
    if (status != LF_OK) {
        complain("%s: %s", name, lf_status_string(status));
        goto end;
    }
    double weight, bias;
    lf_line_parameters(line, &weight, &bias);
    if (trace.file)
        fprintf(trace.file, "iteration,x,y,prediction,loss,weight,bias\n0,,,,,%a,%a\n", weight,
                bias);
    status = take_steps(line, s, name, trace.file);
    double elapsed = seconds() - start;
    lf_line_parameters(line, &weight, &bias);
    if (status == LF_DIVERGED) {
        complain("%s: diverged in step %zu (weight %g, bias %g); try a smaller --lr than %g", name,
                 lf_line_steps(line), unsigned_nan(weight), unsigned_nan(bias), s->line.lr);
        goto end;
    }
    if (status != LF_OK) {
        complain("%s: %s", name, lf_status_string(status));
        goto end;
    }
    int to_stdout = trace.file == stdout;
    if (trace.file && !output_commit(&trace))
        goto end;
    if (!to_stdout)
        printf("%s%slinear.weight=%.3f\nlinear.bias=%.3f\n", heading ? name : "",
               heading ? "\n" : "", weight, bias);
    if (!flush_stdout())
        goto end;
    if (speaks(s->quiet))
        comment(s, line, elapsed);
    code = EXIT_DONE;
end:
    output_discard(&trace);
    lf_line_destroy(line);
    return code;
}

int reproduce_main(int argc, char **argv)
{
    struct command_line line = {0};
    struct settings settings;
    if (!read_command_line(argc, argv, &line))
        return EXIT_USAGE;
    if (line.text[HELP]) {
        fputs(help, stdout);
        return flush_stdout() ? EXIT_DONE : EXIT_FAILED;
    }
    if (!read_settings(&line, &settings))
        return EXIT_USAGE;
    const char *isa = line.text[ISA];
    int code = choose_table(&rules[ISA], isa && strcmp(isa, "auto") == 0 ? NULL : isa,
                            &settings.line.kernels);
    if (code != EXIT_DONE)
        return code;

    int heading = line.experiments == (LINEAR | SHARED | ROOTS);
    if (line.experiments & LINEAR) {
        settings.line.model = LF_LINE_LINEAR;
        code |= run_line(&settings, "linear", heading);
    }
    if (line.experiments & SHARED) {
        settings.line.model = LF_LINE_SHARED;
        code |= run_line(&settings, "shared", heading);
    }
    if (line.experiments & ROOTS) {
        settings.line.model = LF_LINE_SHARED;
        code |= roots_run(&settings, heading);
    }
    return code;
}
