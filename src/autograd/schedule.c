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
        /* (1 + cos(pi part)) / 2 is the square of the sine of half of what is left. */
        double left = t < s->period ? (double)(s->period - t) / (double)s->period : 0;
        double sine = Sleef_cinz_sinpid1_u05purec(left / 2);
        return s->min_lr + (s->lr - s->min_lr) * (sine * sine);
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
