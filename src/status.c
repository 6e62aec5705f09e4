/* SPDX-License-Identifier: MIT */
#include <lanefit/lanefit.h>

const char *lf_status_string(lf_status status)
{
    switch (status) {
    case LF_OK:
        return "ok";
    case LF_INVALID:
        return "an argument is missing or out of range";
    case LF_SHAPE:
        return "the shapes of the operands do not fit";
    case LF_NO_MEMORY:
        return "out of memory";
    case LF_UNSUPPORTED:
        return "this CPU has no fused multiply-add";
    case LF_DIVERGED:
        return "a parameter is no longer finite";
    case LF_IO:
        return "a file or a stream can't be read or written";
    case LF_FORMAT:
        return "a file is damaged or not of the expected kind";
    }
    return "unknown status";
}

const char *lf_version(void)
{
    return LF_VERSION;
}
