/* SPDX-License-Identifier: MIT */
/* Writes tables of text. What gets lost shows in the file's own error flag. The header of an .npy
 * file is npy_header_write's. */
#ifndef LANEFIT_SRC_DATA_WRITER_H
#define LANEFIT_SRC_DATA_WRITER_H

#include <lanefit/lanefit.h>

#include <stdio.h>

/* The shortest text that reads as the same value. */
void write_number(FILE *file, enum lf_dtype dtype, const void *value);

/* A field of text, in quotes where the reader would take it for something else without. */
void write_field(FILE *file, const char *text, size_t length, char delimiter);

#endif
