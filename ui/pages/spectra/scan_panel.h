// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLabel>
#include <QPushButton>
#include <QWidget>

#include <vector>

#include "core/spectra/spectrum.h"
#include "ui/plots/scan_plot.h"

namespace rankscope::ui {

/// How the power law of one matrix was found: the distance against every x_min tried, or why no law
/// could be fitted; and how sure its alpha is.
class ScanPanel : public QWidget {
    Q_OBJECT
 public:
    explicit ScanPanel(QWidget* parent = nullptr);
    /// Null: there is no spectrum yet.
    void setSpectrum(const spectra::Spectrum* spectrum);
    /// The bootstrap of the spectrum shown, null if there is none; `running` while one is made.
    void setBootstrap(const spectra::AlphaBootstrap* bootstrap, bool running);

 signals:
    void bootstrapWanted();

 private:
    ScanPlot* m_plot;
    QLabel* m_note;
    QLabel* m_alpha;
    QPushButton* m_bootstrap;
    std::vector<double> m_values;  // of the spectrum shown: the place in hand stays with it
};

}  // namespace rankscope::ui
