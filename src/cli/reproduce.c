/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <getopt.h>
#include <math.h>
#include <string.h>

static const char help[] =
    "Usage: lanefit reproduce [linear|shared|roots|all] [OPTIONS]\n"
    "\n"
    "Runs the experiments of a post on fitting a line with PyTorch, with PyTorch's floats.\n"
    "  linear    one Linear(1, 1) learns y = 1.233 x + 0.988, one sample a step\n"
    "  shared    the layer is applied twice, and learns a root of that line\n"
    "  roots     which of the two roots do runs from many seeds reach?\n"
    "  all       the three of them (default)\n"
    "\n"
    "  --iterations N    steps of a run (5000)\n"
    "  --lr F            learning rate (0.01)\n"
    "  --w F, --b F      the line to learn (1.233, 0.988)\n"
    "  --dtype f32|f64   type of all numbers (f32)\n"
    "  --isa NAME        scalar, avx2, avx512, neon or auto (auto: the best that runs here)\n"
    "  --quiet           results and errors only\n"
    "linear, shared:\n"
    "  --seed N          as torch.manual_seed takes it (1024)\n"
    "  --path fused|autograd   one kernel for the whole run, or a tape a step (fused)\n"
    "  --trace FILE      every step as CSV; '-' is standard output; not with all\n"
    "roots:\n"
    "  --seeds A:B       the seeds, both included (0:3999)\n"
    "  --plot FILE.svg   a picture of start points and where they led\n"
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

/* What getopt_long returns: WORD for an argument that is no option, FIRST + i for option i. */
enum { WORD = 1, FIRST = 256 };

static const struct option_rule {
    const char *name, *takes;
    int experiments; /* where it has a meaning */
} rules[OPTIONS] = {
    [ITERATIONS] = {"iterations", "a whole number from 1 to 2^63-1", LINEAR | SHARED | ROOTS},
    [LR] = {"lr", "a finite number from 0 up, in the range of the type", LINEAR | SHARED | ROOTS},
    [W] = {"w", "a finite number in the range of the type", LINEAR | SHARED | ROOTS},
    [B] = {"b", "a finite number in the range of the type", LINEAR | SHARED | ROOTS},
    [DTYPE] = {"dtype", "f32 or f64", LINEAR | SHARED | ROOTS},
    [ISA] = {"isa", "scalar, avx2, avx512, neon or auto", LINEAR | SHARED | ROOTS},
    [QUIET] = {"quiet", NULL, LINEAR | SHARED | ROOTS},
    [SEED] = {"seed", "a whole number from -2^63 to 2^64-1", LINEAR | SHARED},
    [PATH] = {"path", "fused or autograd", LINEAR | SHARED},
    [TRACE] = {"trace", "a file name, or - for standard output", LINEAR | SHARED},
    [SEEDS] = {"seeds", "A:B with seeds A <= B, at most 4194304 of them", ROOTS},
    [PLOT] = {"plot", "a file name", ROOTS},
    [HELP] = {"help", NULL, LINEAR | SHARED | ROOTS},
};

/* What the command line says, before it is understood. */
struct command_line {
    int experiments;
    const char *text[OPTIONS]; /* NULL: not given */
};

static int bad_value(const struct command_line *line, enum option_id option)
{
    complain("--%s takes %s, not '%s'", rules[option].name, rules[option].takes,
             line->text[option]);
    return 0;
}

