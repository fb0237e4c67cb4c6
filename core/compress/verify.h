// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/backend/backend.h"
#include "core/base/progress.h"
#include "core/compress/layer.h"
#include "core/plan/plan.h"

namespace rankscope::compress {

/// What a save should hold.
struct ExpectedSave {
    const plan::CompressionPlan& plan;
    const std::vector<Layer>& layers;                  ///< in the order of the plan's entries
    const std::map<std::string, std::string>& hashes;  ///< SHA-256 by tensor
};

/// Opens a written folder with our own reader and checks it: every tensor has the recorded SHA-256,
/// and each layer's error (LayerResult), computed from the bytes read back against the source, is
/// within the layer's tolerance of the prediction. Returns the layers' results with
/// relativeError filled in. Throws Error naming tensor and figures otherwise.
std::vector<LayerResult> verifySave(const checkpoint::Checkpoint& source,
                                    const std::filesystem::path& folder,
                                    const ExpectedSave& expected, const backend::Compute& compute,
                                    const Progress& progress);

}  // namespace rankscope::compress
