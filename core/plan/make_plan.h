// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>

#include "core/method/calibration.h"
#include "core/method/method.h"
#include "core/plan/allocation.h"
#include "core/plan/plan.h"

namespace rankscope::plan {

/// One entry with storage resolved and parameters counted; `spectrum` may be null, and is not
/// looked at if it does not foretell the error with these settings. Throws Error of kind Usage
/// where this matrix cannot be kept in the storage asked for.
PlanEntry makeEntry(const checkpoint::WeightMatrix& matrix, std::int64_t rank, StorageChoice choice,
                    const std::string& method, const method::MethodSettings& settings,
                    const spectra::Spectrum* spectrum);

/// True if the singular values tell an entry's error: of other methods than svd, and after a refit,
/// ‖W - W'‖ is known only once W' is.
bool isErrorForetold(const PlanEntry& entry, const method::MethodSettings& settings);

/// The plan of an allocation for the chosen matrices in their order, with its warnings. `spectra`
/// holds those known.
CompressionPlan planFromAllocation(const checkpoint::Checkpoint& checkpoint,
                                   std::span<const checkpoint::WeightMatrix> chosen,
                                   const Allocation& allocation,
                                   const std::map<std::string, spectra::Spectrum>& spectra,
                                   const PlanOptions& options);

/// Counts the whole model's parameters and writes the warnings anew.
void finishPlan(const checkpoint::Checkpoint& checkpoint, CompressionPlan& plan);

/// True where the target can only be turned into ranks with spectra: energy, error, and a budget
/// under an allocation that looks at them.
bool needsSpectra(const PlanOptions& options);

/// Throws Error of kind Usage, as makePlan() would, for what can be refused without spectra: wrong
/// options, matrices that cannot be stored so, a budget below the smallest ranks. To be asked
/// before spectra are computed.
void requirePossible(const checkpoint::Checkpoint& checkpoint,
                     std::span<const checkpoint::WeightMatrix> chosen, const PlanOptions& options);

/// Ranks for the chosen matrices. `spectra` holds those known, by matrix name; may be empty where
/// needsSpectra() is false (relativeError is then absent). Throws Error of kind Usage with the
/// permitted range: rank outside 1 … min(m, n), energy outside (0, 1], ratio or budget that cannot
/// be met. Ratio and budget count what is really stored. Where maxRank keeps matrices from the
/// energy or error asked for, a warning counts them.
CompressionPlan makePlan(const checkpoint::Checkpoint& checkpoint,
                         std::span<const checkpoint::WeightMatrix> chosen,
                         const std::map<std::string, spectra::Spectrum>& spectra,
                         const PlanOptions& options);

/// The same plan with another rank and storage for one matrix; counts are made anew.
CompressionPlan withRank(const checkpoint::Checkpoint& checkpoint, const CompressionPlan& plan,
                         const std::string& matrixName, std::int64_t rank, StorageChoice storage,
                         const spectra::Spectrum* spectrum);

/// The same ranks and storage by another method or with other settings. What only the old ones
/// told is gone: foretold errors (those of svd come from `spectra`, if known), how a budget was
/// distributed and what was tried for it. Throws Error of kind Usage naming the methods there are.
CompressionPlan withMethod(const CompressionPlan& plan, const std::string& method,
                           const method::MethodSettings& settings,
                           const std::map<std::string, spectra::Spectrum>& spectra);

/// Records which calibration the plan's methods look at; `calibration` may be null (no change).
void recordCalibration(CompressionPlan& plan, const method::Calibration* calibration);

}  // namespace rankscope::plan
