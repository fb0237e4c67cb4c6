// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string_view>
#include <variant>

#include "core/base/json.h"
#include "core/evaluate/random_vectors.h"
#include "core/spectra/spectrum.h"

namespace rankscope::ui {

/// The lines that `rankscope-cli … --events` prints, one type each.
struct ProgressEvent {
    double fraction = 0;  ///< 0 to 1
    std::string label;
};
struct WarningEvent {
    std::string message;
};
struct SpectrumEvent {
    spectra::Spectrum spectrum;
};
struct DoneEvent {
    Json result;  ///< the document of --json
};
struct ErrorEvent {
    std::string message;
};
using JobEvent = std::variant<ProgressEvent, WarningEvent, SpectrumEvent, DoneEvent, ErrorEvent>;

/// One line as an event; nothing for an event this version does not know. Throws Error if the
/// line is not an event at all.
std::optional<JobEvent> parseJobEvent(std::string_view line);

/// The result document of `random-vectors`. Throws Error if it is none.
std::vector<evaluate::RandomVectorsResult> randomVectorsFromJson(const Json& result);

}  // namespace rankscope::ui
