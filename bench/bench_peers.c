/* SPDX-License-Identifier: MIT */
/* The affine kernels beside the libraries of bench/peers and the limit that binds, all in f32:
 *   affine/ISA/SHAPE            y = x W^T + b, from W[out,in] as a layer keeps it
 *   forward_backward/ISA/SHAPE  that, then the gradients of W, b and x, added to what they hold
 *   one_pass/ISA/SHAPE          affine, mean squared error and its gradients
 * What a peer computes is held against lanefit before it is timed. */
#include "bench.h"

#include "contest.h"
#include "limit.h"
#include "peers/peers.h"
#include "reals.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum what { FORWARD, FORWARD_BACKWARD, ONE_PASS };

struct subject {
    enum what what;
    const struct lf_kernels *kernels;
    const struct limits *limits;
    size_t rows, in, out;
    char name[64];
};

/* lanefit or a peer at its work; calls of it make a run. */
struct player {
    const struct peer *peer;
    struct peer_affine a;
    size_t calls;
};

static void forward(void *player)
{
    struct player *p = player;
    for (size_t i = 0; i < p->calls; i++)
        p->peer->affine(&p->a);
}

static void forward_backward(void *player)
{
    struct player *p = player;
    for (size_t i = 0; i < p->calls; i++) {
        p->peer->affine(&p->a);
        p->peer->affine_grad(&p->a);
    }
}

static void one_pass(void *player)
{
    struct player *p = player;
    for (size_t i = 0; i < p->calls; i++)
        p->peer->one_pass(&p->a);
}

static void (*const runs[])(void *) = {
    [FORWARD] = forward, [FORWARD_BACKWARD] = forward_backward, [ONE_PASS] = one_pass};

/* Two sums in f32 of the same n terms, of magnitudes that add up to `total`, in any order: each is
 * off by 8 sqrt(n) u total, except with negligible probability (N. Higham, T. Mary, "A new approach
 * to probabilistic rounding error analysis", SIAM J. Sci. Comput. 41, 2019). */
static int agree(size_t count, const float *a, const float *b, double n, double total)
{
    const double bound = 2 * 8 * sqrt(n) * (FLT_EPSILON / 2) * total;
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)a[i] - (double)b[i]) <= bound))
            return 0;
    return 1;
}

/* One call from gradients of 0. */
static void once(struct player *p, enum what what)
{
    const size_t calls = p->calls;
    memset(p->a.dw, 0, (p->a.in * p->a.out + p->a.out + 1) * sizeof(float));
    if (p->a.dx)
        memset(p->a.dx, 0, p->a.rows * p->a.in * sizeof(float));
    p->calls = 1;
    runs[what](p);
    p->calls = calls;
}

/* Whether both arrive at the same; x, w, b, g and t are below 1, so a residual is below d. */
static int players_agree(struct player *p, struct player *q, enum what what)
{
    const struct peer_affine *a = &p->a, *b = &q->a;
    const double rows = (double)a->rows, in = (double)a->in, out = (double)a->out, d = in + 2;
    once(p, what);
    once(q, what);
    if (what == ONE_PASS)
        return agree(a->in + 1, a->dw, b->dw, rows + in, 2 * d) &&
               agree(1, &a->loss, &b->loss, rows + in, 3 * d * d);
    if (!agree(a->rows * a->out, a->y, b->y, in + 1, in + 1))
        return 0;
    return what == FORWARD || (agree(a->in * a->out + a->out, a->dw, b->dw, rows, rows) &&
                               agree(a->rows * a->in, a->dx, b->dx, out, out));
}

/* ---- Memory -------------------------------------------------------------------------------- */

/* What lanefit and the peers read. */
static int inputs_create(struct peer_affine *a, enum what what)
{
    a->x = reals(LF_F32, a->rows * a->in);
    a->w = reals(LF_F32, a->in * a->out);
    a->b = reals(LF_F32, a->out);
    a->g = what == FORWARD_BACKWARD ? reals(LF_F32, a->rows * a->out) : NULL;
    a->t = what == ONE_PASS ? reals(LF_F32, a->rows) : NULL;
    return a->x && a->w && a->b && (a->g || a->t || what == FORWARD);
}

static void inputs_destroy(struct peer_affine *a)
{
    free((void *)a->x);
    free((void *)a->w);
    free((void *)a->b);
    free((void *)a->g);
    free((void *)a->t);
}

/* What one of them writes. */
static int outputs_create(struct peer_affine *a, enum what what)
{
    const size_t weights = a->in * a->out, width = weights + a->out + 1;
    const size_t slots = lf_part_slots(lf_blocks(a->rows)) * width;
    a->y = reals(LF_F32, a->rows * a->out);
    a->dw = reals(LF_F32, width);
    a->db = a->dw ? a->dw + weights : NULL;
    a->dx = what == FORWARD_BACKWARD ? reals(LF_F32, a->rows * a->in) : NULL;
    a->work = reals(LF_F32, slots);
    return a->y && a->dw && a->work && (a->dx || what != FORWARD_BACKWARD);
}

static void outputs_destroy(struct peer_affine *a)
{
    free(a->y);
    free(a->dw);
    free(a->dx);
    free(a->work);
}

/* ---- The contest --------------------------------------------------------------------------- */

