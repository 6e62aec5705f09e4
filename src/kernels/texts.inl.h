/* SPDX-License-Identifier: MIT */
/* Every kernel text, over the vocabulary that the including file has chosen, for both types. */
#include "contract.h"
#include "tables.h"

#include <string.h>

#include "mt19937.inl.h"

/* Sizes of the products of matrices. */
enum {
    LF_MOST_VECS = 4,   /* vectors of a tile */
    LF_STRANDS = 2,     /* lanes of weight sums that are products of their own */
    LF_COLUMN = 32,     /* rows of the columns that are set side by side */
    LF_LITTLE = 32,     /* multiplications that no tile is worth */
    LF_DEPTH = 256,     /* inner index of one product */
    LF_NEAR = 128,      /* rows so far apart need no packing */
    LF_HALF_ROWS = 12,  /* rows of a tile half a vector wide */
    LF_FLAT_ROWS = 64,  /* rows up to which a row's sums may take more than two vectors */
    LF_FLAT_DEPTH = 16, /* inner index of one whose vectors hold several rows */
    LF_FEW_ROWS = 8,    /* rows of one output at most that are lanes of their own */
    LF_TURNED_ROWS = 4, /* so few rows take the right factor as it is */
    LF_TILE_SUMS =
        LF_TILE_ROWS * LF_TILE_VECS > LF_HALF_ROWS ? LF_TILE_ROWS *LF_TILE_VECS : LF_HALF_ROWS
};

#include "fleet.inl.h"
#include "fleet_systems.inl.h"

#include "type_f32.h"
#include "texts_of_type.inl.h"

#include "type_f64.h"
#include "texts_of_type.inl.h"

#include "table.inl.h"
