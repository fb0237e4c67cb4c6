// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "core/plan/plan.h"
#include "ui/session/session.h"

namespace rankscope::ui {

void Session::setPlan(const plan::CompressionPlan& plan, plan::StorageChoice storage,
                      const QString& origin) {
    if (!m_checkpoint || plan.entries.empty()) {
        return;
    }
    m_ranks.clear();
    for (const plan::PlanEntry& entry : plan.entries) {
        m_ranks[entry.matrix.name] = entry.rank;
    }
    m_plan = plan;
    m_planOrigin = origin;
    m_method = plan.entries.front().method;
    m_methodSettings = plan.settings;
    m_planCalibration = plan.calibrationFile;
    m_storage = storage;
    if (const auto rank = chosenRank(m_current)) {
        m_rank = std::clamp<std::int64_t>(*rank, 1, largestRank());
        emit rankChanged(m_rank);
    }
    emit planChanged();
}

void Session::leaveOrigin() {
    if (m_planOrigin.isEmpty()) {
        return;
    }
    emit warned(tr("The plan is no longer \"%1\": it was changed by hand. Its method is still %2, "
                   "and counts and errors are those of the ranks as they are now.")
                    .arg(m_planOrigin, QString::fromStdString(m_method)));
    m_planOrigin.clear();
}

void Session::forgetMethod() {
    m_planOrigin.clear();
    m_method = "svd";
    m_methodSettings = {};
    m_planCalibration.clear();
}

}  // namespace rankscope::ui
