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
#include "core/compress/compress_options.h"
#include "core/compress/factor_source.h"
#include "core/compress/layer.h"
#include "core/method/activation_error.h"
#include "core/plan/plan.h"

namespace rankscope::compress {

struct CompressResult {
    std::filesystem::path path;
    plan::ParameterCounts parameters;
    std::uint64_t bytesBefore = 0;  ///< of the weight files
    std::uint64_t bytesAfter = 0;
    std::vector<LayerResult> layers;
    bool verified = false;
    std::optional<std::vector<BlockLosses>> refinement = {};  ///< block by block, if it was trained
    double seconds = 0;
    std::vector<std::string> warnings;
};

/// Compresses as planned and saves: written beside the target, fsynced, read back, every layer's
/// error recomputed from the written bytes and compared with the prediction, then renamed. On any
/// error, or a stop, the target is unchanged and nothing is left beside it. Throws Error: target is
/// the source or inside it, exists without force, too little space, …
CompressResult compress(const PlannedModel& model, const CompressOptions& options,
                        const Progress& progress);

Json toJson(const CompressResult& result);

}  // namespace rankscope::compress
