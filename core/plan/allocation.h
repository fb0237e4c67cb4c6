// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/plan/plan.h"

namespace rankscope::plan {

/// The data an allocation uses for one chosen matrix.
struct AllocationMatrix {
    checkpoint::WeightMatrix matrix;
    /// Descending errors of the components, plain singular values or those of a method: rank r
    /// leaves the squared error Σ_{i>r} importance[i]². Missing ones at the end count as 0.
    std::vector<double> importance = {};
    double weight = 1;         ///< c_l > 0: factor of the squared errors when matrices are compared
    std::int64_t minRank = 1;  ///< with PlanOptions::minRank; wins over maxRank
    /// With PlanOptions::maxRank; below full: never dense.
    std::int64_t maxRank = std::numeric_limits<std::int64_t>::max();
};

/// Indices of the matrices that take the same choice; each index in one group.
using AllocationGroups = std::vector<std::vector<std::size_t>>;

/// Under options.groups "none" each matrix alone; under "type" those of one stack, sublayer, role,
/// shape and stored form (storage and rank in the file) together. Groups are ordered by first
/// member.
AllocationGroups allocationGroups(std::span<const AllocationMatrix> matrices,
                                  const PlanOptions& options);

/// One way to store a matrix.
struct RankChoice {
    std::int64_t rank = 0;
    std::int64_t parameters = 0;  ///< really stored
    double squaredError = 0;
    bool leftDense = false;  ///< not in the storage asked for, but unchanged (rank is then full)
};

/// The ways to store one matrix, by rising rank and parameters; never empty.
using RankChoices = std::vector<RankChoice>;

struct Allocation {
    std::vector<RankChoice> choices;  ///< one per matrix
    std::vector<std::string> warnings;
};

/// The input of an allocation. The choices of a group's members differ only in their errors; they
/// take the same one.
struct AllocationTask {
    std::span<const AllocationMatrix> matrices;
    std::span<const RankChoices> choices;  ///< one list per matrix
    const AllocationGroups& groups;
    std::int64_t allowed = 0;  ///< parameters of all together
    const PlanOptions& options;
};

/// A way to distribute parameters over matrices; docs/methods/allocation.md has each formula.
struct Allocator {
    std::string_view name;  ///< as in --allocation
    std::string_view help;
    bool needsSpectra = false;  ///< uses the importance
    bool leavesDense = false;   ///< may leave a matrix unchanged if that is as small
    /// Takes one choice per matrix, at most task.allowed parameters together; the cheapest fit.
    Allocation (*distribute)(const AllocationTask& task);
};

/// All allocations, the default first.
std::span<const Allocator> allocators();

/// The name of the errors weighted by a measured loss, in core/evaluate.
inline constexpr std::string_view lossErrorName = "loss";

/// Names besides those of allocators(): allocations that measure a model, in core/evaluate. Before
/// anything is measured they need what `uniform` needs.
inline constexpr std::string_view sensitivityName = "sensitivity", gradientName = "gradient",
                                  autoName = "auto";
bool isMeasured(std::string_view name);

struct MeasuredAllocation {
    std::string_view name, help;
};
std::span<const MeasuredAllocation> measuredAllocations();

/// True for allocations that use spectra; some of those that `auto` tries do.
bool looksAtSpectra(std::string_view name);

/// The allocation of that name, `uniform` for one that is measured; throws Error of kind Usage
/// naming the known ones.
const Allocator& allocatorNamed(std::string_view name);

/// The choices that options.storage, multipleOf and the smallest and largest ranks permit for each
/// matrix; in a group the bounds of all its members hold for each.
std::vector<RankChoices> rankChoices(const Allocator& allocator,
                                     std::span<const AllocationMatrix> matrices,
                                     const PlanOptions& options);

/// Parameters of the cheapest choice of every matrix together.
std::int64_t leastParameters(std::span<const RankChoices> choices);

/// rankChoices() distributed. Throws Error of kind Usage if `allowed` is less than the cheapest.
Allocation allocate(const Allocator& allocator, std::span<const AllocationMatrix> matrices,
                    std::int64_t allowed, const PlanOptions& options);

/// The choice with the most parameters up to `parameters`, the cheapest if all have more.
std::size_t largestWithin(const RankChoices& choices, std::int64_t parameters);

/// Parameters that the members of a group gain together from choice `pick` to the next (required).
std::int64_t stepParameters(std::span<const RankChoices> choices,
                            std::span<const std::size_t> group, std::size_t pick);

/// `picks` (indices into the choices) as an allocation, after the unspent rest of task.allowed is
/// spent on one step per group, in model order, as far as it goes.
Allocation withRestSpent(const AllocationTask& task, std::vector<std::size_t> picks);

/// Parameters of `picks` together.
std::int64_t totalParameters(std::span<const RankChoices> choices,
                             std::span<const std::size_t> picks);

Allocation allocateUniform(const AllocationTask& task);
Allocation allocateByEnergy(const AllocationTask& task);
Allocation allocateByEffectiveRank(const AllocationTask& task);
Allocation allocateByWaterFilling(const AllocationTask& task);

}  // namespace rankscope::plan
