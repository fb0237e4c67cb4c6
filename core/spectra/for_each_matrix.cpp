// SPDX-License-Identifier: Apache-2.0
#include "core/spectra/for_each_matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>
#include <string>

#include "core/base/error.h"
#include "core/base/parallel.h"

namespace rankscope::spectra {

void forEachMatrix(const checkpoint::Checkpoint& checkpoint,
                   std::span<const checkpoint::WeightMatrix> matrices, int threads,
                   std::string_view doing, const Progress& progress,
                   const std::function<void(std::size_t, const Matrix&)>& work) {
    const std::vector<std::size_t> order = largestFirst(matrices);
    std::mutex mutex;
    std::size_t done = 0;
    runInParallel(order.size(), threads, [&](std::size_t turn) {
        throwIfStopped(progress);
        const checkpoint::WeightMatrix& matrix = matrices[order[turn]];
        {
            const Matrix weight = checkpoint.readMatrix(matrix);
            requireFinite(weight, matrix.name);
            work(order[turn], weight);
        }
        const std::scoped_lock lock(mutex);
        ++done;
        progress.report(static_cast<double>(done) / static_cast<double>(order.size()),
                        fmt::format("{}{}{} ({} of {})", doing, doing.empty() ? "" : " ",
                                    printable(matrix.name), done, order.size()));
    });
}

void requireFinite(const MatrixView& values, const std::string& tensorName) {
    // NaN and Inf times zero are NaN, and so is the sum: one cheap pass, no branch.
    double probe = 0;
    for (const double value : values.values) probe += value * 0.0;
    if (probe == 0.0) return;
    std::size_t first = values.values.size();
    std::size_t nan = 0;
    std::size_t infinite = 0;
    for (std::size_t i = 0; i < values.values.size(); ++i) {
        const double value = values.values[i];
        if (std::isfinite(value)) continue;
        first = std::min(first, i);
        ++(std::isnan(value) ? nan : infinite);
    }
    const auto columns = static_cast<std::size_t>(std::max<std::int64_t>(values.columns, 1));
    throw Error(fmt::format("{}: {} at [{}, {}] ({} NaN, {} Inf in all). A matrix with values that "
                            "are not finite has no singular values: repair or exclude this tensor.",
                            printable(tensorName), std::isnan(values.values[first]) ? "NaN" : "Inf",
                            first / columns, first % columns, nan, infinite),
                tensorName);
}

std::vector<std::size_t> largestFirst(std::span<const checkpoint::WeightMatrix> matrices) {
    const auto cost = [&](std::size_t index) {
        const auto shorter =
            static_cast<double>(std::min(matrices[index].rows, matrices[index].columns));
        const auto longer =
            static_cast<double>(std::max(matrices[index].rows, matrices[index].columns));
        // Gram triangle m n² plus tridiagonalisation 4/3 n³, half of which runs at memory speed.
        return shorter * shorter * (longer + 3 * shorter);
    };
    std::vector<std::size_t> order(matrices.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return cost(a) > cost(b); });
    return order;
}

}  // namespace rankscope::spectra
