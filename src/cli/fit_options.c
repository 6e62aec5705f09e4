/* SPDX-License-Identifier: MIT */
#include "fit.h"
#include "columns.h"

#include <math.h>
#include <string.h>

const char fit_help[] =
    "Usage: lanefit fit FILE [OPTIONS]\n"
    "\n"
    "Fits a model to a table: CSV or .npy, gzip too, \"-\" for standard input.\n"
    "\n"
    "  --target COL[,COL]    columns to predict, by name or number (the last)\n"
    "  --features COL[,COL]  columns to predict them from (all others)\n"
    "  --degree D            a polynomial of degree D in the one feature\n"
    "  --model linear        or a network: sizes of hidden layers and an activation,\n"
    "                        as 16,16:tanh (relu, tanh, sigmoid, softplus, gelu)\n"
    "  --loss NAME           mse (default), l1, huber[:DELTA], logistic, poisson\n"
    "  --solver NAME         lsq: least squares, at once; or training by sgd, adam,\n"
    "                        adamw (sgd for linear models, else adam)\n"
    "  --weights COL, --ridge F, --no-intercept  of lsq: 1 / variance of the rows; F\n"
    "                        times the sum of squared coefficients; no constant\n"
    "  --by COL[,COL]        a regression by lsq for each group of rows, a line each,\n"
    "  --output FILE         to a .npy, .jsonl or CSV file (standard output)\n"
    "  --lr F|auto           learning rate, for standardized columns (auto)\n"
    "  --schedule NAME       cosine (default), constant or step:EPOCHS:FACTOR\n"
    "  --momentum F          of sgd (0)\n"
    "  --weight-decay F      (0; adamw 0.01)\n"
    "  --batch N|full        rows a step (32 to 4,096, some 1,000 steps an epoch)\n"
    "  --epochs N, --steps N  how long (100 epochs)\n"
    "  --no-shuffle          rows in the order of the file\n"
    "  --validation F        share of the rows, the last ones, to validate with (0)\n"
    "  --patience N          stop after N epochs without a better validation loss\n"
    "  --seed N              of initial parameters and batches (0)\n"
    "  --dtype f32|f64       (f32)   --threads N  (1)   --isa NAME  (the best here)\n"
    "  --save MODEL          write the model, and the state of its training\n"
    "  --checkpoint-every N  and do so every N steps\n"
    "  --resume MODEL        go on with a saved run of FILE; --epochs may grow\n"
    "  --history FILE.csv    loss and rate of every epoch\n"
    "  --plot FILE.svg       their picture\n"
    "  --delimiter CHAR, --header yes|no  of the table (found)\n"
    "  --memory MB           rows beyond go to a temporary file, unshuffled (half)\n"
    "  --json, --quiet       JSON on standard output; no progress\n"
    "\n"
    "Example: lanefit fit data/post.csv --target y --plot loss.svg --save post.model\n"
    "         lanefit fit data/longley.csv --target employed --solver lsq\n";

enum option {
    TARGET,
    FEATURES,
    DEGREE,
    MODEL,
    LOSS,
    SOLVER,
    WEIGHTS,
    RIDGE,
    NO_INTERCEPT,
    BY,
    OUTPUT,
    LR,
    SCHEDULE,
    MOMENTUM,
    WEIGHT_DECAY,
    BATCH,
    EPOCHS,
    STEPS,
    NO_SHUFFLE,
    VALIDATION,
    PATIENCE,
    SEED,
    DTYPE,
    THREADS,
    ISA,
    SAVE,
    CHECKPOINT_EVERY,
    RESUME,
    HISTORY,
    PLOT,
    DELIMITER,
    HEADER,
    MEMORY,
    JSON,
    QUIET,
    HELP,
    OPTIONS
};

