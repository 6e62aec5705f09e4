/* SPDX-License-Identifier: MIT */
/* What libFuzzer calls, and the suite of tables with the files of data/tables. */
#ifndef LANEFIT_TESTS_FUZZ_TABLE_H
#define LANEFIT_TESTS_FUZZ_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* Ends the process where something is wrong. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of the fuzzer of groups: rows whose groups were compared so far. */
extern size_t fuzz_rows;

#endif
