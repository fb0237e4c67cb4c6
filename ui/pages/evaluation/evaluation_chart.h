// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QComboBox>
#include <QLabel>
#include <QPushButton>
#include <QWidget>

#include "ui/plots/bar_plot.h"
#include "ui/session/session.h"

namespace rankscope::ui {

/// One metric of every run as bars with 95 % intervals: the values, or the differences to the
/// baseline.
class EvaluationChart : public QWidget {
    Q_OBJECT
 public:
    explicit EvaluationChart(Session* session, QWidget* parent = nullptr);
    bool isEmpty() const { return m_plot->isHidden(); }
    /// Writes the chart as shown to a .png, .pdf or .svg. Throws Error.
    void writeTo(const QString& path);
    /// Asks for the file first; empty if the user cancelled. Throws Error.
    QString exportChart();

 private:
    void fillMetrics();
    void draw();

    Session* m_session;
    QComboBox* m_metric;
    QComboBox* m_show;
    QPushButton* m_export;
    BarPlot* m_plot;
    QLabel* m_empty;
};

}  // namespace rankscope::ui