static const struct option_rule rules[OPTIONS] = {
    [TARGET] = {"target", "columns, with commas between"},
    [FEATURES] = {"features", "columns, with commas between"},
    [DEGREE] = {"degree", "a whole number from 1 to 24"},
    [MODEL] = {"model", "'linear', or up to 8 sizes of 1 to 4096 and an activation, as 16,16:tanh"},
    [LOSS] = {"loss", "mse, l1, huber, huber:DELTA, logistic or poisson"},
    [SOLVER] = {"solver", "lsq, sgd, adam or adamw"},
    [WEIGHTS] = {"weights", "a column"},
    [RIDGE] = {"ridge", "a number of 0 or more"},
    [NO_INTERCEPT] = {"no-intercept", NULL},
    [BY] = {"by", "columns, with commas between"},
    [OUTPUT] = {"output", "the name of a file"},
    [LR] = {"lr", "a number above 0, or auto"},
    [SCHEDULE] = {"schedule", "constant, cosine or step:EPOCHS:FACTOR, a factor above 0 to 1"},
    [MOMENTUM] = {"momentum", "a number from 0 to below 1"},
    [WEIGHT_DECAY] = {"weight-decay", "a number of 0 or more"},
    [BATCH] = {"batch", "a whole number above 0, or full"},
    [EPOCHS] = {"epochs", "a whole number above 0"},
    [STEPS] = {"steps", "a whole number above 0"},
    [NO_SHUFFLE] = {"no-shuffle", NULL},
    [VALIDATION] = {"validation", "a share from 0 to below 1"},
    [PATIENCE] = {"patience", "a whole number above 0"},
    [SEED] = {"seed", "a whole number from -2^63 to 2^64 - 1"},
    [DTYPE] = {"dtype", "f32 or f64"},
    [THREADS] = {"threads", "a whole number from 1 to 1024"},
    [ISA] = {"isa", "the name of a table ('lanefit info' lists them) or auto"},
    [SAVE] = {"save", "the name of a file"},
    [CHECKPOINT_EVERY] = {"checkpoint-every", "a whole number of steps above 0"},
    [RESUME] = {"resume", "the name of a model file"},
    [HISTORY] = {"history", "the name of a file"},
    [PLOT] = {"plot", "the name of a file"},
    [DELIMITER] = {"delimiter", "one character, or tab"},
    [HEADER] = {"header", "yes or no"},
    [MEMORY] = {"memory", "a whole number of megabytes above 0"},
    [JSON] = {"json", NULL},
    [QUIET] = {"quiet", NULL},
    [HELP] = {"help", NULL},
};

/* ---- Values ------------------------------------------------------------------------------- */

/* A number within [low, high), or what is there already where the option is not given. */
static int read_real(enum option option, const char *text, double low, double high, double *value)
{
    double read;
    if (!text)
        return 1;
    if (!parse_real(text, LF_F64, &read) || !(read >= low && read < high))
        return bad_value(&rules[option], text);
    *value = read;
    return 1;
}

static int read_count(enum option option, const char *text, uint64_t most, uint64_t *value)
{
    size_t read;
    if (!text)
        return 1;
    if (!parse_size(text, &read) || read > most)
        return bad_value(&rules[option], text);
    *value = read;
    return 1;
}

static int read_name(enum option option, const char *text, const char *const names[], int *index)
{
    if (!text)
        return 1;
    *index = name_index(names, text, strlen(text));
    return *index >= 0 || bad_value(&rules[option], text);
}

/* "16,16:tanh" */
static int read_model(const char *text, struct fit_settings *s)
{
    s->activation = LF_TANH;
    if (!text || strcmp(text, "linear") == 0)
        return 1;
    const char *at = text;
    do {
        char number[8];
        size_t length = strspn(at, "0123456789"), size;
        if (length == 0 || length >= sizeof number || s->hidden_count == MOST_HIDDEN)
            return bad_value(&rules[MODEL], text);
        memcpy(number, at, length);
        number[length] = '\0';
        if (!parse_size(number, &size) || size > MOST_WIDTH)
            return bad_value(&rules[MODEL], text);
        s->hidden[s->hidden_count++] = size;
        at += length;
    } while (*at == ',' && at++);
    if (*at == '\0')
        return 1;
    const int activation = *at == ':' ? name_index(activation_names, at + 1, strlen(at + 1)) : -1;
    s->activation = (enum lf_activation)activation;
    return activation >= 0 || bad_value(&rules[MODEL], text);
}

