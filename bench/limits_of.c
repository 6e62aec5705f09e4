/* SPDX-License-Identifier: MIT */
#include "limits.h"

#include <string.h>

/* TABLES(X) is X(isa) for every instruction set of this build. */
#define DECLARE(isa) extern const struct limits limits_##isa;
TABLES(DECLARE)

const struct limits *limits_of(const char *name)
{
#define CHECK(isa)                                                                                 \
    if (strcmp(name, #isa) == 0)                                                                   \
        return &limits_##isa;
    TABLES(CHECK)
    return NULL;
}
