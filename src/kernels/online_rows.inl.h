/* SPDX-License-Identifier: MIT */
/* One-sample SGD over given rows.
 *
 * The chain from step to step is that of online.inl.h: x*w, + b, - y, * 2x, fma. The factor 2 of
 * the gradient is folded into x and into the rate, off the chain. Products with it are exact, so
 * nothing changes unless 2x or 2 lr overflows, which leaves a parameter that is not finite: such
 * rows are taken again, step by step and without the folding. */

#define rows_folded TYPED(rows_folded)
#define rows_plain TYPED(rows_plain)

/* Returns whether the steps are those of the plain order. */
LF_INLINE int rows_folded(size_t rows, const REAL *x, size_t x_stride, const REAL *y,
                          size_t y_stride, REAL minus_lr, REAL *weight, REAL *bias, REAL *loss)
{
    const REAL twice = minus_lr + minus_lr;
    REAL w = *weight, b = *bias, sum = 0; /* not finite where a loss is not */
    int zeros = 0;
    for (size_t r = 0; r < rows; r++) {
        const REAL x_r = x[r * x_stride], d = x_r * w + b - y[r * y_stride];
        loss[r] = d * d;
        sum += loss[r];
        zeros |= (w == 0) | (b == 0);
        w = FMA(minus_lr, d * (x_r + x_r), w);
        b = FMA(twice, d, b);
    }
    *weight = w;
    *bias = b;
    return !zeros && is_finite(sum) && both_finite(w, b);
}

/* In the plain order, up to the first loss that is not finite. Returns the steps taken. */
static __attribute__((noinline)) size_t rows_plain(size_t rows, const REAL *x, size_t x_stride,
                                                   const REAL *y, size_t y_stride, REAL minus_lr,
                                                   REAL *weight, REAL *bias, REAL *loss)
{
    for (size_t r = 0; r < rows; r++) {
        const REAL x_r = x[r * x_stride], d = x_r * *weight + *bias - y[r * y_stride], g = d + d;
        loss[r] = d * d;
        if (!is_finite(loss[r]))
            return r;
        *weight = FMA(minus_lr, g * x_r + 0, *weight);
        *bias = FMA(minus_lr, g + 0, *bias);
    }
    return rows;
}

static size_t TYPED(online_rows)(size_t rows, const REAL *x, size_t x_stride, const REAL *y,
                                 size_t y_stride, REAL lr, REAL *weight, REAL *bias, REAL *loss)
{
    enum { AT_ONCE = 64 };
    size_t done = 0;
    for (size_t n; done < rows; done += n) {
        n = rows - done < AT_ONCE ? rows - done : AT_ONCE;
        const REAL *from_x = x + done * x_stride, *from_y = y + done * y_stride;
        REAL w = *weight, b = *bias;
        if (rows_folded(n, from_x, x_stride, from_y, y_stride, -lr, &w, &b, loss + done)) {
            *weight = w;
            *bias = b;
            continue;
        }
        const size_t taken =
            rows_plain(n, from_x, x_stride, from_y, y_stride, -lr, weight, bias, loss + done);
        if (taken < n)
            return done + taken;
    }
    return done;
}
