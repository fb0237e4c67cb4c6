// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "app/cli/checkpoint_options.h"
#include "app/cli/command_line.h"
#include "core/method/calibration.h"
#include "core/plan/plan.h"

namespace rankscope::cli {

/// Where losses of sensitivity searches are kept.
std::filesystem::path sensitivityJournals();

/// The plan of these options for the chosen matrices. Spectra are computed, and losses measured,
/// only if the options ask for them; what is settled by default (an allocation, the ridge unless
/// `ridgeGiven`) is chosen on the calibration's held-out dialogues, and a warning says if it has
/// none. `calibration` may be null. Throws Error, of kind Usage if a calibration is missing.
plan::CompressionPlan planFor(const ChosenMatrices& chosen,
                              const std::shared_ptr<const method::Calibration>& calibration,
                              plan::PlanOptions options, bool ridgeGiven, const Context& context);

}  // namespace rankscope::cli
