// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/evaluate/random_vectors.h"
#include "core/method/method.h"
#include "core/plan/plan.h"
#include "core/spectra/spectrum.h"

namespace rankscope::ui {

/// The user's choices that a plan is made from.
struct PlanDraft {
    std::map<std::string, std::int64_t> ranks;  ///< by matrix; the others stay as they are
    plan::StorageChoice storage = plan::StorageChoice::Auto;
    std::string method = "svd";
    method::MethodSettings settings;
    std::string calibrationFile;  ///< of the plan; empty: none
    QString origin;               ///< as in Session::planOrigin()

    bool operator==(const PlanDraft&) const = default;
};

/// All that another checkpoint replaces.
struct OpenModel {
    QString location;
    std::unique_ptr<const checkpoint::Checkpoint> checkpoint;  ///< null: nothing is open
    std::vector<checkpoint::WeightMatrix> linear;
    std::map<std::string, spectra::Spectrum> spectra;
    std::vector<checkpoint::WeightMatrix> selection;
    std::string current;
    std::int64_t rank = 1;
    PlanDraft draft;
    std::optional<plan::CompressionPlan> plan;  ///< of the draft
    QString calibrationFile;
    std::vector<evaluate::RandomVectorsResult> randomVectors;
    PlanDraft randomVectorsOf;  ///< whose plan the random vectors compare
};

/// Opens a checkpoint, headers only, with nothing chosen and no spectra. Throws Error.
OpenModel openModel(const QString& nameOrPath);

/// The model's name for titles; empty if nothing is open.
QString nameOf(const OpenModel& model);

/// The plan of the model's draft, with the errors of the spectra that are known; nothing if no rank
/// is chosen. Throws Error.
std::optional<plan::CompressionPlan> planOf(const OpenModel& model);

/// A draft with the ranks, the method and its settings of a whole plan.
PlanDraft draftOf(const plan::CompressionPlan& plan, plan::StorageChoice storage,
                  const QString& origin);

}  // namespace rankscope::ui
