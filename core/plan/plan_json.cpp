// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <set>

#include "core/base/error.h"
#include "core/method/calibration.h"
#include "core/method/method.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan.h"
#include "core/plan/plan_json.h"

namespace rankscope::plan {

using checkpoint::Storage;
using checkpoint::WeightMatrix;

namespace {

/// Reads one element of "entries"; every message names the file and the entry.
class EntryReader {
 public:
    EntryReader(const Json& object, std::size_t index, const std::string& what)
        : m_object(object), m_place(fmt::format("{}: entries[{}]", printable(what), index)) {
        if (!object.is_object()) fail("is no JSON object");
    }

    [[noreturn]] void fail(const std::string& reason) const {
        throw Error(fmt::format("{} {}. Make the plan again with `plan --out`.", m_place, reason),
                    m_place);
    }

    std::string text(const char* key) const {
        const auto found = m_object.find(key);
        if (found == m_object.end() || !found->is_string())
            fail(fmt::format("has no text \"{}\"", key));
        return found->get<std::string>();
    }

    std::int64_t whole(const char* key) const {
        const auto found = m_object.find(key);
        if (found == m_object.end() || !found->is_number_integer() ||
            (found->is_number_unsigned() && found->get<std::uint64_t>() > INT64_MAX))
            fail(fmt::format("has no whole number \"{}\"", key));
        return found->get<std::int64_t>();
    }

    bool flag(const char* key) const {
        const auto found = m_object.find(key);
        if (found == m_object.end()) return false;
        if (!found->is_boolean()) fail(fmt::format("has a \"{}\" that is not true or false", key));
        return found->get<bool>();
    }

    std::optional<double> optionalNumber(const char* key) const {
        const auto found = m_object.find(key);
        if (found == m_object.end() || found->is_null()) return std::nullopt;
        if (!found->is_number()) fail(fmt::format("has a \"{}\" that is no number", key));
        return found->get<double>();
    }

    void checkShape(const WeightMatrix& matrix) const {
        const auto found = m_object.find("shape");
        if (found == m_object.end()) return;
        if (*found != Json::array({matrix.rows, matrix.columns}))
            fail(fmt::format("gives {} another shape than the checkpoint, where it is {} x {}",
                             printable(matrix.name), matrix.rows, matrix.columns));
    }

