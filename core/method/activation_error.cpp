// SPDX-License-Identifier: Apache-2.0
#include "core/method/activation_error.h"

#include <cmath>

#include "core/base/matrix.h"

namespace rankscope::method {

namespace {

constexpr double leastMeaningful = 1e-7;

double value(const Matrix& a, std::int64_t row, std::int64_t column) {
    return a.values[static_cast<std::size_t>(row * a.columns + column)];
}

/// Products on one device, with ‖D X‖² = Σ D ∘ (D X Xᵀ) for any D [m, n].
struct Products {
    const Matrix& second;
    const backend::LinearAlgebra& algebra;

    Matrix times(const Matrix& a, const Matrix& b) const { return algebra.multiply(a, b); }
    double squaredNorm(const Matrix& d) const { return innerProduct(d, times(d, second)); }
    /// Relative error of a squared one; 0 if it is below rounding.
    double relative(double square, double whole) const {
        const double hidden = static_cast<double>(second.rows) * 0x1p-52 * whole;
        return square > hidden ? std::sqrt(square / whole) : 0;
    }
};

/// ‖(W - W_r) X‖² for r = 0 … rank. With E = W - L R the part in no component, l_i and r_i the
/// columns of L and the rows of R, W - W_r = E + Σ_{i>r} l_i r_iᵀ, so that
/// ‖(W - W_r) X‖² = ‖E X‖² + 2 Σ_{i>r} l_iᵀ E G r_i + Σ_{i,j>r} (l_iᵀ l_j)(r_iᵀ G r_j):
/// summed from the last component up, so large parts never cancel.
std::vector<double> squaredErrors(const Matrix& weight, const backend::Factors& factors,
                                  const Products& products) {
    const std::int64_t rank = factors.left.columns;
    const Matrix right = transposed(factors.right);                                 // [n, rank]
    const Matrix outputs = products.times(transposed(factors.left), factors.left);  // Lᵀ L
    const Matrix moved = products.times(products.second, right);  // G Rᵀ [n, rank]
    const Matrix inputs = products.times(factors.right, moved);   // R G Rᵀ [rank, rank]
    const Matrix rest = difference(weight, products.times(factors.left, factors.right));
    std::vector<double> squares(static_cast<std::size_t>(rank) + 1, 0.0);
    Matrix mixed;  // E G Rᵀ [m, rank]; empty if E is rounding
    if (frobeniusNorm(rest) > 1e-13 * static_cast<double>(rank) * frobeniusNorm(weight)) {
        squares.back() = products.squaredNorm(rest);
        mixed = products.times(rest, moved);
    }
    for (std::int64_t r = rank - 1; r >= 0; --r) {
        double grown = value(outputs, r, r) * value(inputs, r, r);
        for (std::int64_t i = r + 1; i < rank; ++i)
            grown += 2 * value(outputs, r, i) * value(inputs, r, i);
        for (std::int64_t i = 0; i < mixed.rows; ++i)
            grown += 2 * value(factors.left, i, r) * value(mixed, i, r);
        squares[static_cast<std::size_t>(r)] = squares[static_cast<std::size_t>(r) + 1] + grown;
    }
    return squares;
}

}  // namespace

std::vector<double> activationErrors(const Matrix& weight, const backend::Factors& factors,
                                     const Matrix& second, const backend::LinearAlgebra& algebra) {
    const Products products{second, algebra};
    const double whole = products.squaredNorm(weight);
    std::vector<double> errors = factors.left.columns == 0
                                     ? std::vector<double>{whole}
                                     : squaredErrors(weight, factors, products);
    for (double& error : errors) error = products.relative(error, whole);
    return errors;
}

double activationError(const Matrix& weight, const backend::Factors& factors, const Matrix& second,
                       const backend::LinearAlgebra& algebra) {
    const Products products{second, algebra};
    const Matrix rest = difference(weight, products.times(factors.left, factors.right));
    return products.relative(products.squaredNorm(rest), products.squaredNorm(weight));
}

std::optional<double> excessError(double error, double least) {
    if (!(least > leastMeaningful)) return std::nullopt;
    return error / least - 1;
}

}  // namespace rankscope::method
