// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <qcustomplot.h>

#include "ui/plots/bar_series.h"

namespace rankscope::ui {

/// Bars from 0 with error bars, one a run: labelled below, the value above.
class BarPlot : public QCustomPlot {
    Q_OBJECT
 public:
    explicit BarPlot(const QString& accessibleName, QWidget* parent = nullptr);
    void setBars(BarData data);
    const BarData& bars() const { return m_data; }

 protected:
    void resizeEvent(QResizeEvent* event) override;

 private:
    void addBar(std::size_t place);
    void setLabels();

    BarData m_data;
};

}  // namespace rankscope::ui
