// SPDX-License-Identifier: Apache-2.0
#include "core/torch/linear_algebra/metric_factors.h"

#include <algorithm>
#include <tuple>

#include "core/base/error.h"
#include "core/torch/linear_algebra/tensors.h"
#include "core/torch/linear_algebra/torch_errors.h"

namespace rankscope::torch_backend {

namespace {

void requireSquare(const MatrixView& matrix, std::int64_t size, const char* what) {
    if (matrix.rows != size || matrix.columns != size)
        throw Error("The metric of the " + std::string(what) + " has the shape " +
                    toString(Shape{matrix.rows, matrix.columns}) + "; " +
                    toString(Shape{size, size}) + " was expected.");
}

/// The `rank` largest eigenvectors of a symmetric matrix, as columns, the largest first.
at::Tensor largestEigenvectors(const at::Tensor& symmetric, std::int64_t rank) {
    const at::Tensor vectors = std::get<1>(at::linalg_eigh(symmetric));
    return vectors.narrow(1, vectors.size(1) - rank, rank).flip(1);
}

/// Factors U, Uᵀ W with U the largest left singular vectors of W S, S Sᵀ = inputs: eigenvectors of
/// W·inputs·Wᵀ. A tall W = Q R is replaced by its small R, which has the same ones up to Q.
std::tuple<at::Tensor, at::Tensor> projection(const at::Tensor& weight, const at::Tensor& inputs,
                                              std::int64_t rank) {
    if (weight.size(0) <= weight.size(1)) {
        const at::Tensor u =
            largestEigenvectors(at::matmul(at::matmul(weight, inputs), weight.t()), rank);
        return {u, at::matmul(u.t(), weight)};
    }
    const auto [q, r] = at::linalg_qr(weight);
    const at::Tensor v = largestEigenvectors(at::matmul(at::matmul(r, inputs), r.t()), rank);
    return {at::matmul(q, v), at::matmul(v.t(), r)};
}

/// L with Lᵀ L = outputs, upper triangular.
at::Tensor rootOf(const at::Tensor& symmetric, const char* what) {
    const auto [lower, failed] = at::linalg_cholesky_ex(symmetric);
    if (failed.item<int>() != 0)
        throw Error(std::string(what) + " is not positive definite; a larger ridge helps.");
    return lower.t();
}

}  // namespace

backend::Factors metricFactors(const MatrixView& weight, const MatrixView& inputs,
                               const MatrixView& outputs, std::int64_t rank,
                               const backend::Device& device) {
    const std::int64_t full = std::min(weight.rows, weight.columns);
    if (rank < 1 || rank > full)
        throw usageError("Rank " + std::to_string(rank) + " is outside 1 to " +
                         std::to_string(full) + " for a matrix of shape " +
                         toString(Shape{weight.rows, weight.columns}) + ".");
    requireSquare(inputs, weight.columns, "inputs");
    const bool oneSided = outputs.values.empty();
    if (!oneSided) requireSquare(outputs, weight.rows, "outputs");
    return onOneCore("The factors", device, [&]() -> backend::Factors {
        const at::Tensor w = toTensor(weight, device);
        const at::Tensor metric = toTensor(inputs, device);
        if (oneSided) {
            const auto [left, right] = projection(w, metric, rank);
            return {.left = toMatrix(left), .right = toMatrix(right)};
        }
        const at::Tensor root = rootOf(toTensor(outputs, device), "The metric of the outputs");
        const auto [left, right] = projection(at::matmul(root, w), metric, rank);
        // The original scale again: L x = left.
        const at::Tensor unscaled = at::linalg_solve(root, left);
        return {.left = toMatrix(unscaled), .right = toMatrix(right)};
    });
}

Matrix orthonormalBasis(const MatrixView& a, const backend::Device& device) {
    return onOneCore("The orthonormal basis", device,
                     [&] { return toMatrix(std::get<0>(at::linalg_qr(toTensor(a, device)))); });
}

Matrix divide(const MatrixView& b, const MatrixView& a, const backend::Device& device) {
    requireSquare(a, b.columns, "divisor");
    return onOneCore("The quotient", device, [&] {
        const at::Tensor upper = rootOf(toTensor(a, device), "The divisor");
        // a = upperᵀ · upper; (b a⁻¹)ᵀ = a⁻¹ bᵀ.
        const at::Tensor solved = at::cholesky_solve(toTensor(b, device).t(), upper, true);
        return toMatrix(solved.t());
    });
}

}  // namespace rankscope::torch_backend
