// SPDX-License-Identifier: Apache-2.0
#include "core/torch/linear_algebra/pivot.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/base/error.h"
#include "core/torch/linear_algebra/tensors.h"
#include "core/torch/linear_algebra/torch_errors.h"

namespace rankscope::torch_backend {

namespace {

/// Exchanges stop when no |mix| is above this; 1 would be a maximum of the volume, at more steps.
constexpr double mixLimit = 1.05;

/// Rows chosen so far: order[0 … rank) are kept, order[rank …) are mix · kept.
struct PivotChoice {
    std::vector<std::int64_t> order;
    Matrix mix;  // [rows - rank, rank]
};

/// LU with partial pivoting: the first `rank` rows it picks. |L| <= 1 keeps mix = L₂ L₁⁻¹ small,
/// and L is defined even if `left` has dependent columns.
PivotChoice chooseByLu(const at::Tensor& left) {
    const std::int64_t rows = left.size(0);
    const std::int64_t rank = left.size(1);
    const auto [lu, pivots, info] = at::linalg_lu_factor_ex(left);  // a zero pivot is not a failure
    PivotChoice choice;
    choice.order.resize(static_cast<std::size_t>(rows));
    std::iota(choice.order.begin(), choice.order.end(), std::int64_t{0});
    const at::Tensor swaps = pivots.contiguous();
    for (std::int64_t i = 0; i < swaps.numel(); ++i) {
        const std::int64_t other = swaps.data_ptr<int>()[i] - 1;
        std::swap(choice.order[static_cast<std::size_t>(i)],
                  choice.order[static_cast<std::size_t>(other)]);
    }
    const at::Tensor mix =
        at::linalg_solve_triangular(lu.narrow(0, 0, rank), lu.narrow(0, rank, rows - rank),
                                    /*upper=*/false, /*left=*/false, /*unitriangular=*/true);
    choice.mix = toMatrix(mix);
    return choice;
}

/// Place of the largest |value|.
std::size_t largestPlace(const std::vector<double>& values) {
    return static_cast<std::size_t>(
        std::max_element(values.begin(), values.end(),
                         [](double a, double b) { return std::abs(a) < std::abs(b); }) -
        values.begin());
}

/// Kept row `column` and other row `row` change places; mix follows by a rank-1 update.
void exchange(PivotChoice& choice, std::size_t row, std::size_t column) {
    const auto rank = static_cast<std::size_t>(choice.mix.columns);
    std::vector<double>& mix = choice.mix.values;
    const double pivot = mix[row * rank + column];
    std::vector<double> step(mix.begin() + static_cast<std::ptrdiff_t>(row * rank),
                             mix.begin() + static_cast<std::ptrdiff_t>((row + 1) * rank));
    step[column] -= 1;
    for (std::size_t i = 0; i < static_cast<std::size_t>(choice.mix.rows); ++i) {
        // The row that is given up was the unit vector of `column`.
        const double share = (i == row ? 1.0 : mix[i * rank + column]) / pivot;
        if (i == row) {
            std::fill_n(mix.begin() + static_cast<std::ptrdiff_t>(i * rank), rank, 0.0);
            mix[i * rank + column] = 1;
        }
        if (share != 0)
            for (std::size_t j = 0; j < rank; ++j) mix[i * rank + j] -= share * step[j];
    }
    std::swap(choice.order[column], choice.order[rank + row]);
}

/// Exchanges until max |mix| <= mixLimit. Each one multiplies the volume of the kept rows by
/// |mix| > 1.05, so this ends; the bound is against rounding in hopeless input.
void exchangeUntilSmall(PivotChoice& choice) {
    if (choice.mix.values.empty()) return;
    const auto rank = static_cast<std::size_t>(choice.mix.columns);
    const std::size_t bound = 100 * (rank + 100);
    for (std::size_t round = 0; round < bound; ++round) {
        const std::size_t place = largestPlace(choice.mix.values);
        if (!(std::abs(choice.mix.values[place]) > mixLimit)) return;
        exchange(choice, place / rank, place % rank);
    }
    throw Error("No stable choice of rows was found for pivoted storage after " +
                std::to_string(bound) + " exchanges; use factored storage for this matrix.");
}

at::Tensor rowsOf(const at::Tensor& matrix, const std::vector<std::int64_t>& order,
                  std::int64_t from, std::int64_t count) {
    const at::Tensor places =
        at::from_blob(const_cast<std::int64_t*>(order.data()) + from, {count}, at::kLong);
    return matrix.index_select(0, places);
}

/// mix solved again for the final choice, without the updates' rounding, if that is possible.
Matrix solvedMix(const at::Tensor& left, const PivotChoice& choice) {
    const std::int64_t rank = left.size(1);
    const at::Tensor kept = rowsOf(left, choice.order, 0, rank);
    const at::Tensor others = rowsOf(left, choice.order, rank, left.size(0) - rank);
    const auto [solution, info] = at::linalg_solve_ex(kept, others, /*left=*/false);
    if (info.item<int>() == 0 && solution.abs().max().item<double>() <= mixLimit * (1 + 1e-6))
        return toMatrix(solution);
    return choice.mix;
}

}  // namespace

backend::PivotedFactors pivot(const backend::Factors& factors) {
    const std::int64_t rank = factors.left.columns;
    if (rank < 1 || rank > factors.left.rows || factors.right.rows != rank) {
        throw Error("Factors of shape " + toString(Shape{factors.left.rows, factors.left.columns}) +
                    " and " + toString(Shape{factors.right.rows, factors.right.columns}) +
                    " cannot be written in the pivoted form.");
    }
    return onOneCore("The pivoted form", {}, [&] {
        const at::Tensor left = toTensor(factors.left, {});
        // Scaling columns does not change mix, only the condition of the rows it is solved from.
        const at::Tensor norms = at::linalg_vector_norm(left, 2, at::IntArrayRef{0});
        const at::Tensor scaled = left / at::where(norms > 0, norms, at::ones_like(norms));
        PivotChoice choice = chooseByLu(scaled);
        exchangeUntilSmall(choice);
        if (!choice.mix.values.empty()) choice.mix = solvedMix(scaled, choice);
        backend::PivotedFactors result;
        result.down =
            toMatrix(at::matmul(rowsOf(left, choice.order, 0, rank), toTensor(factors.right, {})));
        result.mix = std::move(choice.mix);
        result.rows = std::move(choice.order);
        if (!result.mix.values.empty())
            result.largestMix = std::abs(result.mix.values[largestPlace(result.mix.values)]);
        return result;
    });
}

}  // namespace rankscope::torch_backend
