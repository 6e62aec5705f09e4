/* SPDX-License-Identifier: MIT */
/* Checkpoints that are whole or refused, whatever happened to them or to who wrote them. */
#include "checkpoint.inl.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <zlib.h>

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
    Suite *suite = suite_create("checkpoint_files");
    TCase *tests = tcase_create("checkpoint_files");
    tcase_set_timeout(tests, 300);
    tcase_add_checked_fixture(tests, make_folder, remove_folder);
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
