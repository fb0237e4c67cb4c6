// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/backend/backend.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/spectra/spectrum.h"

namespace rankscope::spectra {

struct SpectraOptions {
    backend::Device device;
    int threads = 0;  ///< matrices worked on at once, on a GPU 8 at most; 0: all cores
    /// Called with each finished spectrum, from any worker thread, one call at a time.
    std::function<void(const Spectrum&)> onFinished;
};

/// Singular values of every given matrix, in the given order: one thread a matrix, largest first.
/// Throws Error naming the tensor and the first position of a NaN or Inf before any decomposition
/// of that matrix, and Error of kind Interrupted on a stop (finished ones were reported).
std::vector<Spectrum> computeSpectra(const checkpoint::Checkpoint& checkpoint,
                                     std::span<const checkpoint::WeightMatrix> matrices,
                                     const SpectraOptions& options, const backend::Backend& backend,
                                     const Progress& progress);

/// Throws Error "…: NaN at [row, column] (2 NaN, 0 Inf in all)" where a value is not finite.
void requireFinite(const MatrixView& values, const std::string& tensorName);

/// Indices of `matrices` by falling cost of decomposition.
std::vector<std::size_t> largestFirst(std::span<const checkpoint::WeightMatrix> matrices);

}  // namespace rankscope::spectra
