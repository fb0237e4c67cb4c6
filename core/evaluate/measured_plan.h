// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "core/backend/backend.h"
#include "core/base/json.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/compress/calibration.h"
#include "core/compress/plan.h"
#include "core/compress/sensitivity.h"
#include "core/spectra/spectrum.h"

namespace rankscope::evaluate {

/// A model that plans are tried on. Searches with many losses look at the calibration dialogues, so
/// that the held-out ones, which a choice among a few plans is made by, are new to all of them.
struct MeasuredPlanning {
    const checkpoint::Checkpoint& checkpoint;
    std::span<const checkpoint::WeightMatrix> matrices;
    std::shared_ptr<const compress::Calibration> calibration;
    backend::Device device;
    int threads = 0;  ///< matrices factored at once; 0: all cores
    const backend::Backend& backend;
    /// Where losses of sensitivity searches are kept, a file a search, so that an interrupted one
    /// goes on where it was; empty: they are not kept.
    std::filesystem::path journals = {};
    /// The singular values of W X where known (compress::activationSpectra()); else they are
    /// computed where needed.
    const std::map<std::string, spectra::Spectrum>* onActivations = nullptr;
    /// The factors of fullRankFactors() for the method and settings of all plans, where known.
    std::shared_ptr<const compress::PreparedFactors> prepared = nullptr;
};

/// True where a plan of these options takes measuring: its allocation, its errors, or its ridge,
/// where it is to be chosen.
bool isMeasured(const compress::PlanOptions& options, bool chooseRidge);

/// Throws Error of kind Usage where a measured plan lacks the calibration (null), or its held-out
/// dialogues where it needs some.
void requireDialogues(const compress::PlanOptions& options,
                      const compress::Calibration* calibration);

/// Whether the ridge of these options can be chosen; a warning says where it should be but no
/// dialogues are held out.
bool canChooseRidge(const compress::PlanOptions& options, const compress::Calibration* calibration,
                    const Progress& progress);

/// The plan of these options with all that isMeasured(); compress::makePlan() for others.
/// `importance` is what an allocation looks at: the weights' own spectra, for methods that look at
/// data those on activations.
compress::CompressionPlan measuredPlan(const MeasuredPlanning& planning,
                                       const std::map<std::string, spectra::Spectrum>& importance,
                                       compress::PlanOptions options, bool chooseRidge,
                                       const Progress& progress);

/// Calibration dialogues that a search measures on at most, the first ones.
inline constexpr std::size_t mostSearched = 128;

/// Loss of the model with a plan applied, on mostSearched calibration dialogues. For the search,
/// which compresses one matrix at a time: a method that walks is tried as `whitened`, which it is
/// where nothing before is compressed.
compress::LossOf searchedLoss(const MeasuredPlanning& planning, const Progress& progress);

/// What decides the losses of a sensitivity search besides the matrices (SensitivityOptions::key).
Json sensitivityKey(const MeasuredPlanning& planning, const compress::PlanOptions& options);

/// The search `--allocation sensitivity`: losses that are kept are not measured again.
compress::CompressionPlan planBySensitivity(const MeasuredPlanning& planning,
                                            const std::map<std::string, spectra::Spectrum>& spectra,
                                            const compress::PlanOptions& options,
                                            const Progress& progress);

/// `--allocation-error loss`: how much the loss of the search rises per relative squared error on
/// the calibration inputs, each matrix alone at the smallest share of the sensitivity search (which
/// is measured as planBySensitivity() does). At least a hundredth of the mean: a rise that drowns
/// in noise would make a matrix worthless. By matrix name, divided by the mean.
std::map<std::string, double> lossWeights(const MeasuredPlanning& planning,
                                          const compress::PlanOptions& options,
                                          const Progress& progress);

/// Losses that `auto` measures at most to let the sensitivity search take part.
inline constexpr std::size_t mostLossesForAuto = 500;

/// `--allocation auto`: a plan by every allocation, the one with the least held-out loss taken, all
/// of them in CompressionPlan::tried. The sensitivity search takes part where at most
/// mostLossesForAuto losses are yet to be measured; a warning says where it does not. Throws
/// Error of kind Usage where the calibration has no held-out dialogues, or no allocation can meet
/// the budget.
compress::CompressionPlan planByBestAllocation(
    const MeasuredPlanning& planning, const std::map<std::string, spectra::Spectrum>& importance,
    const compress::PlanOptions& options, const Progress& progress);

/// The plan with that of the ridges 0.001, 0.01, 0.1 and 1 that gives the least held-out loss; all
/// of them in CompressionPlan::tried. Unchanged where no method of it has a ridge.
compress::CompressionPlan withBestRidge(const MeasuredPlanning& planning,
                                        compress::CompressionPlan plan, const Progress& progress);

}  // namespace rankscope::evaluate
