/* SPDX-License-Identifier: MIT */
/* Least squares in closed form.
 *
 * Minimises sum of w (y - X b)^2 + ridge (sum of b^2 but for the intercept), X having a column of
 * ones first unless there is no intercept. The sums are carried in double-double over columns that
 * are scaled by powers of two, solved there by R'DR, and refined by residuals in double-double:
 * what comes out is the solution for the rows as they are, rounded to double, up to a condition
 * number of about 1e12. Multiplying a column by a power of two changes no bit but the exponent.
 *
 * The formulas are those of R's summary.lm (weights are 1 / variance; rows of weight 0 are not
 * counted). Y. Hida, X. Li, D. Bailey, "Algorithms for quad-double precision floating point
 * arithmetic", ARITH 15, 2001, has the arithmetic. */
#ifndef LANEFIT_LSQ_H
#define LANEFIT_LSQ_H

#include <lanefit/data.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LF_LSQ_MOST_PARAMS = 1025, LF_LSQ_MOST_DEGREE = 24 };

/* What has become of a regression. All its numbers are NaN unless it is LF_FIT_OK. */
enum lf_fit_status {
    LF_FIT_OK,
    LF_FIT_TOO_FEW_ROWS,    /* fewer than parameters, or none with a ridge */
    LF_FIT_CONSTANT_COLUMN, /* beside an intercept; or a column of zeros */
    LF_FIT_RANK_DEFICIENT,  /* a column is a combination of others, to 2^-45 of its length */
    LF_FIT_NON_FINITE       /* a value is infinite, or a result too large for a double */
};

/* A short lower-case phrase, static storage; never NULL. */
LF_API const char *lf_fit_status_string(enum lf_fit_status status);

struct lf_lsq_options {
    int no_intercept;
    double ridge;       /* 0 or more, in the units of the columns */
    size_t degree;      /* 1 to 24: the columns are the powers 1 to degree of the one feature, in
                           double-double; 0: the features are the columns */
    int weight_is_last; /* the last column of x is no feature but the rows' weights, as those of a
                           stream; data->weight is NULL then */
};

/* What a regression gives. The arrays are the caller's, each may be NULL, and is then not computed;
 * params is lf_lsq_params, the intercept is the first. */
struct lf_lsq_result {
    double *coefficients;        /* [params], in the units of the data */
    double *standard_errors;     /* [params]; like t and p NaN without degrees of freedom or with a
                                    ridge */
    double *t, *p;               /* [params]: coefficient / standard error, two-sided */
    double *covariance;          /* [params,params] */
    double *residuals;           /* [rows]: y - X b; NaN for rows left out */
    double *leverages;           /* [rows]: the diagonal of the hat matrix; NaN likewise */
    unsigned char *undetermined; /* [params]: 1 for a column that those before it determine, or
                                    that is constant */

    enum lf_fit_status status;
    size_t rows_used, rows_dropped; /* dropped: a value or the weight is NaN; weight 0 is neither */
    size_t rank;
    double condition; /* the largest of ||x_j|| ||j-th row of X^+||, which no scaling of columns
                         changes (G. Stewart, "Collinearity and least squares regression", Stat.
                         Sci. 2, 1987) */
    double digits;    /* that the coefficients have at least, 15 at most */
    double r_squared; /* uncentred without an intercept; NaN where y does not vary */
    double adjusted_r_squared;
    double residual_sd; /* NaN without degrees of freedom */
};

/* Parameters of such a regression, `in` being the data's; 0 where there is none. */
LF_API size_t lf_lsq_params(size_t in, const struct lf_lsq_options *options);

/* One regression of data with one output: rows in memory or from a stream, which is read several
 * times. options NULL: all zero. The rows' weights have to be 0 or more. Memory: 32 params^2 + 16
 * KiB a column.
 *   LF_OK           result->status says what came of it
 *   LF_INVALID      NULL, a ridge below 0, a negative weight, weights twice, a degree above 24 or
 *                   of several features, no parameter or more than 1,025
 *   LF_SHAPE        more than one output
 *   LF_NO_MEMORY, LF_IO, LF_UNSUPPORTED
 * If it is not LF_OK the arrays are as they were. */
LF_API lf_status lf_lsq_fit(const struct lf_data *data, const struct lf_lsq_options *options,
                            struct lf_lsq_result *result);

#ifdef __cplusplus
}
#endif

#endif
