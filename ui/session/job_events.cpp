// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/job_events.h"

#include <algorithm>
#include <limits>

#include "core/base/error.h"
#include "core/evaluate/random_vectors.h"
#include "core/report/spectrum_tables.h"

namespace rankscope::ui {

namespace {

std::string text(const Json& event, const char* key) {
    const auto found = event.find(key);
    return found != event.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::optional<JobEvent> parseJobEvent(std::string_view line) {
    const Json event = parseJson(line, "event of rankscope-cli");
    const std::string kind = event.is_object() ? text(event, "event") : std::string();
    if (kind.empty()) {
        throw Error("rankscope-cli printed a line that is no event: " + printable(line));
    }
    if (kind == "progress") {
        const auto fraction = event.find("fraction");
        const double value =
            fraction != event.end() && fraction->is_number() ? fraction->get<double>() : 0.0;
        return ProgressEvent{std::clamp(value, 0.0, 1.0), text(event, "label")};
    }
    if (kind == "warning") {
        return WarningEvent{text(event, "message")};
    }
    if (kind == "spectrum" && event.contains("spectrum")) {
        return SpectrumEvent{report::spectrumFromJson(event.at("spectrum"))};
    }
    if (kind == "done") {
        return DoneEvent{event.value("result", Json::object())};
    }
    if (kind == "error") {
        return ErrorEvent{text(event, "message")};
    }
    return std::nullopt;
}

std::vector<evaluate::RandomVectorsResult> randomVectorsFromJson(const Json& result) {
    const auto list = result.is_object() ? result.find("results") : result.end();
    if (!result.is_object() || list == result.end() || !list->is_array()) {
        throw Error("rankscope-cli random-vectors sent a result without a list \"results\"");
    }
    const auto integer = [](const Json& entry, const char* key) {
        const auto found = entry.find(key);
        return found != entry.end() && found->is_number() ? found->get<std::int64_t>() : 0;
    };
    const auto number = [](const Json& entry, const char* key) {
        const auto found = entry.find(key);
        return found != entry.end() && found->is_number()
                   ? found->get<double>()
                   : std::numeric_limits<double>::quiet_NaN();
    };
    const auto real = [&](const Json& entry,
                          const char* key) -> std::optional<evaluate::RealInputsResult> {
        const auto found = entry.find(key);
        if (found == entry.end() || !found->is_object()) {
            return std::nullopt;
        }
        return evaluate::RealInputsResult{number(*found, "cosine_pooled"),
                                          number(*found, "relative_error")};
    };
    std::vector<evaluate::RandomVectorsResult> results;
    for (const Json& entry : *list) {
        if (!entry.is_object()) {
            throw Error("rankscope-cli random-vectors sent an entry of \"results\" that is none");
        }
        results.push_back({text(entry, "name"), integer(entry, "rank"), integer(entry, "vectors"),
                           number(entry, "cosine_mean"), number(entry, "cosine_pooled"),
                           number(entry, "relative_error"), number(entry, "predicted_cosine"),
                           real(entry, "on_calibration"), real(entry, "on_held_out")});
    }
    return results;
}

}  // namespace rankscope::ui
