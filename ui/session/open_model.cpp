// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/open_model.h"

#include <QFileInfo>

#include "core/plan/make_plan.h"

namespace rankscope::ui {

OpenModel openModel(const QString& nameOrPath) {
    OpenModel model;
    model.checkpoint = std::make_unique<const checkpoint::Checkpoint>(
        checkpoint::openCheckpoint(nameOrPath.toStdString()));
    for (const auto& matrix : model.checkpoint->matrices())
        if (matrix.sublayer != checkpoint::Sublayer::Vocabulary) model.linear.push_back(matrix);
    model.location =
        QFileInfo::exists(nameOrPath) ? QFileInfo(nameOrPath).absoluteFilePath() : nameOrPath;
    return model;
}

QString nameOf(const OpenModel& model) {
    if (!model.checkpoint) return {};
    const QString label = QString::fromStdString(model.checkpoint->label());
    const QFileInfo info(label);
    const QString name =
        info.suffix() == QLatin1String("safetensors") ? info.absolutePath() : label;
    const QString last = QFileInfo(name).fileName();
    return last.isEmpty() ? label : last;
}

std::optional<plan::CompressionPlan> planOf(const OpenModel& model) {
    const PlanDraft& draft = model.draft;
    if (!model.checkpoint || draft.ranks.empty()) return std::nullopt;
    plan::PlanOptions options;
    options.storage = draft.storage;
    options.method = draft.method;
    options.settings = draft.settings;
    auto plan = plan::planWithRanks(*model.checkpoint, draft.ranks, options, model.spectra);
    plan.calibrationFile = draft.calibrationFile;
    return plan;
}

PlanDraft draftOf(const plan::CompressionPlan& plan, plan::StorageChoice storage,
                  const QString& origin) {
    PlanDraft draft;
    for (const plan::PlanEntry& entry : plan.entries) draft.ranks[entry.matrix.name] = entry.rank;
    draft.storage = storage;
    draft.method = plan.entries.front().method;
    draft.settings = plan.settings;
    draft.calibrationFile = plan.calibrationFile;
    draft.origin = origin;
    return draft;
}

}  // namespace rankscope::ui
