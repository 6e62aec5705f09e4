/* SPDX-License-Identifier: MIT */
/* workload/NAME/ISA: the regressions of workloads.c by lanefit and its peers, beside the limit that
 * binds. Who is slow does a part of the problems in a run, the next part in the next. */
#include "bench.h"

#include "contest.h"
#include "limit.h"
#include "workloads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHECKED = 64 };

struct subject {
    const struct workload *workload;
    const struct lf_kernels *kernels;
    const struct limits *limits;
    char name[64];
};

struct player {
    const struct peer *peer;
    const struct peer_fleet *fleet;
    size_t next, part, calls; /* a run does `part` problems, `calls` times */
};

static void fit_part(void *player)
{
    struct player *p = player;
    for (size_t call = 0; call < p->calls; call++) {
        if (p->fleet->problems - p->next < p->part)
            p->next = 0;
        p->peer->fit(p->fleet, p->next, p->next + p->part);
        p->next += p->part;
    }
}

/* A run of a few milliseconds at least, and of so many problems that what is done once for all of
 * them hardly shows: twice as many take nearly twice as long. Or all problems, or many calls of
 * one.
 */
static void choose_part(struct player *p)
{
    for (double before = 0;;) {
        const double start = contest_now();
        fit_part(p);
        const double took = contest_now() - start;
        if (took > 4e-3 && ((before > 0 && took > 1.8 * before) || p->part == p->fleet->problems))
            return;
        before = took;
        if (p->part < p->fleet->problems)
            p->part = 2 * p->part < p->fleet->problems ? 2 * p->part : p->fleet->problems;
        else
            p->calls *= 2;
    }
}

/* What a run has done of the last problems, from outputs that were not set. */
static int holds(const struct player *player)
{
    struct player p = *player;
    const struct peer_fleet *f = p.fleet;
    const size_t params = 1 + f->shared + f->own, first = f->problems - p.part;
    memset(f->coefficients + first * params, 0, p.part * params * sizeof(double));
    if (f->standard_errors)
        memset(f->standard_errors + first * params, 0, p.part * params * sizeof(double));
    if (f->r_squared)
        memset(f->r_squared + first, 0, p.part * sizeof(double));
    p.next = first;
    p.calls = 1;
    fit_part(&p);
    for (size_t k = 0; k < p.part; k += p.part / CHECKED + 1)
        if (!workload_holds(f, f->problems - 1 - k))
            return 0;
    return 1;
}

/* What a solver can't do without: each value read once and multiplied into the products. */
static struct limit_work work_of(const struct peer_fleet *f)
{
    const double read = workload_read(f);
    const double values = read / (f->f32 ? sizeof(float) : sizeof(double));
    return (struct limit_work){.dtype = f->f32 ? LF_F32 : LF_F64,
                               .read = read,
                               .written = workload_written(f),
                               .flops = 2 * values * (double)(1 + f->shared + f->own)};
}

static const char *enter(struct contest *contest, const struct peer_fleet *fleet,
                         struct player *player)
{
    for (size_t i = 0; i <= peer_count; i++) {
        const struct peer *peer = i > 0 ? peers[i - 1] : &peer_lanefit;
        if (!peer->fit)
            continue;
        player[i] = (struct player){peer, fleet, 0, 1, 1};
        choose_part(&player[i]);
        if (!holds(&player[i]))
            return i > 0 ? "a peer arrives at another result" : "lanefit's result is wrong";
        contest_add(contest, peer->name, i > 0 ? CONTEST_PEER : CONTEST_LANEFIT, fit_part,
                    &player[i])
            ->units = (double)(player[i].part * player[i].calls);
    }
    return NULL;
}

/* Its data, kept until another's are asked for: they take longer to make than to use. NULL where
 * memory is out. */
static const struct peer_fleet *fleet_of(const struct workload *workload,
                                         const struct lf_kernels *kernels)
{
    static struct peer_fleet fleet;
    static const struct workload *kept;
    if (kept != workload) {
        workload_destroy(&fleet);
        kept = workload_create(workload, workload_problems(workload), &fleet) ? workload : NULL;
    }
    fleet.kernels = kernels;
    return kept ? &fleet : NULL;
}

static void time_subject(struct bench_state *state, const void *argument)
{
    const struct subject *s = argument;
    const struct peer_fleet *fleet = fleet_of(s->workload, s->kernels);
    struct contest contest = {.unit = "problem"};
    struct player player[CONTEST_MOST];
    struct limit limit = {0};
    const char *wrong = fleet ? enter(&contest, fleet, player) : "out of memory";
    if (!wrong) {
        const size_t calls = fleet->problems > 1 ? 1 : 10000;
        const struct limit_work work = work_of(fleet);
        const double problems = (double)fleet->problems;
        contest.flops = work.flops / problems;
        contest.bytes = (work.read + work.written) / problems;
        contest.rows = (double)s->workload->rows;
        if (!limit_create(&limit, s->limits, &work, calls, (double)calls * problems, &contest))
            wrong = "out of memory";
    }
    if (wrong)
        bench_fail(state, wrong);
    else
        contest_run(state, &contest);
    limit_destroy(&limit);
}

void register_workloads(const struct lf_kernels *kernels)
{
    for (size_t i = 0; limits_of(kernels->name) && i < workload_count; i++) {
        struct subject *s = malloc(sizeof *s); /* lives as long as the program */
        if (!s)
            return;
        *s = (struct subject){&workloads[i], kernels, limits_of(kernels->name), ""};
        snprintf(s->name, sizeof s->name, "workload/%s/%s", s->workload->name, kernels->name);
        bench_register_manual(s->name, time_subject, s);
    }
}
