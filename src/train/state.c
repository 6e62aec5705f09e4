/* SPDX-License-Identifier: MIT */
#include "state.h"

#include <string.h>

enum { HAS_MEAN = 1, HAS_SQUARE = 2 };

/* ---- Generators --------------------------------------------------------------------------- */

/* Words that the seeding has not reached yet may hold anything. */
static void put_rng(struct lf_bytes *b, const struct lf_rng *rng)
{
    lf_put_u64(b, rng->next);
    lf_put_u64(b, rng->seeded);
    lf_put_u64(b, rng->has_normal);
    lf_put_f64(b, rng->normal);
    for (uint32_t i = 0; i < LF_RNG_WORDS; i++)
        lf_put_u32(b, i < rng->seeded ? rng->state[i] : 0);
}

/* Whether it is one that can draw. The words behind the last repeat the first. */
static int take_rng(struct lf_cursor *c, struct lf_rng *rng)
{
    const uint64_t next = lf_take_u64(c), seeded = lf_take_u64(c), has_normal = lf_take_u64(c);
    rng->normal = lf_take_f64(c);
    for (uint32_t i = 0; i < LF_RNG_WORDS; i++)
        rng->state[i] = lf_take_u32(c);
    memcpy(rng->state + LF_RNG_WORDS, rng->state, LF_LANES * sizeof rng->state[0]);
    if (next >= LF_RNG_WORDS || seeded < 1 || seeded > LF_RNG_WORDS || has_normal > 1)
        return 0;
    rng->next = (uint32_t)next;
    rng->seeded = (uint32_t)seeded;
    rng->has_normal = (uint32_t)has_normal;
    return 1;
}

/* ---- Runs --------------------------------------------------------------------------------- */

static void put_run(struct lf_bytes *b, const struct lf_run *run)
{
    const struct lf_train_progress *p = &run->progress;
    lf_put_u64(b, p->step);
    lf_put_u64(b, p->epoch);
    const double progress[] = {p->lr, p->loss, p->epoch_loss, p->validation_loss, p->gradient_norm};
    lf_put_bytes(b, progress, sizeof progress);
    put_rng(b, &run->rng);
    put_rng(b, &run->epoch_rng);
    lf_put_u64(b, run->rows);
    lf_put_u64(b, run->row);
    const double sums[] = {run->loss_sum,    run->mass,      run->window_loss,
                           run->window_mass, run->good_loss, run->best_loss};
    lf_put_bytes(b, sums, sizeof sums);
    lf_put_u64(b, run->best_epoch);
    lf_put_u64(b, run->diverged != 0);
    lf_put_u64(b, run->ended != 0);
    lf_put_u64(b, run->end);
}

static int take_run(struct lf_cursor *c, struct lf_run *run)
{
    struct lf_train_progress *p = &run->progress;
    p->step = lf_take_u64(c);
    p->epoch = lf_take_u64(c);
    p->lr = lf_take_f64(c);
    p->loss = lf_take_f64(c);
    p->epoch_loss = lf_take_f64(c);
    p->validation_loss = lf_take_f64(c);
    p->gradient_norm = lf_take_f64(c);
    if (!take_rng(c, &run->rng) || !take_rng(c, &run->epoch_rng))
        return 0;
    run->rows = lf_take_u64(c);
    run->row = lf_take_u64(c);
    run->loss_sum = lf_take_f64(c);
    run->mass = lf_take_f64(c);
    run->window_loss = lf_take_f64(c);
    run->window_mass = lf_take_f64(c);
    run->good_loss = lf_take_f64(c);
    run->best_loss = lf_take_f64(c);
    run->best_epoch = lf_take_u64(c);
    const uint64_t diverged = lf_take_u64(c), ended = lf_take_u64(c), end = lf_take_u64(c);
    if (run->row > run->rows || (run->row > 0 && run->row == run->rows) ||
        run->best_epoch > p->epoch || diverged > 1 || ended > 1 || end > LF_END_CALLBACK)
        return 0;
    run->diverged = (int)diverged;
    run->ended = (int)ended;
    run->end = (enum lf_train_end)end;
    return !c->failed;
}

/* ---- States ------------------------------------------------------------------------------- */

static void put_vector(struct lf_bytes *b, const struct lf_trainer *t, const void *vector)
{
    if (vector)
        lf_put_bytes(b, vector, t->model->size * lf_dtype_size(t->model->dtype));
}

static uint64_t vectors_of(const struct lf_optimizer *o)
{
    return (o->mean ? HAS_MEAN : 0) | (o->square ? HAS_SQUARE : 0);
}

void lf_state_put(struct lf_bytes *b, const struct lf_trainer *t)
{
    const struct lf_optimizer *o = t->optimizer;
    lf_put_u64(b, o->options.kind);
    lf_put_u64(b, vectors_of(o));
    lf_put_u64(b, o->steps);
    const double numbers[] = {o->options.lr, o->power1.high, o->power1.low, o->power2.high,
                              o->power2.low};
    lf_put_bytes(b, numbers, sizeof numbers);
    put_run(b, &t->run);
    put_vector(b, t, o->mean);
    put_vector(b, t, o->square);
    put_vector(b, t, t->start);
    put_vector(b, t, t->good);
    put_vector(b, t, t->best);
}

int lf_state_take(struct lf_cursor *c, enum lf_dtype dtype, size_t size, struct lf_state *state)
{
    const size_t bytes = size * lf_dtype_size(dtype);
    state->kind = lf_take_u64(c);
    state->vectors = lf_take_u64(c);
    state->steps = lf_take_u64(c);
    state->lr = lf_take_f64(c);
    state->power1.high = lf_take_f64(c);
    state->power1.low = lf_take_f64(c);
    state->power2.high = lf_take_f64(c);
    state->power2.low = lf_take_f64(c);
    if (!take_run(c, &state->run) || state->kind > LF_ADAMW ||
        state->vectors > (HAS_MEAN | HAS_SQUARE) || !(state->lr >= 0))
        return 0;
    state->mean = state->vectors & HAS_MEAN ? lf_take_bytes(c, bytes) : NULL;
    state->square = state->vectors & HAS_SQUARE ? lf_take_bytes(c, bytes) : NULL;
    state->start = lf_take_bytes(c, bytes);
    state->good = lf_take_bytes(c, bytes);
    state->best = lf_take_bytes(c, bytes);
    return !c->failed;
}

int lf_state_fits(const struct lf_state *state, const struct lf_trainer *t)
{
    return state->kind == t->optimizer->options.kind && state->vectors == vectors_of(t->optimizer);
}

static void give_vector(const struct lf_trainer *t, const void *from, void *to)
{
    if (from)
        memcpy(to, from, t->model->size * lf_dtype_size(t->model->dtype));
}

void lf_state_give(const struct lf_state *state, struct lf_trainer *t)
{
    struct lf_optimizer *o = t->optimizer;
    o->steps = state->steps;
    o->options.lr = state->lr;
    o->power1 = state->power1;
    o->power2 = state->power2;
    t->run = state->run;
    t->is_drawn = 0;
    give_vector(t, state->mean, o->mean);
    give_vector(t, state->square, o->square);
    give_vector(t, state->start, t->start);
    give_vector(t, state->good, t->good);
    give_vector(t, state->best, t->best);
}
