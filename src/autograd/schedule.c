/* SPDX-License-Identifier: MIT */
#include <lanefit/optim.h>

#include <sleef.h>

/* SLEEF's functions with one answer everywhere, those that need no fused multiply-add. */
static double power(double base, uint64_t exponent)
{
    return Sleef_cinz_powd1_u10purec(base, (double)exponent);
}

static double after_warmup(const struct lf_schedule *s, uint64_t t)
{
    switch (s->kind) {
    case LF_CONSTANT:
        return s->lr;
    case LF_STEP:
        return s->lr * power(s->gamma, t / s->period);
    case LF_EXPONENTIAL:
        return s->lr * power(s->gamma, t);
    case LF_COSINE: {
        double part = t < s->period ? (double)t / (double)s->period : 1;
        return s->min_lr + (s->lr - s->min_lr) * (1 + Sleef_cinz_cospid1_u05purec(part)) / 2;
    }
    }
    return __builtin_nan("");
}

double lf_schedule_lr(const struct lf_schedule *schedule, uint64_t step)
{
    if (!schedule || schedule->kind > LF_COSINE ||
        (schedule->period == 0 && (schedule->kind == LF_STEP || schedule->kind == LF_COSINE)))
        return __builtin_nan("");
    if (step < schedule->warmup)
        return schedule->lr * (double)(step + 1) / (double)schedule->warmup;
    return after_warmup(schedule, step - schedule->warmup);
}
