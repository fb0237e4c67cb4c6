// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "core/backend/backend.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/compress/factor_source.h"
#include "core/method/calibration.h"
#include "core/plan/plan.h"
#include "core/search/measured_planning.h"
#include "core/spectra/spectrum.h"

namespace rankscope::search {

/// True if a plan of these options takes measuring: its allocation, its errors, slim's errors by
/// size, or its ridge, if it is to be chosen.
bool isMeasured(const plan::PlanOptions& options, bool chooseRidge);

/// Throws Error of kind Usage if a measured plan lacks the calibration (null), or its held-out
/// dialogues if it needs some.
void requireDialogues(const plan::PlanOptions& options, const method::Calibration* calibration);

/// Whether the ridge of these options can be chosen; a warning says if it should be but no
/// dialogues are held out.
bool canChooseRidge(const plan::PlanOptions& options, const method::Calibration* calibration,
                    const Progress& progress);

/// The plan of these options with all that isMeasured(); compress::makePlan() for others.
/// `importance` is what an allocation looks at: the weights' own spectra, for methods that look at
/// data those on activations.
plan::CompressionPlan measuredPlan(const MeasuredPlanning& planning,
                                   const std::map<std::string, spectra::Spectrum>& importance,
                                   plan::PlanOptions options, bool chooseRidge,
                                   const Progress& progress);

}  // namespace rankscope::search
