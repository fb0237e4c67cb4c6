// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/time_left.h"

#include <QObject>
#include <cmath>

namespace rankscope::ui {

namespace {

constexpr double fewestSeconds = 2;
constexpr double smallestFraction = 0.01;

}  // namespace

void TimeLeft::report(double fraction, double seconds) {
    if (!m_firstFraction && fraction > 0) {
        m_firstFraction = fraction;
        m_firstSeconds = seconds;
    }
    m_fraction = fraction;
    m_seconds = seconds;
}

std::optional<double> TimeLeft::seconds() const {
    if (!m_firstFraction) return std::nullopt;
    const double done = m_fraction - *m_firstFraction;
    const double took = m_seconds - m_firstSeconds;
    if (done < smallestFraction || took < fewestSeconds) return std::nullopt;
    return took * (1 - m_fraction) / done;
}

QString TimeLeft::text() const {
    const auto left = seconds();
    return left ? timeLeftText(*left) : QString();
}

QString timeLeftText(double seconds) {
    const auto up = [](double value, double step) {
        return static_cast<int>(std::ceil(value / step - 1e-9) * step);
    };
    if (!(seconds > 0)) return QObject::tr("almost done");
    if (seconds <= 60) return QObject::tr("about %1 s left").arg(up(seconds, 5));
    const int minutes = up(seconds / 60, 1);
    if (minutes < 60) return QObject::tr("about %1 min left").arg(minutes);
    const int rounded = up(seconds / 60, 5);
    return rounded % 60 == 0
               ? QObject::tr("about %1 h left").arg(rounded / 60)
               : QObject::tr("about %1 h %2 min left").arg(rounded / 60).arg(rounded % 60);
}

}  // namespace rankscope::ui
