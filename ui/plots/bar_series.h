// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <string_view>
#include <vector>

#include "core/evaluate/evaluation.h"

namespace rankscope::ui {

/// One bar; an interval only if one is known.
struct Bar {
    QString label;
    double value = 0;
    bool hasInterval = false;
    double low = 0, high = 0;
    QString text;  ///< the value as the table shows it
};

/// Everything a bar chart shows, without any widget.
struct BarData {
    QString yTitle;  ///< with the unit and what the error bars are
    std::vector<Bar> bars;
    double yLower = 0, yUpper = 1;  ///< bars start at 0, so 0 is always within
};

/// A metric of every run with the 95 % interval of its own mean, if that can be worked out:
/// from the document (ROUGE), or by bootstrap over the examples' losses.
BarData valueBars(const evaluate::Evaluation& evaluation, std::string_view key);

/// A metric of every later run minus the baseline's, with the paired 95 % interval.
BarData differenceBars(const evaluate::Evaluation& evaluation, std::string_view key);

}  // namespace rankscope::ui
