/* SPDX-License-Identifier: MIT */
/* Numbers as text, correctly rounded and in no locale. */
#ifndef LANEFIT_SRC_DATA_NUMBERS_H
#define LANEFIT_SRC_DATA_NUMBERS_H

#ifdef __cplusplus
extern "C" {
#endif

/* Read the longest number that [first, last) starts with: digits with or without a point, a sign
 * (a plus too) and an exponent, or inf, infinity or nan in any case. Return its end; first where
 * there is none. What is too large becomes an infinity and what is too small a zero, with the sign
 * it has. Nothing is read at last or behind it. */
const char *number_read_f32(const char *first, const char *last, float *value);
const char *number_read_f64(const char *first, const char *last, double *value);

enum { NUMBER_CHARS = 32 }; /* what a number takes at most, and a zero behind it */

/* Write the shortest text that reads as the same float, inf, -inf or nan, and a zero behind it.
 * Return the end, where the zero stands. */
char *number_write_f32(char out[NUMBER_CHARS], float value);
char *number_write_f64(char out[NUMBER_CHARS], double value);

#ifdef __cplusplus
}
#endif

#endif
