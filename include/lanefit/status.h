/* SPDX-License-Identifier: MIT */
/* Status codes, and the macro that marks what the library exports. */
#ifndef LANEFIT_STATUS_H
#define LANEFIT_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

#define LF_API __attribute__((visibility("default")))

typedef enum lf_status {
    LF_OK = 0,
    LF_INVALID,     /* an argument is NULL, zero, not finite, or out of its stated range */
    LF_SHAPE,       /* the shapes of the operands do not fit each other */
    LF_NO_MEMORY,   /* an allocation failed */
    LF_UNSUPPORTED, /* this CPU runs none of the kernel tables: it has no fused multiply-add */
    LF_DIVERGED,    /* a parameter is no longer finite */
    LF_IO,          /* a file or a stream can't be read or written */
    LF_FORMAT       /* a file is damaged, or not of the kind or version that was expected */
} lf_status;

/* A short lower-case sentence for a status, static storage; never NULL. */
LF_API const char *lf_status_string(lf_status status);

#ifdef __cplusplus
}
#endif

#endif
