// SPDX-License-Identifier: Apache-2.0
#include "app/cli/console_progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "app/cli/signals.h"
#include "core/base/standard_streams.h"

namespace rankscope::cli {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds firstShown{500};
constexpr milliseconds barInterval{200};
constexpr milliseconds lineInterval{1000};
constexpr milliseconds eventInterval{100};

}  // namespace

ConsoleProgress::ConsoleProgress(Output& output, bool quiet)
    : m_output(output),
      m_quiet(quiet),
      m_terminal(isatty(STDERR_FILENO) == 1),
      m_start(Clock::now()),
      m_last(m_start - std::chrono::hours(1)) {}

ConsoleProgress::~ConsoleProgress() { clear(); }

void ConsoleProgress::report(double fraction, std::string_view label) const {
    const bool events = m_output.format() == Format::Events;
    if (m_quiet && !events) return;
    const std::lock_guard lock(m_mutex);
    const auto now = Clock::now();
    if (!events && now - m_start < firstShown) return;
    const auto interval = events ? eventInterval : m_terminal ? barInterval : lineInterval;
    if (now - m_last < interval) return;
    m_last = now;
    fraction = std::isfinite(fraction) ? std::clamp(fraction, 0.0, 1.0) : 0.0;
    if (events)
        m_output.event({{"event", "progress"}, {"fraction", fraction}, {"label", label}});
    else if (m_terminal)
        drawBar(fraction, label);
    else
        writeStandardError(
            fmt::format("{:3.0f} %  {}\n", std::floor(100 * fraction), printable(label)));
}

void ConsoleProgress::drawBar(double fraction, std::string_view label) const {
    winsize size = {};
    const int columns =
        ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
    constexpr int barWidth = 24;
    const int filled = static_cast<int>(fraction * barWidth);
    const int room = columns - barWidth - 12;
    const std::string what =
        room > 0 ? printable(label, static_cast<std::size_t>(room)) : std::string();
    writeStandardError(fmt::format("\r\033[K[{}{}] {:3.0f} %  {}", std::string(filled, '#'),
                                   std::string(barWidth - filled, '-'), std::floor(100 * fraction),
                                   what));
    m_barShown = true;
}

void ConsoleProgress::clear() const {
    const std::lock_guard lock(m_mutex);
    if (!m_barShown) return;
    writeStandardError("\r\033[K");
    m_barShown = false;
}

void ConsoleProgress::warn(std::string_view sentence) const {
    if (m_output.format() == Format::Events) {
        m_output.event({{"event", "warning"}, {"message", sentence}});
        return;
    }
    if (m_quiet) return;
    clear();
    writeStandardError(fmt::format("Warning: {}\n", sentence));
}

bool ConsoleProgress::stopRequested() const { return stopSignalled() || m_output.closed(); }

}  // namespace rankscope::cli
