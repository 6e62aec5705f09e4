// SPDX-License-Identifier: MIT
// Eigen: expressions that it fuses, without temporaries; a vector where a side is 1. Least squares
// by the LDLT of the normal equations, in matrices of a fixed size.
#include "rows.h"

#include <Eigen/Dense>

namespace
{

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXf;

template <class Type> Eigen::Map<const Type> in(const float *p, size_t n, size_t m)
{
    return {p, static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(m)};
}

template <class Type> Eigen::Map<Type> at(float *p, size_t n, size_t m)
{
    return {p, static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(m)};
}

Eigen::Map<const Vector> in(const float *p, size_t n)
{
    return {p, static_cast<Eigen::Index>(n)};
}

Eigen::Map<Vector> at(float *p, size_t n)
{
    return {p, static_cast<Eigen::Index>(n)};
}

void affine(struct peer_affine *a)
{
    const auto x = in<Matrix>(a->x, a->rows, a->in), w = in<Matrix>(a->w, a->out, a->in);
    if (a->in == 1 && a->out == 1) {
        at(a->y, a->rows).array() = in(a->x, a->rows).array() * a->w[0] + a->b[0];
    } else if (a->out == 1) {
        auto y = at(a->y, a->rows);
        y.setConstant(a->b[0]);
        y.noalias() += x * in(a->w, a->in);
    } else if (a->rows == 1) {
        auto y = at(a->y, a->out);
        y = in(a->b, a->out);
        y.noalias() += w * in(a->x, a->in);
    } else {
        auto y = at<Matrix>(a->y, a->rows, a->out);
        y.rowwise() = in(a->b, a->out).transpose();
        y.noalias() += x * w.transpose();
    }
}

void affine_grad(struct peer_affine *a)
{
    const auto x = in<Matrix>(a->x, a->rows, a->in), w = in<Matrix>(a->w, a->out, a->in);
    if (a->out == 1) {
        const auto g = in(a->g, a->rows);
        at(a->dw, a->in).noalias() += x.transpose() * g;
        a->db[0] += g.sum();
        at<Matrix>(a->dx, a->rows, a->in).noalias() += g * in(a->w, a->in).transpose();
    } else if (a->rows == 1) {
        const auto g = in(a->g, a->out);
        at<Matrix>(a->dw, a->out, a->in).noalias() += g * in(a->x, a->in).transpose();
        at(a->db, a->out) += g;
        at(a->dx, a->in).noalias() += w.transpose() * g;
    } else {
        const auto g = in<Matrix>(a->g, a->rows, a->out);
        at<Matrix>(a->dw, a->out, a->in).noalias() += g.transpose() * x;
        at(a->db, a->out) += g.colwise().sum().transpose();
        at<Matrix>(a->dx, a->rows, a->in).noalias() += g * w;
    }
}

void one_pass(struct peer_affine *a)
{
    const float scale = 2 / static_cast<float>(a->rows);
    affine(a);
    auto d = at(a->y, a->rows);
    d -= in(a->t, a->rows);
    a->loss = d.squaredNorm() / static_cast<float>(a->rows);
    at(a->dw, a->in).noalias() = scale * (in<Matrix>(a->x, a->rows, a->in).transpose() * d);
    a->db[0] = scale * d.sum();
}

template <int Params> void fit_each(const struct peer_fleet *f, size_t first, size_t last)
{
    for (size_t i = first; i < last; i++) {
        Eigen::Matrix<double, Params, Params> gram = Eigen::Matrix<double, Params, Params>::Zero();
        Eigen::Matrix<double, Params, 1> products = Eigen::Matrix<double, Params, 1>::Zero(), row;
        const struct fleet_problem p = fleet_problem(f, i);
        double n = 0, y, sum = 0, squares = 0;
        for (size_t r = 0; r < p.rows; r++)
            if (fleet_row(f, &p, r, row.data(), 1, &y)) {
                gram.noalias() += row * row.transpose();
                products += row * y;
                sum += y;
                squares += y * y;
                n++;
            }
        const auto ldlt = gram.ldlt();
        Eigen::Map<Eigen::Matrix<double, Params, 1>> b(f->coefficients + i * Params);
        b = ldlt.solve(products);
        const double residual = squares - b.dot(products);
        if (f->standard_errors)
            Eigen::Map<Eigen::Matrix<double, Params, 1>>(f->standard_errors + i * Params) =
                (residual / (n - Params) *
                 ldlt.solve(Eigen::Matrix<double, Params, Params>::Identity()).diagonal())
                    .cwiseSqrt();
        if (f->r_squared)
            f->r_squared[i] = 1 - residual / (squares - sum * sum / n);
    }
}

void fit(const struct peer_fleet *f, size_t first, size_t last)
{
    switch (fleet_params(f)) {
    case 2:
        return fit_each<2>(f, first, last);
    case 3:
        return fit_each<3>(f, first, last);
    case 5:
        return fit_each<5>(f, first, last);
    case 12:
        return fit_each<12>(f, first, last);
    }
}

} // namespace

extern "C" const struct peer peer_eigen;
const struct peer peer_eigen = {"Eigen", affine, affine_grad, one_pass, fit};
