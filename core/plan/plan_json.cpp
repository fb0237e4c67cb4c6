// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <set>

#include "core/base/error.h"
#include "core/base/json_reader.h"
#include "core/method/calibration.h"
#include "core/method/method.h"
#include "core/plan/finish_plan.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan.h"
#include "core/plan/plan_json.h"
#include "core/plan/slim_plan.h"
#include "core/t5/layer_sizes_json.h"

namespace rankscope::plan {

using checkpoint::Storage;
using checkpoint::WeightMatrix;

namespace {

constexpr const char* remedy = "Make the plan again with `plan --out`.";

void checkShape(const JsonReader& entry, const WeightMatrix& matrix) {
    const auto shape = entry.find("shape");
    if (shape && shape->json() != Json::array({matrix.rows, matrix.columns}))
        entry.fail(fmt::format("gives {} another shape than the checkpoint, which has {} x {}",
                               printable(matrix.name), matrix.rows, matrix.columns));
}

bool flagOf(const JsonReader& entry, const char* key) {
    const auto flag = entry.find(key);
    return flag && flag->flag();
}

StorageChoice choiceOf(Storage storage) {
    switch (storage) {
        case Storage::Factored:
            return StorageChoice::Factored;
        case Storage::Pivoted:
            return StorageChoice::Pivoted;
        case Storage::Dense:
            break;
    }
    return StorageChoice::Dense;
}

/// An entry by slim, whose rank is that of the plan's sizes.
PlanEntry readSlimEntry(const JsonReader& reader, const WeightMatrix& matrix,
                        const t5::LayerSizes& sizes) {
    const std::string storage = reader.at("storage").text();
    const bool plain = storage == storageChoiceName(StorageChoice::Plain);
    if (!plain && storage != storageChoiceName(StorageChoice::Sizes))
        reader.fail("has a storage that is not plain or sizes");
    const auto own = sizes.find(t5::sublayerName(matrix.stack, matrix.block, matrix.sublayer));
    if (own == sizes.end())
        reader.fail(fmt::format("is by slim, but \"sizes\" does not have its layer"));
    PlanEntry entry = slimEntry(matrix, own->second, plain ? Cut::Plain : Cut::Sizes);
    if (entry.rank != reader.at("rank").whole())
        reader.fail(fmt::format("has another rank than \"sizes\", which makes it {}", entry.rank));
    return entry;
}

PlanEntry readEntry(const JsonReader& reader, const checkpoint::Checkpoint& checkpoint,
                    const CompressionPlan& plan) {
    const std::string name = reader.at("name").text();
    const WeightMatrix* matrix = checkpoint.findMatrix(name);
    if (matrix == nullptr)
        reader.fail(fmt::format("names {}, which is not a matrix of {}", printable(name),
                                printable(checkpoint.label())));
    checkShape(reader, *matrix);
    const std::string method = reader.at("method").text();
    if (method::methodNamed(method).cutsHeads) return readSlimEntry(reader, *matrix, plan.sizes);
    const std::int64_t rank = reader.at("rank").whole();
    if (rank < 1 || rank > matrix->fullRank())
        reader.fail(fmt::format("has rank {}, but {} permits 1 to {}", rank, printable(name),
                                matrix->fullRank()));
    const std::optional<Storage> storage = checkpoint::parseStorage(reader.at("storage").text());
    if (!storage) reader.fail("has a storage that is not dense, factored or pivoted");
    const bool kept = flagOf(reader, "kept");
    const bool automatic = flagOf(reader, "auto") || kept;
    PlanEntry entry = makeEntry(*matrix, rank, automatic ? StorageChoice::Auto : choiceOf(*storage),
                                {method, plan.settings}, nullptr);
    const auto foretold = reader.find("relative_error");
    const std::optional<double> error = foretold ? std::optional(foretold->real()) : std::nullopt;
    if (error && !(std::isfinite(*error) && *error >= 0))
        reader.fail("has a relative_error that is negative or not finite");
    if (!entry.kept && rank == entry.rank && isErrorForetold(entry, plan.settings))
        entry.relativeError = error;
    return entry;
}

/// Settings and calibration, which plans of earlier versions lack.
void readSettings(const JsonReader& reader, CompressionPlan& plan) {
    if (const auto settings = reader.find("settings")) {
        plan.settings.alpha = settings->at("alpha").real();
        plan.settings.ridge = settings->at("ridge").real();
        if (const auto rarity = settings->find("rarity")) plan.settings.rarity = rarity->real();
        if (const auto refit = settings->find("refit")) plan.settings.refit = refit->flag();
        if (const auto refine = settings->find("refine")) plan.settings.refine = refine->flag();
        if (const auto passes = settings->find("refine_passes")) {
            plan.settings.refinePasses = static_cast<int>(passes->whole());
            if (plan.settings.refinePasses < 0 || passes->whole() > method::mostRefinePasses)
                settings->fail(
                    fmt::format("must hold 0 to {} for refine_passes", method::mostRefinePasses));
        }
        plan.settings.seed = settings->at("seed").natural();
        if (!(std::isfinite(plan.settings.alpha) && std::isfinite(plan.settings.ridge) &&
              std::isfinite(plan.settings.rarity) && plan.settings.ridge >= 0))
            settings->fail("must hold numbers for alpha, ridge and rarity, the ridge 0 or more");
    }
    if (const auto used = reader.find("calibration"))
        plan.calibrationFile = used->at("file").text();
}

/// A plain T5 has one d_kv and one d_ff.
void requireAlike(const t5::LayerSizes& sizes, const std::string& what) {
    std::set<std::int64_t> heads, units;
    for (const auto& [name, own] : sizes) {
        heads.insert(own.scores.begin(), own.scores.end());
        heads.insert(own.values.begin(), own.values.end());
        if (own.units > 0) units.insert(own.units);
    }
    if (heads.size() > 1 || units.size() > 1)
        throw Error(fmt::format("{}: the storage is plain, but \"sizes\" has more than one d_kv or "
                                "d_ff. {}",
                                printable(what), remedy),
                    what);
}

/// A plan by slim has no matrix by another method, and all that are cut together.
void requireWholeSlim(const checkpoint::Checkpoint& checkpoint, const CompressionPlan& plan,
                      const std::string& what) {
    if (!isSlim(plan)) return;
    std::vector<WeightMatrix> matrices;
    for (const PlanEntry& entry : plan.entries) {
        matrices.push_back(entry.matrix);
        if (entry.cut != plan.entries.front().cut || entry.cut == Cut::None)
            throw Error(fmt::format("{}: {} is not by slim with the storage of the others; one "
                                    "plan is by slim as a whole. {}",
                                    printable(what), printable(entry.matrix.name), remedy),
                        what);
    }
    PlanOptions options;
    options.method = "slim";
    options.target = {RankTarget::Kind::Ratio, 1};
    options.storage =
        plan.entries.front().cut == Cut::Plain ? StorageChoice::Plain : StorageChoice::Sizes;
    requirePossibleSlim(checkpoint, matrices, options);
    if (options.storage == StorageChoice::Plain) requireAlike(plan.sizes, what);
}

}  // namespace

Json toJson(const CompressionPlan& plan) {
    Json entries = Json::array();
    for (const PlanEntry& entry : plan.entries) {
        Json item = {{"name", entry.matrix.name},
                     {"shape", {entry.matrix.rows, entry.matrix.columns}},
                     {"rank", entry.rank},
                     {"method", entry.method},
                     {"storage", storageName(entry)},
                     {"auto", entry.automatic},
                     {"kept", entry.kept},
                     {"parameters_dense", entry.parametersDense},
                     {"parameters_stored", entry.parametersStored},
                     {"relative_error", nullptr}};
        if (entry.relativeError) item["relative_error"] = *entry.relativeError;
        entries.push_back(std::move(item));
    }
    Json tried = Json::array();
    for (const TriedSetting& setting : plan.tried) {
        Json item = {{"allocation", nullptr},
                     {"ridge", setting.ridge},
                     {"parameters", setting.parameters},
                     {"loss", nullptr}};
        if (!setting.allocation.empty()) item["allocation"] = setting.allocation;
        if (std::isfinite(setting.loss)) item["loss"] = setting.loss;
        tried.push_back(std::move(item));
    }
    const ParameterCounts& counts = plan.parameters;
    Json calibration;
    if (plan.calibration) {
        calibration = {{"file", plan.calibrationFile},
                       {"content_hash", plan.calibration->contentHash},
                       {"data_hash", plan.calibration->dataHash},
                       {"samples", plan.calibration->samples},
                       {"seed", plan.calibration->seed}};
    } else if (!plan.calibrationFile.empty()) {  // named, but not opened here
        calibration = {{"file", plan.calibrationFile}};
    }
    Json document = {
        {"entries", std::move(entries)},
        {"allocation", plan.allocation.empty() ? Json(nullptr) : Json(plan.allocation)},
        {"tried", std::move(tried)},
        {"calibration", std::move(calibration)},
        {"settings",
         {{"alpha", plan.settings.alpha},
          {"ridge", plan.settings.ridge},
          {"rarity", plan.settings.rarity},
          {"refit", plan.settings.refit},
          {"refine", plan.settings.refine},
          {"refine_passes", plan.settings.refinePasses},
          {"seed", plan.settings.seed}}},
        {"parameters",
         {{"dense", counts.dense},
          {"stored", counts.stored},
          {"factored", counts.factored},
          {"pivoted", counts.pivoted},
          {"post_convention", counts.postConvention}}},
        {"warnings", plan.warnings}};
    if (isSlim(plan)) document["sizes"] = sizesToJson(plan.sizes);
    return document;
}

CompressionPlan planFromJson(const Json& document, const checkpoint::Checkpoint& checkpoint,
                             const std::string& what) {
    if (!document.is_object() || !document.contains("entries") ||
        !document.at("entries").is_array())
        throw Error(fmt::format("{} is not a plan: it has no list \"entries\". Make one with `plan "
                                "--out`.",
                                printable(what)),
                    what);
    CompressionPlan plan;
    if (const auto allocation = document.find("allocation");
        allocation != document.end() && allocation->is_string())
        plan.allocation = allocation->get<std::string>();
    readSettings(JsonReader(document, printable(what) + ": the plan", remedy), plan);
    if (const auto sizes = document.find("sizes"); sizes != document.end())
        plan.sizes = t5::sizesFromJson(JsonReader(*sizes, printable(what) + ": \"sizes\"", remedy),
                                       checkpoint.config());
    std::set<std::string> seen;
    const Json& entries = document.at("entries");
    if (entries.empty())
        throw Error(fmt::format("{}: the plan has no entry; there is nothing to compress.",
                                printable(what)),
                    what);
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const JsonReader reader(entries[i], fmt::format("{}: entries[{}]", printable(what), i),
                                remedy);
        PlanEntry entry = readEntry(reader, checkpoint, plan);
        if (!seen.insert(entry.matrix.name).second)
            reader.fail(fmt::format("names {} a second time", printable(entry.matrix.name)));
        plan.entries.push_back(std::move(entry));
    }
    requireWholeSlim(checkpoint, plan, what);
    finishPlan(checkpoint, plan);
    return plan;
}

}  // namespace rankscope::plan
