/* SPDX-License-Identifier: MIT */
#include "autovec.h"

#include <string.h>

/* TABLES(X) is X(isa) for every instruction set of this build. */
#define DECLARE(isa) extern const struct lf_kernels autovec_##isa;
TABLES(DECLARE)

const struct lf_kernels *autovec_find(const char *name)
{
#define ADDRESS(isa) &autovec_##isa,
    static const struct lf_kernels *const tables[] = {TABLES(ADDRESS)};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        if (strcmp(tables[i]->name, name) == 0)
            return tables[i];
    return NULL;
}
