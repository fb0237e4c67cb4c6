// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/base/matrix.h"
#include "core/base/random.h"
#include "core/method/method.h"

namespace rankscope::method {

namespace {

constexpr std::int64_t oversampling = 10;
constexpr int powerSteps = 2;

Matrix gaussian(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
    RandomNumbers numbers(seed);
    Matrix matrix{{}, rows, columns};
    for (std::int64_t i = 0; i < rows * columns; ++i) {
        const double radius = std::sqrt(-2 * std::log(1 - numbers.uniform()));
        matrix.values.push_back(radius * std::cos(2 * std::numbers::pi * numbers.uniform()));
    }
    return matrix;
}

}  // namespace

/// Algorithms 4.4 and 5.1: Q an orthonormal basis of (W Wᵀ)^q W Ω, then the exact factors of QᵀW.
backend::Factors randomized(const MethodInput& input, const backend::LinearAlgebra& algebra) {
    const MatrixView& w = input.weight;
    const std::int64_t wanted = std::min({input.rank + oversampling, w.rows, w.columns});
    const Matrix wide = transposed(w);
    const auto basis = [&](const Matrix& a) { return algebra.orthonormalBasis(a); };
    Matrix q = basis(algebra.multiply(w, gaussian(w.columns, wanted, input.settings.seed)));
    for (int step = 0; step < powerSteps; ++step)
        q = basis(algebra.multiply(w, basis(algebra.multiply(wide, q))));
    const Matrix small = algebra.multiply(transposed(q), w);  // [wanted, n]
    const backend::Factors exact = algebra.truncatedSvd(small, input.rank);
    return {algebra.multiply(q, exact.left), exact.right};
}

}  // namespace rankscope::method
