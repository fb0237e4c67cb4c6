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
#include "core/spectra/for_each_matrix.h"

namespace rankscope::method {

namespace {

spectra::Spectrum activationSpectrum(const checkpoint::WeightMatrix& matrix, const Matrix& weight,
                                     const Matrix& second, const backend::LinearAlgebra& algebra) {
    const Matrix basis =
        algebra.metricFactors(weight, second, {}, matrix.fullRank()).right;  // Uᵀ W
    const Matrix moved = algebra.multiply(basis, second);
    std::vector<double> values;
    for (std::int64_t i = 0; i < basis.rows; ++i) {
        double square = 0;
        for (std::int64_t j = 0; j < basis.columns; ++j) {
            const auto place = static_cast<std::size_t>(i * basis.columns + j);
            square += basis.values[place] * moved.values[place];
        }
        values.push_back(std::sqrt(std::max(square, 0.0)));
    }
    // Already in order, except for rounding if values are nearly equal.
    std::sort(values.begin(), values.end(), std::greater<>());
    return {matrix.name, matrix.rows, matrix.columns, std::move(values)};
}

}  // namespace

std::map<std::string, spectra::Spectrum> activationSpectra(const CalibratedModel& model,
                                                           const Progress& progress) {
    std::map<std::string, spectra::Spectrum> result;
    std::mutex mutex;
    spectra::forEachMatrix(
        model.checkpoint, model.matrices, model.compute.threads, "errors on activations of",
        progress, [&](std::size_t place, const Matrix& weight) {
            const checkpoint::WeightMatrix& matrix = model.matrices[place];
            spectra::Spectrum spectrum = activationSpectrum(
                matrix, weight, model.calibration->inputs(matrix.module(), false).second,
                model.compute.algebra());
            const std::lock_guard lock(mutex);
            result.emplace(matrix.name, std::move(spectrum));
        });
    return result;
}

}  // namespace rankscope::method
