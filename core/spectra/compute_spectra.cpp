// SPDX-License-Identifier: Apache-2.0
#include "core/spectra/compute_spectra.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "core/base/parallel.h"
#include "core/spectra/for_each_matrix.h"

namespace rankscope::spectra {

namespace {

/// Threads that feed a GPU: one decomposition is too small to fill it, and the next matrix can be
/// read meanwhile. Each holds a few matrices there.
constexpr int mostOnAGpu = 8;

}  // namespace

std::vector<Spectrum> computeSpectra(const checkpoint::Checkpoint& checkpoint,
                                     std::span<const checkpoint::WeightMatrix> matrices,
                                     const SpectrumCallback& onFinished,
                                     const backend::Compute& compute, const Progress& progress) {
    std::vector<Spectrum> spectra(matrices.size());
    const int asked = compute.threads > 0 ? compute.threads : availableCores();
    std::mutex mutex;
    forEachMatrix(checkpoint, matrices, compute.device.cuda ? std::min(asked, mostOnAGpu) : asked,
                  "", progress, [&](std::size_t place, const Matrix& weight) {
                      const checkpoint::WeightMatrix& matrix = matrices[place];
                      backend::SingularValues values = compute.algebra().singularValues(weight);
                      const std::scoped_lock lock(mutex);
                      spectra[place] = Spectrum(matrix.name, matrix.rows, matrix.columns,
                                                std::move(values.values), values.direct);
                      if (onFinished) onFinished(spectra[place]);
                  });
    return spectra;
}

}  // namespace rankscope::spectra
