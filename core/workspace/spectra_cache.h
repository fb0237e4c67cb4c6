// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/spectra/spectrum.h"

namespace rankscope::workspace {

struct SpectraRequest {
    std::string device = "auto";  ///< "auto", "cpu", "cuda", "cuda:N"
    int threads = 0;              ///< 0: all cores of this process
    bool useCache = true;         ///< read and write the cache folder
    /// Called with each spectrum as it becomes known, one call at a time, from any thread.
    std::function<void(const spectra::Spectrum&)> onFinished;
};

struct SpectraRun {
    std::vector<spectra::Spectrum> spectra;  ///< in the order asked for
    std::size_t fromCache = 0;               ///< how many of them were read, not computed
    double seconds = 0;
    int threads = 0;
    std::string device;  ///< "cpu", "cuda:0", or "cache" if nothing was computed
};

/// Spectra of the given matrices: those in the cache are read, the others computed and cached (one
/// closed HDF5 file per checkpoint and run, temporary name then rename). The backend is loaded only
/// if something must be computed. A file whose checkpoint fingerprint differs is not used; a
/// damaged one is moved aside with a warning and rewritten. A cache folder that cannot be written
/// is a warning. Finished spectra are cached also when the run is stopped or fails.
SpectraRun loadOrComputeSpectra(const checkpoint::Checkpoint& checkpoint,
                                std::span<const checkpoint::WeightMatrix> matrices,
                                const SpectraRequest& request, const Progress& progress);

/// All spectra cached for this state of the checkpoint, by matrix name; empty if there are none.
std::map<std::string, spectra::Spectrum> readCachedSpectra(const checkpoint::Checkpoint& checkpoint,
                                                           const Progress& progress);

}  // namespace rankscope::workspace
