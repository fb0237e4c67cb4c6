// SPDX-License-Identifier: Apache-2.0
#include "core/method/activation_spectrum.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "core/base/parallel.h"
#include "core/method/calibration.h"
#include "core/spectra/compute_spectra.h"

namespace rankscope::method {

namespace {

spectra::Spectrum activationSpectrum(const checkpoint::WeightMatrix& matrix, const Matrix& weight,
                                     const Matrix& second, const backend::Device& device,
                                     const backend::Backend& backend) {
    const Matrix basis =
        backend.metricFactors(weight, second, {}, matrix.fullRank(), device).right;  // Uᵀ W
    const Matrix moved = backend.multiply(basis, second, device);
    std::vector<double> values;
    for (std::int64_t i = 0; i < basis.rows; ++i) {
        double square = 0;
        for (std::int64_t j = 0; j < basis.columns; ++j) {
            const auto place = static_cast<std::size_t>(i * basis.columns + j);
            square += basis.values[place] * moved.values[place];
        }
        values.push_back(std::sqrt(std::max(square, 0.0)));
    }
    // In order already but for rounding, where values are nearly equal.
    std::sort(values.begin(), values.end(), std::greater<>());
    return {matrix.name, matrix.rows, matrix.columns, std::move(values)};
}

}  // namespace

std::map<std::string, spectra::Spectrum> activationSpectra(
    const checkpoint::Checkpoint& checkpoint, std::span<const checkpoint::WeightMatrix> matrices,
    const Calibration& calibration, const backend::Device& device, int threads,
    const backend::Backend& backend, const Progress& progress) {
    const std::vector<std::size_t> order = spectra::largestFirst(matrices);
    std::map<std::string, spectra::Spectrum> result;
    std::mutex mutex;
    std::atomic<std::size_t> finished{0};
    runInParallel(order.size(), threads > 0 ? threads : availableCores(), [&](std::size_t i) {
        throwIfStopped(progress);
        const checkpoint::WeightMatrix& matrix = matrices[order[i]];
        const Matrix weight = checkpoint.readMatrix(matrix);
        spectra::requireFinite(weight, matrix.name);
        spectra::Spectrum spectrum = activationSpectrum(
            matrix, weight, calibration.inputs(matrix.module(), false).second, device, backend);
        const std::lock_guard lock(mutex);
        result.emplace(matrix.name, std::move(spectrum));
        progress.report(static_cast<double>(++finished) / static_cast<double>(order.size()),
                        "errors on activations of " + matrix.name);
    });
    return result;
}

}  // namespace rankscope::method
