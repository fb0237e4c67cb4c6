// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/backend/backend.h"
#include "core/base/json.h"
#include "core/base/option.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/compress/factor_source.h"
#include "core/evaluate/evaluation.h"
#include "core/plan/plan.h"

namespace rankscope::evaluate {

enum class Distribution { Uniform, Normal };  ///< [0, 1) as torch.rand, or N(0, 1)

struct RandomVectorsOptions {
    std::int64_t vectors = 1000;
    Distribution distribution = Distribution::Uniform;
    std::uint64_t seed = 0;
};

/// The pooled figures on real inputs X, from their second moments G = X Xᵀ.
struct RealInputsResult {
    double cosinePooled = 0;   ///< tr(W G W'ᵀ) / sqrt(tr(W G Wᵀ) tr(W' G W'ᵀ))
    double relativeError = 0;  ///< ‖(W - W')X‖_F / ‖WX‖_F
};

/// y = W x against y' = W' x on the same seeded vectors x. Of a plan by slim W is the product that
/// the matrix makes with its partner, Qᵀ K or O V (y: all heads', one below the other) or Wo Wi,
/// and x the input of k, v or wi: compress::SlimProduct.
struct RandomVectorsResult {
    std::string name;
    std::int64_t rank = 0;
    std::int64_t vectors = 0;
    double cosineMean = 0;       ///< mean of cos(y, y') over the vectors
    double cosinePooled = 0;     ///< Σ⟨y, y'⟩ / (‖Y‖ ‖Y'‖)
    double relativeError = 0;    ///< ‖Y - Y'‖_F / ‖Y‖_F
    double predictedCosine = 0;  ///< sqrt of the kept energy: the pooled cosine for isotropic x
    /// On the calibration dialogues and on its held-out ones, where the plan has a calibration.
    std::optional<RealInputsResult> onCalibration = {}, onHeldOut = {};
};

/// The options --vectors and --distribution.
std::span<const Option> randomVectorsOptionTable();

std::vector<RandomVectorsResult> randomVectors(const compress::PlannedModel& model,
                                               const RandomVectorsOptions& options,
                                               const Progress& progress);

Json toJson(std::span<const RandomVectorsResult> results);

}  // namespace rankscope::evaluate
