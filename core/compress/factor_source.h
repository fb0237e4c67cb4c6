// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "core/backend/backend.h"
#include "core/base/progress.h"
#include "core/compress/planned_model.h"
#include "core/compress/refined_weights.h"
#include "core/method/calibration.h"
#include "core/plan/plan.h"

namespace rankscope::compress {

/// The factors of a plan's matrices; may be asked from several threads at once.
class FactorSource {
 public:
    explicit FactorSource(PlannedModel model) : m_model(std::move(model)) {}

    /// Of one entry, at its rank: cut from the known ones, else made by the entry's method from W,
    /// which is read then.
    backend::Factors factors(const plan::PlanEntry& entry) const;
    /// The same for a caller that has read W already.
    backend::Factors factors(const plan::PlanEntry& entry, const Matrix& weight) const;

    /// Of an entry by slim: the smaller matrix.
    const Matrix& cutMatrix(const plan::PlanEntry& entry) const;

    /// What the plan's refinement has changed; null if it has none.
    const RefinedWeights* refined() const { return m_refined.get(); }
    /// From now on these come before the factors or matrices that were made.
    void refineTo(std::shared_ptr<const RefinedWeights> refined) { m_refined = std::move(refined); }

 private:
    friend FactorSource unrefinedFactors(const PlannedModel& model, const Progress& progress);
    std::optional<backend::Factors> cut(const plan::PlanEntry& entry) const;

    PlannedModel m_model;
    std::shared_ptr<const CutMatrices> m_cut = {};  // of a plan by slim
    std::shared_ptr<const RefinedWeights> m_refined = {};
};

/// Factors by the plan's methods, each made on demand, before any refinement. If a method, or the
/// refit, uses the model compressed so far, the walk over the calibration's examples runs here: the
/// original and the compressed model side by side, encoder first (docs/methods/approximation.md
/// "Anchored"). Throws Error as requireCalibration() does. A plan by slim has no factors but
/// smaller matrices.
FactorSource unrefinedFactors(const PlannedModel& model, const Progress& progress);

/// Every matrix by one method at full rank; null if smaller ranks are not cut from larger ones
/// (methods that walk, previews). `calibration` may be null if the method needs none.
std::shared_ptr<const FullRankFactors> fullRankFactors(const method::CalibratedModel& model,
                                                       const method::MethodChoice& how,
                                                       const Progress& progress);

}  // namespace rankscope::compress
