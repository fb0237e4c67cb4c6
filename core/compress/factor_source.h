// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "core/backend/backend.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/method/calibration.h"
#include "core/method/method.h"
#include "core/plan/plan.h"

namespace rankscope::compress {

/// Factors at full rank by matrix name; the first r components are those of rank r.
using FullRankFactors = std::map<std::string, backend::Factors>;

/// A plan and everything needed to carry it out. Everything it refers to must outlive the factors
/// made from it.
struct PlannedModel {
    const checkpoint::Checkpoint& checkpoint;
    const plan::CompressionPlan& plan;
    const method::Calibration* calibration = nullptr;  ///< null if no method uses one
    const backend::Compute& compute;
    /// fullRankFactors() of the plan's method and settings, to be cut; null: none.
    std::shared_ptr<const FullRankFactors> known = {};
};

/// The factors of a plan's matrices; may be asked from several threads at once.
class FactorSource {
 public:
    explicit FactorSource(PlannedModel model) : m_model(std::move(model)) {}

    /// Of one entry, at its rank: cut from the known ones, else made by the entry's method from W,
    /// which is read then.
    backend::Factors factors(const plan::PlanEntry& entry) const;
    /// The same for a caller that has read W already.
    backend::Factors factors(const plan::PlanEntry& entry, const Matrix& weight) const;

 private:
    std::optional<backend::Factors> cut(const plan::PlanEntry& entry) const;

    PlannedModel m_model;
};

/// Factors by the plan's methods, each made on demand. If a method, or the refit, uses the model
/// compressed so far, the walk over the calibration's examples runs here: the original and the
/// compressed model side by side, encoder first (docs/methods/approximation.md "Anchored"). Throws
/// Error as requireCalibration() does.
FactorSource factorsOf(const PlannedModel& model, const Progress& progress);

/// Every matrix by one method at full rank; null if smaller ranks are not cut from larger ones
/// (methods that walk, previews). `calibration` may be null if the method needs none.
std::shared_ptr<const FullRankFactors> fullRankFactors(const method::CalibratedModel& model,
                                                       const method::MethodChoice& how,
                                                       const Progress& progress);

/// True if a factor of the plan depends on its ridge.
bool usesRidge(const plan::CompressionPlan& plan);

/// Throws Error of kind Usage if a method of the plan needs what `calibration` (may be null) does
/// not have.
void requireCalibration(const plan::CompressionPlan& plan, const method::Calibration* calibration);

}  // namespace rankscope::compress
