// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>

#include "app/cli/output.h"
#include "core/base/progress.h"

namespace rankscope::cli {

/// Progress on standard error: a bar on a terminal, plain lines otherwise, both only for work of
/// more than half a second; or lines of the event stream. Asks the signal handlers whether to stop.
class ConsoleProgress : public Progress {
 public:
    ConsoleProgress(Output& output, bool quiet);
    ~ConsoleProgress() override;

    void report(double fraction, std::string_view label) const override;
    void warn(std::string_view sentence) const override;
    bool stopRequested() const override;
    /// Removes the bar, before something else is printed.
    void clear() const;

 private:
    using Clock = std::chrono::steady_clock;

    void drawBar(double fraction, std::string_view label) const;

    Output& m_output;
    bool m_quiet;
    bool m_terminal;
    Clock::time_point m_start;
    mutable std::mutex m_mutex;
    mutable Clock::time_point m_last;
    mutable bool m_barShown = false;
};

}  // namespace rankscope::cli
