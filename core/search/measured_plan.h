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
#include "core/spectra/spectrum.h"

namespace rankscope::search {

/// A model that plans are tried on. Searches with many losses look at the calibration dialogues, so
/// that the held-out ones, which a choice among a few plans is made by, are new to all of them.
struct MeasuredPlanning {
    const method::CalibratedModel& model;
    /// Where losses of sensitivity searches are kept, a file a search, so that an interrupted one
    /// goes on where it was; empty: they are not kept.
    std::filesystem::path journals = {};
    /// The singular values of W X where known (compress::activationSpectra()); else they are
    /// computed where needed.
    const std::map<std::string, spectra::Spectrum>* onActivations = nullptr;
    /// The factors of fullRankFactors() for the method and settings of all plans, where known.
    std::shared_ptr<const compress::FullRankFactors> known = nullptr;
    /// The errors of slim by size (method::slimErrors()), where known; else they are computed where
    /// needed.
    std::shared_ptr<const method::SlimErrorTable> slimErrors = nullptr;
};

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