 private:
    const Json& m_object;
    std::string m_place;
};

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

PlanEntry readEntry(const EntryReader& reader, const checkpoint::Checkpoint& checkpoint,
                    const method::MethodSettings& settings) {
    const std::string name = reader.text("name");
    const WeightMatrix* matrix = checkpoint.findMatrix(name);
    if (matrix == nullptr)
        reader.fail(fmt::format("names {}, which is no matrix of {}", printable(name),
                                printable(checkpoint.label())));
    reader.checkShape(*matrix);
    const std::int64_t rank = reader.whole("rank");
    if (rank < 1 || rank > matrix->fullRank())
        reader.fail(fmt::format("has rank {}, but {} permits 1 to {}", rank, printable(name),
                                matrix->fullRank()));
    const std::string method = reader.text("method");
    method::methodNamed(method);
    const std::optional<Storage> storage = checkpoint::parseStorage(reader.text("storage"));
    if (!storage) reader.fail("has a storage that is not dense, factored or pivoted");
    const bool kept = reader.flag("kept");
    const bool automatic = reader.flag("auto") || kept;
    PlanEntry entry = makeEntry(*matrix, rank, automatic ? StorageChoice::Auto : choiceOf(*storage),
                                method, settings, nullptr);
    const std::optional<double> error = reader.optionalNumber("relative_error");
    if (error && !(std::isfinite(*error) && *error >= 0))
        reader.fail("has a relative_error that is negative or not finite");
    if (!entry.kept && rank == entry.rank && isErrorForetold(entry, settings))
        entry.relativeError = error;
    return entry;
}

/// Settings and calibration, which plans of earlier versions do not have.
void readSettings(const Json& document, const std::string& what, CompressionPlan& plan) {
    try {
        if (const auto settings = document.find("settings"); settings != document.end()) {
            plan.settings.alpha = settings->at("alpha").get<double>();
            plan.settings.ridge = settings->at("ridge").get<double>();
            plan.settings.rarity = settings->value("rarity", plan.settings.rarity);
            plan.settings.refit = settings->value("refit", plan.settings.refit);
            plan.settings.seed = settings->at("seed").get<std::uint64_t>();
        }
        if (const auto used = document.find("calibration");
            used != document.end() && !used->is_null())
            plan.calibrationFile = used->at("file").get<std::string>();
    } catch (const Json::exception&) {
        throw Error(fmt::format("{}: the plan's settings or calibration are damaged. Make the plan "
                                "again with `plan --out`.",
                                printable(what)),
                    what);
    }
    if (!(std::isfinite(plan.settings.alpha) && std::isfinite(plan.settings.ridge) &&
          std::isfinite(plan.settings.rarity) && plan.settings.ridge >= 0))
        throw Error(fmt::format("{}: alpha, ridge and rarity of the plan must be numbers, the "
                                "ridge 0 or more.",
                                printable(what)),
                    what);
}

}  // namespace

Json toJson(const CompressionPlan& plan) {
    Json entries = Json::array();
    for (const PlanEntry& entry : plan.entries) {
        Json item = {{"name", entry.matrix.name},
                     {"shape", {entry.matrix.rows, entry.matrix.columns}},
                     {"rank", entry.rank},
                     {"method", entry.method},
                     {"storage", checkpoint::storageName(entry.storage)},
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
        const method::CalibrationRecord& record = plan.calibration->record();
        calibration = {{"file", plan.calibrationFile},
                       {"content_hash", record.contentHash},
                       {"data_hash", record.dataHash},
                       {"samples", record.examples.size()},
                       {"seed", record.seed}};
    } else if (!plan.calibrationFile.empty()) {  // named, but not opened here
        calibration = {{"file", plan.calibrationFile}};
    }
    return {{"entries", std::move(entries)},
            {"allocation", plan.allocation.empty() ? Json(nullptr) : Json(plan.allocation)},
            {"tried", std::move(tried)},
            {"calibration", std::move(calibration)},
            {"settings",
             {{"alpha", plan.settings.alpha},
              {"ridge", plan.settings.ridge},
              {"rarity", plan.settings.rarity},
              {"refit", plan.settings.refit},
              {"seed", plan.settings.seed}}},
            {"parameters",
             {{"dense", counts.dense},
              {"stored", counts.stored},
              {"factored", counts.factored},
              {"pivoted", counts.pivoted},
              {"post_convention", counts.postConvention}}},
            {"warnings", plan.warnings}};
}

CompressionPlan planFromJson(const Json& document, const checkpoint::Checkpoint& checkpoint,
                             const std::string& what) {
    if (!document.is_object() || !document.contains("entries") ||
        !document.at("entries").is_array())
        throw Error(fmt::format("{} is no plan: it has no list \"entries\". Make one with `plan "
                                "--out`.",
                                printable(what)),
                    what);
    CompressionPlan plan;
    if (const auto allocation = document.find("allocation");
        allocation != document.end() && allocation->is_string())
        plan.allocation = allocation->get<std::string>();
    readSettings(document, what, plan);
    std::set<std::string> seen;
    const Json& entries = document.at("entries");
    if (entries.empty())
        throw Error(fmt::format("{}: the plan has no entry; there is nothing to compress.",
                                printable(what)),
                    what);
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const EntryReader reader(entries[i], i, what);
        PlanEntry entry = readEntry(reader, checkpoint, plan.settings);
        if (!seen.insert(entry.matrix.name).second)
            reader.fail(fmt::format("names {} a second time", printable(entry.matrix.name)));
        plan.entries.push_back(std::move(entry));
    }
    finishPlan(checkpoint, plan);
    return plan;
}

}  // namespace rankscope::plan
