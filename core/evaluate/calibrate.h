// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "core/backend/backend.h"
#include "core/base/option.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/method/calibration.h"
#include "core/model/summarization_options.h"
#include "core/text/dataset/dataset.h"

namespace rankscope::evaluate {

struct CalibrationOptions {
    std::int64_t samples = 128;       ///< dialogues whose moments factors are made from
    std::int64_t heldOut = -1;        ///< further dialogues, for choosing; -1: half of `samples`
    bool gradients = false;           ///< also second moments of gradients, for the Fisher methods
    std::string arithmetic = "auto";  ///< "float64", "fixed-point": see backend::MomentOptions
    model::SummarizationOptions summarization;  ///< prefix and lengths; the rest plays no part
    std::string device = "auto";
    std::uint64_t seed = 0;  ///< of the choice of dialogues
};

/// --samples, --held-out, --fisher, --arithmetic.
std::span<const Option> calibrationOptionTable();

struct CalibrationResult {
    method::CalibrationRecord record;
    std::map<std::string, backend::InputMoments> inputs, heldOut;
    std::map<std::string, backend::GradientMoments> gradients;
    std::int64_t tokens = 0;  ///< of sources and targets, held-out ones among them
    double seconds = 0;       ///< of the passes, loading left out
};

/// Draws dialogues from `data` (seeded), runs the model on them with their summaries
/// teacher-forced, and gives the second moments of every distinct layer input. Memory does not grow
/// with the samples. Throws Error of kind Usage if the data has too few usable dialogues, Error
/// naming the layer whose input is not finite.
CalibrationResult calibrate(const checkpoint::Checkpoint& checkpoint, const text::Dataset& data,
                            const CalibrationOptions& options, const backend::Backend& backend,
                            const Progress& progress);

}  // namespace rankscope::evaluate
