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

/// Called with each finished spectrum, from any worker thread, one call at a time.
using SpectrumCallback = std::function<void(const Spectrum&)>;

/// Singular values of every given matrix, in the given order; on a GPU compute.threads is 8 at
/// most. Throws Error as forEachMatrix() does; spectra finished before that were given to
/// `onFinished` (which may be empty).
std::vector<Spectrum> computeSpectra(const checkpoint::Checkpoint& checkpoint,
                                     std::span<const checkpoint::WeightMatrix> matrices,
                                     const SpectrumCallback& onFinished,
                                     const backend::Compute& compute, const Progress& progress);

}  // namespace rankscope::spectra
