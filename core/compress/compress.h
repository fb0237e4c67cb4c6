// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/backend/backend.h"
#include "core/base/json.h"
#include "core/base/option.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/method/activation_error.h"
#include "core/plan/plan.h"

namespace rankscope::compress {

struct CompressOptions {
    std::filesystem::path target;  ///< the folder to make
    bool force = false;            ///< replace an existing target
    std::optional<DType> dtype;    ///< of the written weights; default: as in the source
    backend::Device device;
    int threads = 0;                           ///< matrices worked on at once; 0: all cores
    std::uint64_t seed = 0;                    ///< recorded
    std::string command;                       ///< recorded: the command that repeats this
    std::uint64_t shardBytes = 5'000'000'000;  ///< largest weight file; more are written beyond it
};

/// What became of one matrix.
struct LayerResult {
    std::string name;
    std::int64_t rank = 0;
    checkpoint::Storage storage = checkpoint::Storage::Dense;
    bool kept = false;          ///< left as it was
    double relativeError = 0;   ///< ‖W - W'‖_F / ‖W‖_F from the bytes read back
    double predictedError = 0;  ///< from the singular values
    /// Of a preview: ‖W - W'‖ / ‖W - W_r‖ - 1 before rounding, measured (excessError()).
    std::optional<double> excessError = {};
    std::string note = {};  ///< e.g. why pivoted storage was refused
};

struct CompressResult {
    std::filesystem::path path;
    plan::ParameterCounts parameters;
    std::uint64_t bytesBefore = 0;  ///< of the weight files
    std::uint64_t bytesAfter = 0;
    std::vector<LayerResult> layers;
    bool verified = false;
    double seconds = 0;
    std::vector<std::string> warnings;
};

/// Compresses as planned and saves: written beside the target, fsynced, read back, every layer's
/// error recomputed from the written bytes and compared with the prediction, then renamed. On any
/// error, or a stop, the target is as it was before and nothing is left beside it.
/// Throws Error: target is the source or inside it, exists without force, too little space, …
CompressResult compress(const checkpoint::Checkpoint& source, const plan::CompressionPlan& plan,
                        const CompressOptions& options, const backend::Backend& backend,
                        const Progress& progress);

Json toJson(const CompressResult& result);

}  // namespace rankscope::compress