/* Enters lanefit and the peers that have such a product. NULL, or what is wrong. */
static const char *enter(struct contest *contest, enum what what, struct player *player,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct peer *peer = player[i].peer = i > 0 ? peers[i - 1] : &peer_lanefit;
        if (what == ONE_PASS ? !peer->one_pass : !peer->affine)
            continue;
        if (!outputs_create(&player[i].a, what))
            return "out of memory";
        if (i > 0 && !players_agree(&player[0], &player[i], what))
            return "a peer arrives at another result";
        contest_add(contest, peer->name, i > 0 ? CONTEST_PEER : CONTEST_LANEFIT, runs[what],
                    &player[i])
            ->units = (double)player[i].calls;
    }
    return NULL;
}

/* Each operand once, and what is accumulated twice. */
static struct limit_work work_of(const struct subject *s)
{
    static const double products[] = {[FORWARD] = 1, [FORWARD_BACKWARD] = 3, [ONE_PASS] = 2};
    const double rows = (double)s->rows, in = (double)s->in, out = (double)s->out;
    struct limit_work work = {.dtype = LF_F32};
    work.flops = 2 * products[s->what] * rows * in * out;
    work.read = sizeof(float) * (rows * in + in * out + out);
    if (s->what == ONE_PASS)
        work.read += sizeof(float) * rows;
    else
        work.written = sizeof(float) * rows * out;
    if (s->what == FORWARD_BACKWARD) {
        work.written += sizeof(float) * (rows * in + in * out + out);
        work.read += sizeof(float) * (rows * (in + out) + in * out + out);
    }
    return work;
}

static void time_subject(struct bench_state *state, const void *argument)
{
    const struct subject *s = argument;
    const struct limit_work work = work_of(s);
    const size_t calls = (size_t)(4e5 / (work.flops + work.read + work.written)) + 1;
    struct player player[CONTEST_MOST] = {{NULL, {0}, 0}};
    struct contest contest = {.unit = "call",
                              .flops = work.flops,
                              .bytes = work.read + work.written,
                              .rows = (double)s->rows};
    struct peer_affine inputs = {
        .rows = s->rows, .in = s->in, .out = s->out, .kernels = &s->kernels->f32};
    struct limit limit = {0};
    const char *wrong = inputs_create(&inputs, s->what) ? NULL : "out of memory";
    for (size_t i = 0; i <= peer_count; i++)
        player[i] = (struct player){.a = inputs, .calls = calls};
    wrong = wrong ? wrong : enter(&contest, s->what, player, peer_count + 1);
    if (!wrong && !limit_create(&limit, s->limits, &work, calls, (double)calls, &contest))
        wrong = "out of memory";
    if (wrong)
        bench_fail(state, wrong);
    else
        contest_run(state, &contest);
    limit_destroy(&limit);
    for (size_t i = 0; i <= peer_count; i++)
        outputs_destroy(&player[i].a);
    inputs_destroy(&inputs);
}

/* ---- The shapes ---------------------------------------------------------------------------- */

static void add(const struct lf_kernels *kernels, enum what what, size_t rows, size_t in,
                size_t out)
{
    static const char *const names[] = {"affine", "forward_backward", "one_pass"};
    struct subject *s = malloc(sizeof *s); /* lives as long as the program */
    if (!s)
        return;
    *s = (struct subject){what, kernels, limits_of(kernels->name), rows, in, out, ""};
    snprintf(s->name, sizeof s->name, "%s/%s/%zux%zu->%zu", names[what], kernels->name, rows, in,
             out);
    bench_register_manual(s->name, time_subject, s);
}

static void add_grid(const struct lf_kernels *kernels, enum what what)
{
    static const size_t batches[] = {1, 8, 32, 128, 1000}, outs[] = {1, 2, 4, 7, 16, 64};
    static const size_t ins[] = {1, 2, 3, 4, 8, 13, 16, 30, 64};
    static const size_t others[][3] = {{256, 8, 1},  {4096, 8, 1},  {64, 4, 4},   {64, 16, 16},
                                       {32, 32, 32}, {128, 64, 64}, {256, 13, 7}, {256, 256, 256}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        add(kernels, what, others[i][0], others[i][1], others[i][2]);
    for (size_t i = 0; i < 5 * 9 * 6; i++)
        add(kernels, what, batches[i / (9 * 6)], ins[i / 6 % 9], outs[i % 6]);
}

/* Whether lanefit and its peers have room for so many rows, and leave as much. */
static int fits(size_t rows, size_t in)
{
    const double bytes = sizeof(float) * (double)rows * (double)(in + 1 + peer_count + 1);
    return bytes < 0.5 * (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
}

void register_peers(const struct lf_kernels *kernels)
{
    static const size_t passes[][2] = {
        {1000, 4}, {1000, 16}, {100000, 8}, {2000000, 8}, {1000, 64}};
    if (!limits_of(kernels->name))
        return;
    for (size_t k = 0; k < sizeof passes / sizeof passes[0]; k++)
        add(kernels, ONE_PASS, passes[k][0], passes[k][1], 1);
    for (size_t rows = 100; rows <= 100000000 && fits(rows, 8); rows *= 10)
        if (rows != 100000)
            add(kernels, ONE_PASS, rows, 8, 1);
    add_grid(kernels, FORWARD);
    add_grid(kernels, FORWARD_BACKWARD);
}
