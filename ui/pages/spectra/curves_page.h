// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QCheckBox>
#include <QLabel>
#include <QSlider>
#include <QTimer>

#include "ui/pages/page.h"
#include "ui/pages/spectra/scan_panel.h"
#include "ui/plots/rank_plot.h"
#include "ui/session/alpha_bootstraps.h"
#include "ui/session/null_spectra.h"

namespace rankscope::ui {

/// Singular values and error against rank, side by side, with one rank line: of all selected
/// matrices, or, as in the blog post, of one. Below the plots of one matrix is the scan of its
/// power law while that is shown.
class CurvesPage : public Page {
    Q_OBJECT
 public:
    explicit CurvesPage(Session* session, QWidget* parent = nullptr);
    void showOneMatrix(bool one);

    std::optional<report::FigureRequest> figure() const override;
    /// "singular-values" and "error": the left plot's and the right plot's data.
    std::vector<NamedTable> tables() const override;

 private:
    QWidget* makeAxesRow();
    QWidget* makeRankRow();
    void followSession();
    void refreshSoon();
    void refresh(bool keepView);
    void showRank();
    void showScan();
    report::SpectraPlots plotsShown() const;
    report::AxesChoice axes() const;
    /// The spectra drawn now.
    std::vector<const spectra::Spectrum*> shownSpectra() const;
    /// The overlays that the boxes ask for, as far as they are known.
    report::OverlayChoice overlays(const std::vector<const spectra::Spectrum*>& shown) const;
    QString heading() const;

    Session* m_session;
    bool m_oneMatrix = false;
    NullSpectra* m_nulls;
    AlphaBootstraps* m_bootstraps;
    QLabel* m_heading;
    QCheckBox* m_logRank = nullptr;
    QCheckBox* m_logValue = nullptr;
    QCheckBox* m_normalise = nullptr;
    QCheckBox* m_powerLaw = nullptr;
    QCheckBox* m_nullBand = nullptr;
    RankPlot* m_spectrumPlot;
    RankPlot* m_errorPlot;
    ScanPanel* m_scan;
    QSlider* m_slider = nullptr;
    QLabel* m_rankText = nullptr;
    QTimer m_refreshTimer;
};

}  // namespace rankscope::ui