/* "huber:1.5" */
static int read_loss(const char *text, struct fit_settings *s)
{
    s->delta = 1;
    if (!text)
        return 1;
    const size_t length = strcspn(text, ":");
    const int loss = name_index(loss_names, text, length);
    if (loss < 0 || (text[length] && loss != LF_HUBER_LOSS) ||
        (text[length] && (!parse_real(text + length + 1, LF_F32, &s->delta) || !(s->delta > 0))))
        return bad_value(&rules[LOSS], text);
    s->rows.loss = (enum lf_loss_kind)loss;
    return 1;
}

/* "step:10:0.5" */
static int read_schedule(const char *text, struct training *t)
{
    char period[24];
    size_t epochs;
    t->schedule = LF_COSINE;
    t->gamma = 1;
    t->period = 1;
    if (!text || strcmp(text, "cosine") == 0)
        return 1;
    t->schedule = strcmp(text, "constant") == 0 ? LF_CONSTANT : LF_STEP;
    if (t->schedule == LF_CONSTANT)
        return 1;
    const char *factor = strncmp(text, "step:", 5) == 0 ? strchr(text + 5, ':') : NULL;
    const size_t length = factor ? (size_t)(factor - text) - 5 : sizeof period;
    if (length >= sizeof period)
        return bad_value(&rules[SCHEDULE], text);
    memcpy(period, text + 5, length);
    period[length] = '\0';
    if (!parse_size(period, &epochs) || epochs > UINT32_MAX ||
        !parse_real(factor + 1, LF_F64, &t->gamma) || !(t->gamma > 0 && t->gamma <= 1))
        return bad_value(&rules[SCHEDULE], text);
    t->period = epochs;
    return 1;
}

static int read_table(const char **text, struct fit_settings *s)
{
    uint64_t megabytes = 0;
    if (!read_table_options(&rules[DELIMITER], text[DELIMITER], &rules[HEADER], text[HEADER],
                            &s->rows.table) ||
        !read_count(MEMORY, text[MEMORY], SIZE_MAX >> 20, &megabytes))
        return 0;
    s->rows.memory = megabytes > 0 ? (size_t)megabytes << 20 : rows_memory();
    s->rows.features = text[FEATURES];
    s->rows.targets = text[TARGET];
    s->rows.weight = text[WEIGHTS];
    s->rows.by = text[BY];
    s->output = text[OUTPUT];
    s->format = s->output && ends_with(s->output, ".npy")                     ? GROUPS_NPY
                : text[JSON] || (s->output && ends_with(s->output, ".jsonl")) ? GROUPS_JSON
                                                                              : GROUPS_CSV;
    return 1;
}

/* ---- Sense -------------------------------------------------------------------------------- */

