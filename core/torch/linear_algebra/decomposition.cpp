// SPDX-License-Identifier: Apache-2.0
#include "core/torch/linear_algebra/decomposition.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "core/base/error.h"
#include "core/torch/linear_algebra/lapack.h"
#include "core/torch/linear_algebra/tensors.h"
#include "core/torch/linear_algebra/torch_errors.h"

namespace rankscope::torch_backend {

namespace {

/// Below this ratio of the Gram matrix's eigenvalues the smaller ones are rounding noise.
constexpr double smallestGramRatio = 1e-13;

/// Gram matrix on the smaller side: WᵀW if rows >= columns, else WWᵀ.  [n, n]
at::Tensor gramMatrix(const at::Tensor& weight) {
    return weight.size(0) >= weight.size(1) ? at::matmul(weight.t(), weight)
                                            : at::matmul(weight, weight.t());
}

std::vector<double> toVector(const at::Tensor& tensor) {
    const at::Tensor values = tensor.to(at::kCPU).contiguous();
    const double* data = values.data_ptr<double>();
    return {data, data + values.numel()};
}

/// Whether ascending eigenvalues of a Gram matrix give accurate singular values.
bool isAccurate(const std::vector<double>& ascending) {
    return ascending.back() > 0 && ascending.front() >= smallestGramRatio * ascending.back();
}

std::vector<double> descendingRoots(const std::vector<double>& ascending) {
    std::vector<double> roots(ascending.rbegin(), ascending.rend());
    for (double& value : roots) value = std::sqrt(std::max(value, 0.0));
    return roots;
}

double largestMagnitude(const MatrixView& weight) {
    double largest = 0;
    for (const double value : weight.values) largest = std::max(largest, std::abs(value));
    return largest;
}

/// Squares of values outside this range overflow, or lose digits below the normal float64.
bool canBeSquared(double largest) { return largest > 1e-130 && largest < 1e130; }

void requireElements(const MatrixView& weight) {
    if (weight.rows < 1 || weight.columns < 1) {
        throw Error("A matrix of shape " + toString(Shape{weight.rows, weight.columns}) +
                    " has no elements to decompose.");
    }
}

/// Eigenvalues of the Gram matrix, ascending.
std::vector<double> gramEigenvalues(const MatrixView& weight, const at::Tensor& tensor) {
    if (!tensor.is_cuda()) {
        if (auto values = gramEigenvaluesByLapack(weight)) return *std::move(values);
    }
    return toVector(at::linalg_eigvalsh(gramMatrix(tensor)));
}

/// The factors from orthonormal vectors of the smaller side: `vectors` [n, rank], columns.
backend::Factors project(const at::Tensor& weight, const at::Tensor& vectors) {
    if (weight.size(0) >= weight.size(1))
        return {.left = toMatrix(at::matmul(weight, vectors)), .right = toMatrix(vectors.t())};
    return {.left = toMatrix(vectors), .right = toMatrix(at::matmul(vectors.t(), weight))};
}

/// Whether a rank-`rank` projection made from the Gram matrix is within 1e-6 of the optimum: its
/// excess is of the order eps² λ₁² / λ, which must be small beside the tail Σ_{i>rank} λ_i.
bool isAccurateForFactors(const std::vector<double>& ascending, std::int64_t rank) {
    if (!isAccurate(ascending)) return false;
    double tail = 0;
    for (std::size_t i = 0; i + static_cast<std::size_t>(rank) < ascending.size(); ++i)
        tail += ascending[i];
    return static_cast<std::size_t>(rank) == ascending.size() || tail > 1e-9 * ascending.back();
}

}  // namespace

backend::SingularValues singularValues(const MatrixView& weight, const backend::Device& device) {
    requireElements(weight);
    const double largest = largestMagnitude(weight);
    if (largest == 0) {
        const auto count = static_cast<std::size_t>(std::min(weight.rows, weight.columns));
        return {.values = std::vector<double>(count, 0.0), .direct = false};
    }
    return onOneCore("The singular values", device, [&]() -> backend::SingularValues {
        const at::Tensor tensor = toTensor(weight, device);
        if (canBeSquared(largest)) {
            const std::vector<double> ascending = gramEigenvalues(weight, tensor);
            if (isAccurate(ascending))
                return {.values = descendingRoots(ascending), .direct = false};
        }
        std::vector<double> values = toVector(at::linalg_svdvals(tensor));
        for (double& value : values) value = std::max(value, 0.0);
        std::sort(values.rbegin(), values.rend());
        return {.values = std::move(values), .direct = true};
    });
}

backend::Factors truncatedSvd(const MatrixView& weight, std::int64_t rank,
                              const backend::Device& device) {
    requireElements(weight);
    const std::int64_t full = std::min(weight.rows, weight.columns);
    if (rank < 1 || rank > full) {
        throw usageError("Rank " + std::to_string(rank) + " is outside 1 to " +
                         std::to_string(full) + " for a matrix of shape " +
                         toString(Shape{weight.rows, weight.columns}) + ".");
    }
    return onOneCore("The factors", device, [&] {
        const at::Tensor tensor = toTensor(weight, device);
        if (canBeSquared(largestMagnitude(weight))) {
            const auto [values, vectors] = at::linalg_eigh(gramMatrix(tensor));
            if (isAccurateForFactors(toVector(values), rank)) {
                // Ascending: the wanted vectors are the last ones, largest first after the flip.
                return project(tensor, vectors.narrow(1, full - rank, rank).flip(1));
            }
        }
        const auto [left, singular, right] = at::linalg_svd(tensor, false);
        const bool tall = weight.rows >= weight.columns;
        return project(tensor, tall ? right.narrow(0, 0, rank).t() : left.narrow(1, 0, rank));
    });
}

backend::SingularFactors singularFactors(const MatrixView& a, const backend::Device& device) {
    requireElements(a);
    return onOneCore("The singular vectors", device, [&]() -> backend::SingularFactors {
        const auto [left, values, right] = at::linalg_svd(toTensor(a, device), false);
        std::vector<double> numbers = toVector(values);
        for (double& value : numbers) value = std::max(value, 0.0);
        return {toMatrix(left), std::move(numbers), toMatrix(right)};
    });
}

}  // namespace rankscope::torch_backend
