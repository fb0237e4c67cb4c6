// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/job_events.h"

#include <algorithm>
#include <limits>

#include "core/base/error.h"
#include "core/base/json_reader.h"
#include "core/report/spectrum_tables.h"

namespace rankscope::ui {

namespace {

/// Empty if there is none.
std::string textOf(const JsonReader& event, const char* key) {
    const auto found = event.find(key);
    return found ? found->text() : std::string();
}

/// NaN if there is none: tables then show that nothing is known.
double numberOf(const JsonReader& entry, const char* key) {
    const auto found = entry.find(key);
    return found ? found->real() : std::numeric_limits<double>::quiet_NaN();
}

std::optional<evaluate::RealInputsResult> realInputsOf(const JsonReader& entry, const char* key) {
    const auto found = entry.find(key);
    if (!found) return std::nullopt;
    return evaluate::RealInputsResult{numberOf(*found, "cosine_pooled"),
                                      numberOf(*found, "relative_error")};
}

}  // namespace

std::optional<JobEvent> parseJobEvent(std::string_view line) {
    const Json document = parseJson(line, "event of rankscope-cli");
    const JsonReader event(document, "event of rankscope-cli",
                           "Make sure that window and command line are of one version.");
    const std::string kind = textOf(event, "event");
    if (kind.empty())
        throw Error("rankscope-cli printed a line that is not an event: " + printable(line));
    if (kind == "progress") {
        const auto fraction = event.find("fraction");
        return ProgressEvent{fraction ? std::clamp(fraction->real(), 0.0, 1.0) : 0,
                             textOf(event, "label")};
    }
    if (kind == "warning") return WarningEvent{textOf(event, "message")};
    if (kind == "spectrum") return SpectrumEvent{report::spectrumFromJson(event.at("spectrum"))};
    if (kind == "done") return DoneEvent{document.value("result", Json::object())};
    if (kind == "error") return ErrorEvent{textOf(event, "message")};
    return std::nullopt;
}

std::vector<evaluate::RandomVectorsResult> randomVectorsFromJson(const Json& result) {
    const JsonReader reader(result, "The result of rankscope-cli random-vectors", "Run it again.");
    std::vector<evaluate::RandomVectorsResult> results;
    for (const JsonReader& entry : reader.at("results").elements()) {
        results.push_back(
            {entry.at("name").text(), entry.at("rank").whole(), entry.at("vectors").whole(),
             numberOf(entry, "cosine_mean"), numberOf(entry, "cosine_pooled"),
             numberOf(entry, "relative_error"), numberOf(entry, "predicted_cosine"),
             realInputsOf(entry, "on_calibration"), realInputsOf(entry, "on_held_out")});
    }
    return results;
}

}  // namespace rankscope::ui
