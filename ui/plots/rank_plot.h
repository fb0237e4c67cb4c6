// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <qcustomplot.h>

#include "ui/plots/plot_series.h"

namespace rankscope::ui {

/// Curves over ranks with one draggable rank line. The line moves by mouse, or with the keys Left
/// and Right (±1; with Shift ±10), Home and End. Dragging elsewhere moves the axes, the wheel
/// zooms, a double click shows everything again.
class RankPlot : public QCustomPlot {
    Q_OBJECT
 public:
    explicit RankPlot(const QString& accessibleName, QWidget* parent = nullptr);

    /// Replaces the curves. The zoom is kept while titles and scales stay the same and
    /// `keepView` is set.
    void setPlotData(PlotData data, bool keepView);
    const PlotData& plotData() const { return m_data; }
    /// Moves the line and shows `readout` (the numbers there); redraws only the line's layer.
    void setRank(std::int64_t rank, const QString& readout);
    std::int64_t rank() const { return m_rank; }
    const QString& readout() const { return m_readout; }
    /// Where the line stands, in pixels of this widget.
    double linePixel() const;
    void showEverything();

 signals:
    /// The user moved the line.
    void rankMoved(qint64 rank);

 protected:
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

 private:
    bool isOnLine(const QPointF& position) const;
    void moveTo(std::int64_t rank);
    void drawLine();

    PlotData m_data;
    std::int64_t m_rank = 1;
    QString m_readout;
    bool m_dragging = false;
    QCPItemStraightLine* m_line = nullptr;
    QCPItemText* m_text = nullptr;
    QCPItemText* m_note = nullptr;
};

}  // namespace rankscope::ui
