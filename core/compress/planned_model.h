// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/backend/backend.h"
#include "core/base/tensor_view.h"
#include "core/checkpoint/checkpoint.h"
#include "core/method/calibration.h"
#include "core/method/slim.h"
#include "core/plan/plan.h"

namespace rankscope::compress {

/// Factors at full rank by matrix name; the first r components are those of rank r.
using FullRankFactors = std::map<std::string, backend::Factors>;

/// Cut matrices of slim by name: q, k, v, wi with fewer rows, o and wo with fewer columns.
using CutMatrices = std::map<std::string, Matrix>;

/// A plan and everything needed to carry it out. Everything it refers to must outlive the factors
/// made from it.
struct PlannedModel {
    const checkpoint::Checkpoint& checkpoint;
    const plan::CompressionPlan& plan;
    const method::Calibration* calibration = nullptr;  ///< null if no method uses one
    const backend::Compute& compute;
    /// fullRankFactors() of the plan's method and settings, to be cut; null: none.
    std::shared_ptr<const FullRankFactors> known = {};
    /// Of slim, whose order of units is then taken from it; null: the order is found anew.
    std::shared_ptr<const method::SlimErrorTable> slimErrors = {};
};

/// True if a factor of the plan depends on its ridge.
bool usesRidge(const plan::CompressionPlan& plan);

/// Throws Error of kind Usage if the method looks at gradients of outputs, which a calibration does
/// not keep for the head.
void requireOutputs(const method::Method& method, const checkpoint::WeightMatrix& matrix);

/// Throws Error of kind Usage if there is no calibration, or it has no held-out dialogues, by which
/// a refinement chooses.
void requireRefinable(const method::Calibration* calibration);

/// Throws Error of kind Usage if a method of the plan needs what `calibration` (may be null) does
/// not have.
void requireCalibration(const plan::CompressionPlan& plan, const method::Calibration* calibration);

}  // namespace rankscope::compress
