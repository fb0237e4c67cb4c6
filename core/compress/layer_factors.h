// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "core/backend/backend.h"
#include "core/plan/plan.h"

namespace rankscope::compress {

/// The factors of one matrix as its entry says: cut from the plan's prepared ones where it has
/// some, else by the entry's method from the weight and the plan's calibration. Throws Error of
/// kind Usage where the method needs a calibration and the plan has none.
backend::Factors layerFactors(const plan::CompressionPlan& plan, const plan::PlanEntry& entry,
                              const Matrix& weight, const backend::Device& device,
                              const backend::Backend& backend);

/// The plan's prepared factors cut to the entry's rank; nothing where it has none of that rank.
std::optional<backend::Factors> preparedFactors(const plan::CompressionPlan& plan,
                                                const plan::PlanEntry& entry);

/// True where a factor of the plan depends on its ridge.
bool usesRidge(const plan::CompressionPlan& plan);

/// Throws Error of kind Usage where a method of the plan needs what it does not have.
void requireCalibration(const plan::CompressionPlan& plan);

}  // namespace rankscope::compress
