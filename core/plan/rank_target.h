// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/plan/allocation.h"
#include "core/plan/plan.h"

namespace rankscope::plan {

/// The allocation's data on the chosen matrices: the options' weights and, with `needsSpectra`,
/// singular values. Throws Error if a spectrum is missing.
std::vector<AllocationMatrix> allocationMatrices(
    std::span<const checkpoint::WeightMatrix> chosen,
    const std::map<std::string, spectra::Spectrum>& spectra, bool needsSpectra,
    const PlanOptions& options);

/// Fewest parameters that options.allocation can store the chosen matrices in.
std::int64_t leastByBudget(std::span<const checkpoint::WeightMatrix> chosen,
                           const PlanOptions& options);

/// Ranks for the chosen matrices under `options.target`, in their order. Of each choice only `rank`
/// is set unless a budget was distributed. Throws Error of kind Usage with the permitted range.
Allocation ranksForTarget(const checkpoint::Checkpoint& checkpoint,
                          std::span<const checkpoint::WeightMatrix> chosen,
                          const std::map<std::string, spectra::Spectrum>& spectra,
                          const PlanOptions& options);

/// Parameters that a budget, a share of the dense model's, leaves for the chosen matrices; below 0
/// if the others alone exceed it.
std::int64_t leftByBudget(const checkpoint::Checkpoint& checkpoint,
                          std::span<const checkpoint::WeightMatrix> chosen, double budget);

/// The same. Throws Error of kind Usage with the permitted range if that is less than `least`, the
/// fewest they can be stored in, and if a budget makes no sense.
std::int64_t allowedByBudget(const checkpoint::Checkpoint& checkpoint,
                             std::span<const checkpoint::WeightMatrix> chosen,
                             const PlanOptions& options, std::int64_t least);

}  // namespace rankscope::plan
