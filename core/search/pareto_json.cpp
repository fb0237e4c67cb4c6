// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "core/base/error.h"
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

std::optional<RougeMeans> rougeFromJson(const Json& object) {
    if (object.is_null()) return std::nullopt;
    RougeMeans means{};
    for (std::size_t t = 0; t < means.size(); ++t)
        means[t] = object.at(std::string(text::rougeName(text::rougeTypes[t]))).get<double>();
    return means;
}

Json finiteOrNull(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

double numberOrNan(const Json& value) {
    return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

ParetoPoint pointFromJson(const Json& object, const checkpoint::Checkpoint* checkpoint,
                          const std::string& what) {
    ParetoPoint point;
    point.method = object.at("method").get<std::string>();
    point.allocation = object.at("allocation").get<std::string>();
    point.budget = object.at("budget").get<double>();
    point.parameters = object.at("parameters").get<std::int64_t>();
    point.loss = numberOrNan(object.at("loss"));
    point.rouge = rougeFromJson(object.at("rouge"));
    point.onFront = object.at("on_front").get<bool>();
    if (const Json& ridge = object.at("ridge"); !ridge.is_null()) point.ridge = ridge.get<double>();
    if (checkpoint != nullptr && object.contains("plan"))
        point.plan = plan::planFromJson(object.at("plan"), *checkpoint, what);
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
    try {
        ParetoFront front;
        const Json& dense = document.at("dense");
        front.denseParameters = dense.at("parameters").get<std::int64_t>();
        front.denseLoss = numberOrNan(dense.at("loss"));
        front.denseRouge = rougeFromJson(dense.at("rouge"));
        if (!document.at("data").is_null()) front.data = document.at("data").get<std::string>();
        front.dialogues = document.at("dialogues").get<std::int64_t>();
        for (const Json& point : document.at("points"))
            front.points.push_back(pointFromJson(point, checkpoint, what));
        front.skipped = document.at("skipped").get<std::vector<std::string>>();
        return front;
    } catch (const Json::exception& problem) {
        throw Error(fmt::format("{} is not what `pareto --json` prints ({}).", printable(what),
                                printable(problem.what())),
                    what);
    }
}

}  // namespace rankscope::search
