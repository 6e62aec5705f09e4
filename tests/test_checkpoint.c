/* SPDX-License-Identifier: MIT */
/* Runs that go on in another model, as in another process, with the same bits. */
#include "checkpoint.inl.h"

#include <math.h>

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

int main(int argc, char **argv)
{
    Suite *suite = suite_create("checkpoint");
    TCase *tests = tcase_create("checkpoint");
    tcase_set_timeout(tests, 300);
    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_add_loop_test(tests, runs_go_on_at_every_step, 0, 8);
    tcase_add_test(tests, runs_that_diverge_elsewhere);
    suite_add_tcase(suite, tests);
    return run_suite(suite, argc, argv);
}
