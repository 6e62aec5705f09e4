#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs an example and compares what it prints: run.sh EXAMPLE EXPECTED.
$LANEFIT_RUNNER "$1" | cmp - "$2"
