// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>

#include "core/compress/allocation.h"
#include "core/compress/plan.h"

namespace rankscope::compress {

/// One entry with storage resolved and parameters counted; `spectrum` may be null, and is not
/// looked at if it does not foretell the error with these settings. Throws Error of kind Usage
/// where this matrix cannot be kept in the storage asked for.
PlanEntry makeEntry(const checkpoint::WeightMatrix& matrix, std::int64_t rank, StorageChoice choice,
                    const std::string& method, const MethodSettings& settings,
                    const spectra::Spectrum* spectrum);

/// True if the singular values tell an entry's error: of other methods than svd, and after a refit,
/// ‖W - W'‖ is known only once W' is.
bool isErrorForetold(const PlanEntry& entry, const MethodSettings& settings);

/// The plan of an allocation for the chosen matrices in their order, with its warnings. `spectra`
/// holds those known.
CompressionPlan planFromAllocation(const checkpoint::Checkpoint& checkpoint,
                                   std::span<const checkpoint::WeightMatrix> chosen,
                                   const Allocation& allocation,
                                   const std::map<std::string, spectra::Spectrum>& spectra,
                                   const PlanOptions& options);

/// Parameters that a budget, a share of the dense model's, leaves for the chosen matrices; below 0
/// where the others alone exceed it.
std::int64_t leftByBudget(const checkpoint::Checkpoint& checkpoint,
                          std::span<const checkpoint::WeightMatrix> chosen, double budget);

/// The same. Throws Error of kind Usage with the
/// permitted range where that is less than `least`, the fewest they can be stored in, and where a
/// budget makes no sense.
std::int64_t allowedByBudget(const checkpoint::Checkpoint& checkpoint,
                             std::span<const checkpoint::WeightMatrix> chosen,
                             const PlanOptions& options, std::int64_t least);

/// Counts the whole model's parameters and writes the warnings anew.
void finishPlan(const checkpoint::Checkpoint& checkpoint, CompressionPlan& plan);

}  // namespace rankscope::compress
