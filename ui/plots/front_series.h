// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <vector>

#include "core/search/pareto.h"

namespace rankscope::ui {

/// One measured setting in a plot.
struct FrontMark {
    double x = 0, y = 0;    ///< % of the dense model's parameters; loss or ROUGE
    std::size_t point = 0;  ///< place in ParetoFront::points
};

/// The settings of one method under one allocation, by rising parameters.
struct FrontCurve {
    QString label;               ///< "svd, uniform"
    std::size_t method = 0;      ///< place among the methods: its colour
    std::size_t allocation = 0;  ///< place among the allocations: line style and sign
    std::vector<FrontMark> marks;
};

/// Everything one pair of axes shows, without any widget.
struct FrontPanel {
    QString yTitle;
    bool logY = false;
    std::vector<FrontCurve> curves;
    std::vector<FrontMark> front;  ///< the points of the front by rising parameters
    double dense = 0;              ///< the dense model's value; NaN if it has none
    double xLower = 0, xUpper = 103, yLower = 0, yUpper = 1;
};

/// Loss against parameters, and ROUGE-1 if it was measured. Points without a finite value are
/// left out. The loss stands on a logarithmic axis if its largest is five times the smallest.
std::vector<FrontPanel> frontPanels(const search::ParetoFront& front);

/// "anchored, water-filling, 70 %": what a plan made from the point is called.
QString settingName(const search::ParetoPoint& point);

/// The numbers of a point in one line.
QString frontReadout(const search::ParetoFront& front, std::size_t point);

/// 1, 2 and 5 times powers of ten within [lower, upper]; powers alone if that is over four
/// decades.
std::vector<double> logarithmicTicks(double lower, double upper);

}  // namespace rankscope::ui
