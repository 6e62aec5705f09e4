/* SPDX-License-Identifier: MIT */
/* The one file of C++: its library reads and writes numbers without a locale, which C's does not.
 */
#include "numbers.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

namespace
{

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The exponent at p, which is at an 'e' or at the end. Far out it stays where it is: no text is
 * long enough to bring it back. */
long long exponent_at(const char *p, const char *end)
{
    const long long far = 1LL << 60;
    if (p == end)
        return 0;
    bool negative = *++p == '-';
    if (*p == '-' || *p == '+')
        p++;
    long long exponent = 0;
    for (; p < end && exponent < far / 10; p++)
        exponent = exponent * 10 + (*p - '0');
    return negative ? -exponent : exponent;
}

/* Whether a number out of range, one that is neither zero nor without digits, is too large; else it
 * is too small. */
bool is_large(const char *p, const char *end)
{
    long long leading = 0; /* the power of ten of the first digit that is not zero */
    bool point = false, found = false;
    for (; p < end && (is_digit(*p) || *p == '.'); p++) {
        if (*p == '.')
            point = true;
        else if (found)
            leading += !point;
        else if (*p != '0')
            found = true, leading -= point;
        else
            leading -= point;
    }
    return leading + exponent_at(p, end) > 0;
}

template <typename real> const char *read(const char *first, const char *last, real *value)
{
    const char *p = first;
    if (p < last && *p == '+' && ++p < last && *p == '-')
        return first;
    std::from_chars_result result = std::from_chars(p, last, *value);
    if (result.ptr == p)
        return first;
    if (result.ec == std::errc::result_out_of_range) {
        bool negative = *p == '-';
        real size = is_large(p + negative, result.ptr) ? std::numeric_limits<real>::infinity() : 0;
        *value = negative ? -size : size;
    }
    if (std::isnan(*value)) /* one that has no sign */
        *value = std::numeric_limits<real>::quiet_NaN();
    return result.ptr;
}

template <typename real> char *write(char *out, real value)
{
    if (std::isnan(value)) /* one that has no sign */
        value = std::numeric_limits<real>::quiet_NaN();
    char *end = std::to_chars(out, out + NUMBER_CHARS - 1, value).ptr;
    *end = '\0';
    return end;
}

} // namespace

const char *number_read_f32(const char *first, const char *last, float *value)
{
    return read(first, last, value);
}

const char *number_read_f64(const char *first, const char *last, double *value)
{
    return read(first, last, value);
}

char *number_write_f32(char *out, float value)
{
    return write(out, value);
}

char *number_write_f64(char *out, double value)
{
    return write(out, value);
}
