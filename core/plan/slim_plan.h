// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/checkpoint/checkpoint.h"
#include "core/plan/plan.h"
#include "core/t5/t5_config.h"

namespace rankscope::plan {

/// The plan by slim for the chosen matrices: what is left of every head and of the feed-forward
/// units. Plain sizes are one d_kv and one d_ff for the model; under a budget the head dimensions
/// have the share that the budget leaves (or options.headSize) and the units take the rest. Own
/// sizes under the allocation water-filling are those with the least summed relative error. Ratio
/// and rank count dimensions of each head and units, energy and error the scores, outputs and units
/// on the calibration's inputs. Throws Error of kind Usage with the permitted range, and if
/// matrices are chosen that are only cut with others.
CompressionPlan makeSlimPlan(const checkpoint::Checkpoint& checkpoint,
                             std::span<const checkpoint::WeightMatrix> chosen,
                             const PlanOptions& options);

/// Throws as makeSlimPlan() would for everything that can be refused without errors by size.
void requirePossibleSlim(const checkpoint::Checkpoint& checkpoint,
                         std::span<const checkpoint::WeightMatrix> chosen,
                         const PlanOptions& options);

/// True if the plan can only be made with options.slimErrors.
bool needsSlimErrors(const PlanOptions& options);

/// The entry of one matrix of a sublayer that keeps these sizes.
PlanEntry slimEntry(const checkpoint::WeightMatrix& matrix, const t5::SublayerSizes& sizes,
                    Cut cut);

/// The model that a plan makes: the source's config, with other sizes if slim cuts it.
t5::T5Config plannedConfig(const checkpoint::Checkpoint& checkpoint, const CompressionPlan& plan);

/// The allocations of slim with sizes of their own.
std::span<const std::string_view> slimAllocations();

/// The allocation that `auto` stands for if nothing can be measured: for slim with sizes of their
/// own water-filling, else the first of allocators().
std::string allocationUnmeasured(const PlanOptions& options);

/// d_kv of a plain plan; 0 if no attention is cut. "d_kv 14, d_ff 110".
std::int64_t headDimensions(const CompressionPlan& plan);
std::string plainSizesText(const CompressionPlan& plan);
/// The allocation of a plan as shown: of a plain one plainSizesText(). Empty if no budget was
/// distributed.
std::string allocationText(const CompressionPlan& plan);

/// The method of a plan whose options name none: slim if there is a calibration, slim can cut the
/// chosen matrices and no option is of ranks or factors alone; slim too if its storage is asked
/// for. Else the first of method::methods().
std::string methodUnlessNamed(const checkpoint::Checkpoint& checkpoint,
                              std::span<const checkpoint::WeightMatrix> chosen,
                              const PlanOptions& options, bool calibrated);

/// "plain" or "sizes" of what slim cut, else the storage's own name.
std::string_view storageName(Cut cut, checkpoint::Storage storage);

/// True if the plan's matrices are cut by slim.
bool isSlim(const CompressionPlan& plan);

}  // namespace rankscope::plan