static int read_experiment(const char *name, int *experiments)
{
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

/* What getopt_long could not make sense of: found is ':' or '?', optopt the option if it is known.
 */
static void complain_of_option(int found, const char *text)
{
    if (found == ':')
        complain("%s needs a value: %s", text, rules[optopt - FIRST].takes);
    else if (optopt >= FIRST)
        complain("--%s takes no value", rules[optopt - FIRST].name);
    else if (optopt > 0)
        complain("unknown option '-%c'; see 'lanefit reproduce --help'", optopt);
    else
        complain("unknown option '%s'; see 'lanefit reproduce --help'", text);
}

static int read_command_line(int argc, char **argv, struct command_line *line)
{
    struct option options[OPTIONS + 1] = {{0}};
    for (int i = 0; i < OPTIONS; i++)
        options[i] = (struct option){
            rules[i].name, rules[i].takes ? required_argument : no_argument, NULL, FIRST + i};
    opterr = 0;
    int found;
    line->experiments = 0;
    while ((found = getopt_long(argc, argv, "-:h", options, NULL)) != -1) {
        if (found == WORD) {
            if (!read_experiment(optarg, &line->experiments))
                return 0;
        } else if (found == 'h') {
            line->text[HELP] = "";
        } else if (found >= FIRST) {
            line->text[found - FIRST] = optarg ? optarg : "";
        } else {
            complain_of_option(found, argv[optind - 1]);
            return 0;
        }
    }
    for (; optind < argc; optind++)
        if (!read_experiment(argv[optind], &line->experiments))
            return 0;
    if (line->experiments == 0)
        line->experiments = LINEAR | SHARED | ROOTS;
    for (int i = 0; i < OPTIONS; i++)
        if (line->text[i] && !(rules[i].experiments & line->experiments)) {
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

/* One of two words. */
static int read_choice(const struct command_line *line, enum option_id option, const char *first,
                       const char *second, int *choice)
{
    const char *text = line->text[option];
    if (!text)
        return 1;
    *choice = strcmp(text, second) == 0;
    return *choice || strcmp(text, first) == 0 || bad_value(line, option);
}

static int read_real(const struct command_line *line, enum option_id option, enum lf_dtype dtype,
                     double least, double *value)
{
    const char *text = line->text[option];
    if (!text || (parse_real(text, dtype, value) && *value >= least))
        return 1;
    return bad_value(line, option);
}

/* Understands the numbers and words; complains and returns 0 where one is wrong. */
static int read_settings(const struct command_line *line, struct settings *s)
{
    const char *const *text = line->text;
    int dtype = LF_F32, path = LF_PATH_FUSED;
    *s = (struct settings){
        .line = {.seed = 1024, .lr = 0.01, .true_weight = 1.233, .true_bias = 0.988},
        .iterations = 5000,
        .seed_count = 4000,
        .trace = text[TRACE],
        .plot = text[PLOT],
        .quiet = text[QUIET] != NULL};
    if (!read_choice(line, DTYPE, "f32", "f64", &dtype) ||
        !read_choice(line, PATH, "fused", "autograd", &path))
        return 0;
    s->line.dtype = (enum lf_dtype)dtype;
    s->line.path = (enum lf_line_path)path;
    if (text[ITERATIONS] && !parse_size(text[ITERATIONS], &s->iterations))
        return bad_value(line, ITERATIONS);
    if (!read_real(line, LR, s->line.dtype, 0, &s->line.lr) ||
        !read_real(line, W, s->line.dtype, -HUGE_VAL, &s->line.true_weight) ||
        !read_real(line, B, s->line.dtype, -HUGE_VAL, &s->line.true_bias))
        return 0;
    if (text[SEED] && !parse_seed(text[SEED], &s->line.seed))
        return bad_value(line, SEED);
    if (text[SEEDS] && (!parse_seeds(text[SEEDS], &s->first_seed, &s->seed_count) ||
                        s->seed_count > (uint64_t)1 << 22))
        return bad_value(line, SEEDS);
    if (text[TRACE] && text[TRACE][0] == '\0')
        return bad_value(line, TRACE);
    if (text[PLOT] && (text[PLOT][0] == '\0' || strcmp(text[PLOT], "-") == 0))
        return bad_value(line, PLOT);
    return 1;
}

/* The table that --isa names. Returns an exit code. */
static int choose_table(const char *name, const struct lf_kernels **kernels)
{
    int known = !name || strcmp(name, "auto") == 0;
    for (size_t i = 0; !known && lf_kernels_name(i); i++)
        known = strcmp(name, lf_kernels_name(i)) == 0;
    if (!known) {
        complain("--isa takes %s, not '%s'", rules[ISA].takes, name);
        return EXIT_USAGE;
    }
    if (!cpu_is_usable())
        return EXIT_FAILED;
    *kernels = !name || strcmp(name, "auto") == 0 ? lf_kernels_best() : lf_kernels_find(name);
    if (*kernels)
        return EXIT_DONE;
    complain("--isa %s: this machine can't run it; 'lanefit info' lists what it can", name);
    return EXIT_FAILED;
}

static void write_step(FILE *file, size_t number, const struct lf_line_step *step)
{
    fprintf(file, "%zu,%a,%a,%a,%a,%a,%a\n", number, step->x, step->y, step->prediction, step->loss,
            step->weight, step->bias);
}

/* Takes all steps, in pieces, with the trace if one is wanted. */
static lf_status take_steps(struct lf_line *line, const struct settings *s, const char *name,
                            FILE *trace)
{
    enum { TRACED = 1024, UNTRACED = 1 << 22 };
    struct lf_line_step steps[TRACED];
    struct progress progress;
    lf_status status = LF_OK;
    progress_begin(&progress, name, (double)s->iterations, s->quiet);
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

/* What is worth saying beside the result: on a terminal only. */
static void comment(const struct settings *s, const struct lf_line *line, double elapsed)
{
    double weight, bias;
    lf_line_parameters(line, &weight, &bias);
    fprintf(
        stderr,
        "%zu steps (%s, %s, %s path), %.3g ns a step, start-up included\nto learn: y = %g x + %g",
        lf_line_steps(line), s->line.dtype == LF_F32 ? "f32" : "f64", s->line.kernels->name,
        s->line.path == LF_PATH_FUSED ? "fused" : "autograd",
        1e9 * elapsed / (double)lf_line_steps(line), s->line.true_weight, s->line.true_bias);
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
                 lf_line_steps(line), weight, bias, s->line.lr);
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
    int code = choose_table(line.text[ISA], &settings.line.kernels);
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
