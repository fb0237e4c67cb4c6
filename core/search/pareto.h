// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/backend/backend.h"
#include "core/base/json.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/evaluate/evaluation.h"
#include "core/method/calibration.h"
#include "core/model/summarization_options.h"
#include "core/plan/plan.h"
#include "core/search/front_measure.h"
#include "core/spectra/spectrum.h"
#include "core/text/dataset/dataset.h"
#include "core/text/rouge/rouge.h"

namespace rankscope::search {

/// The default methods of a front: the plain one, the published one and the best ones of low rank
/// and of smaller sizes, all but the first only with a calibration.
inline constexpr std::array<std::string_view, 4> usualMethods = {"svd", "whitened", "compensated",
                                                                 "slim"};
inline constexpr std::array<std::string_view, 2> usualAllocations = {"uniform", "water-filling"};

struct ParetoOptions {
    std::vector<double> budgets;           ///< kept shares of the whole model's parameters
    std::vector<std::string> methods;      ///< as in --method
    std::vector<std::string> allocations;  ///< as in --allocation
    plan::PlanOptions plan;    ///< storage, bounds of ranks, groups, allocationError, settings
    bool chooseRidge = false;  ///< for every setting that has one, as measuredPlan() does
    std::shared_ptr<const ParetoData> data = {};  ///< null: the calibration's held-out dialogues
    std::filesystem::path journals = {};          ///< of MeasuredPlanning
};

/// One setting and what it costs.
struct ParetoPoint {
    std::string method, allocation;
    double budget = 0;
    std::int64_t parameters = 0;  ///< of the whole model, really stored
    double loss = 0;              ///< mean over the tokens of the dialogues measured; may be NaN
    bool onFront = false;         ///< no other point stores as little and loses less
    plan::CompressionPlan plan;
    std::optional<RougeMeans> rouge = {};  ///< where data was given and ROUGE asked for
    std::optional<double> ridge = {};      ///< that its factors were made with; none without one
};

struct ParetoFront {
    std::int64_t denseParameters = 0;
    double denseLoss = 0;
    std::vector<ParetoPoint> points;   ///< method by method, allocation by allocation
    std::vector<std::string> skipped;  ///< settings whose budget cannot be paid, a sentence each
    std::optional<RougeMeans> denseRouge = {};
    std::string data;            ///< the file measured on; empty: the calibration's held-out ones
    std::int64_t dialogues = 0;  ///< how many of them
};

/// Measures every method under every allocation and budget on the calibration's held-out dialogues,
/// or on options.data; every plan is the one of measuredPlan(). Each matrix is factored once a
/// method, at full rank, and cut for every budget; what fullRankFactors() cannot serve, methods
/// that walk most of all, and factors whose ridge is chosen are made anew. A model is
/// measured from its two factors in the checkpoint's own type, whatever the storage: the pivoted
/// form holds the same matrix but for rounding. `spectra` are the weights' own, those known; an
/// allocation that looks at them needs all. `model.calibration` may be null if there is data and
/// no method looks at one. Throws Error of kind Usage if a method lacks what it needs, and if
/// there is nothing to measure on.
ParetoFront paretoFront(const method::CalibratedModel& model,
                        const std::map<std::string, spectra::Spectrum>& spectra,
                        const ParetoOptions& options, const Progress& progress);

/// Marks the points that no other one beats: none with as few parameters has a smaller loss.
void markFront(std::vector<ParetoPoint>& points);

/// The document of docs/command_line_events.md; each point's `plan` only with `plans`.
Json toJson(const ParetoFront& front, bool plans = false);
/// Reads it back; plans only if they are there and their checkpoint is given.
/// Throws Error naming `what` if it is no such document.
ParetoFront frontFromJson(const Json& document, const checkpoint::Checkpoint* checkpoint,
                          const std::string& what);

}  // namespace rankscope::search
