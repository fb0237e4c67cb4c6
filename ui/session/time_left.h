// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <optional>

namespace rankscope::ui {

/// How long a job will still take, from its fractions so far.
class TimeLeft {
 public:
    void start() { *this = TimeLeft(); }
    /// `seconds` since the job began. The part done when it first reported (kept from an
    /// earlier run) took no time and is not counted.
    void report(double fraction, double seconds);
    /// Seconds; nothing while too little is done to tell.
    std::optional<double> seconds() const;
    /// "about 3 min left"; empty while too little is done to tell.
    QString text() const;

 private:
    std::optional<double> m_firstFraction;
    double m_firstSeconds = 0;
    double m_fraction = 0;
    double m_seconds = 0;
};

/// "about 40 s left", "about 3 min left", "about 2 h 10 min left"; rounded up.
QString timeLeftText(double seconds);

}  // namespace rankscope::ui
