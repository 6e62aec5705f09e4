/* SPDX-License-Identifier: MIT */
/* The loops that a user would write, built with -O3 -march=native -ffast-math. */
#include "loops.h"
#include "plain.h"

static void affine(struct peer_affine *a)
{
    const float *restrict x = a->x, *restrict w = a->w, *restrict b = a->b;
    float *restrict y = a->y;
    const size_t in = a->in, out = a->out;
    for (size_t r = 0; r < a->rows; r++)
        for (size_t o = 0; o < out; o++) {
            float sum = b[o];
            for (size_t i = 0; i < in; i++)
                sum += x[r * in + i] * w[o * in + i];
            y[r * out + o] = sum;
        }
}

static void affine_grad(struct peer_affine *a)
{
    const float *restrict x = a->x, *restrict w = a->w, *restrict g = a->g;
    float *restrict dw = a->dw, *restrict dx = a->dx;
    const size_t in = a->in;
    add_rows(a->rows, a->out, g, a->db);
    for (size_t r = 0; r < a->rows; r++)
        for (size_t o = 0; o < a->out; o++) {
            const float d = g[r * a->out + o];
            for (size_t i = 0; i < in; i++) {
                dw[o * in + i] += d * x[r * in + i];
                dx[r * in + i] += d * w[o * in + i];
            }
        }
}

static void one_pass(struct peer_affine *a)
{
    const float scale = 2 / (float)a->rows;
    const float *restrict x = a->x, *restrict w = a->w;
    float *restrict dw = a->dw;
    const size_t in = a->in;
    float loss = 0, db = 0;
    for (size_t i = 0; i < in; i++)
        dw[i] = 0;
    for (size_t r = 0; r < a->rows; r++) {
        float d = a->b[0] - a->t[r];
        for (size_t i = 0; i < in; i++)
            d += x[r * in + i] * w[i];
        loss += d * d;
        db += d;
        for (size_t i = 0; i < in; i++)
            dw[i] += d * x[r * in + i];
    }
    for (size_t i = 0; i < in; i++)
        dw[i] *= scale;
    a->db[0] = scale * db;
    a->loss = loss / (float)a->rows;
}

extern const struct peer peer_plain;
const struct peer peer_plain = {"plain", affine, affine_grad, one_pass, plain_fit};
