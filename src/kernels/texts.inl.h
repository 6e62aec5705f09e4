/* SPDX-License-Identifier: MIT */
/* Every kernel text, over the vocabulary that the including file has chosen, for both types. */
#include "contract.h"
#include "tables.h"

#include <string.h>

#include "mt19937.inl.h"

#include "type_f32.h"
#include "online.inl.h"
#include "online_lanes.inl.h"
#include "rows.inl.h"
#include "vectors.inl.h"

#include "type_f64.h"
#include "online.inl.h"
#include "online_lanes.inl.h"
#include "rows.inl.h"
#include "vectors.inl.h"

#include "table.inl.h"
