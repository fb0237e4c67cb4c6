// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <qcustomplot.h>

#include <optional>

#include "core/search/pareto.h"
#include "ui/plots/front_series.h"

namespace rankscope::ui {

/// Replaces all that `plot` shows by the panels side by side, the legend below them in as many
/// columns as `width` pixels hold, and above them `title` if there is one. Colour says the
/// method, line style and sign the allocation; points of the front are ringed and joined.
void drawFront(QCustomPlot& plot, const std::vector<FrontPanel>& panels, const QString& title,
               int width, int fontPixels);

/// The measured settings of a front. The mouse shows a point's numbers, a click chooses it; Left,
/// Right, Home and End walk over the points by parameters, Enter chooses.
class FrontPlot : public QCustomPlot {
    Q_OBJECT
 public:
    explicit FrontPlot(QWidget* parent = nullptr);
    void setFront(search::ParetoFront front);
    const search::ParetoFront& front() const { return m_front; }
    /// The point whose numbers are shown; nothing if there is none.
    std::optional<std::size_t> current() const { return m_current; }
    void setCurrent(std::optional<std::size_t> point);
    /// The point that is the plan, marked until another one is.
    void setPlanned(std::optional<std::size_t> point);
    /// The middle of a point in the first panel, in pixels of this widget.
    QPoint markCentre(std::size_t point) const;
    QString readout() const;

 signals:
    void currentChanged();
    void pointChosen(qulonglong point);

 protected:
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;

 private:
    std::optional<std::size_t> pointAt(const QPointF& position) const;
    void step(int by);
    void redraw();
    void drawHighlights();

    search::ParetoFront m_front;
    std::vector<FrontPanel> m_panels;
    std::vector<std::size_t> m_order;  // of the points that are drawn, by parameters
    std::optional<std::size_t> m_current, m_planned;
};

}  // namespace rankscope::ui
