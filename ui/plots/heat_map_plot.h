// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <qcustomplot.h>

#include <string>
#include <vector>

#include "core/report/heat_map.h"

namespace rankscope::ui {

/// Viridis, dark for the least value: readable in grey and by colour-blind eyes.
QCPColorGradient viridis();

/// Draws `map` into an empty axis rectangle: coloured cells, layers from top to bottom, and into
/// `scale` what the colours mean. Cells without a matrix stay grey.
void drawHeatMap(QCPAxisRect& rect, QCPColorScale& scale, const report::HeatMap& map,
                 int fontPixels);

/// Writes the numbers into the cells, those that fit into `cellSize`, a cell's size in pixels.
void drawHeatMapNumbers(QCPAxisRect& rect, const report::HeatMap& map, QSizeF cellSize,
                        int fontPixels);

/// A heat map of layers and roles. A click on a cell names its matrix; the cells of `selected`
/// are framed.
class HeatMapPlot : public QCustomPlot {
    Q_OBJECT
 public:
    explicit HeatMapPlot(QWidget* parent = nullptr);
    void setHeatMap(report::HeatMap map);
    void setSelected(std::vector<std::string> names);
    const report::HeatMap& heatMap() const { return m_map; }
    /// The middle of a matrix's cell in pixels of this widget; (-1, -1) if it has none.
    QPoint cellCentre(const std::string& matrix) const;

 signals:
    void matrixClicked(const QString& name);

 protected:
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

 private:
    void redraw();
    const report::HeatCell* cellAt(const QPointF& position) const;

    report::HeatMap m_map;
    std::vector<std::string> m_selected;
    QCPColorScale* m_scale;
};

}  // namespace rankscope::ui