static int read_training(const char **text, struct fit_settings *s)
{
    struct training *t = &s->training;
    int solver = LF_SGD;
    uint64_t batch = 0;
    if (text[LR] && strcmp(text[LR], "auto") != 0 &&
        !(parse_real(text[LR], LF_F64, &t->lr) && t->lr > 0))
        return bad_value(&rules[LR], text[LR]);
    if (text[BATCH] && strcmp(text[BATCH], "full") != 0 &&
        !read_count(BATCH, text[BATCH], SIZE_MAX / 2, &batch))
        return 0;
    if (text[SEED] && !parse_seed(text[SEED], &t->seed))
        return bad_value(&rules[SEED], text[SEED]);
    t->batch = (size_t)batch;
    t->shuffle = !text[NO_SHUFFLE];
    s->is_lsq = text[SOLVER] ? strcmp(text[SOLVER], "lsq") == 0 : text[BY] != NULL;
    s->lsq.no_intercept = text[NO_INTERCEPT] != NULL;
    s->lsq.weight_is_last = text[WEIGHTS] != NULL;
    if (!read_name(SOLVER, s->is_lsq ? NULL : text[SOLVER], solver_names, &solver) ||
        !read_real(RIDGE, text[RIDGE], 0, HUGE_VAL, &s->lsq.ridge) ||
        !read_schedule(text[SCHEDULE], t) ||
        !read_real(MOMENTUM, text[MOMENTUM], 0, 1, &t->momentum) ||
        !read_real(WEIGHT_DECAY, text[WEIGHT_DECAY], 0, HUGE_VAL, &t->weight_decay) ||
        !read_count(EPOCHS, text[EPOCHS], UINT64_MAX, &t->epochs) ||
        !read_count(STEPS, text[STEPS], UINT64_MAX, &t->steps) ||
        !read_real(VALIDATION, text[VALIDATION], 0, 1, &t->validation) ||
        !read_count(PATIENCE, text[PATIENCE], UINT64_MAX, &t->patience))
        return 0;
    t->solver = (enum lf_optimizer_kind)solver;
    s->finds_batch = !text[BATCH];
    s->finds_solver = !text[SOLVER];
    s->finds_decay = !text[WEIGHT_DECAY];
    s->limits_epochs = text[EPOCHS] != NULL;
    s->limits_steps = text[STEPS] != NULL;
    return 1;
}

/* Options of training and of least squares that do not go together. */
static int agree_on_solver(const char **text, const struct fit_settings *s)
{
    static const enum option of_lsq[] = {WEIGHTS, RIDGE, NO_INTERCEPT};
    static const enum option of_training[] = {
        LR,         SCHEDULE,   MOMENTUM, EPOCHS,  STEPS, BATCH,   WEIGHT_DECAY,     SEED,
        NO_SHUFFLE, VALIDATION, PATIENCE, THREADS, ISA,   HISTORY, CHECKPOINT_EVERY, PLOT};
    for (size_t i = 0; !s->is_lsq && i < sizeof of_lsq / sizeof of_lsq[0]; i++)
        if (text[of_lsq[i]]) {
            complain("--%s is for least squares: add --solver lsq", rules[of_lsq[i]].name);
            return 0;
        }
    for (size_t i = 0; s->is_lsq && i < sizeof of_training / sizeof of_training[0]; i++)
        if (text[of_training[i]]) {
            complain("--%s is for training, and --solver lsq has its answer at once: leave it "
                     "out%s",
                     rules[of_training[i]].name,
                     of_training[i] == WEIGHT_DECAY ? ", or see --ridge" : "");
            return 0;
        }
    if (s->is_lsq && s->rows.loss != LF_MSE_LOSS)
        complain("--loss %s has no closed form: --solver lsq is for mse", text[LOSS]);
    else if (s->is_lsq && s->hidden_count > 0)
        complain("--model %s has no closed form: --solver lsq is for linear models", text[MODEL]);
    else if (s->is_lsq && text[DTYPE] && strcmp(text[DTYPE], "f32") == 0)
        complain("--dtype f32: --solver lsq computes in f64");
    else
        return 1;
    return 0;
}

/* Options that do not go with a regression for each group. */
static int agree_on_groups(const char **text, const struct fit_settings *s)
{
    static const enum option of_one[] = {SAVE, RESUME, MEMORY};
    if (text[OUTPUT] && !text[BY]) {
        complain("--output is for regressions of groups: add --by COL, or see --save");
        return 0;
    }
    if (text[BY] && !s->is_lsq) {
        complain("--by fits by least squares: leave --solver %s out", text[SOLVER]);
        return 0;
    }
    for (size_t i = 0; text[BY] && i < sizeof of_one / sizeof of_one[0]; i++)
        if (text[of_one[i]]) {
            complain("--%s is for one model, and --by fits one for each group, without keeping "
                     "rows: leave it out",
                     rules[of_one[i]].name);
            return 0;
        }
    if (text[BY] && text[JSON] && s->format == GROUPS_NPY) {
        complain("--json and a file of .npy exclude each other: leave one out");
        return 0;
    }
    return 1;
}

