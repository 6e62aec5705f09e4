/* SPDX-License-Identifier: MIT */
/* Checkpoints: runs that go on in another model with the same bits, files that are whole or
 * refused, and writers that are killed. */
#include "support.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

enum { ROWS = 60, IN = 2, MODULES = 3, STEPS = 50, DIVERGING = 9 };

static char folder[] = "/tmp/lanefit-checkpoint-XXXXXX";
static char path[64];

static void make_folder(void)
{
    strcpy(folder + sizeof folder - 7, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/model.lf", folder);
}

static void remove_folder(void)
{
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

/* A small network, its data, and a trainer. */
struct setting {
    struct lf_model *model;
    struct lf_module modules[MODULES];
    struct lf_trainer *trainer;
    double x[ROWS * IN], y[ROWS];
    struct lf_data data, held;
};

static int stop(void *context, const struct lf_train_progress *progress)
{
    (void)context;
    (void)progress;
    return 0;
}

/* What differs between runs: the optimizer, shuffling, what may end them. */
static struct lf_train_options options_of(int kind)
{
    struct lf_train_options options = {.batch = 7, .steps = STEPS};
    switch (kind) {
    case 0:
        options.optimizer = lf_sgd(0.05);
        options.drop_last = 1;
        break;
    case DIVERGING:
        options.optimizer = lf_sgd(0.05);
        options.steps = 2000;
        options.schedule = (struct lf_schedule){.kind = LF_EXPONENTIAL, .lr = 0.05, .gamma = 1.01};
        break;
    case 1:
        options.optimizer = lf_sgd(0.05);
        options.optimizer.momentum = 0.9;
        options.shuffle = 1;
        break;
    case 2:
        options.optimizer = lf_adam(0.02);
        options.shuffle = 1;
        options.schedule = (struct lf_schedule){.kind = LF_COSINE, .lr = 0.02, .period = STEPS};
        options.clip_norm = 0.1;
        options.patience = 2;
        break;
    default:
        options.optimizer = lf_adamw(0.02);
        options.loss_tolerance = 1e-3;
        break;
    }
    return options;
}

static void begin(struct setting *s, enum lf_dtype dtype, int kind, int stepwise)
{
    struct lf_rng rng;
    lf_rng_seed(&rng, 5);
    memset(s, 0, sizeof *s);
    s->modules[0] = lf_module_linear(IN, 4);
    s->modules[1] = lf_module_activation(LF_TANH);
    s->modules[2] = lf_module_linear(4, 1);
    ck_assert_int_eq(lf_model_create(&s->model, tested, dtype), LF_OK);
    ck_assert_int_eq(lf_model_add_sequential(s->model, "", MODULES, s->modules), LF_OK);
    lf_model_init(s->model, &rng);
    if (dtype == LF_F32) {
        tested->f32.uniform(&rng, ROWS * IN, (float *)s->x);
        tested->f32.uniform(&rng, ROWS, (float *)s->y);
        s->data = lf_data_f32(ROWS, IN, (float *)s->x, 1, (float *)s->y);
    } else {
        tested->f64.uniform(&rng, ROWS * IN, s->x);
        tested->f64.uniform(&rng, ROWS, s->y);
        s->data = lf_data_f64(ROWS, IN, s->x, 1, s->y);
    }
    s->held = lf_data_rows(&s->data, 40, 20);
    s->data = lf_data_rows(&s->data, 0, 40);
    struct lf_train_options options = options_of(kind);
    if (stepwise)
        options.after_step = stop;
    ck_assert_int_eq(lf_trainer_create(&s->trainer, s->model, MODULES, s->modules, &options, &rng),
                     LF_OK);
}

static void end(struct setting *s)
{
    lf_trainer_destroy(s->trainer);
    lf_model_destroy(s->model);
}

static enum lf_train_end run(struct setting *s)
{
    enum lf_train_end why;
    lf_status status = lf_trainer_run(s->trainer, &s->data, &s->held, &why);
    ck_assert_msg(status == LF_OK, "%s", lf_trainer_message(s->trainer));
    return why;
}

static void write_to(const struct setting *s, const char *note)
{
    char message[LF_CHECKPOINT_MESSAGE];
    lf_status status = lf_checkpoint_write(path, s->model, s->trainer, note, strlen(note), message);
    ck_assert_msg(status == LF_OK, "%s", message);
    ck_assert_str_eq(message, "");
}

static lf_status load_into(struct setting *s, int with_run, char message[LF_CHECKPOINT_MESSAGE])
{
    struct lf_checkpoint *checkpoint;
    lf_status status = lf_checkpoint_read(&checkpoint, path, message);
    if (status == LF_OK)
        status = lf_checkpoint_load(checkpoint, s->model, with_run ? s->trainer : NULL, message);
    lf_checkpoint_free(checkpoint);
    return status;
}

static void assert_same(struct setting *a, struct setting *b)
{
    const size_t size = (4 * IN + 4 + 4 + 1) * element_size(a->data.dtype);
    ck_assert_mem_eq(lf_parameter_value(&a->modules[0].layer.weight),
                     lf_parameter_value(&b->modules[0].layer.weight), size);
    struct lf_train_progress p = lf_trainer_progress(a->trainer),
                             q = lf_trainer_progress(b->trainer);
    ck_assert_mem_eq(&p, &q, sizeof p);
}

/* ---- Runs -------------------------------------------------------------------------------- */

/* After each of its steps a run is written, read into another model and trainer, and goes on there
 * to where the run in one piece ends. */
START_TEST(runs_go_on_at_every_step)
{
    const enum lf_dtype dtype = _i % 2 ? LF_F64 : LF_F32;
    struct setting whole, pieces;
    char message[LF_CHECKPOINT_MESSAGE];
    begin(&whole, dtype, _i / 2, 0);
    const enum lf_train_end expected = run(&whole);
    begin(&pieces, dtype, _i / 2, 1);
    enum lf_train_end why;
    size_t steps = 0;
    do {
        write_to(&pieces, "");
        struct setting other;
        begin(&other, dtype, _i / 2, 0);
        lf_model_init(other.model, &(struct lf_rng){.state = {77}, .seeded = 1});
        ck_assert_int_eq(load_into(&other, 1, message), LF_OK);
        ck_assert_int_eq(run(&other), expected);
        assert_same(&whole, &other);
        end(&other);
        why = run(&pieces);
        steps++;
    } while (why == LF_END_CALLBACK);
    ck_assert_uint_gt(steps, 6);
    assert_same(&whole, &pieces);
    end(&whole);
    end(&pieces);
}
END_TEST

/* A run that diverges goes back to parameters from before it was written. */
START_TEST(runs_that_diverge_elsewhere)
{
    struct setting s, other;
    char message[LF_CHECKPOINT_MESSAGE];
    enum lf_train_end why;
    begin(&s, LF_F32, DIVERGING, 1);
    begin(&other, LF_F32, DIVERGING, 0);
    lf_status status;
    double least = INFINITY;
    do {
        /* Once the losses grow. */
        const struct lf_train_progress p = lf_trainer_progress(s.trainer);
        if (p.epoch_loss > 100 * least && lf_trainer_progress(other.trainer).step == 0) {
            write_to(&s, "");
            ck_assert_int_eq(load_into(&other, 1, message), LF_OK);
        }
        least = fmin(least, p.epoch_loss);
        status = lf_trainer_run(s.trainer, &s.data, NULL, &why);
    } while (status == LF_OK);
    ck_assert_int_eq(status, LF_DIVERGED);
    ck_assert_uint_gt(lf_trainer_progress(other.trainer).step, 0);
    ck_assert_int_eq(lf_trainer_run(other.trainer, &other.data, NULL, &why), LF_DIVERGED);
    assert_same(&s, &other);
    double loss;
    ck_assert_int_eq(lf_trainer_loss(other.trainer, &other.data, &loss), LF_OK);
    ck_assert_double_le(loss, 2 * least);
    end(&s);
    end(&other);
}
END_TEST

/* ---- Files ------------------------------------------------------------------------------- */

static unsigned char *bytes_of_file(size_t *size)
{
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    unsigned char *bytes = malloc(1 << 20);
    *size = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

static void write_bytes(const unsigned char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(notes_and_checksums)
{
    struct setting s;
    begin(&s, LF_F32, 2, 0);
    write_to(&s, "a note");
    struct lf_checkpoint *checkpoint;
    ck_assert_int_eq(lf_checkpoint_read(&checkpoint, path, NULL), LF_OK);
    size_t size, note_bytes;
    ck_assert_str_eq(lf_checkpoint_note(checkpoint, &note_bytes), "a note");
    ck_assert_uint_eq(note_bytes, 6);
    ck_assert(lf_checkpoint_has_run(checkpoint));
    lf_checkpoint_free(checkpoint);
    unsigned char *bytes = bytes_of_file(&size);
    uint32_t told;
    memcpy(&told, bytes + size - 8, sizeof told);
    ck_assert_uint_eq(told, crc32(0, bytes, (uInt)(size - 8)));
    free(bytes);
    ck_assert_int_eq(lf_checkpoint_write(path, s.model, NULL, NULL, 0, NULL), LF_OK);
    ck_assert_int_eq(lf_checkpoint_read(&checkpoint, path, NULL), LF_OK);
    ck_assert(!lf_checkpoint_has_run(checkpoint));
    lf_checkpoint_free(checkpoint);
    end(&s);
}
END_TEST

/* Cut at every length, and changed in every byte: refused with a reason, nothing loaded. */
START_TEST(damage_is_refused)
{
    struct setting s, other;
    char message[LF_CHECKPOINT_MESSAGE];
    begin(&s, LF_F32, 0, 0);
    begin(&other, LF_F32, 0, 0);
    run(&s);
    write_to(&s, "note");
    size_t size;
    unsigned char *bytes = bytes_of_file(&size);
    for (size_t cut = 0; cut < size; cut += cut < 400 || cut + 400 > size ? 1 : 97) {
        write_bytes(bytes, cut);
        ck_assert_int_eq(load_into(&other, 1, message), LF_FORMAT);
        ck_assert_ptr_nonnull(strstr(message, path));
    }
    for (size_t i = 0; i < size; i += i < 400 || i + 400 > size ? 1 : 97) {
        bytes[i] ^= (unsigned char)(1 << i % 8);
        write_bytes(bytes, size);
        ck_assert_msg(load_into(&other, 1, message) == LF_FORMAT, "byte %zu", i);
        bytes[i] ^= (unsigned char)(1 << i % 8);
    }
    ck_assert_uint_eq(lf_trainer_progress(other.trainer).step, 0);
    write_bytes(bytes, size);
    ck_assert_int_eq(load_into(&other, 1, message), LF_OK);
    assert_same(&s, &other);
    free(bytes);
    end(&s);
    end(&other);
}
END_TEST

/* Changes with a right checksum: whatever they say, loading ends, and so does going on. */
START_TEST(forged_files_do_no_harm)
{
    struct setting s;
    char message[LF_CHECKPOINT_MESSAGE];
    begin(&s, LF_F32, 2, 0);
    write_to(&s, "note");
    size_t size, loaded = 0, refused = 0;
    unsigned char *bytes = bytes_of_file(&size), *forged = malloc(size);
    struct test_rng rng = test_rng(1);
    for (int trial = 0; trial < 3000; trial++) {
        memcpy(forged, bytes, size);
        for (uint64_t n = 1 + test_bits(&rng) % 3; n > 0; n--) {
            /* Mostly where counts and sizes stand: not in the states of generators. */
            size_t at = 8 + test_bits(&rng) % (trial % 2 ? size - 16 : 600);
            static const unsigned char values[] = {0, 1, 0x7f, 0x80, 0xff};
            forged[at] = values[test_bits(&rng) % sizeof values];
        }
        const uint32_t crc = (uint32_t)crc32(0, forged, (uInt)(size - 8));
        memcpy(forged + size - 8, &crc, sizeof crc);
        write_bytes(forged, size);
        struct setting other;
        begin(&other, LF_F32, 2, 0);
        const lf_status status = load_into(&other, 1, message);
        if (status == LF_OK) {
            enum lf_train_end why;
            lf_trainer_run(other.trainer, &other.data, &other.held, &why);
            loaded++;
        } else {
            ck_assert_str_ne(message, "");
            refused++;
        }
        end(&other);
    }
    ck_assert_uint_gt(loaded, 100);
    ck_assert_uint_gt(refused, 100);
    free(forged);
    free(bytes);
    end(&s);
}
END_TEST

START_TEST(other_models_are_refused)
{
    struct setting s, other;
    char message[LF_CHECKPOINT_MESSAGE];
    begin(&s, LF_F32, 0, 0);
    write_to(&s, "");
    begin(&other, LF_F64, 0, 0);
    ck_assert_int_eq(load_into(&other, 0, message), LF_SHAPE);
    ck_assert_str_eq(message, "the file has 4 parameters of f32, the model 4 of f64");
    end(&other);
    begin(&other, LF_F32, 1, 0);
    ck_assert_int_eq(load_into(&other, 1, message), LF_INVALID);
    ck_assert_str_eq(message, "the run in the file has another optimizer");
    ck_assert_int_eq(load_into(&other, 0, message), LF_OK);
    ck_assert_int_eq(lf_checkpoint_write(path, s.model, NULL, NULL, 0, NULL), LF_OK);
    ck_assert_int_eq(load_into(&other, 1, message), LF_INVALID);
    ck_assert_str_eq(message, "the file holds a model, but no run to go on with");
    end(&other);
    struct lf_model *model;
    struct lf_module module = lf_module_linear(IN, 4);
    struct lf_layer layer;
    ck_assert_int_eq(lf_model_create(&model, tested, LF_F32), LF_OK);
    ck_assert_int_eq(lf_model_add_sequential(model, "", 1, &module), LF_OK);
    ck_assert_int_eq(lf_model_add_linear(model, "2", 3, 1, &layer), LF_OK);
    struct lf_checkpoint *checkpoint;
    ck_assert_int_eq(lf_checkpoint_read(&checkpoint, path, NULL), LF_OK);
    ck_assert_int_eq(lf_checkpoint_load(checkpoint, model, NULL, message), LF_SHAPE);
    ck_assert_str_eq(message, "parameter 2 of the file is 1 x 4, that of the model 1 x 3, or their "
                              "names differ");
    ck_assert_int_eq(lf_checkpoint_load(checkpoint, model, s.trainer, message), LF_INVALID);
    ck_assert_int_eq(lf_checkpoint_load(NULL, model, NULL, message), LF_INVALID);
    ck_assert_int_eq(lf_checkpoint_write(path, model, s.trainer, NULL, 0, message), LF_INVALID);
    ck_assert_int_eq(lf_checkpoint_write(NULL, model, NULL, NULL, 0, message), LF_INVALID);
    ck_assert_int_eq(lf_checkpoint_write(path, model, NULL, NULL, 1, message), LF_INVALID);
    lf_checkpoint_free(checkpoint);
    lf_checkpoint_free(NULL);
    ck_assert_int_eq(lf_checkpoint_read(&checkpoint, "/nowhere/at/all", message), LF_IO);
    ck_assert_str_eq(message, "can't read '/nowhere/at/all': No such file or directory");
    ck_assert_int_eq(lf_checkpoint_read(&checkpoint, folder, message), LF_IO);
    ck_assert_ptr_null(checkpoint);
    ck_assert_int_eq(lf_checkpoint_read(NULL, path, message), LF_INVALID);
    lf_model_destroy(model);
    end(&s);
}
END_TEST

/* Links stay links, permissions stay what they are, and what can't be written is said. */
START_TEST(files_are_replaced_where_they_are)
{
    struct setting s;
    char message[LF_CHECKPOINT_MESSAGE], link[80];
    struct stat file;
    begin(&s, LF_F32, 0, 0);
    write_to(&s, "");
    ck_assert_int_eq(chmod(path, 0600), 0);
    snprintf(link, sizeof link, "%s/link", folder);
    ck_assert_int_eq(symlink("model.lf", link), 0);
    ck_assert_int_eq(lf_checkpoint_write(link, s.model, s.trainer, "new", 3, message), LF_OK);
    ck_assert_int_eq(lstat(link, &file), 0);
    ck_assert(S_ISLNK(file.st_mode));
    ck_assert_int_eq(stat(path, &file), 0);
    ck_assert_int_eq(file.st_mode & 07777, 0600);
    ck_assert_int_eq(lf_checkpoint_write(folder, s.model, NULL, NULL, 0, message), LF_IO);
    ck_assert_ptr_nonnull(strstr(message, "Is a directory"));
    ck_assert_int_eq(lf_checkpoint_write("/nowhere/model", s.model, NULL, NULL, 0, message), LF_IO);
    end(&s);
}
END_TEST

static int files_in_folder(void)
{
    char command[96], line[16];
    snprintf(command, sizeof command, "ls -A '%s' | wc -l", folder);
    FILE *list = popen(command, "r");
    ck_assert_ptr_nonnull(fgets(line, sizeof line, list));
    pclose(list);
    return atoi(line);
}

/* No room on the disk, as a limit of the file's size has it: the old file stays, nothing else. */
START_TEST(a_full_disk_loses_nothing)
{
    struct setting s;
    char message[LF_CHECKPOINT_MESSAGE];
    begin(&s, LF_F32, 0, 0);
    write_to(&s, "old");
    const struct rlimit little = {100, 100};
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &little), 0); /* of this test's own process */
    ck_assert_int_eq(lf_checkpoint_write(path, s.model, s.trainer, "new", 3, message), LF_IO);
    ck_assert_ptr_nonnull(strstr(message, "File too large"));
    ck_assert_int_eq(files_in_folder(), 1);
    struct lf_checkpoint *checkpoint;
    ck_assert_int_eq(lf_checkpoint_read(&checkpoint, path, message), LF_OK);
    ck_assert_str_eq(lf_checkpoint_note(checkpoint, NULL), "old");
    lf_checkpoint_free(checkpoint);
    end(&s);
}
END_TEST

/* A process that writes one checkpoint after the other is killed, 200 times: what is there is
 * whole, and one of those it had begun to write. */
START_TEST(killed_writers_leave_a_whole_file)
{
    struct setting s;
    begin(&s, LF_F32, 2, 0);
    write_to(&s, "0");
    struct test_rng rng = test_rng(2);
    unsigned long last = 0;
    int moved = 0;
    for (int kill_number = 0; kill_number < 200; kill_number++) {
        const pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            for (unsigned long i = last + 1;; i++) {
                char note[24];
                snprintf(note, sizeof note, "%lu", i);
                if (lf_checkpoint_write(path, s.model, s.trainer, note, strlen(note), NULL))
                    _exit(1);
            }
        }
        usleep((useconds_t)(test_bits(&rng) % 4000));
        ck_assert_int_eq(kill(child, SIGKILL), 0);
        int how;
        ck_assert_int_eq(waitpid(child, &how, 0), child);
        ck_assert(WIFSIGNALED(how));
        char message[LF_CHECKPOINT_MESSAGE];
        struct lf_checkpoint *checkpoint;
        ck_assert_msg(lf_checkpoint_read(&checkpoint, path, message) == LF_OK, "%s", message);
        const unsigned long found = strtoul(lf_checkpoint_note(checkpoint, NULL), NULL, 10);
        ck_assert_uint_ge(found, last);
        moved += found > last;
        last = found;
        lf_checkpoint_free(checkpoint);
    }
    ck_assert_int_gt(moved, 0);
    end(&s);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("checkpoint");
    TCase *tests = tcase_create("checkpoint");
    tcase_set_timeout(tests, 300);
    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_add_loop_test(tests, runs_go_on_at_every_step, 0, 8);
    tcase_add_test(tests, runs_that_diverge_elsewhere);
    tcase_add_test(tests, notes_and_checksums);
    tcase_add_test(tests, damage_is_refused);
    tcase_add_test(tests, forged_files_do_no_harm);
    tcase_add_test(tests, other_models_are_refused);
    tcase_add_test(tests, files_are_replaced_where_they_are);
    tcase_add_test(tests, a_full_disk_loses_nothing);
    tcase_add_test(tests, killed_writers_leave_a_whole_file);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
