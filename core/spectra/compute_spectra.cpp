// SPDX-License-Identifier: Apache-2.0
#include "core/spectra/compute_spectra.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>
#include <utility>

#include "core/base/error.h"
#include "core/base/parallel.h"

namespace rankscope::spectra {

namespace {

/// Threads that feed a GPU: one decomposition is too small to fill it, and while one is computed
/// the next matrix can be read. Each holds a few matrices there.
constexpr int mostOnAGpu = 8;

/// What the workers share: results by place, a counter, one lock for every call to the outside.
class SpectraJob {
 public:
    SpectraJob(const checkpoint::Checkpoint& checkpoint,
               std::span<const checkpoint::WeightMatrix> matrices, const SpectraOptions& options,
               const backend::Backend& backend, const Progress& progress)
        : m_checkpoint(checkpoint),
          m_matrices(matrices),
          m_options(options),
          m_backend(backend),
          m_progress(progress),
          m_results(matrices.size()) {}

    void work(std::size_t index) {
        throwIfStopped(m_progress);
        const checkpoint::WeightMatrix& matrix = m_matrices[index];
        backend::SingularValues values;
        {
            const Matrix weight = m_checkpoint.readMatrix(matrix);
            requireFinite(weight, matrix.name);
            values = m_backend.singularValues(weight, m_options.device);
        }
        finish(index, Spectrum(matrix.name, matrix.rows, matrix.columns, std::move(values.values),
                               values.direct));
    }

    std::vector<Spectrum> takeResults() { return std::move(m_results); }

 private:
    void finish(std::size_t index, Spectrum spectrum) {
        const std::scoped_lock lock(m_mutex);
        m_results[index] = std::move(spectrum);
        if (m_options.onFinished) {
            m_options.onFinished(m_results[index]);
        }
        ++m_done;
        const checkpoint::WeightMatrix& matrix = m_matrices[index];
        m_progress.report(
            static_cast<double>(m_done) / static_cast<double>(m_matrices.size()),
            fmt::format("{} ({} of {})", printable(matrix.name), m_done, m_matrices.size()));
    }

    const checkpoint::Checkpoint& m_checkpoint;
    std::span<const checkpoint::WeightMatrix> m_matrices;
    const SpectraOptions& m_options;
    const backend::Backend& m_backend;
    const Progress& m_progress;
    std::mutex m_mutex;
    std::vector<Spectrum> m_results;
    std::size_t m_done = 0;
};

}  // namespace

std::vector<Spectrum> computeSpectra(const checkpoint::Checkpoint& checkpoint,
                                     std::span<const checkpoint::WeightMatrix> matrices,
                                     const SpectraOptions& options, const backend::Backend& backend,
                                     const Progress& progress) {
    if (matrices.empty()) {
        return {};
    }
    int threads = options.threads > 0 ? options.threads : availableCores();
    if (options.device.cuda) {
        threads = std::min(threads, mostOnAGpu);
    }
    threads = static_cast<int>(std::min<std::size_t>(threads, matrices.size()));
    const std::vector<std::size_t> order = largestFirst(matrices);
    SpectraJob job(checkpoint, matrices, options, backend, progress);
    runInParallel(order.size(), threads, [&](std::size_t turn) { job.work(order[turn]); });
    return job.takeResults();
}

void requireFinite(const MatrixView& values, const std::string& tensorName) {
    // NaN and Inf times zero are NaN and stay so in the sum: one cheap pass, no branch.
    double probe = 0;
    for (const double value : values.values) {
        probe += value * 0.0;
    }
    if (probe == 0.0) {
        return;
    }
    std::size_t first = values.values.size();
    std::size_t nan = 0;
    std::size_t infinite = 0;
    for (std::size_t i = 0; i < values.values.size(); ++i) {
        const double value = values.values[i];
        if (std::isfinite(value)) {
            continue;
        }
        first = std::min(first, i);
        ++(std::isnan(value) ? nan : infinite);
    }
    const auto columns = static_cast<std::size_t>(std::max<std::int64_t>(values.columns, 1));
    throw Error(fmt::format("{}: {} at [{}, {}] ({} NaN, {} Inf in all). A matrix with values that "
                            "are not finite has no singular values: mend or leave out this tensor.",
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