/* Options that ask for what can't be had together. */
static int agree(const char **text, const struct fit_settings *s)
{
    static const enum option fixed[] = {
        TARGET,   FEATURES,     DEGREE, MODEL,      LOSS,       SOLVER,   LR,   SCHEDULE,
        MOMENTUM, WEIGHT_DECAY, BATCH,  NO_SHUFFLE, VALIDATION, PATIENCE, SEED, DTYPE};
    for (size_t i = 0; s->resume && i < sizeof fixed / sizeof fixed[0]; i++)
        if (text[fixed[i]]) {
            complain("--%s is what the run in '%s' has it: leave it out, or start a new run",
                     rules[fixed[i]].name, s->resume);
            return 0;
        }
    if (!agree_on_groups(text, s) || !agree_on_solver(text, s))
        return 0;
    if (s->degree > 0 && s->hidden_count > 0)
        complain("--degree is for linear models: a network finds curves by itself");
    else if (s->training.momentum > 0 && s->training.solver != LF_SGD)
        complain("--momentum is for the solver sgd: adam has its own");
    else if (s->training.patience > 0 && s->training.validation == 0)
        complain("--patience needs rows to validate with: add --validation 0.2");
    else if (s->checkpoint_every > 0 && !s->save)
        complain("--checkpoint-every needs the name of a file: add --save MODEL");
    else
        return 1;
    return 0;
}

static int take_file(void *context, const char *word)
{
    struct fit_settings *s = context;
    if (s->rows.path) {
        complain("fit takes one file: '%s' is a second one", word);
        return 0;
    }
    s->rows.path = word;
    return 1;
}

int fit_read_options(int argc, char **argv, struct fit_settings *s, int *help)
{
    const char *text[OPTIONS] = {0};
    int dtype;
    uint64_t degree = 0, threads = 1;
    *s = (struct fit_settings){.save = NULL};
    if (!read_options(argc, argv, rules, OPTIONS, text, take_file, s))
        return EXIT_USAGE;
    *help = text[HELP] != NULL;
    if (*help)
        return EXIT_DONE;
    s->save = text[SAVE];
    s->resume = text[RESUME];
    s->history = text[HISTORY];
    s->plot = text[PLOT];
    s->json = text[JSON] != NULL;
    s->quiet = s->rows.quiet = text[QUIET] != NULL;
    if (!read_table(text, s) || !read_loss(text[LOSS], s) || !read_model(text[MODEL], s) ||
        !read_choice(&rules[DTYPE], text[DTYPE], "f32", "f64", &dtype) ||
        !read_count(DEGREE, text[DEGREE], MOST_DEGREE, &degree) ||
        !read_count(THREADS, text[THREADS], 1024, &threads) ||
        !read_count(CHECKPOINT_EVERY, text[CHECKPOINT_EVERY], UINT64_MAX, &s->checkpoint_every) ||
        !read_training(text, s))
        return EXIT_USAGE;
    s->degree = s->lsq.degree = (size_t)degree;
    s->dtype = dtype || s->is_lsq ? LF_F64 : LF_F32;
    if (!agree(text, s))
        return EXIT_USAGE;
    s->threads = (size_t)threads;
    if (!s->rows.path) {
        complain("name a file: lanefit fit FILE; see 'lanefit fit --help'");
        return EXIT_USAGE;
    }
    const char *isa = text[ISA] && strcmp(text[ISA], "auto") == 0 ? NULL : text[ISA];
    return choose_table(&rules[ISA], isa, &s->kernels);
}
