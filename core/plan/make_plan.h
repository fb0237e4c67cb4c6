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

/// One entry with storage resolved and parameters counted; `spectrum` may be null, and is ignored
/// if it does not predict the error by this method. Throws Error of kind Usage if this matrix
/// cannot be stored in the form asked for.
PlanEntry makeEntry(const checkpoint::WeightMatrix& matrix, std::int64_t rank, StorageChoice choice,
                    const method::MethodChoice& method, const spectra::Spectrum* spectrum);

/// True if the singular values predict an entry's error: for methods other than svd, and after a
/// refit, ‖W - W'‖ is known only once W' is.
bool isErrorForetold(const PlanEntry& entry, const method::MethodSettings& settings);

/// The plan of an allocation for the chosen matrices in their order, with its warnings. `spectra`
/// holds the known ones.
CompressionPlan planFromAllocation(const checkpoint::Checkpoint& checkpoint,
                                   std::span<const checkpoint::WeightMatrix> chosen,
                                   const Allocation& allocation,
                                   const std::map<std::string, spectra::Spectrum>& spectra,
                                   const PlanOptions& options);

/// True if the target can only be turned into ranks with spectra: energy, error, and a budget under
/// an allocation that uses them.
bool needsSpectra(const PlanOptions& options);

/// Throws Error of kind Usage, as makePlan() would, for anything that can be refused without
/// spectra: wrong options, matrices that cannot be stored so, a budget below the smallest ranks.
/// Call it before spectra are computed.
void requirePossible(const checkpoint::Checkpoint& checkpoint,
                     std::span<const checkpoint::WeightMatrix> chosen, const PlanOptions& options);

/// Ranks for the chosen matrices. `spectra` holds the known ones, by matrix name; may be empty if
/// needsSpectra() is false (relativeError is then absent). Throws Error of kind Usage with the
/// permitted range: rank outside 1 … min(m, n), energy outside (0, 1], ratio or budget that cannot
/// be met. Ratio and budget count the parameters really stored. If maxRank keeps matrices from the
/// energy or error asked for, a warning counts them.
CompressionPlan makePlan(const checkpoint::Checkpoint& checkpoint,
                         std::span<const checkpoint::WeightMatrix> chosen,
                         const std::map<std::string, spectra::Spectrum>& spectra,
                         const PlanOptions& options);

/// A plan with a rank per matrix, by name, in model order; of `options` the method, its settings
/// and the storage count. Throws Error of kind Usage if a name is not a matrix of the checkpoint,
/// or with the permitted range if a rank is outside 1 … min(m, n).
CompressionPlan planWithRanks(const checkpoint::Checkpoint& checkpoint,
                              const std::map<std::string, std::int64_t>& ranks,
                              const PlanOptions& options,
                              const std::map<std::string, spectra::Spectrum>& spectra);

/// The same plan with another rank and storage for one matrix; counts are made again.
CompressionPlan withRank(const checkpoint::Checkpoint& checkpoint, const CompressionPlan& plan,
                         const std::string& matrixName, std::int64_t rank, StorageChoice storage,
                         const spectra::Spectrum* spectrum);

/// The same ranks and storage by another method or with other settings. Results that hold only for
/// the old ones are dropped: predicted errors (those of svd come from `spectra`, if known), how a
/// budget was distributed and the settings tried for it. Throws Error of kind Usage naming the
/// known methods.
CompressionPlan withMethod(const CompressionPlan& plan, const std::string& method,
                           const method::MethodSettings& settings,
                           const std::map<std::string, spectra::Spectrum>& spectra);

/// The plan is refined after all else, in that many passes; errors predicted for it hold no longer.
void addRefinement(CompressionPlan& plan, int passes);

/// Records which calibration the plan's methods use; `calibration` may be null (no change).
void recordCalibration(CompressionPlan& plan, const method::Calibration* calibration);

}  // namespace rankscope::plan
