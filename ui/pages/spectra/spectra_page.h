// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QCheckBox>
#include <QLabel>
#include <QSlider>
#include <QTabBar>
#include <QTimer>
#include <QWidget>

#include "ui/pages/spectra/method_curves_page.h"
#include "ui/pages/spectra/overview_page.h"
#include "ui/pages/spectra/scan_panel.h"
#include "ui/plots/figure_renderer.h"
#include "ui/plots/rank_plot.h"
#include "ui/session/alpha_bootstraps.h"
#include "ui/session/null_spectra.h"
#include "ui/session/session.h"

namespace rankscope::ui {

/// Singular values and error against rank, side by side, with one rank line: of all selected
/// matrices, or, as in the blog post, of one. Or an overview: one number of every matrix. Or a
/// comparison: all methods on the real activations of one matrix.
class SpectraPage : public QWidget {
    Q_OBJECT
 public:
    explicit SpectraPage(Session* session, QWidget* parent = nullptr);
    RankPlot* spectrumPlot() const { return m_spectrumPlot; }
    RankPlot* errorPlot() const { return m_errorPlot; }
    QSlider* slider() const { return m_slider; }
    QTabBar* tabs() const { return m_tabs; }
    QCheckBox* logValueBox() const { return m_logValue; }
    QCheckBox* powerLawBox() const { return m_powerLaw; }
    QCheckBox* nullBandBox() const { return m_nullBand; }
    NullSpectra* nulls() const { return m_nulls; }
    bool showsOneMatrix() const { return m_tabs->currentIndex() == 1; }
    void showOneMatrix(bool one) { m_tabs->setCurrentIndex(one ? 1 : 0); }
    bool showsOverview() const { return m_tabs->currentIndex() == 2; }
    void showOverview() { m_tabs->setCurrentIndex(2); }
    OverviewPage* overview() const { return m_overview; }
    bool showsMethods() const { return m_tabs->currentIndex() == 3; }
    void showMethods() { m_tabs->setCurrentIndex(3); }
    MethodCurvesPage* methods() const { return m_methods; }
    /// Below the plots of one matrix while its power law is shown.
    ScanPanel* scan() const { return m_scan; }

    /// The spectra drawn now.
    std::vector<const spectra::Spectrum*> shownSpectra() const;
    /// Both plots as they stand, zoom included; `out` and `size` are left to the caller.
    FigureRequest figure() const;
    /// The shown curves as CSV: the left plot's or the right plot's data (the methods' errors in
    /// their view).
    std::string spectraTable() const;
    std::string curvesTable() const;

 signals:
    /// The user clicked a matrix in the overview.
    void matrixChosen(const QString& name);

 private:
    QWidget* makeCurves();
    QWidget* makeAxesRow();
    QWidget* makeRankRow();
    void refreshSoon();
    void refresh(bool keepView);
    void showRank();
    void showScan();
    AxesChoice axes() const;
    /// What the boxes ask for and is known.
    OverlayChoice overlays(const std::vector<const spectra::Spectrum*>& shown) const;
    QString heading() const;

    Session* m_session;
    NullSpectra* m_nulls;
    QTabBar* m_tabs;
    QLabel* m_heading;
    QCheckBox* m_logRank;
    QCheckBox* m_logValue;
    QCheckBox* m_normalise;
    QCheckBox* m_powerLaw;
    QCheckBox* m_nullBand;
    RankPlot* m_spectrumPlot;
    RankPlot* m_errorPlot;
    ScanPanel* m_scan;
    AlphaBootstraps* m_bootstraps;
    QWidget* m_curves;
    OverviewPage* m_overview;
    MethodCurvesPage* m_methods;
    QSlider* m_slider;
    QLabel* m_rankText;
    QTimer m_refreshTimer;
};

}  // namespace rankscope::ui
