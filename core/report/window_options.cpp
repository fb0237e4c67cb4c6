// SPDX-License-Identifier: Apache-2.0
#include "core/report/window_options.h"

#include <array>

namespace rankscope::report {

std::span<const WindowOption> windowOptions() {
    static constexpr std::array<WindowOption, 11> table = {{
        {"help", "h", "", "Print this help message and exit."},
        {"version", "v", "", "Print the version and exit."},
        {"render", "", "REQUEST.json", "Draw one figure and exit; - reads stdin."},
        {"screenshot", "", "FILE.png",
         "Save a picture of the window once its spectra are there, and exit."},
        {"one-matrix", "", "", "Start with the view of one matrix."},
        {"overview", "", metricValue,
         "Start with the overview of all layers: effective-rank, alpha, …"},
        {"race", "", "CALIBRATION.h5", "Start with the comparison of methods on this calibration."},
        {"rank", "", "N", "Start with this rank set."},
        {"evaluation", "", "RESULT.json",
         "Start with the Evaluation page and this result of evaluate --json --per-sample."},
        {"dialogues", "", "", "With --evaluation: start with its dialogues one by one."},
        {"check-start", "", "",
         "Exit once the window has been drawn; to measure how long it takes."},
    }};
    return table;
}

}  // namespace rankscope::report
