// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <qcustomplot.h>

#include "core/spectra/power_law.h"
#include "ui/plots/plot_series.h"

namespace rankscope::ui {

/// The Kolmogorov-Smirnov distance against every x_min tried; no curve if the fit failed.
PlotData scanData(const spectra::PowerLawFit& fit);

/// The numbers of one x_min tried, `place` in PowerLawFit::scan.
QString scanReadout(const spectra::PowerLawFit& fit, std::size_t place);

/// The scan as a curve, the x_min that was kept marked. The mouse, or Left, Right, Home and End,
/// choose the x_min whose numbers are shown.
class ScanPlot : public QCustomPlot {
    Q_OBJECT
 public:
    explicit ScanPlot(QWidget* parent = nullptr);
    void setFit(spectra::PowerLawFit fit);
    const spectra::PowerLawFit& fit() const { return m_fit; }
    /// Place in the scan of the x_min shown, and of the one that was kept.
    std::size_t current() const { return m_current; }
    std::size_t kept() const;

 signals:
    void currentChanged();

 protected:
    void mouseMoveEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

 private:
    void moveTo(std::size_t place);
    void drawMarks();

    spectra::PowerLawFit m_fit;
    std::size_t m_current = 0;
};

}  // namespace rankscope::ui
