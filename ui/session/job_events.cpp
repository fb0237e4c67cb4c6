// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/job_events.h"

#include <algorithm>

#include "core/base/error.h"
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

}  // namespace rankscope::ui
