// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/base/error.h"
#include "core/base/json_reader.h"
#include "core/evaluate/evaluation.h"
#include "core/plan/plan_json.h"
#include "core/search/pareto.h"

namespace rankscope::search {

namespace {

Json rougeJson(const std::optional<RougeMeans>& means) {
    if (!means) return nullptr;
    Json object;
    for (std::size_t t = 0; t < means->size(); ++t)
        object[std::string(text::rougeName(text::rougeTypes[t]))] = (*means)[t];
    return object;
}

std::optional<RougeMeans> readRouge(const JsonReader& reader) {
    if (reader.isNull()) return std::nullopt;
    RougeMeans means{};
    for (std::size_t t = 0; t < means.size(); ++t)
        means[t] = reader.at(std::string(text::rougeName(text::rougeTypes[t]))).real();
    return means;
}

Json finiteOrNull(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

ParetoPoint readPoint(const JsonReader& reader, const checkpoint::Checkpoint* checkpoint,
                      const std::string& what) {
    ParetoPoint point;
    point.method = reader.at("method").text();
    point.allocation = reader.at("allocation").text();
    point.budget = reader.at("budget").real();
    point.parameters = reader.at("parameters").whole();
    point.loss = reader.at("loss").real();
    point.rouge = readRouge(reader.at("rouge"));
    point.onFront = reader.at("on_front").flag();
    if (const JsonReader ridge = reader.at("ridge"); !ridge.isNull()) point.ridge = ridge.real();
    const auto plan = reader.find("plan");
    if (checkpoint != nullptr && plan)
        point.plan = plan::planFromJson(plan->json(), *checkpoint, what);
    return point;
}

}  // namespace

Json toJson(const ParetoFront& front, bool plans) {
    Json points = Json::array();
    for (const ParetoPoint& point : front.points) {
        Json item = {{"method", point.method},
                     {"allocation", point.allocation},
                     {"ridge", point.ridge ? Json(*point.ridge) : Json(nullptr)},
                     {"budget", point.budget},
                     {"parameters", point.parameters},
                     {"loss", finiteOrNull(point.loss)},
                     {"rouge", rougeJson(point.rouge)},
                     {"on_front", point.onFront}};
        if (plans) item["plan"] = toJson(point.plan);
        points.push_back(std::move(item));
    }
    return {{"dense",
             {{"parameters", front.denseParameters},
              {"loss", finiteOrNull(front.denseLoss)},
              {"rouge", rougeJson(front.denseRouge)}}},
            {"data", front.data.empty() ? Json(nullptr) : Json(front.data)},
            {"dialogues", front.dialogues},
            {"points", std::move(points)},
            {"skipped", front.skipped}};
}

ParetoFront frontFromJson(const Json& document, const checkpoint::Checkpoint* checkpoint,
                          const std::string& what) {
    const JsonReader reader(document, printable(what) + " is not what `pareto --json` prints: it",
                            "Run `pareto` again.");
    ParetoFront front;
    const JsonReader dense = reader.at("dense");
    front.denseParameters = dense.at("parameters").whole();
    front.denseLoss = dense.at("loss").real();
    front.denseRouge = readRouge(dense.at("rouge"));
    if (const JsonReader data = reader.at("data"); !data.isNull()) front.data = data.text();
    front.dialogues = reader.at("dialogues").whole();
    for (const JsonReader& point : reader.at("points").elements())
        front.points.push_back(readPoint(point, checkpoint, what));
    front.skipped = reader.at("skipped").texts();
    return front;
}

}  // namespace rankscope::search
